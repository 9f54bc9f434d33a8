#include "targets/hosts_toml.hpp"

#include "base/strings.hpp"
#include "targets/our_files.hpp"
#include "targets/templates.hpp"
#include "text/quote.hpp"
#include "text/toml_doc.hpp"
#include "text/witness.hpp"

#include <algorithm>
#include <array>

namespace mirrorctl::targets {

namespace {

using text::Path;
using text::TomlDoc;
using text::TomlEditor;
using List = std::vector<std::string>;

enum class Kind { text, truth, list, text_or_list };
struct Attribute {
    const char* name;
    Kind kind;
};
constexpr std::array<Attribute, 4> kAttributes{{{"capabilities", Kind::list},
                                                {"override_path", Kind::truth},
                                                {"ca", Kind::text_or_list},
                                                {"dial_timeout", Kind::text}}};
constexpr std::array<std::string_view, 1> kSharedLists{kHosts};

Path path_of(const std::string& subject, const char* attribute) {
    return subject == kServer ? Path{attribute} : Path{"host", subject, attribute};
}

Error unsupported(std::string message, std::string hint) {
    return {.code = ErrorCode::unsupported_layout, .message = std::move(message), .hint = std::move(hint)};
}

// Hosts in the order of their headers. containerd 2.x finds hosts by their headers alone and lists one twice
// that is taken up again behind another, so everything else is refused.
Result<List> host_order(const TomlDoc& doc) {
    List order;
    for (const auto& table : doc.tables()) {
        if (table.path.size() < 2 || table.path[0] != "host") continue;
        const auto& url = table.path[1];
        if (!order.empty() && order.back() == url) continue;
        if (std::find(order.begin(), order.end(), url) != order.end())
            return Failure(unsupported(
                cat("hosts.toml: the tables of ", printable_line(url, 120), " do not stand together"),
                "move its sub-tables directly behind [host.\"...\"]"));
        order.push_back(url);
    }
    for (const auto& url : doc.keys_of({"host"}))
        if (std::find(order.begin(), order.end(), url) == order.end() || !doc.find_table({"host", url}))
            return Failure(unsupported(cat("hosts.toml: ", printable_line(url, 120),
                                           " has no header of its own, so containerd 2 ignores it"),
                                       "write it as a table: [host.\"https://...\"]"));
    return order;
}

Result<std::optional<List>> read_attribute(const TomlDoc& doc, const Path& path, Kind kind) {
    if (kind == Kind::truth) {
        TRY_ASSIGN(auto value, doc.bool_at(path));
        return value ? std::optional(List{*value ? "true" : "false"}) : std::nullopt;
    }
    if (kind == Kind::text || kind == Kind::text_or_list) {
        auto value = doc.string_at(path);
        if (value) return *value ? std::optional(List{**value}) : std::nullopt;
        if (kind == Kind::text) return Failure(value.error());
    }
    return doc.strings_at(path);
}

Result<void> read_subject(const TomlDoc& doc, const std::string& subject, Values& values) {
    for (const auto& attribute : kAttributes) {
        TRY_ASSIGN(auto value, read_attribute(doc, path_of(subject, attribute.name), attribute.kind));
        if (value) values[host_key(subject, attribute.name)] = std::move(*value);
    }
    return {};
}

Result<Values> read_values_of(const TomlDoc& doc) {
    Values values;
    TRY_ASSIGN(auto order, host_order(doc));
    TRY_ASSIGN(auto server, doc.string_at({kServer}));
    if (server) values[kServer] = {std::move(*server)};
    TRY(read_subject(doc, kServer, values));
    for (const auto& url : order) TRY(read_subject(doc, url, values));
    if (!order.empty()) values[kHosts] = std::move(order);
    return values;
}

Result<Values> read_hosts_toml(std::string_view text) {
    TRY_ASSIGN(auto doc, TomlDoc::parse(text));
    return read_values_of(doc);
}

Result<void> write_attribute(TomlEditor& editor, const Path& path, Kind kind, const List* value) {
    TRY_ASSIGN(auto current, read_attribute(editor.doc(), path, kind));
    if (value == nullptr ? !current : current && *current == *value) return {};
    // `ca` may be a string or a list; one cannot become the other in place.
    if (value == nullptr || (kind == Kind::text_or_list && current))
        TRY(editor.apply(editor.doc().remove_key(path)));
    if (value == nullptr) return {};
    if (kind == Kind::truth) return editor.apply(editor.doc().set_bool(path, value->front() == "true"));
    if (kind == Kind::list || value->size() != 1) return editor.apply(editor.doc().set_strings(path, *value));
    return editor.apply(editor.doc().set_string(path, value->front()));
}

Result<void> write_subject(TomlEditor& editor, const std::string& subject, const Values& wanted) {
    for (const auto& attribute : kAttributes) {
        auto it = wanted.find(host_key(subject, attribute.name));
        TRY(write_attribute(editor, path_of(subject, attribute.name), attribute.kind,
                            it == wanted.end() ? nullptr : &it->second));
    }
    return {};
}

// The text that an edit list takes out.
std::string removed_text(const std::string& text, const std::vector<Edit>& edits) {
    std::string out;
    for (const auto& edit : edits) out += text.substr(edit.span.begin, edit.span.end - edit.span.begin);
    return replace_all(out, "\r\n", "\n");
}

std::size_t table_index(const TomlDoc& doc, const std::string& url) {
    return doc.find_table({"host", url}).value_or(doc.tables().size());
}

// Puts the table of `url` in front of that of `next` ("" = behind all).
Result<void> place_host(TomlEditor& editor, const std::string& url, const std::string& next) {
    TRY_ASSIGN(auto order, host_order(editor.doc()));
    auto at = std::find(order.begin(), order.end(), url);
    std::string block;
    if (at != order.end()) {
        if (at + 1 == order.end() ? next.empty() : *(at + 1) == next) return {};
        TRY_ASSIGN(auto edits, editor.doc().remove_table({"host", url}));
        block = cat(trim(removed_text(editor.text(), edits)), "\n");
        TRY(editor.apply(std::move(edits)));
    } else {
        TRY_ASSIGN(auto quoted, text::quote_toml(url));
        block = cat("[host.", quoted, "]\n");
    }
    auto before = next.empty() ? editor.doc().tables().size() : table_index(editor.doc(), next);
    return editor.apply(editor.doc().insert_table(block, before));
}

Result<void> write_hosts(TomlEditor& editor, const List& hosts) {
    TRY_ASSIGN(auto order, host_order(editor.doc()));
    for (const auto& url : order)
        if (std::find(hosts.begin(), hosts.end(), url) == hosts.end())
            TRY(editor.apply(editor.doc().remove_table({"host", url})));
    std::string next;
    for (auto it = hosts.rbegin(); it != hosts.rend(); ++it) {
        TRY(place_host(editor, *it, next));
        next = *it;
    }
    return {};
}

Result<std::vector<Edit>> write_hosts_toml(std::string_view text, const Values& wanted) {
    TRY_ASSIGN(auto editor, TomlEditor::open(text));
    auto hosts = wanted.find(kHosts);
    TRY(write_hosts(editor, hosts == wanted.end() ? List{} : hosts->second));
    auto server = wanted.find(kServer);
    TRY(write_attribute(editor, {kServer}, Kind::text, server == wanted.end() ? nullptr : &server->second));
    TRY(write_subject(editor, kServer, wanted));
    if (hosts != wanted.end())
        for (const auto& url : hosts->second) TRY(write_subject(editor, url, wanted));
    return editor.edits();
}

// Hosts may come, go and change their attributes; what stays of the user's own keys in a host that stays must
// be the same.
Result<void> witness_hosts_toml(std::string_view before, std::string_view after) {
    TRY_ASSIGN(auto old_doc, TomlDoc::parse(before));
    TRY_ASSIGN(auto new_doc, TomlDoc::parse(after));
    std::vector<Path> allowed{{kServer}};
    for (const auto& attribute : kAttributes) allowed.push_back({attribute.name});
    for (const auto& url : old_doc.keys_of({"host"})) {
        if (!new_doc.has({"host", url})) allowed.push_back({"host", url});
        for (const auto& attribute : kAttributes) allowed.push_back({"host", url, attribute.name});
    }
    for (const auto& url : new_doc.keys_of({"host"}))
        if (!old_doc.has({"host", url})) allowed.push_back({"host", url});
    return text::toml_same_except(before, after, allowed);
}

void tidy_hosts_toml(Values& values) {
    auto hosts = values.find(kHosts);
    if (hosts != values.end() && hosts->second.empty()) {
        values.erase(hosts);
        hosts = values.end();
    }
    std::erase_if(values, [&](const auto& entry) {
        auto blank = entry.first.rfind(' ');
        if (blank == std::string::npos) return false;
        auto subject = entry.first.substr(0, blank);
        if (subject == kServer) return false;
        return hosts == values.end() ||
               std::find(hosts->second.begin(), hosts->second.end(), subject) == hosts->second.end();
    });
}

text::TemplateValues template_values(const Values& values, const std::string& subject,
                                     const std::string& url) {
    auto list = [&](const char* attribute) {
        std::vector<text::TemplateValues> entries;
        if (auto it = values.find(host_key(subject, attribute)); it != values.end())
            for (const auto& value : it->second)
                entries.push_back({.strings = {{"value", value}},
                                   .lists = {{"more", condition(&value != &it->second.back())}}});
        return entries;
    };
    auto cas = list("ca");
    bool several = cas.size() > 1;
    auto ca = several ? std::vector<text::TemplateValues>{} : cas;
    return {.strings = {{"url", url}},
            .lists = {{"with_capabilities", condition(values.contains(host_key(subject, "capabilities")))},
                      {"capabilities", list("capabilities")},
                      {"ca", std::move(ca)},
                      {"with_cas", condition(several)},
                      {"cas", std::move(cas)},
                      {"dial_timeout", list("dial_timeout")},
                      {"override_path", condition(list("override_path").size() == 1)}}};
}

Result<std::string> render_for(const Values& values, bool dockerd) {
    text::TemplateValues filled{.lists = {{"dockerd", condition(dockerd)}, {"server", {}}, {"hosts", {}}}};
    if (auto it = values.find(kServer); it != values.end() && it->second.size() == 1)
        filled.lists["server"].push_back(template_values(values, kServer, it->second.front()));
    if (auto it = values.find(kHosts); it != values.end())
        for (const auto& url : it->second) filled.lists["hosts"].push_back(template_values(values, url, url));
    return render_template("hosts.toml", filled, text::quote_toml);
}

}  // namespace

std::string host_key(std::string_view url, std::string_view attribute) {
    return cat(url, " ", attribute);
}

const Codec& hosts_toml_codec() {
    static const Codec kCodec{.name = "hosts.toml",
                              .read = read_hosts_toml,
                              .write = write_hosts_toml,
                              .witness = witness_hosts_toml,
                              .mirrors_key = kHosts,
                              .shared_lists = kSharedLists,
                              .tidy = tidy_hosts_toml};
    return kCodec;
}

Result<std::string> render_hosts_toml(const Values& values) {
    return render_for(values, false);
}

Result<std::string> render_dockerd_hosts_toml(const Values& values) {
    return render_for(values, true);
}

TargetPath hosts_directory(const sys::FsReader& fs, const TargetPath& certs_d, const std::string& upstream) {
    auto colon = upstream.rfind(':');
    if (colon == std::string::npos) return certs_d / upstream;
    auto underscored = certs_d / cat(upstream.substr(0, colon), "_", upstream.substr(colon + 1), "_");
    auto plain = certs_d / upstream;
    return exists(fs, plain) && !exists(fs, underscored) ? plain : underscored;
}

std::string upstream_of_directory(const std::string& name) {
    if (!name.ends_with('_')) return name;
    auto port = name.rfind('_', name.size() - 2);
    if (port == std::string::npos ||
        !parse_integer(std::string_view(name).substr(port + 1, name.size() - port - 2)))
        return name;
    return cat(name.substr(0, port), ":", name.substr(port + 1, name.size() - port - 2));
}

}  // namespace mirrorctl::targets
