// The race in motion: decides at every turn who may send what, who waits in vain, and when it is over.
#pragma once

#include "bench/lane.hpp"
#include "bench/ledger.hpp"
#include "bench/line.hpp"
#include "bench/spec.hpp"
#include "model/event.hpp"
#include "net/transport.hpp"
#include "sys/clock.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace mirrorctl::bench {

// What is on its way when a flow is cut: it uses the line, and nobody counts it.
inline constexpr std::int64_t kInFlight = 256LL << 10U;
inline constexpr std::int64_t kFirstMost = 5LL << 20U;  // bytes of a first look that is still growing
// Candidates, for long proofs and for turns on all but the narrowest lines: their first looks need the bytes
// and the time.
inline constexpr std::size_t kTooMany = 45;
inline constexpr double kFirstSeconds = 0.2;  // of a first look, or six round trips

class Course {
  public:
    Course(const BenchSpec& spec, net::Transport& transport, sys::Clock& clock, Observer& observer);
    Course(const Course&) = delete;
    Course& operator=(const Course&) = delete;

    // Something ended, or a moment has passed: time to advance. Every piece that comes in would be too often.
    bool due() const;
    // Nothing is under way but bytes of samples: no answer's moment is waited for.
    bool only_samples() const;
    // Starts what may start and ends what has waited enough. True if something was started or ended.
    bool advance();
    // Every upstream was decided at the last turn, time is up, or the proxy is to blame.
    bool over() const { return over_ || left() <= 0 || !proxy_error_.empty(); }
    // The transport's turn is over: what had come was read.
    void looked() { around_.pauses.looked(clock_.now()); }
    // Why it is over for this upstream, a part of a sentence. Before `finish`.
    std::string end_of(const Lane& lane) const;
    // Ends what is still under way; says why for everyone who was not measured.
    void finish();
    // Tells the observer about those whose outcome was not told yet.
    void announce();

    const std::vector<Lane>& lanes() const { return lanes_; }
    const Ledger& ledger() const { return ledger_; }
    const std::string& proxy_error() const { return proxy_error_; }

  private:
    std::string reason_of_end(const Lane& lane) const;
    std::string shortage_of(const Session& session) const;
    bool decided() const;
    bool decide();
    double left() const;
    bool send(Session& session);
    bool admit(const Session& session);
    bool turn_away(Lane& lane);
    bool start_gates(Lane& lane);
    bool start_first_samples();
    bool make_way(const Lane& lane);
    void end_early(Session& session);
    bool start_confirmations();
    bool prove_a_safe_one(const Lane& lane);
    bool start_tags(Lane& lane);
    bool ask_leader_again(const Lane& lane);
    bool end_waits(Lane& lane);
    bool end_hopeless(Lane& lane);
    bool wake_resting(Lane& lane);
    void settle_finished(Lane& lane);
    void settle_look(Session& session, const Lane& lane);
    static void settle_followers(Lane& lane);
    std::optional<SampleRule> more_of(Session& session);
    std::int64_t bytes_for(bool confirm) const;
    bool must_wait(const Session& session, const SampleRule& rule, bool confirm) const;
    bool begin(Session& session, SampleRule rule, bool confirm);
    std::optional<SampleRule> read_on(Session& session, const Lane& lane);
    SampleRule first_look(const Session& session) const;
    std::int64_t spare_bytes(const Session& session, const Lane& lane) const;
    SampleRule second_look(const Session& session, const Lane& lane) const;
    const Lane* lane_of(const Session& session) const;
    static void end_looks(Session& session);
    static bool will_do(const Session& session, const Lane& lane);
    bool grows_too_long(const Session& session) const;
    bool looked_long_enough(const Session& session, const Lane& lane) const;
    bool first_looks_open(const Lane& lane) const;
    bool long_looks_open(const Lane& lane) const;
    double bar_of(const Lane& lane, const Session& session) const;
    double allowed_silence(const Lane& lane, const Session& session) const;
    bool drips(const Lane& lane, const Session& session, double seconds) const;
    Verdict verdict_of_silence(const Session& session, double waited) const;
    bool is_hasty(const Lane& lane, const Session& session) const;
    bool watch_line();
    bool still_grows(const Session& session) const;
    struct Flow {
        Session* session;
        double rate;  // bytes per second
    };
    void mark_crowd(const std::vector<Flow>& flows);
    bool end_if_line_is_full();
    bool try_line();
    bool end_turn();
    bool prove_it_fills(Session* session);
    bool settle_full_line();
    Session* nearest_full() const;
    void note_gain(const Estimate& alone);
    double doubt_left() const;
    double hidden_rate(const Session& session) const;
    Session* most_doubtful() const;
    bool only_small_proofs() const;
    bool think_again();
    bool narrow() const;
    bool takes_turns() const;
    bool in_turns() const;
    std::ptrdiff_t others_had(double rate) const;
    Session* next_turn() const;
    double best_alone() const;
    double fastest_alone() const;
    bool begin_alone(Session& top);
    void close_what_cannot_win();
    bool extend_reserves();
    std::int64_t kept_for_proof() const;
    Session* shared_source(const Session& session, bool& pending) const;
    Session* next_for_sample(double least_rtt);
    std::int64_t first_sample_bytes() const;
    int transfers() const;
    int first_looks() const;
    std::size_t candidates() const;
    bool many() const;
    double share_of_proofs() const;
    bool room_for_proof(const Session& session) const;
    int most_transfers() const;
    bool cannot_win(const Lane& lane, const Session& session) const;
    int confirmations() const;
    void tell_progress();
    void rest_failed();

    const BenchSpec& spec_;
    net::Transport& transport_;
    sys::Clock& clock_;
    Observer& observer_;
    Budget budget_;
    Ledger ledger_;
    Surroundings around_;
    std::vector<Lane> lanes_;
    Line line_;
    Session* alone_ = nullptr;  // the only one that receives a sample
    double alone_since_ = 0;
    double looked_at_line_ = 0;
    double shared_for_ = 0;          // seconds in which several flows shared the line,
    double shared_at_ = 0;           // up to then
    Session* tries_line_ = nullptr;  // the one that has the line for itself
    Session* fills_line_ = nullptr;  // the one that filled it, until that is proven
    double line_tried_at_ = 0;
    double beside_others_ = -1;  // what the one that has the line got beside others, bytes per second
    bool grew_ = false;          // ... and that was growing
    int looks_before_ = 0;       // that it had
    int gained_ = 0;             // turns in which one got more than that
    int gained_nothing_ = 0;
    std::set<const Session*> had_line_;  // those that had it for themselves
    std::map<const Session*, double> hopeless_since_;
    std::set<const Session*> doubted_;
    double doubts_since_ = -1;
    bool over_ = false;
    double advanced_at_ = -1;
    bool looks_ = false;  // flows are looked at in this turn
    double start_ = 0;
    std::map<Session*, std::int64_t> reserved_;
    std::map<const Session*, std::int64_t> counted_;  // bytes that the ledger knows of
    std::set<const Session*> confirming_;
    std::set<const Session*> reads_on_;  // they are proven, and go on
    std::set<const Session*> admitted_;
    std::set<const Session*> told_;
    std::map<const Session*, double> progress_at_;
    std::string proxy_error_;
};

}  // namespace mirrorctl::bench
