#include "base/strings.hpp"
#include "targets/proxy_files.hpp"
#include "targets/templates.hpp"
#include "text/env_doc.hpp"
#include "text/quote.hpp"

#include <algorithm>

namespace mirrorctl::targets {

namespace {

using text::EnvDoc;
using text::EnvGrammar;

constexpr std::array<const char*, 8> kVariables{"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY",
                                                "all_proxy",  "ALL_PROXY",  "no_proxy",    "NO_PROXY"};

bool is_variable(std::string_view name) {
    return std::any_of(kVariables.begin(), kVariables.end(),
                       [&](const char* known) { return name == known; });
}

template <EnvGrammar grammar>
Result<Values> read_env(std::string_view text) {
    TRY_ASSIGN(auto doc, EnvDoc::parse(text, grammar));
    Values values;
    for (const auto* name : kVariables) {
        TRY_ASSIGN(auto value, doc.value_of(name));
        if (value) values[name] = {std::move(*value)};
    }
    return values;
}

template <EnvGrammar grammar>
Result<std::vector<Edit>> write_env(std::string_view text, const Values& wanted) {
    TRY_ASSIGN(auto doc, EnvDoc::parse(text, grammar));
    text::EnvEditor editor(std::move(doc));
    for (const auto* name : kVariables) {
        auto value = wanted.find(name);
        if (value == wanted.end())
            TRY(editor.apply(editor.doc().remove(name)));
        else
            TRY(editor.apply(editor.doc().set(name, value->second.front())));
    }
    return editor.edits();
}

// What is left of the text when the lines of our variables are taken out.
template <EnvGrammar grammar>
Result<std::string> without_ours(std::string_view text) {
    TRY_ASSIGN(auto doc, EnvDoc::parse(text, grammar));
    std::string rest;
    std::size_t from = 0;
    for (const auto& entry : doc.entries()) {
        if (!is_variable(entry.name)) continue;
        rest += text.substr(from, entry.span.begin - from);
        from = entry.span.end;
    }
    return std::string(trim(rest += text.substr(from)));
}

template <EnvGrammar grammar>
Result<void> witness_env(std::string_view before, std::string_view after) {
    TRY_ASSIGN(auto was, without_ours<grammar>(before));
    TRY_ASSIGN(auto is, without_ours<grammar>(after));
    if (was == is) return {};
    return Failure(Error{.code = ErrorCode::unsupported_layout,
                         .message = "cannot edit the file of variables: lines that are not ours would change",
                         .hint = "put each assignment on a line of its own"});
}

Result<std::string> render_env(std::string_view name, const Values& values,
                               const text::EscapeFunction& quote) {
    text::TemplateValues filled;
    for (const auto* variable : kVariables) {
        auto& section = filled.lists[variable];
        if (auto it = values.find(variable); it != values.end())
            section.push_back({.strings = {{"value", it->second.front()}}});
    }
    return render_template(name, filled, quote);
}

}  // namespace

const Codec& proxy_env_codec() {
    static const Codec kCodec{.name = "proxy.env",
                              .read = read_env<EnvGrammar::systemd>,
                              .write = write_env<EnvGrammar::systemd>,
                              .witness = witness_env<EnvGrammar::systemd>};
    return kCodec;
}

const Codec& shell_profile_codec() {
    static const Codec kCodec{.name = "mirrorctl-proxy.sh",
                              .read = read_env<EnvGrammar::shell>,
                              .write = write_env<EnvGrammar::shell>,
                              .witness = witness_env<EnvGrammar::shell>};
    return kCodec;
}

Result<std::string> render_proxy_env(const Values& values) {
    return render_env("proxy.env", values, text::quote_env_file);
}

Result<std::string> render_shell_profile(const Values& values) {
    return render_env("profile.sh", values, text::quote_shell);
}

Values both_cases(const ProxyVariables& variables) {
    Values values;
    auto put = [&](std::string_view name, const std::string& value) {
        if (value.empty()) return;
        values[lower(name)] = {value};
        values[std::string(name)] = {value};
    };
    put("HTTP_PROXY", variables.http);
    put("HTTPS_PROXY", variables.https);
    put("ALL_PROXY", variables.all);
    put("NO_PROXY", variables.no_proxy);
    return values;
}

std::vector<std::string> proxy_names_in_env_file(std::string_view text) {
    std::vector<std::string> names;
    auto doc = EnvDoc::parse(text, EnvGrammar::systemd);
    if (!doc) return names;
    for (const auto& entry : doc->entries())
        if (is_variable(entry.name)) names.push_back(entry.name);
    return names;
}

}  // namespace mirrorctl::targets
