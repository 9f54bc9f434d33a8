#include "bench/memory.hpp"

#include "bench/ledger.hpp"

#include <algorithm>
#include <cmath>

namespace mirrorctl::bench {

namespace {

constexpr double kDay = 86400;
constexpr double kHalfLife = 7 * kDay;
constexpr double kForgetAfter = 60 * kDay;
constexpr double kLeastShare = 1.0 / 6;  // of the newest run in the mean
constexpr double kNoNoise = 4;           // a change by this factor begins a new history
constexpr std::size_t kMostEntries = 4096;
constexpr int kFreeChecks = kRequestsPerDay / 3;
constexpr int kForChecks =
    kRequestsPerDay - 10;  // a race of one mirror needs six requests, or nine with a token

void blend(Usual& usual, double pull_s, double now) {
    double change = usual.pull_s > 0 ? pull_s / usual.pull_s : 0;
    if (change > kNoNoise || change < 1 / kNoNoise) usual.runs = 0;
    double age = std::max(0.0, now - usual.at);
    double before = usual.runs * std::exp2(-age / kHalfLife);
    double share = std::max(1 / (before + 1), kLeastShare);
    usual.pull_s += share * (pull_s - usual.pull_s);
    usual.runs = before + 1;
    usual.at = now;
}

// nullptr where nothing is known of it yet.
Usual* usual_in(Memory& memory, const Usual& like) {
    auto found = std::find_if(memory.usual.begin(), memory.usual.end(), [&](const Usual& usual) {
        return usual.network == like.network && usual.upstream == like.upstream && usual.url == like.url;
    });
    return found == memory.usual.end() ? nullptr : &*found;
}

template <class Entry>
void keep_newest(std::vector<Entry>& entries, double since) {
    std::erase_if(entries, [&](const Entry& entry) { return entry.at < since; });
    if (entries.size() > kMostEntries)
        entries.erase(entries.begin(), entries.end() - static_cast<std::ptrdiff_t>(kMostEntries));
}

}  // namespace

void remember_times(Memory& memory, const std::string& network, Report& report) {
    for (auto& upstream : report.upstreams) {
        for (auto& m : upstream.ranking) {
            if (!m.usable || m.predicted_pull_s < 0) continue;
            Usual fresh{.network = network,
                        .upstream = upstream.name,
                        .url = m.mirror.url.masked(),
                        .at = report.taken_at};
            auto* known = usual_in(memory, fresh);
            // A clock that was set back: what it told is of no use.
            if (known != nullptr && known->at > report.taken_at) known->runs = 0;
            if (known == nullptr) known = &memory.usual.emplace_back(std::move(fresh));
            blend(*known, m.predicted_pull_s, report.taken_at);
            m.usual_pull_s = known->pull_s;
        }
    }
}

void follow_times(Memory& memory, const std::string& network, Report& report, double at) {
    constexpr double kRounding = 0.001;  // of times in a report
    for (auto& upstream : report.upstreams) {
        for (auto& m : upstream.ranking) {
            if (!m.usable || m.predicted_pull_s < 0) continue;
            Usual theirs{.network = network,
                         .upstream = upstream.name,
                         .url = m.mirror.url.masked(),
                         .at = at,
                         .runs = 1,
                         .pull_s = m.usual_pull_s >= 0 ? m.usual_pull_s : m.predicted_pull_s};
            auto* known = usual_in(memory, theirs);
            if (known == nullptr)
                known = &memory.usual.emplace_back(std::move(theirs));
            else if (known->at + kRounding < at)
                blend(*known, m.predicted_pull_s, at);
            m.usual_pull_s = known->pull_s;
        }
    }
}

void remember_traffic(Memory& memory, const Measurement& m, double now, double ttl) {
    if (m.requests > 0)
        memory.asked.push_back(
            {.operator_name = operator_key(m.mirror, m.is_origin), .at = now, .requests = m.requests});
    auto url = m.mirror.url.masked();
    for (const auto& entry : m.layers_read) {
        const auto& digest = entry.first;
        const auto bytes = entry.second;
        auto known = std::find_if(memory.read.begin(), memory.read.end(), [&](const ReadLayer& layer) {
            return layer.url == url && layer.digest == digest;
        });
        if (known == memory.read.end())
            memory.read.push_back({.url = url, .digest = digest, .at = now, .bytes = bytes});
        else if (now - known->at >= ttl)
            *known = {.url = url, .digest = digest, .at = now, .bytes = bytes};
        else if (bytes < known->bytes)
            known->at = now;  // what a person starts reads from the beginning
        else
            known->bytes = bytes;
    }
}

void forget_old(Memory& memory, double now) {
    keep_newest(memory.usual, now - kForgetAfter);
    keep_newest(memory.read, now - kForgetAfter);
    keep_newest(memory.asked, now - kDay);
}

std::map<std::string, int> asked_today(const Memory& memory, double now) {
    std::map<std::string, int> out;
    for (const auto& asked : memory.asked)
        if (asked.at > now - kDay && asked.at <= now) out[asked.operator_name] += asked.requests;
    return out;
}

std::map<std::string, std::int64_t> layers_read(const Memory& memory, const std::string& url, double now,
                                                double ttl) {
    std::map<std::string, std::int64_t> out;
    for (const auto& layer : memory.read)
        if (layer.url == url && layer.at <= now && now - layer.at < ttl) out[layer.digest] = layer.bytes;
    return out;
}

bool may_check(int spent_today, int cost, double age) {
    if (spent_today + cost > kForChecks) return false;
    constexpr double kSpare = 0.9;  // timers are not exact
    return spent_today < kFreeChecks || age >= kSpare * kDay * cost / kForChecks;
}

}  // namespace mirrorctl::bench
