#include "targets/hosts_check.hpp"

#include "base/strings.hpp"
#include "text/tree.hpp"

#include <algorithm>
#include <array>

namespace mirrorctl::targets {

namespace {

using text::Tree;
using text::TreeKind;

bool is_text(const Tree& value) {
    return value.kind == TreeKind::string;
}

bool are_texts(const Tree& value) {
    return value.kind == TreeKind::array && std::all_of(value.items.begin(), value.items.end(), is_text);
}

bool is_text_or_texts(const Tree& value) {
    return is_text(value) || are_texts(value);
}

// A file with certificate and key, several such files, or pairs of a certificate and its key.
bool is_client(const Tree& value) {
    if (is_text_or_texts(value)) return true;
    return value.kind == TreeKind::array &&
           std::all_of(value.items.begin(), value.items.end(), [](const Tree& item) {
               return is_text(item) || (are_texts(item) && !item.items.empty() && item.items.size() <= 2);
           });
}

bool is_header(const Tree& value) {
    return value.kind == TreeKind::table &&
           std::all_of(value.members.begin(), value.members.end(),
                       [](const auto& member) { return is_text_or_texts(member.second); });
}

bool is_truth(const Tree& value) {
    return value.kind == TreeKind::boolean;
}

// time.ParseDuration of Go: "2s", "1m30s", "1.5h", "-5ms", "0".
bool is_duration(const Tree& value) {
    constexpr std::array<std::string_view, 8> kUnits{"ns", "us", "\u00b5s", "\u03bcs", "ms", "s", "m", "h"};
    if (!is_text(value)) return false;
    std::string_view rest = value.scalar;
    if (rest.starts_with('-') || rest.starts_with('+')) rest.remove_prefix(1);
    if (rest == "0") return true;
    bool any = false;
    while (!rest.empty()) {
        auto digits = std::min(rest.find_first_not_of("0123456789."), rest.size());
        auto number = rest.substr(0, digits);
        if (number.empty() || number == "." || std::count(number.begin(), number.end(), '.') > 1)
            return false;
        rest.remove_prefix(digits);
        // In the order of the table: "m" is also the beginning of "ms".
        auto unit = std::find_if(kUnits.begin(), kUnits.end(),
                                 [&](std::string_view u) { return rest.starts_with(u); });
        if (unit == kUnits.end()) return false;
        rest.remove_prefix(unit->size());
        any = true;
    }
    return any;
}

struct Key {
    const char* name;
    bool (*accepts)(const Tree& value);
    const char* expected;
};
constexpr std::array<Key, 6> kKeys{{{"capabilities", are_texts, "a list of strings"},
                                    {"ca", is_text_or_texts, "a string or a list of strings"},
                                    {"client", is_client, "a string, strings, or pairs of strings"},
                                    {"skip_verify", is_truth, "true or false"},
                                    {"override_path", is_truth, "true or false"},
                                    {"header", is_header, "a table of strings or lists of strings"}}};

Failure refused(const std::string& where, std::string_view key, std::string_view expected) {
    return Failure(
        Error{.code = ErrorCode::unsupported_layout,
              .message = cat("the engine ignores the whole file: ", where, key, " must be ", expected),
              .hint = "correct it, then run mirrorctl apply again"});
}

Result<void> check_words(const Tree& host, const std::string& where, const HostsDialect& dialect) {
    const auto* list = host.find({"capabilities"});
    if (list == nullptr) return {};
    for (const auto& word : list->items) {
        const auto& text = word.scalar;
        if (text == "pull" || text == "resolve" || text == "push") continue;
        if (text == "referrers" && dialect.referrers) continue;
        return Failure(
            Error{.code = ErrorCode::unsupported_layout,
                  .message = cat("the engine ignores the whole file: ", where, "capabilities has \"",
                                 printable_line(text, 40), "\", which it does not know"),
                  .hint = "known are pull, resolve and push, and referrers from containerd 2.2 on"});
    }
    return {};
}

Result<void> check_host(const Tree& host, const std::string& where, const HostsDialect& dialect) {
    for (const auto& key : kKeys)
        if (const auto* value = host.find({key.name}); value != nullptr && !key.accepts(*value))
            return refused(where, key.name, key.expected);
    if (const auto* timeout = host.find({"dial_timeout"});
        timeout != nullptr && dialect.dial_timeout && !is_duration(*timeout))
        return refused(where, "dial_timeout", "a duration, for example \"2s\"");
    return check_words(host, where, dialect);
}

}  // namespace

Result<void> check_hosts_toml(std::string_view text, const HostsDialect& dialect) {
    TRY_ASSIGN(auto tree, text::toml_tree(text));
    if (const auto* server = tree.find({"server"}); server != nullptr && !is_text(*server))
        return refused("", "server", "a string");
    TRY(check_host(tree, "", dialect));
    const auto* hosts = tree.find({"host"});
    if (hosts == nullptr) return {};
    if (hosts->kind != TreeKind::table) return refused("", "host", "a table");
    for (const auto& [url, host] : hosts->members) {
        auto where = cat("[host.\"", printable_line(url, 120), "\"] ");
        if (host.kind != TreeKind::table) return refused(where, "", "a table");
        TRY(check_host(host, where, dialect));
    }
    return {};
}

}  // namespace mirrorctl::targets
