// What outlives a ranking: how mirrors usually are in a network, who was asked how often, and which bytes
// were read already. Pure.
#pragma once

#include "model/report.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace mirrorctl::bench {

// Unattended runs of one node send an operator at most so many requests in any 24 hours.
inline constexpr int kRequestsPerDay = 60;

// One mirror as seen from one network.
struct Usual {
    std::string network;
    std::string upstream;
    std::string url;
    double at = 0;      // seconds since 1970, of the last run
    double runs = 0;    // how many runs this stands for; old ones count for less
    double pull_s = 0;  // mean of the predicted pull times
    bool operator==(const Usual&) const = default;
};

struct Asked {
    std::string operator_name;
    double at = 0;  // seconds since 1970
    int requests = 0;
    bool operator==(const Asked&) const = default;
};

// Of a layer the first `bytes` were read from a mirror; those at its start at `at`.
struct ReadLayer {
    std::string url;
    std::string digest;
    double at = 0;
    std::int64_t bytes = 0;
    bool operator==(const ReadLayer&) const = default;
};

struct Memory {
    std::vector<Usual> usual = {};
    std::vector<Asked> asked = {};
    std::vector<ReadLayer> read = {};
    bool operator==(const Memory&) const = default;
};

// Takes a run's predictions in and sets Measurement::usual_pull_s to what all runs in this network say
// together: a mean in which a new run counts for a sixth at least, and more the less there is before it. What
// was seen a week ago counts half; a time that is four times another begins anew.
void remember_times(Memory& memory, const std::string& network, Report& report);

// The same for a run of another node, which was at `at`; it counts once. Where nothing is known yet, what is
// usual there is usual here.
void follow_times(Memory& memory, const std::string& network, Report& report, double at);

// Requests and bytes of one measurement. Bytes read longer than `ttl` seconds ago do not count any more.
void remember_traffic(Memory& memory, const Measurement& measurement, double now, double ttl);
// Forgets what is of no use any more, so that the memory stays small.
void forget_old(Memory& memory, double now);

// Requests per operator in the 24 hours before `now`: BenchSpec::asked_today.
std::map<std::string, int> asked_today(const Memory& memory, double now);
// Of the mirror at `url`, not older than `ttl`: layer digest -> bytes.
std::map<std::string, std::int64_t> layers_read(const Memory& memory, const std::string& url, double now,
                                                double ttl);

// May the mirrors of one operator be looked at again, for `cost` requests, when the last look was `age`
// seconds ago? Once a third of a day's requests is spent, looks are spread over the day; the rest is kept for
// a race.
bool may_check(int spent_today, int cost, double age);

}  // namespace mirrorctl::bench
