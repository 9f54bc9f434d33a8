// Lists of tags: every tag that comes out can stand in a URL's path.
#include "fuzz/oracle.hpp"
#include "registry/content.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace mirrorctl;
    auto text = fuzz::view_of(data, size);
    auto tags = registry::parse_tags(text);
    if (!tags) return 0;
    for (const auto& tag : *tags) {
        LAW(!tag.empty() && tag.size() <= 128, text);
        LAW(tag.find_first_of("/?#:%@ \n") == std::string::npos && tag.front() != '.', text);
    }
    return 0;
}
