// Content-Range: what is understood is a range that can be, and means the same when it is written again.
#include "fuzz/oracle.hpp"
#include "registry/requests.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace mirrorctl;
    auto text = fuzz::view_of(data, size);
    auto range = registry::parse_content_range(text);
    if (!range) return 0;
    LAW(range->first >= 0 && range->first <= range->last, text);
    LAW(range->total == -1 || range->last < range->total, text);
    auto total = range->total < 0 ? std::string("*") : std::to_string(range->total);
    auto again = registry::parse_content_range(cat("bytes ", range->first, "-", range->last, "/", total));
    LAW(again && again->first == range->first && again->last == range->last && again->total == range->total,
        text);
    return 0;
}
