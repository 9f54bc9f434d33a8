#include "sync/report.hpp"

#include <algorithm>

namespace mirrorctl::sync {

std::size_t SyncReport::count(ImageResult::Outcome outcome) const {
    return static_cast<std::size_t>(std::count_if(
        images.begin(), images.end(), [&](const auto& image) { return image.outcome == outcome; }));
}

}  // namespace mirrorctl::sync
