// Shows events while they happen, on stderr: a live table on a terminal, one line per finished thing
// otherwise.
#pragma once

#include "model/event.hpp"
#include "ui/term.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace mirrorctl::ui {

class Progress : public Observer {
  public:
    using Write = std::function<void(std::string_view)>;
    using Now = std::function<double()>;
    // `verbose` also shows rejected candidates' details and executor steps on a pipe.
    Progress(Term term, Write write, Now now, bool verbose);
    ~Progress() override;
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void on(const Event& event) override;

  private:
    struct Row {
        std::string upstream;
        std::string url;
        std::string stage;
        double rate_bps = 0;
        bool finished = false;
        bool usable = false;
        double predicted_s = -1;
        std::string reason;
    };
    void started(const BenchStarted& event);
    void progressed(const CandidateProgress& event);
    void finished(const CandidateFinished& event);
    void erase();
    void draw(bool force);
    std::string line(const Row& row, double fastest) const;

    Term term_;
    Write write_;
    Now now_;
    bool verbose_;
    int candidates_ = 0;
    int done_ = 0;
    double started_at_ = 0;
    double drawn_at_ = -1;
    int drawn_lines_ = 0;
    std::map<std::pair<std::string, std::string>, Row> rows_;
};

}  // namespace mirrorctl::ui
