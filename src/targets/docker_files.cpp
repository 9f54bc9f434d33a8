#include "targets/docker_files.hpp"

#include "base/strings.hpp"
#include "targets/templates.hpp"
#include "text/json_doc.hpp"
#include "text/witness.hpp"

#include <array>

namespace mirrorctl::targets {

namespace {

using text::JsonDoc;
using text::JsonEditor;

constexpr std::array<std::string_view, 1> kSharedKeys{kRegistryMirrors};
constexpr std::array<const char*, 4> kProxyKeys{"httpProxy", "httpsProxy", "allProxy", "noProxy"};

text::Path proxy_path(const char* key) {
    return {"proxies", "default", key};
}

Result<Values> read_daemon_json(std::string_view text) {
    TRY_ASSIGN(auto doc, JsonDoc::parse(text));
    TRY_ASSIGN(auto mirrors, doc.strings_at({kRegistryMirrors}));
    Values values;
    if (mirrors) values[kRegistryMirrors] = std::move(*mirrors);
    return values;
}

Result<std::vector<Edit>> write_daemon_json(std::string_view text, const Values& wanted) {
    TRY_ASSIGN(auto doc, JsonDoc::parse(text));
    auto mirrors = wanted.find(kRegistryMirrors);
    if (mirrors == wanted.end()) return doc.remove({kRegistryMirrors});
    return doc.set_strings({kRegistryMirrors}, mirrors->second);
}

Result<void> witness_daemon_json(std::string_view before, std::string_view after) {
    return text::json_same_except(before, after, {{kRegistryMirrors}});
}

Result<Values> read_docker_config(std::string_view text) {
    TRY_ASSIGN(auto doc, JsonDoc::parse(text));
    Values values;
    for (const auto* key : kProxyKeys) {
        TRY_ASSIGN(auto value, doc.string_at(proxy_path(key)));
        if (value) values[key] = {std::move(*value)};
    }
    return values;
}

// An object that exists only to hold our values goes with them.
Result<void> remove_if_empty(JsonEditor& editor, const text::Path& path) {
    if (!editor.doc().has(path)) return {};
    TRY_ASSIGN(auto keys, editor.doc().keys_of(path));
    return keys.empty() ? editor.apply(editor.doc().remove(path)) : Result<void>{};
}

Result<std::vector<Edit>> write_docker_config(std::string_view text, const Values& wanted) {
    TRY_ASSIGN(auto current, read_docker_config(text));
    if (current == wanted) return std::vector<Edit>{};  // an empty object is the user's own then
    TRY_ASSIGN(auto editor, JsonEditor::open(text));
    for (const auto* key : kProxyKeys) {
        auto value = wanted.find(key);
        bool set = value != wanted.end() && value->second.size() == 1;
        TRY(editor.apply(set ? editor.doc().set_string(proxy_path(key), value->second.front())
                             : editor.doc().remove(proxy_path(key))));
    }
    if (wanted.empty()) {
        TRY(remove_if_empty(editor, {"proxies", "default"}));
        TRY(remove_if_empty(editor, {"proxies"}));
    }
    return editor.edits();
}

Result<void> witness_docker_config(std::string_view before, std::string_view after) {
    std::vector<text::Path> allowed;
    for (const auto* key : kProxyKeys) allowed.push_back(proxy_path(key));
    return text::json_same_except(before, after, allowed);
}

}  // namespace

const Codec& daemon_json_codec() {
    static const Codec kCodec{.name = "daemon.json",
                              .read = read_daemon_json,
                              .write = write_daemon_json,
                              .witness = witness_daemon_json,
                              .mirrors_key = kRegistryMirrors,
                              .shared_lists = kSharedKeys};
    return kCodec;
}

Result<std::string> render_daemon_json(const Values& values) {
    text::TemplateValues filled{.lists = {{"mirrors", {}}}};
    if (auto it = values.find(kRegistryMirrors); it != values.end())
        for (const auto& url : it->second)
            filled.lists["mirrors"].push_back(
                {.strings = {{"url", url}}, .lists = {{"more", condition(&url != &it->second.back())}}});
    return render_template("daemon.json", filled, text::quote_json);
}

const Codec& docker_config_codec() {
    static const Codec kCodec{.name = "config.json",
                              .read = read_docker_config,
                              .write = write_docker_config,
                              .witness = witness_docker_config};
    return kCodec;
}

Result<std::string> render_docker_config(const Values& values) {
    if (values.empty()) {
        TRY_ASSIGN(auto full, render_docker_config({{kProxyKeys[0], {""}}}));
        return edit_text(docker_config_codec(), full, {});
    }
    text::TemplateValues filled;
    std::size_t left = values.size();
    for (const auto* key : kProxyKeys) {
        auto& section = filled.lists[key];
        if (auto it = values.find(key); it != values.end())
            section.push_back(
                {.strings = {{"value", it->second.front()}}, .lists = {{"more", condition(--left > 0)}}});
    }
    return render_template("docker-config.json", filled, text::quote_json);
}

}  // namespace mirrorctl::targets
