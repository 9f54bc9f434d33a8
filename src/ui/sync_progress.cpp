#include "ui/sync_progress.hpp"

#include "base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mirrorctl::ui {

namespace {

constexpr int kSyncBarWidth = 20;
constexpr double kLineSeconds = 10;  // between two lines in a log

double share_of(std::int64_t part, std::int64_t whole) {
    return whole <= 0 ? 0 : std::min(1.0, static_cast<double>(part) / static_cast<double>(whole));
}

std::string bytes(std::int64_t n) {
    return format_bytes(static_cast<double>(n));
}

std::string headline(const SyncState& state) {
    if (state.planning)
        return fmt::format("looking at sources and destinations, {}", format_duration(state.seconds));
    auto line = fmt::format("{} of {} images, {} of {}", state.images_done, state.images_total,
                            bytes(state.bytes_done), bytes(state.bytes_total));
    if (state.rate > 0) {
        line += fmt::format(", {}/s", format_bytes(state.rate));
        auto left = static_cast<double>(state.bytes_total - state.bytes_done) / state.rate;
        if (left > 0) line += fmt::format(", {} left", format_duration(left));
    }
    return line;
}

}  // namespace

void SyncProgress::erase() {
    if (drawn_lines_ == 0) return;
    write_(fmt::format("\x1b[{}F\x1b[J", drawn_lines_));
    drawn_lines_ = 0;
}

void SyncProgress::say(std::string_view line) {
    erase();
    write_(cat(line, "\n"));
}

std::string SyncProgress::table(const SyncState& state) const {
    auto line = headline(state);
    std::string out = fit(line, std::min(columns(line), term_.width() - 1)) + "\n";
    auto room = static_cast<std::size_t>(std::max(0, term_.height() - 3));
    int name = std::max(8, term_.width() - kSyncBarWidth - 24);
    for (std::size_t i = 0; i < state.streams.size() && i < room; ++i) {
        const auto& stream = state.streams[i];
        auto text =
            fmt::format("{} {}", printable_line(stream.digest).substr(0, 19), printable_line(stream.from));
        out += fmt::format(" {} {} {}\n", fit(text, name),
                           term_.cyan(bar(share_of(stream.bytes, stream.size), kSyncBarWidth)),
                           fit(bytes(stream.size), 10));
    }
    return out;
}

void SyncProgress::update(const SyncState& state) {
    if (!term_.animated()) {
        if (state.seconds < noted_at_) noted_at_ = 0;  // the next phase
        if (state.seconds - noted_at_ < kLineSeconds) return;
        noted_at_ = state.seconds;
        return write_(headline(state) + "\n");
    }
    auto text = table(state);
    erase();
    write_(text);
    drawn_lines_ = static_cast<int>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace mirrorctl::ui
