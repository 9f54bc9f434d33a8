#include "bench/ledger.hpp"

#include "base/strings.hpp"

#include <algorithm>
#include <limits>

namespace mirrorctl::bench {

namespace {

constexpr double kMinute = 60;
constexpr int kStrangersShare = 4;

std::string host_key(const Url& url) {
    return cat(url.host, ":", url.effective_port());
}

}  // namespace

std::string mirror_key(const Mirror& mirror) {
    return host_key(mirror.url) + api_root(mirror);
}

std::string operator_key(const Mirror& mirror, bool is_origin) {
    return is_origin || mirror.operator_name.empty() ? host_key(mirror.url) : lower(mirror.operator_name);
}

std::vector<Asked> asked_lately(const Memory& memory, double now) {
    std::vector<Asked> out;
    for (const auto& asked : memory.asked)
        if (asked.at > now - kMinute && asked.at <= now) out.push_back(asked);
    return out;
}

void Ledger::know(const Mirror& mirror, bool is_origin) {
    hosts_.try_emplace(
        host_key(mirror.url),
        Place{.mirror = mirror_key(mirror), .operator_name = operator_key(mirror, is_origin), .known = true});
}

Ledger::Place Ledger::place_of(const Url& url, const std::string& mirror) const {
    auto host = host_key(url);
    auto known = hosts_.find(host);
    if (known == hosts_.end()) return {.mirror = {}, .operator_name = host};
    auto place = known->second;
    if (mirror.starts_with(host + "/")) place.mirror = mirror;
    return place;
}

void Ledger::limit_day(const std::map<std::string, int>& asked_today) {
    per_day_ = asked_today;
    day_is_limited_ = true;
}

int Ledger::left_today(const std::string& operator_name) const {
    auto it = per_day_.find(operator_name);
    if (!day_is_limited_) return std::numeric_limits<int>::max();
    return kRequestsPerDay - (it == per_day_.end() ? 0 : it->second);
}

int Ledger::in_last_minute(const std::string& operator_name, double now) const {
    auto it = per_operator_.find(operator_name);
    if (it == per_operator_.end()) return 0;
    return static_cast<int>(
        std::count_if(it->second.begin(), it->second.end(), [&](double at) { return at > now - kMinute; }));
}

int Ledger::left_this_minute(const std::string& operator_name, double now) const {
    return budget_.requests_per_operator_per_minute - in_last_minute(operator_name, now);
}

int Ledger::room(const Mirror& mirror, bool is_origin, double now) const {
    auto name = operator_key(mirror, is_origin);
    return std::min(left_today(name), left_this_minute(name, now));
}

std::string Ledger::limit(const Mirror& mirror, bool is_origin, double now) const {
    auto name = operator_key(mirror, is_origin);
    bool day = left_today(name) < left_this_minute(name, now);
    return cat(day ? kRequestsPerDay : budget_.requests_per_operator_per_minute, " requests a ",
               day ? "day" : "minute", " to ", printable_line(name, 60), " are used up");
}

std::string Ledger::refusal(const Url& url, const std::string& mirror, double now) const {
    auto place = place_of(url, mirror);
    auto asked = per_mirror_.find(place.mirror);
    if (place.known && asked != per_mirror_.end() && asked->second >= budget_.requests_per_mirror)
        return cat("not asked any further: ", budget_.requests_per_mirror, " requests to ", url.host,
                   " are enough for one run");
    if (place.known && left_today(place.operator_name) <= 0)
        return cat("not asked any further: ", kRequestsPerDay, " requests a day to ",
                   printable_line(place.operator_name, 60), " are used up");
    int limit = budget_.requests_per_operator_per_minute * (place.known ? 1 : kStrangersShare);
    if (in_last_minute(place.operator_name, now) >= limit)
        return cat("not asked any further: ", limit, " requests a minute to ",
                   printable_line(place.operator_name, 60), " are used up");
    return "";
}

void Ledger::sent_before(const std::string& operator_name, double at, int requests) {
    auto& times = per_operator_[operator_name];
    int most = budget_.requests_per_operator_per_minute * kStrangersShare;  // more change nothing
    times.insert(times.end(), static_cast<std::size_t>(std::clamp(requests, 0, most)), at);
}

void Ledger::sent(const Url& url, const std::string& mirror, double now) {
    auto place = place_of(url, mirror);
    ++requests_;
    if (place.known) ++per_mirror_[place.mirror];
    ++per_day_[place.operator_name];
    auto& times = per_operator_[place.operator_name];
    while (!times.empty() && times.front() <= now - kMinute) times.pop_front();
    times.push_back(now);
}

}  // namespace mirrorctl::bench
