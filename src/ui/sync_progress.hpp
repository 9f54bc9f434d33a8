// A sync while it runs, on stderr: a live table on a terminal, one line per finished image otherwise.
#pragma once

#include "ui/term.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace mirrorctl::ui {

struct SyncStream {
    std::string digest;
    std::string from;
    std::int64_t bytes = 0;
    std::int64_t size = 0;
};

struct SyncState {
    bool planning = true;
    std::size_t images_done = 0;
    std::size_t images_total = 0;
    std::int64_t bytes_done = 0;
    std::int64_t bytes_total = 0;
    double seconds = 0;
    double rate = 0;  // bytes per second, lately
    std::vector<SyncStream> streams = {};
};

class SyncProgress {
  public:
    using Write = std::function<void(std::string_view)>;
    SyncProgress(Term term, Write write) : term_(term), write_(std::move(write)) {}
    ~SyncProgress() { erase(); }
    SyncProgress(const SyncProgress&) = delete;
    SyncProgress& operator=(const SyncProgress&) = delete;

    void update(const SyncState& state);
    // A line that stays, above the table.
    void say(std::string_view line);
    void erase();

  private:
    std::string table(const SyncState& state) const;

    Term term_;
    Write write_;
    int drawn_lines_ = 0;
    double noted_at_ = 0;  // seconds of the phase at the last line on a pipe
};

}  // namespace mirrorctl::ui
