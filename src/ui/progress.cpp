#include "ui/progress.hpp"

#include "base/strings.hpp"
#include "base/url.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mirrorctl::ui {

namespace {
constexpr double kRedrawSeconds = 0.08;
constexpr int kBarWidth = 12;
}  // namespace

Progress::Progress(Term term, Write write, Now now, bool verbose)
    : term_(term), write_(std::move(write)), now_(std::move(now)), verbose_(verbose) {}

Progress::~Progress() {
    erase();
}

void Progress::on(const Event& event) {
    if (const auto* start = std::get_if<BenchStarted>(&event)) return started(*start);
    if (const auto* step = std::get_if<CandidateProgress>(&event)) return progressed(*step);
    if (const auto* done = std::get_if<CandidateFinished>(&event)) return finished(*done);
    if (std::holds_alternative<BenchFinished>(event)) return erase();
    if (const auto* step = std::get_if<StepDone>(&event); step != nullptr && verbose_)
        write_(fmt::format("{} {}\n", step->what, printable(step->object)));
}

void Progress::started(const BenchStarted& event) {
    candidates_ = event.candidates;
    started_at_ = now_();
    if (!term_.animated())
        write_(fmt::format("measuring {} candidates, at most {}\n", event.candidates,
                           format_duration(event.budget_s)));
    draw(true);
}

void Progress::progressed(const CandidateProgress& event) {
    auto& row = rows_[{event.upstream, event.url}];
    if (row.finished) return;
    row.upstream = event.upstream;
    row.url = event.url;
    row.stage = event.stage;
    row.rate_bps = event.rate_bps;
    draw(false);
}

void Progress::finished(const CandidateFinished& event) {
    const auto& m = event.measurement;
    auto& row = rows_[{event.upstream, m.mirror.url.masked()}];
    row = {.upstream = event.upstream,
           .url = m.mirror.url.masked(),
           .stage = "",
           .rate_bps = m.throughput_bps,
           .finished = true,
           .usable = m.usable,
           .predicted_s = m.predicted_pull_s,
           .reason = m.reason};
    ++done_;
    if (term_.animated()) return draw(false);
    write_(fmt::format(
        "{} {} {}\n", event.upstream, printable(row.url),
        m.usable ? (m.predicted_pull_s < 0 ? std::string("usable")
                                           : "usable, 30 MiB in " + format_duration(m.predicted_pull_s))
                 : "rejected: " + printable_line(m.reason)));
}

void Progress::erase() {
    if (drawn_lines_ == 0) return;
    write_(fmt::format("\x1b[{}F\x1b[J", drawn_lines_));
    drawn_lines_ = 0;
}

std::string Progress::line(const Row& row, double fastest) const {
    constexpr int kRight = 14;
    int width = std::min(60, term_.width() - kBarWidth - kRight - 5);
    bool roomy = width >= 16;
    if (!roomy) width = std::max(8, term_.width() - kRight - 4);
    auto name = fit(printable(row.url), width);
    if (row.finished && !row.usable)
        return fmt::format(
            " {} {} {}", term_.red("x"), name,
            term_.dim(fit(printable_line(row.reason), std::max(0, term_.width() - width - 4))));
    double share = fastest > 0 && row.rate_bps > 0 ? row.rate_bps / fastest : 0;
    auto right = row.finished
                     ? (row.predicted_s < 0 ? std::string("usable") : format_duration(row.predicted_s))
                 : row.rate_bps > 0 ? format_bytes(row.rate_bps) + "/s"
                                    : row.stage;
    auto filled = roomy ? term_.cyan(bar(share, kBarWidth)) + " " : std::string();
    return fmt::format(" {} {} {}{}", row.finished ? term_.green("+") : "…", name, filled,
                       fit(right, kRight));
}

void Progress::draw(bool force) {
    if (!term_.animated()) return;
    double now = now_();
    if (!force && now - drawn_at_ < kRedrawSeconds) return;
    drawn_at_ = now;
    erase();
    double fastest = 0;
    std::vector<const Row*> order;
    for (const auto& [key, row] : rows_) {
        fastest = std::max(fastest, row.rate_bps);
        order.push_back(&row);
    }
    auto group = [](const Row* row) { return row->finished ? (row->usable ? 1 : 2) : 0; };
    std::stable_sort(order.begin(), order.end(), [&](const Row* a, const Row* b) {
        if (group(a) != group(b)) return group(a) < group(b);
        return a->rate_bps > b->rate_bps;
    });
    auto room = static_cast<std::size_t>(std::max(1, term_.height() - 3));
    std::string out = fmt::format("{}\n", term_.dim(fmt::format("measuring {}, {} done, {}", candidates_,
                                                                done_, format_duration(now - started_at_))));
    drawn_lines_ = 1;
    for (std::size_t i = 0; i < order.size() && i < room; ++i, ++drawn_lines_)
        out += line(*order[i], fastest) + "\n";
    write_(out);
}

}  // namespace mirrorctl::ui
