// One candidate from the first request to the last byte. A session decides what to ask next and what an
// answer means; when it may ask is decided by others (the race, the light check).
//
//   index or manifest -> [401 -> token -> again] -> platform's manifest -> config blob, hashed   = the gate
//   -> [HEAD of the tag, where trust must be settled] -> a range of a layer, timed -> [another one, to
//   confirm]
#pragma once

#include "bench/intake.hpp"
#include "bench/pauses.hpp"
#include "bench/score.hpp"
#include "bench/spec.hpp"
#include "net/transport.hpp"
#include "registry/manifest.hpp"
#include "registry/reference.hpp"
#include "registry/requests.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mirrorctl::bench {

// What headers and errors may take beside a body. The intake stops a body; the transport's limit, which lets
// so much more through, only catches what it misses.
inline constexpr std::int64_t kSlack = 64LL << 10U;

// Anonymous tokens by token URL: mirrors that name the same realm, service and scope need one request
// together.
struct TokenShelf {
    struct Entry {
        bool pending = true;
        std::optional<Verdict> silent = {};  // it gave no answer: nobody else waits for one
        std::string token = {};
        double seconds = 0;  // what it took: charged to everyone who uses it
    };
    std::map<std::string, Entry> entries = {};
};

struct Candidate {
    std::string upstream;
    Mirror mirror;
    bool is_origin = false;
    registry::Reference image;
    std::string ca = {};           // PEM, of the mirror's own CA
    std::string credentials = {};  // "user:password", only for this mirror's own host:port
    std::string problem = {};      // why it cannot be asked at all, "" if it can
    Fault problem_fault = Fault::not_found;
    std::map<std::string, std::int64_t> read = {};  // layer digest -> bytes that earlier runs read
    double known_rate = -1;  // bytes per second, where no byte is left that was not read yet; -1 = not known
    bool light = false;      // a look at what is in use: no proof of a blob that was proven before
};

class Session;

// What all sessions of a run share; outlives them.
struct Surroundings {
    const BenchSpec& spec;
    registry::Platform platform;
    double wall = 0;  // seconds since 1970, when the run began
    TokenShelf tokens = {};
    Pauses pauses = {};
    double line_peak = 0;  // bytes per second: the most that came in over all samples together
    bool news = false;     // an answer ended
    // A sample has seen what its rule wants. A rule: it goes on until that one is content, too.
    std::function<std::optional<SampleRule>(Session&)> more = {};
    bool line_narrow = false;
    double line_full = 0;  // the node's own line, once it was seen full: nobody can be faster
};

inline constexpr std::int64_t kConfirmEnough = 9LL << 19U;  // bytes that outlast usual bursts

class Session final : public net::Handler {
  public:
    enum class Stage { resting, gate, gated, sampled, rejected };
    enum class Step { manifest, child, config, token, tag, sample, again };

    Session(Candidate candidate, Surroundings& around);
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    const Candidate& candidate() const { return candidate_; }
    Stage stage() const { return stage_; }
    Step step() const { return step_; }
    const Verdict& verdict() const { return verdict_; }
    bool usable() const { return stage_ == Stage::gated || stage_ == Stage::sampled; }
    std::string key() const;  // for counting requests

    // The request that should be sent next; nullptr: none is due, or one is under way, or another session
    // fetches our token.
    const net::Request* next();
    // Something is still to be sent for the step it is in.
    bool wants() const {
        return !in_flight_ && request_ && stage_ != Stage::rejected && stage_ != Stage::resting;
    }
    // A redirect leads it to what `other` would be asked itself for the same manifest.
    bool is_led_to(const Session& other) const;
    bool in_flight() const { return in_flight_; }
    bool sampling() const { return in_flight_ && step_ == Step::sample; }
    // Sends next(). `seconds` is all the time that this request may take.
    void launch(net::Transport& transport, double now, double seconds);
    // Ends what is under way (no answer, or one that dawdles) with this verdict.
    void expire(net::Transport& transport, Verdict verdict);
    // Ends a sample that can no longer matter; what came so far counts.
    void cut_sample(net::Transport& transport);
    // The sample under way needs no more than `rule` wants.
    void settle_for(const SampleRule& rule);
    std::int64_t asked_bytes() const { return range_.last - range_.first + 1; }
    // Bytes of the last sample that were on their way when it ended early: they use the line, and nobody
    // counts them.
    std::int64_t on_its_way() const;
    double looked_for() const { return intake_ ? intake_->meter().duration() : 0; }  // seconds, the last time
    // The last sample lasted as long as its rule wants.
    bool looked_enough() const;
    // Takes a sample back that tells nothing yet: it may be asked for again.
    void step_back(net::Transport& transport);
    // It was given up because no first byte of a sample came, and may be asked for less with more patience.
    bool waited_in_vain() const { return stage_ == Stage::rejected && waited_ && patience_ < 0; }
    // Asks for the smallest layer next: some mirrors fetch the whole blob before they serve it. `seconds` =
    // how long its first byte may take.
    void wait_longer(double seconds);
    double patience() const { return patience_; }  // -1: the usual one
    // The next sample has the line for itself: what it sees replaces less that was seen beside others.
    void look_alone() { alone_ = true; }
    bool was_alone() const { return was_alone_; }  // it had the line for itself once
    // Ends a second look that brought nothing; what was known stays.
    void abandon(net::Transport& transport);
    void reject(Verdict verdict);
    void rest(std::string reason);
    void wake();

    // No (further) sample: the budgets do not allow one. What is known stays.
    void close();
    bool closed() const { return closed_; }

    // For a gated or sampled session with nothing under way.
    bool read_before() const;  // some layer of its image was read; at the gate: by an earlier run
    bool has_unread_layer() const;
    // What is left of the layers is worth a sample, beside what was read.
    bool tells_more() const;
    std::int64_t image_bytes() const;                                    // of all layers
    bool read_its_layer() const { return !has_unread(sampled_layer_); }  // that was sampled last, to its end
    // Prepares the next sample by a rule without its `rtt`; returns the bytes it may take at most.
    std::int64_t begin_sample(SampleRule rule);
    // Prepares a request for a few more bytes of a layer, of which nothing follows but that it was answered.
    void begin_again();
    int layers_asked() const { return layers_asked_; }  // requests
    // What comes in over all samples together while others may take a part of the line from this one; 0: they
    // do not. If the line turns out not to carry more than that, this one may be faster than it looked.
    void note_crowd(double line_rate) { crowd_ = line_rate; }
    // Who sent beside it when it was last looked at.
    struct Company {
        bool others = false;
        bool fair = false;       // it got about as much as each of several: it may be held back by them alone
        bool full_line = false;  // what they sent together was near the most that was seen by then
    };
    void note_company(Company company) { company_ = company; }
    const Company& company() const { return company_; }
    void begin_tag();
    bool tag_asked() const { return tag_asked_; }
    // Takes the throughput that `other` showed: a host of the same operator, or the one that its blobs come
    // from. Where that was rejected, so is this one.
    void inherit(const Session& other);
    // Its blobs come from another host than its own.
    bool points_elsewhere() const { return points_elsewhere_; }
    // What is known about its speed is what is known about another candidate of its upstream.
    bool follows() const { return source_ != nullptr && source_->candidate_.upstream == candidate_.upstream; }

    std::string what() const;  // the thing that is asked for, in words
    std::int64_t received() const { return intake_ ? intake_->received() : 0; }  // of the answer under way
    double waiting_since() const {
        return last_activity_;
    }  // monotonic seconds: start of the request or its last byte
    double launched_at() const { return launched_at_; }
    // Seconds that a round trip takes now, beside what else is under way.
    double trip() const { return sampling() && got_headers_ ? intake_->trip() : phases_.rtt; }
    bool got_headers() const { return got_headers_; }
    const FlowMeter* live_flow() const { return sampling() && intake_ ? &intake_->meter() : nullptr; }

    // Bytes per second of the sample under way, over the last `seconds` before `now` (monotonic).
    double rate_lately(double now, double seconds) const;

    const Phases& phases() const { return phases_; }
    const Estimate& estimate() const { return estimate_; }
    const Prediction& prediction() const;
    // The expected time; of one that will not be looked at again without being confirmed, what it surely
    // does.
    double judged() const;
    // What the running sample says so far, together with earlier ones.
    Prediction live_prediction() const;
    Estimate live_estimate() const;
    int samples() const { return samples_; }
    bool confirmed() const { return confirmed_; }
    bool goes_on() const { return goes_on_; }  // the sample under way is longer than was asked at first
    bool went_on() const { return went_on_; }  // a sample that was to be short became a long one
    const Session* source() const { return source_; }
    bool shared() const { return source_ != nullptr; }
    void set_confirmed() { confirmed_ = true; }
    // It fell a moment ago, and how far is not plain.
    bool falls() const {
        return !estimate_.growing && !estimate_.settled && 2 * estimate_.low <= estimate_.rate;
    }
    // Whatever was believed of it, it counts with what it surely does.
    void close_unproven() { confirmed_ = false, closed_ = true; }
    std::int64_t bytes() const { return bytes_; }
    std::int64_t sampled_bytes() const { return sampled_bytes_; }  // of samples that ended
    // Of samples that ended, without second thoughts (with each, a burst may begin anew) and without what
    // came while it was plainly slower than it is now: they prove the rate that it has.
    std::int64_t proof_bytes() const { return proof_bytes_; }
    int requests() const { return requests_; }
    const std::string& final_host() const { return final_host_; }  // where its blobs come from
    const std::string& tag_digest() const { return tag_digest_; }
    const std::string& manifest() const {
        return manifest_;
    }  // "repository@sha256:..." of the platform's manifest
    Measurement measurement() const;

    bool on_headers(const net::Response& response) override;
    bool on_body(std::string_view bytes, double at) override;
    void on_done(const net::Response& response) override;

  private:
    void ask(Step step, net::Request request, std::function<Intake()> make_intake);
    void repeat_authorized();
    void ask_manifest(Step step, const std::string& target);
    void ask_config();
    void ask_range(Step step);  // of the layer and by the rule that were chosen
    void reuse_rate();
    bool retry_with_other_ca(const Error& error);
    void account(const net::Response& response);
    void note_connection(const net::Response& response);
    double part_of(const net::Response& response) const;
    double spent_on(const net::Response& response) const;
    void follow(const net::Response& response);
    void on_answer(const net::Response& response);
    void on_unauthorized(const net::Response& response);
    void on_token(const net::Response& response);
    void take_token(const std::string& token, double seconds);
    void on_manifest(const net::Response& response);
    void on_document(const registry::Document& document, const std::string& digest);
    void on_config(const net::Response& response);
    void on_tag(const net::Response& response);
    void on_sample(const net::Response& response);
    void on_again();
    std::int64_t read_of(const registry::Descriptor& layer) const;
    bool has_unread(const registry::Descriptor& layer) const;
    void take_sample(double first_byte);
    void note_read();
    void note_estimate(const Estimate& seen);
    Estimate with(const Estimate& seen) const;
    void go_on(const SampleRule& rule);
    void keep_series();
    void note_first_byte(double seconds);
    void note_final_host();
    Estimate bounded(Estimate estimate, double crowd) const;
    std::optional<Verdict> wrong_manifest(const net::Response& response, const std::string& actual) const;
    registry::Endpoint endpoint() const;
    void drop_token_claim(const Verdict& verdict);

    Candidate candidate_;
    Surroundings& around_;
    Stage stage_ = Stage::gate;
    Step step_ = Step::manifest;
    Step interrupted_ = Step::manifest;         // the step that a 401 stopped
    std::optional<net::Request> request_ = {};  // to be sent, or under way
    std::optional<net::Request> begun_ = {};    // the step's own first request: repeated with the token
    std::optional<Intake> intake_ = {};
    std::function<Intake()> make_intake_ =
        {};                       // every answer of a step (redirects, the 401) is taken in afresh
    bool token_claimed_ = false;  // the shelf's entry is ours to fill
    net::RequestId id_ = 0;
    bool in_flight_ = false;
    bool got_headers_ = false;
    double launched_at_ = 0;
    double unread_ = 0;  // of all pauses, those before its last bytes
    double last_activity_ = 0;
    int hops_ = 0;
    double hop_seconds_ = 0;  // spent on redirects of this step
    bool authorized_ = false;
    bool first_answer_ = true;
    double challenge_seconds_ = 0;
    std::string authorization_ = {};

    std::string wanted_digest_ = {};  // of the manifest under way, "" when asked by tag
    std::string manifest_ = {};
    registry::ImageManifest image_ = {};
    registry::Descriptor sampled_layer_ = {};
    registry::ByteRange range_ = {};
    SampleRule rule_ = {};
    std::map<std::string, std::int64_t> read_ = {};  // layer digest -> bytes read from its start
    bool tag_asked_ = false;
    std::string tag_digest_ = {};
    double wants_peace_ = -1;  // seconds, said in the answer about the tag

    Phases phases_ = {};
    double config_wait_ = -1;
    double last_wait_ = -1;  // first byte of the sample under way, or of the last one
    Estimate estimate_ = {};
    std::vector<SpeedPoint> series_ = {};
    double quickest_wait_ = -1;  // first bytes of blobs
    double slowest_wait_ = -1;
    int samples_ = 0;
    int layers_asked_ = 0;
    bool confirmed_ = false;
    bool goes_on_ = false;  // the sample under way
    bool went_on_ = false;
    bool closed_ = false;
    bool waited_ = false;
    double patience_ = -1;
    bool alone_ = false;
    bool was_alone_ = false;
    Company company_ = {};
    bool other_ca_ = false;            // the request under way goes with the other set of trusted CAs
    double crowd_ = 0;                 // of the sample under way
    double sampled_crowd_ = 0;         // of those that `estimate_` comes from
    const Session* source_ = nullptr;  // whose throughput it has
    std::string final_host_ = {};
    bool points_elsewhere_ = false;
    std::int64_t bytes_ = 0;
    std::int64_t sampled_bytes_ = 0;
    std::int64_t proof_bytes_ = 0;
    int requests_ = 0;
    Verdict verdict_ = {};
    // The race compares everybody with everybody at every turn, and hardly anything has changed since the
    // last.
    struct Predicted {
        Phases phases = {};
        Estimate estimate = {};
        double crowd = 0;
        double line_peak = 0;
        double line_full = 0;
        bool line_narrow = false;
        Prediction prediction = {};
    };
    mutable Predicted predicted_ = {};
};

}  // namespace mirrorctl::bench
