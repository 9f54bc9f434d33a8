#include "text/toml_doc.hpp"

#include "base/strings.hpp"
#include "text/lines.hpp"

#include <algorithm>
#include <utility>

namespace mirrorctl::text {

Result<TomlDoc> TomlDoc::parse(std::string_view text) {
    TomlDoc doc;
    doc.text_ = std::string(text);
    TRY_ASSIGN(doc.tree_, toml_tree(text));
    TRY_ASSIGN(doc.scan_, scan_toml(text));
    return doc;
}

bool TomlDoc::is_table(const Path& path) const {
    const auto* node = tree_.find(path);
    return node != nullptr && node->kind == TreeKind::table;
}

Error TomlDoc::unsupported(const Path& path, std::string_view why) const {
    auto message = cat("cannot use ", show(path), ": ", why);
    if (const auto* found = find_assignment(path))
        return error_at(ErrorCode::unsupported_layout, std::move(message), text_, found->value.begin);
    return {.code = ErrorCode::unsupported_layout, .message = std::move(message)};
}

// nullptr if nothing is there. Errors: something else than `kind` there, or no table on the way to it.
Result<const Tree*> TomlDoc::reach(const Path& path, TreeKind kind) const {
    const Tree* node = &tree_;
    for (std::size_t i = 0; i < path.size(); ++i) {
        if (node->kind != TreeKind::table)
            return Failure(unsupported(Path(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(i)),
                                       cat("it is ", name_of(node->kind), ", not a table")));
        auto at = node->members.find(path[i]);
        if (at == node->members.end()) return nullptr;
        node = &at->second;
    }
    if (node->kind != kind)
        return Failure(unsupported(path, cat("it is ", name_of(node->kind), ", not ", name_of(kind))));
    return node;
}

Result<std::optional<std::string>> TomlDoc::string_at(const Path& path) const {
    TRY_ASSIGN(const Tree* node, reach(path, TreeKind::string));
    return node == nullptr ? std::nullopt : std::optional(node->scalar);
}

Result<std::optional<bool>> TomlDoc::bool_at(const Path& path) const {
    TRY_ASSIGN(const Tree* node, reach(path, TreeKind::boolean));
    return node == nullptr ? std::nullopt : std::optional(node->scalar == "true");
}

Result<std::optional<std::int64_t>> TomlDoc::integer_at(const Path& path) const {
    TRY_ASSIGN(const Tree* node, reach(path, TreeKind::integer));
    return node == nullptr ? std::nullopt : parse_integer(node->scalar);
}

Result<std::optional<std::vector<std::string>>> TomlDoc::strings_at(const Path& path) const {
    TRY_ASSIGN(const Tree* node, reach(path, TreeKind::array));
    if (node == nullptr) return std::nullopt;
    std::vector<std::string> values;
    for (const auto& item : node->items) {
        if (item.kind != TreeKind::string)
            return Failure(unsupported(path, cat("it holds ", name_of(item.kind), ", not only strings")));
        values.push_back(item.scalar);
    }
    return values;
}

std::vector<std::string> TomlDoc::keys_of(const Path& path) const {
    std::vector<std::pair<std::size_t, std::string>> mentions;
    for (const auto& table : scan_.tables)
        if (table.path.size() > path.size() && starts_with(table.path, path))
            mentions.emplace_back(table.header.begin, table.path[path.size()]);
    for (const auto& assignment : scan_.assignments)
        if (assignment.path.size() > path.size() && starts_with(assignment.path, path))
            mentions.emplace_back(assignment.key.begin, assignment.path[path.size()]);
    std::sort(mentions.begin(), mentions.end());
    // Inside an inline table the scanner does not look: its keys come from the tree.
    if (const auto* node = tree_.find(path))
        for (const auto& [key, value] : node->members) mentions.emplace_back(text_.size(), key);
    std::vector<std::string> keys;
    for (auto& [offset, key] : mentions)
        if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(std::move(key));
    return keys;
}

std::optional<std::size_t> TomlDoc::find_table(const Path& path) const {
    for (std::size_t i = 0; i < scan_.tables.size(); ++i)
        if (scan_.tables[i].path == path && is_table(path)) return i;
    return std::nullopt;
}

const TomlAssignment* TomlDoc::find_assignment(const Path& path) const {
    auto at = std::find_if(scan_.assignments.begin(), scan_.assignments.end(),
                           [&](const TomlAssignment& a) { return !a.below_array && a.path == path; });
    return at == scan_.assignments.end() ? nullptr : &*at;
}

}  // namespace mirrorctl::text
