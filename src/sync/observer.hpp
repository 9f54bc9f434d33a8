// Progress, for whoever shows it.
#pragma once

#include "sync/report.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace mirrorctl::sync {

struct Stream {
    std::string digest;
    std::string from;  // host that is being read
    std::int64_t bytes = 0;
    std::int64_t size = 0;
};

struct Progress {
    enum class Phase { planning, copying };
    Phase phase = Phase::planning;
    std::size_t images_done = 0;
    std::size_t images_total = 0;
    std::int64_t bytes_done = 0;   // read
    std::int64_t bytes_total = 0;  // to read
    double seconds = 0;            // since the phase began
    double rate = 0;               // bytes per second over the last few seconds
    std::vector<Stream> streams = {};
};

// Calls come from inside Engine::plan and Engine::run; they must return quickly.
class Observer {
  public:
    virtual ~Observer() = default;
    virtual void on_progress(const Progress& progress) = 0;  // about ten times per second
    virtual void on_image(const ImageResult& result) = 0;    // each one, as soon as it has ended
    virtual void on_warning(const std::string& message) = 0;
};

}  // namespace mirrorctl::sync
