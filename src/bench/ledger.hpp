// Who was asked how often in this run: the promises of politeness are kept here, at one place.
#pragma once

#include "bench/memory.hpp"
#include "model/profile.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

namespace mirrorctl::bench {

// Key of one mirror for counting: host:port and API root (one host may serve several upstreams by path).
std::string mirror_key(const Mirror& mirror);
// Who runs it: the profile's operator, else the host itself. Every origin is an operator of its own.
std::string operator_key(const Mirror& mirror, bool is_origin);

// Requests of the last minute before `now` (seconds since 1970): BenchSpec::asked_lately.
std::vector<Asked> asked_lately(const Memory& memory, double now);

class Ledger {
  public:
    explicit Ledger(const Budget& budget) : budget_(budget) {}

    // Before the run: the hosts of the profile and who runs them.
    void know(const Mirror& mirror, bool is_origin);

    // "" if a request to `url` on behalf of `mirror` is within the budgets at `now` (monotonic seconds), else
    // why not. A request counts at the host that gets it: at the mirror (requests_per_mirror) and at its
    // operator (per sliding minute). Hosts that the profile does not name (token servers, CDNs) stand behind
    // many mirrors: they may get four times an operator's share.
    std::string refusal(const Url& url, const std::string& mirror, double now) const;
    // How many more requests the operator of a profile's mirror may get at `now`.
    int room(const Mirror& mirror, bool is_origin, double now) const;
    // Which of its limits leaves no more than that, in words.
    std::string limit(const Mirror& mirror, bool is_origin, double now) const;
    // Limits operators per day, too: who was asked how often in the 24 hours before this run.
    void limit_day(const std::map<std::string, int>& asked_today);
    // What a mirror got earlier in this run counts for its share.
    void asked_in_run(const std::map<std::string, int>& per_mirror) { per_mirror_ = per_mirror; }
    // What an operator got before this race counts for its minute. `at`: monotonic seconds.
    void sent_before(const std::string& operator_name, double at, int requests);
    void sent(const Url& url, const std::string& mirror, double now);

    // Bytes: what a sample may take is reserved before it starts, so that transfers under way together never
    // pass the total.
    void received(std::int64_t bytes) { bytes_ += bytes; }
    void reserve(std::int64_t bytes) { reserved_ += bytes; }
    void release(std::int64_t bytes) { reserved_ -= bytes; }
    std::int64_t bytes() const { return bytes_; }
    std::int64_t bytes_left() const { return budget_.bytes - bytes_ - reserved_; }
    int requests() const { return requests_; }

  private:
    struct Place {
        std::string mirror;  // its key, "" for a host that the profile does not name
        std::string operator_name;
        bool known = false;
    };
    Place place_of(const Url& url, const std::string& mirror) const;
    int left_today(const std::string& operator_name) const;
    int in_last_minute(const std::string& operator_name, double now) const;
    int left_this_minute(const std::string& operator_name, double now) const;

    Budget budget_;
    std::map<std::string, Place> hosts_;  // host:port -> the first mirror there
    std::map<std::string, int> per_mirror_;
    std::map<std::string, std::deque<double>> per_operator_;  // times of the requests
    std::map<std::string, int> per_day_;
    bool day_is_limited_ = false;
    std::int64_t bytes_ = 0;
    std::int64_t reserved_ = 0;
    int requests_ = 0;
};

}  // namespace mirrorctl::bench
