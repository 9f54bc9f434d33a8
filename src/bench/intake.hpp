// Takes one answer's body in, bounded, and says whether it is what was asked for.
#pragma once

#include "base/digest.hpp"
#include "bench/stats.hpp"
#include "bench/verdict.hpp"
#include "net/transport.hpp"
#include "registry/manifest.hpp"
#include "registry/requests.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mirrorctl::bench {

// When a sample has seen enough.
struct SampleRule {
    std::int64_t max_bytes = 0;
    std::int64_t ask_bytes = 0;     // the range that is asked for, if more: should it go on
    std::int64_t enough_bytes = 0;  // a steady flow may end here,
    double min_seconds = 0;         // or here
    double max_seconds = 0;         // a growing one may go on until here
    double rtt = 0;
};

class Intake {
  public:
    // A text of at most `limit` bytes, kept whole.
    static Intake text(std::int64_t limit);
    // A whole blob: hashed, its size compared.
    static Intake blob(const registry::Descriptor& blob);
    // A range of a blob: timed; hashed too when it is the whole blob.
    static Intake sample(const registry::Descriptor& blob, const registry::ByteRange& range,
                         const SampleRule& rule);

    bool on_headers(const net::Response& response);
    // `at`, `unread`: see FlowMeter::add.
    bool on_body(std::string_view bytes, double at, double unread = 0);
    // nullopt: it is what was asked for. Only for answers with a status that `wants` accepts and without an
    // error.
    std::optional<Verdict> finish(const net::Response& response);

    bool wants(int status) const { return status == 200 || (kind_ == Kind::sample && status == 206); }
    // Ended by ourselves, though more would have come.
    bool ended_early() const { return enough_ && received_ < limit_; }
    // Goes on after all, by another rule.
    void go_on(const SampleRule& rule);
    const std::string& body() const { return text_; }
    const FlowMeter& meter() const { return meter_; }
    // What the bytes so far say, with the round trip as it is under this load.
    const Estimate& estimate() const;
    // Seconds: the round trip, with what waits in queues on the way.
    double trip() const { return trip_; }
    std::int64_t received() const { return received_; }
    // A sample's first byte of the blob, if the server honours ranges.
    bool range_ignored() const { return range_ignored_; }

  private:
    enum class Kind { text, blob, sample };
    explicit Intake(Kind kind) : kind_(kind) {}
    std::optional<Verdict> check_headers(const net::Response& response);
    std::optional<Verdict> check_range(const net::Response& response);
    std::optional<Verdict> finish_blob(const net::Response& response);
    bool stop_with(Verdict verdict);
    bool seen_enough(double at);

    Kind kind_;
    registry::Descriptor descriptor_ = {};
    registry::ByteRange range_ = {};
    SampleRule rule_ = {};
    std::int64_t limit_ = 0;  // bytes that may come
    std::int64_t received_ = 0;
    double headers_at_ = 0;
    double trip_ = 0;
    double judged_at_ = 0;
    bool accepted_ = false;  // the status is the wanted one
    bool whole_ = false;     // the hash will cover the whole blob
    bool enough_ = false;    // we stopped, with what we wanted
    bool ranged_ = false;    // the range comes, and nothing behind it
    bool range_ignored_ = false;
    std::optional<Verdict> early_ = {};
    std::string text_ = {};
    Sha256 hash_;
    FlowMeter meter_ = {};
    mutable Estimate estimate_ = {};  // of the first so many bytes: asked for often
    mutable std::int64_t estimated_ = 0;
};

}  // namespace mirrorctl::bench
