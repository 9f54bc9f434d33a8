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

class Course {
  public:
    Course(const BenchSpec& spec, net::Transport& transport, sys::Clock& clock, Observer& observer);
    Course(const Course&) = delete;
    Course& operator=(const Course&) = delete;

    // Starts what may start and ends what has waited enough. True if something was started or ended.
    bool advance();
    // Every upstream is decided, time is up, or the proxy is to blame.
    bool over() const;
    // Ends what is still under way; says why for everyone who was not measured.
    void finish();
    // Tells the observer about those whose outcome was not told yet.
    void announce();

    const std::vector<Lane>& lanes() const { return lanes_; }
    const Ledger& ledger() const { return ledger_; }
    // The node's own line is what is slow: it was full with one flow.
    bool line_full() const { return line_full_; }
    const std::string& proxy_error() const { return proxy_error_; }

  private:
    double left() const;
    bool send(Session& session);
    bool admit(const Session& session);
    bool turn_away(Lane& lane);
    bool start_gates(Lane& lane);
    bool start_first_samples();
    bool start_confirmations();
    bool start_tags(Lane& lane);
    bool end_waits(Lane& lane);
    bool end_hopeless(Lane& lane);
    bool wake_resting(Lane& lane);
    void settle_finished(Lane& lane);
    bool begin(Session& session, SampleRule rule, bool confirm);
    SampleRule first_look(const Session& session) const;
    SampleRule second_look(const Session& session, const Lane& lane) const;
    bool first_looks_open(const Lane& lane) const;
    bool flows_long(const Session& session, double now) const;
    double allowed_silence(const Lane& lane, const Session& session) const;
    Verdict verdict_of_silence(const Session& session, double waited) const;
    bool watch_line();
    void mark_crowd(int flows);
    bool end_if_line_is_full();
    Session* shared_source(const Session& session, bool& pending) const;
    Session* next_for_sample();
    std::int64_t first_sample_bytes() const;
    int transfers() const;
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
    Line line_ = {};
    Session* alone_ = nullptr;  // the only one that receives a sample
    double alone_since_ = 0;
    bool line_full_ = false;
    double start_ = 0;
    std::map<const Session*, std::int64_t> reserved_;
    std::map<const Session*, std::int64_t> counted_;  // bytes that the ledger knows of
    std::set<const Session*> confirming_;
    std::set<const Session*> admitted_;
    std::set<const Session*> told_;
    std::map<const Session*, double> progress_at_;
    std::string proxy_error_;
};

}  // namespace mirrorctl::bench
