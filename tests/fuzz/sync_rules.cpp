// A rule file of a stranger: any bytes give rules or errors with a place; a rule written out again reads as
// the same rule, and no two rules want one name.
#include "fuzz/oracle.hpp"
#include "sync/rules.hpp"

namespace {

using namespace mirrorctl;
using namespace mirrorctl::fuzz;

std::optional<std::string> variable(const char* name) {
    return std::string_view(name) == "TEAM" ? std::optional<std::string>("blue") : std::nullopt;
}

void written_again(const sync::Rule& rule) {
    auto text = sync::source_text(rule);
    auto again = sync::parse_source(text);
    LAW(again.has_value(), text);
    LAW(again->location == rule.source, text);
    LAW(again->selector.kind == rule.selector.kind && again->selector.tags == rule.selector.tags, text);
    LAW(again->selector.digest == rule.selector.digest && again->selector.tag == rule.selector.tag, text);
    LAW(again->selector.pattern == rule.selector.pattern, text);
    if (rule.selector.matches) (void)rule.selector.matches("v1.2.3-alpine");
    LAW(!rule.destinations.empty(), text);
    for (const auto& destination : rule.destinations) {
        auto read = sync::parse_destination(destination.str(), variable);
        LAW(read.has_value() && read->location == destination.location, destination.str());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto text = view_of(data, size);
    auto document = sync::read_json(text, "images.json");
    if (!document) {
        EXPECT_ERROR(document.error(), ErrorCode::parse, ErrorCode::duplicate_key);
        return 0;
    }
    auto list = sync::read_rules(*document, variable);
    for (const auto& error : list.errors) {
        EXPECT_ERROR(error, ErrorCode::parse, ErrorCode::usage, ErrorCode::conflict);
        LAW(error.location && error.location->line > 0, error.message);
    }
    for (const auto& rule : list.rules) written_again(rule);
    return 0;
}
