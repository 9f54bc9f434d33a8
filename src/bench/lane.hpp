// One upstream in the race: who leads, who could still win, how long it is worth waiting. Pure questions
// about its sessions.
#pragma once

#include "bench/session.hpp"

#include <memory>
#include <string>
#include <vector>

namespace mirrorctl::bench {

class Lane {
  public:
    Lane(std::string upstream, int keep) : upstream_(std::move(upstream)), keep_(keep) {}
    void add(std::unique_ptr<Session> session) { sessions_.push_back(std::move(session)); }

    const std::string& upstream() const { return upstream_; }
    const std::vector<std::unique_ptr<Session>>& sessions() const { return sessions_; }

    // Whose blobs `session` gives, if it only points at another one that takes part: it is as fast as that.
    Session* bearer_of(const Session& session) const;
    // The other one that `session` is led to for its manifests: it is a name of that one, no mirror of its
    // own. Not where that one leads elsewhere, too.
    Session* original_of(const Session& session) const;
    // The sampled session with the smallest expected time, nullptr while there is none.
    Session* leader() const;
    // Expected time of the keep-th best sampled one; infinity while there are fewer. Who cannot beat it will
    // not be written.
    double bar() const;
    // Sampled, unconfirmed sessions that should be sampled again: the leader, then rivals whose best case
    // beats it by more than 5 %, the most promising first. After five second looks (two where most are alike)
    // only the leader and flows that were still growing are worth another one.
    std::vector<Session*> worth_confirming() const;
    // Where some turned out to be bursts and nobody is proven yet: the best of those that are not as fast as
    // the bursts were. Else nullptr.
    Session* least_suspect() const;
    // Under a tag it serves another image than several others do, and a far smaller one: what comes of that
    // says nothing about theirs.
    bool serves_less(const Session& session) const;
    // Nobody seems plainly better.
    bool comes_near(const Session& session) const;
    // A first look under way that may go on: nobody who was looked at is better, and it could still win.
    bool promising(const Session& session) const;
    // Where most are alike: this one, which was not looked at yet, would have to be far faster than all of
    // them.
    bool comes_too_late(const Session& session) const;
    // Most of those that were sampled may be as fast as this one: less evidence tells that it is no burst,
    // and less is lost when another one is better.
    bool most_are_like(const Session& session) const;
    // Nobody else who was sampled comes near: the prize of a burst, and a long pull if it is one.
    bool is_far_ahead(const Session& session) const;
    // The leader is confirmed.
    bool stands() const;
    // It stands, but was asked for layers less often than a pull asks: some mirrors refuse who asks often.
    // Not where each answer takes long, or is somebody else's.
    bool asked_too_little() const;
    // The leader is confirmed and there are as many as will be written: others are waited for only as long as
    // they could still beat it. While there are fewer, a slow answer is better than no second mirror.
    bool enough() const;
    // Gate, first samples and tags all done.
    bool all_measured() const;
    bool any_passed() const;
    bool any_alive() const;  // not rejected, not resting
    // Nothing that could still happen would change the order at the top.
    bool decided() const { return all_measured() && worth_confirming().empty(); }
    // Seconds without any sign of life after which a candidate at the gate is given up. `budget_seconds` = of
    // the whole run.
    double patience(double budget_seconds) const;
    // Somebody was given up whom the budget left no time to answer.
    void note_haste() { hasty_ = true; }
    bool hasty() const { return hasty_; }

  private:
    // `alike`: most are like `first`.
    static bool could_win(const Session& session, const Session& first, bool alike);
    const Session* next_after(const Session& first) const;

    std::string upstream_;
    int keep_;
    bool hasty_ = false;
    std::vector<std::unique_ptr<Session>> sessions_;
};

}  // namespace mirrorctl::bench
