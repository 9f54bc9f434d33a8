#include "profile/config.hpp"

#include "base/strings.hpp"
#include "profile/shape.hpp"
#include "profile/values.hpp"
#include "profile/yaml.hpp"

#include <algorithm>
#include <array>

namespace mirrorctl::profile {

namespace {

constexpr std::array<std::string_view, 3> kRestarts = {"if-safe", "never", "always"};
constexpr std::array<Restart, 3> kRestartValues = {Restart::if_safe, Restart::never, Restart::always};

// It stands in a comment of a header (RFC 9110 section 5.6.5): no blanks, parentheses, quotes or backslashes.
bool is_contact(std::string_view text) {
    constexpr std::size_t kLongest = 100;
    return !text.empty() && text.size() <= kLongest && std::all_of(text.begin(), text.end(), [](char c) {
        return c > ' ' && c < 0x7f && std::string_view("()\"\\").find(c) == std::string_view::npos;
    });
}

void check_names(const Node& tree, Problems& problems) {
    if (const Node* profile = tree.find("profile"))
        if (!is_name(profile->text) && !profile->text.starts_with('/'))
            problems.add(
                profile->where(),
                cat("profile: expected a profile's name or an absolute path, found ", describe(*profile)));
    if (const Node* site = tree.find("site"))
        if (!is_name(site->text))
            problems.add(
                site->where(),
                cat("site: expected lower-case letters, digits, '.', '_' and '-', found ", describe(*site)));
    if (const Node* contact = tree.find("contact"))
        if (!is_contact(contact->text))
            problems.add(contact->where(),
                         cat("contact: expected a mail address or a URL, found ", describe(*contact)));
    if (const Node* vars = tree.find("vars"))
        for (const auto& item : vars->items)
            if (!is_name(item.key))
                problems.add(item.where_key(),
                             cat("vars: expected a name of lower-case letters, digits and '_', found ",
                                 printable_line(item.key, 80)));
    if (const Node* targets = tree.find("targets"))
        for (const auto& item : targets->items)
            if (!is_name(item.text))
                problems.add(item.where(), cat("targets: expected a target's name, found ", describe(item)),
                             "mirrorctl targets");
}

NodeConfig build_config(const Node& tree, Problems& problems) {
    NodeConfig config{.present = true};
    config.profile = tree.value("profile");
    if (const Node* vars = tree.find("vars"))
        for (const auto& item : vars->items) config.vars[item.key] = item.text;
    config.targets = texts_of(tree, "targets");
    config.restart = kRestartValues[choice_of(tree, "restart", kRestarts, problems)];
    config.site = tree.value("site");
    config.contact = tree.value("contact");
    config.spread = flag_of(tree, "spread", true);
    return config;
}

bool is_blank(std::string_view text) {
    for (const auto& line : split(text, '\n')) {
        auto rest = trim(line);
        if (!rest.empty() && rest[0] != '#') return false;
    }
    return true;
}

}  // namespace

Result<NodeConfig> load_config(const sys::FsReader& root) {
    auto text = root.read(TargetPath(kConfigPath), kMaxFileBytes);
    if (!text && text.error().code == ErrorCode::not_found) return NodeConfig{};
    if (!text) return Failure(in_context(text.error(), cat("cannot read ", kConfigPath)));
    if (is_blank(*text)) return NodeConfig{.present = true};
    TRY_ASSIGN(Node tree, parse_yaml(*text, std::string(kConfigPath)));
    Problems problems;
    check_shape(tree, kConfigShape, problems);
    if (!problems.errors.empty()) return Failure(problems.errors.front());
    check_names(tree, problems);
    NodeConfig config = build_config(tree, problems);
    if (!problems.errors.empty()) return Failure(problems.errors.front());
    return config;
}

std::string_view name_of(Restart restart) {
    switch (restart) {
        case Restart::never:
            return "never";
        case Restart::if_safe:
            return "if-safe";
        case Restart::always:
            return "always";
    }
    return "if-safe";
}

}  // namespace mirrorctl::profile
