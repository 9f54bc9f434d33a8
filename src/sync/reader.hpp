// Reads one blob from the first place that can give it and writes it into a pipe; goes on at the same byte
// elsewhere when a place fails. The last bytes are passed on only when the digest is right, so that nothing
// wrong is ever complete anywhere.
#pragma once

#include "base/digest_check.hpp"
#include "registry/content.hpp"
#include "registry/repository.hpp"
#include "sync/pace.hpp"
#include "sync/pipe.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mirrorctl::sync {

// All readers of a run share one limit of bytes per second.
struct Throttle {
    std::int64_t rate = 0;  // 0 = none
    double free_at = 0;
    // Seconds to rest after `bytes` more.
    double spend(std::size_t bytes, double now);
};

// What all readers of a run share.
struct Reading {
    Throttle throttle = {};
    ShownRates rates = {};
    std::int64_t bytes = 0;
};

class BlobReader final : public net::BodySink {
  public:
    BlobReader(Loop& loop, const registry::Part& blob, Reading& reading);

    Pipe& pipe() { return pipe_; }
    // Errors: the last place's, when no place is left; digest_mismatch - then the pipe is not to be used
    // again.
    Result<void> run(std::vector<registry::Repository> places);
    std::int64_t offset() const { return offset_; }
    const std::string& from() const { return from_; }
    // Whoever gave bytes of it, each once.
    const std::vector<std::string>& givers() const { return givers_; }

    bool begin(const net::Response& response, net::RequestId id) override;
    bool take(std::string_view bytes) override;

  private:
    bool try_place(registry::Repository& place, Error& last);
    Result<void> read_once(registry::Repository& place);
    void judge(double rate);
    bool refuse(std::string why);
    void throttle(std::size_t bytes);
    void hold_if_full();
    void go_on();

    Loop& loop_;
    const registry::Part& blob_;
    Reading& reading_;
    Pace pace_;
    std::vector<std::string> others_;  // where else it could be read
    Pipe pipe_;
    DigestCheck check_;
    std::string from_;
    std::vector<std::string> givers_;
    std::int64_t offset_ = 0;
    std::int64_t skip_ = 0;  // bytes of this answer that we have already
    net::RequestId request_ = 0;
    bool holding_ = false;
    bool full_ = false;
    bool throttled_ = false;
    bool lied_ = false;
    std::optional<double> drips_ = {};  // at that rate: the place is to be left
    std::string refused_;
    std::shared_ptr<int> alive_ = std::make_shared<int>(0);  // timers may outlive us
};

}  // namespace mirrorctl::sync
