// References of the command line, a list or a node, all to one place.
#include "base/strings.hpp"
#include "registry/reference.hpp"
#include "sync/rules.hpp"

#include <algorithm>

namespace mirrorctl::sync {

namespace {

Error refused(std::string message, std::string hint) {
    return {.code = ErrorCode::usage, .message = std::move(message), .hint = std::move(hint)};
}

// `to` as host and path ("" for the host alone).
Result<std::pair<std::string, std::string>> parse_target(std::string_view given) {
    constexpr const char* kHint = "write it like --to hub.example.com/google_containers";
    auto text = trim(given);
    while (text.ends_with('/')) text.remove_suffix(1);
    if (text.empty()) return Failure(refused("no destination: --to is missing", kHint));
    auto host = text.substr(0, text.find('/'));
    auto path = host.size() == text.size() ? std::string_view() : text.substr(host.size() + 1);
    if (text.find("://") != std::string_view::npos || !names_registry(host))
        return Failure(refused(cat("--to names no registry: ", printable_line(text, 100),
                                   ": the first part must be a host, like hub.example.com or localhost:5000"),
                               kHint));
    auto checked =
        registry::parse_reference(cat(host, "/", path.empty() ? "x" : path, path.empty() ? "" : "/x"));
    if (!checked)
        return Failure(
            refused(cat("--to is not a registry with a project: ", printable_line(text, 100)), kHint));
    return std::pair(registry_name(host), std::string(path));
}

}  // namespace

RuleList reference_rules(const std::vector<std::string>& references, const ReferenceRules& how) {
    RuleList list;
    auto target = parse_target(how.to);
    if (!target) {
        list.errors.push_back(target.error());
        return list;
    }
    const auto& [host, path] = *target;
    for (const auto& text : references) {
        auto source = parse_source(text);
        if (!source) {
            list.errors.push_back(in_context(source.error(), printable_line(text, 100)));
            continue;
        }
        if (source->selector.kind == Selector::Kind::all)
            source->selector = {.kind = Selector::Kind::tags, .tags = {"latest"}};
        const auto& full = source->location.repository;
        auto name = how.keep_path ? full : full.substr(full.rfind('/') + 1);
        Location destination{.registry = host, .repository = path.empty() ? name : cat(path, "/", name)};
        if (host == "docker.io" && path.empty() && !how.keep_path) destination.repository = "library/" + name;
        if (destination == source->location) {
            list.errors.push_back(
                {.code = ErrorCode::conflict,
                 .message = cat("source and destination are the same: ", source->location.str()),
                 .hint = "name another registry or project with --to"});
            continue;
        }
        Rule rule{.source = source->location,
                  .selector = source->selector,
                  .destinations = {{.location = destination}},
                  .text = text};
        list.rules.push_back(std::move(rule));
    }
    auto collisions = find_collisions(list.rules);
    list.errors.insert(list.errors.end(), collisions.begin(), collisions.end());
    return list;
}

}  // namespace mirrorctl::sync
