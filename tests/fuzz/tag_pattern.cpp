// "pattern\ntag": any pattern is refused with a reason or matches in linear time; plain text is found where
// it stands.
#include "sync/tag_pattern.hpp"

#include "fuzz/oracle.hpp"

#include <cctype>

using namespace mirrorctl;
using namespace mirrorctl::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto text = view_of(data, size);
    auto end = std::min(text.find('\n'), text.size());
    auto pattern = text.substr(0, end);
    auto tag = text.substr(std::min(end + 1, text.size()), 128);
    auto parsed = sync::TagPattern::parse(pattern);
    if (!parsed) {
        EXPECT_ERROR(parsed.error(), ErrorCode::parse);
        return 0;
    }
    bool matches = parsed->matches(tag);
    bool plain = std::all_of(pattern.begin(), pattern.end(),
                             [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; });
    if (plain) LAW(matches == (tag.find(pattern) != std::string_view::npos), pattern);
    // What matches somewhere matches behind anything, too, unless an anchor or a border says otherwise.
    if (matches && pattern.find_first_of("^\\") == std::string_view::npos)
        LAW(parsed->matches(cat("-", tag)), pattern);
    return 0;
}
