#include "profile/dead.hpp"

#include "base/strings.hpp"
#include "profile/embedded.hpp"
#include "profile/shape.hpp"
#include "profile/tombstones.hpp"
#include "profile/values.hpp"

#include <array>

namespace mirrorctl::profile {

namespace {

constexpr std::array<std::string_view, 4> kStatuses = {"dead", "restricted", "never", "not_a_mirror"};

// '*' matches any characters but a dot; a pattern that begins with "*." also matches deeper names.
bool matches_label(std::string_view pattern, std::string_view label) {
    auto star = pattern.find('*');
    if (star == std::string_view::npos) return pattern == label;
    auto front = pattern.substr(0, star);
    auto back = pattern.substr(star + 1);
    return label.size() > front.size() + back.size() && label.starts_with(front) && label.ends_with(back);
}

bool matches(std::string_view pattern, std::string_view host) {
    if (pattern.find('*') == std::string_view::npos) return pattern == host;
    auto wanted = split(pattern, '.');
    auto given = split(host, '.');
    if (wanted[0] == "*" && given.size() > wanted.size())
        given.erase(given.begin(), given.begin() + static_cast<std::ptrdiff_t>(given.size() - wanted.size()));
    if (wanted.size() != given.size()) return false;
    for (std::size_t i = 0; i < wanted.size(); ++i)
        if (!matches_label(wanted[i], given[i])) return false;
    return true;
}

// YYYY, YYYY-MM or YYYY-MM-DD.
bool is_since(const std::string& text) {
    constexpr std::string_view kRest = "-01-01";
    if (text.size() != 4 && text.size() != 7 && text.size() != 10) return false;
    return day_number(text + std::string(kRest.substr(text.size() - 4))).has_value();
}

}  // namespace

std::vector<DeadMirror> read_dead(const Node& tree, Problems& problems) {
    check_shape(tree, kDeadShape, problems);
    if (!problems.errors.empty()) return {};
    date_of(tree, "as_of", problems);
    std::vector<DeadMirror> out;
    for (const auto& node : tree.find("mirrors")->items) {
        DeadMirror dead{.host = node.value("host"), .upstreams = texts_of(node, "upstreams")};
        dead.status = static_cast<DeadStatus>(choice_of(node, "status", kStatuses, problems));
        dead.since = node.value("since");
        dead.source = node.value("source");
        dead.note = node.value("note");
        if (dead.host.empty() || dead.host != lower(dead.host) ||
            dead.host.find_first_of("/: ") != std::string::npos)
            problems.add(node.find("host")->where(),
                         cat("host: expected a host name, found ", describe(*node.find("host"))));
        if (!dead.since.empty() && !is_since(dead.since))
            problems.add(
                node.find("since")->where(),
                cat("since: expected YYYY, YYYY-MM or YYYY-MM-DD, found ", describe(*node.find("since"))));
        for (const auto& other : out)
            if (other.host == dead.host)
                problems.add(node.find("host")->where(), cat("host listed twice: ", dead.host));
        out.push_back(std::move(dead));
    }
    return out;
}

const std::vector<DeadMirror>& dead_mirrors() {
    static const std::vector<DeadMirror> kList = [] {
        Problems problems;
        auto tree = embedded_document("dead");
        return tree ? read_dead(*tree, problems) : std::vector<DeadMirror>{};
    }();
    return kList;
}

std::optional<DeadMirror> find_dead(std::string_view host) {
    auto name = lower(host.substr(0, host.find(':')));
    for (const auto& dead : dead_mirrors())
        if (matches(dead.host, name)) return dead;
    return std::nullopt;
}

std::string_view name_of(DeadStatus status) {
    return kStatuses[static_cast<std::size_t>(status)];
}

std::string describe(const DeadMirror& dead) {
    constexpr std::array<std::string_view, 4> kWords = {"closed", "restricted", "never a mirror",
                                                        "not a mirror"};
    auto since = dead.since.empty() ? std::string() : cat(" since ", dead.since);
    auto note = dead.note.empty() ? std::string() : cat(", ", dead.note);
    return cat(kWords[static_cast<std::size_t>(dead.status)], since, note, " (", dead.source, ")");
}

}  // namespace mirrorctl::profile
