// Link headers: a next page is never empty, never longer than what was sent, and found again when it stands
// alone.
#include "registry/link.hpp"

#include "fuzz/oracle.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace mirrorctl;
    auto text = fuzz::view_of(data, size);
    auto next = registry::next_link({std::string(text)});
    if (!next) return 0;
    LAW(!next->empty() && text.find(*next) != std::string_view::npos, text);
    LAW(registry::next_link({cat("<", *next, ">; rel=next")}) == next, text);
    return 0;
}
