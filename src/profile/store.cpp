#include "profile/store.hpp"

#include "base/strings.hpp"
#include "profile/embedded.hpp"
#include "profile/values.hpp"
#include "profile/yaml.hpp"

#include <algorithm>

namespace mirrorctl::profile {

namespace {

constexpr std::string_view kSuffix = ".yaml";
constexpr std::string_view kDead = "dead";

std::string file_of(const std::string& name) {
    return cat(kProfileDir, "/", name, kSuffix);
}

// "/a/b" + "c.yaml", without "./" in front.
std::string join_path(std::string folder, std::string_view path) {
    if (path.starts_with('/')) return std::string(path);
    while (path.starts_with("./")) path.remove_prefix(2);
    if (folder.ends_with('/')) folder.pop_back();
    return cat(folder, "/", path);
}

}  // namespace

bool is_path(std::string_view name_or_path) {
    return name_or_path.find('/') != std::string_view::npos || name_or_path.ends_with(kSuffix);
}

Store::Store(const sys::FsReader& root, const sys::FsReader* host, std::string cwd)
    : root_(root), host_(host), cwd_(std::move(cwd)) {}

Result<Document> Store::open(const std::string& name_or_path) const {
    if (!is_path(name_or_path)) return open_name(name_or_path, false);
    return open_file(Home::host, join_path(cwd_, name_or_path));
}

Result<Document> Store::open_for(const Document& by, const std::string& name_or_path) const {
    if (!is_path(name_or_path))
        return open_name(name_or_path, by.home == Home::root && by.path == file_of(name_or_path));
    if (by.home == Home::embedded) return Failure(unknown(name_or_path));
    return open_file(by.home, join_path(TargetPath(by.path).parent().str(), name_or_path));
}

std::vector<std::string> Store::names() const {
    std::vector<std::string> names;
    for (const auto& file : embedded_files())
        if (file.name != kDead) names.emplace_back(file.name);
    if (auto entries = root_.list(TargetPath(kProfileDir)))
        for (const auto& entry : *entries)
            if (entry.ends_with(kSuffix) && is_name(entry.substr(0, entry.size() - kSuffix.size())))
                names.push_back(entry.substr(0, entry.size() - kSuffix.size()));
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

Result<Document> Store::open_name(const std::string& name, bool skip_files) const {
    if (!is_name(name) || name == kDead) return Failure(unknown(name));
    if (!skip_files) {
        auto document = open_file(Home::root, file_of(name));
        if (document || document.error().code != ErrorCode::unknown_profile) return document;
    }
    auto tree = embedded_document(name);
    if (tree) return Document{.tree = std::move(*tree), .from = "embedded"};
    return Failure(tree.error().code == ErrorCode::not_found ? unknown(name) : tree.error());
}

Result<Document> Store::open_file(Home home, const std::string& path) const {
    const sys::FsReader* fs = home == Home::root ? &root_ : host_;
    if (fs == nullptr) return Failure(unknown(path));
    auto text = fs->read(TargetPath(path), kMaxFileBytes);
    if (!text && text.error().code == ErrorCode::not_found)
        return Failure(
            Error{.code = ErrorCode::unknown_profile,
                  .message = cat("no such profile: ", printable_line(path), ": the file does not exist"),
                  .hint = "mirrorctl profile list"});
    if (!text) return Failure(in_context(text.error(), cat("cannot read profile ", printable_line(path))));
    TRY_ASSIGN(Node tree, parse_yaml(*text, path));
    return Document{.tree = std::move(tree), .from = path, .home = home, .path = path};
}

Error Store::unknown(const std::string& name) const {
    auto known = names();
    auto near = nearest(name, known);
    return {
        .code = ErrorCode::unknown_profile,
        .message = cat("unknown profile: ", printable_line(name, 80), ": there are ", join(known, ", ")),
        .hint = near ? cat("did you mean ", *near, "? (mirrorctl profile list)") : "mirrorctl profile list"};
}

}  // namespace mirrorctl::profile
