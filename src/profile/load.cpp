#include "profile/load.hpp"

#include "base/strings.hpp"
#include "model/json/profile_json.hpp"
#include "profile/build.hpp"
#include "profile/resolve.hpp"
#include "profile/store.hpp"

namespace mirrorctl::profile {

namespace {

// A file in the profile directory is asked for by its name; a different one inside would make receipts and
// messages lie.
void check_own_name(const Document& document, const std::string& asked, Problems& problems) {
    const Node* name = document.tree.find("name");
    if (name != nullptr && name->kind == Kind::scalar && name->text != asked)
        problems.add(name->where(),
                     cat("name: expected ", asked, " as the file is called, found ", describe(*name)));
}

void check_example(const Built& built, Problems& problems) {
    if (built.example)
        problems.add(built.example_place,
                     cat("this is an example: ", built.profile.name, ": it names hosts that do not exist"),
                     "copy it, put your own hosts in, remove the line `example: true`");
}

ProfileSummary summarize(const Store& store, const std::string& name) {
    ProfileSummary out{.name = name};
    auto document = store.open(name);
    if (!document) {
        out.error = to_string(document.error());
        return out;
    }
    out.from = document->from;
    Problems problems;
    Node tree = merged_tree(store, *document, problems);
    if (!problems.errors.empty()) {
        out.error = to_string(problems.first());
        return out;
    }
    if (tree.value("example") == "true")
        out.error = "an example: adapt it and remove the line `example: true`";
    out.as_of = tree.value("as_of");
    out.description = printable_line(tree.value("description"), 300);
    if (const Node* upstreams = tree.find("upstreams"))
        for (const auto& upstream : upstreams->items) {
            ++out.upstreams;
            if (const Node* mirrors = upstream.find("mirrors"))
                out.mirrors += static_cast<int>(mirrors->items.size());
        }
    return out;
}

}  // namespace

Result<LoadedProfile> load_profile(const Sources& sources, const std::string& name_or_path,
                                   const Variables& variables) {
    Store store(sources.root, &sources.host, sources.cwd);
    TRY_ASSIGN(Document document, store.open(name_or_path));
    Problems problems;
    if (!is_path(name_or_path)) check_own_name(document, name_or_path, problems);
    Node tree = merged_tree(store, document, problems);
    if (!problems.errors.empty()) return Failure(problems.first());
    LoadedProfile loaded;
    loaded.warnings = substitute(tree, variables, problems);
    if (!problems.errors.empty()) return Failure(problems.first());
    Built built = build_profile(tree, problems);
    check_example(built, problems);
    if (!problems.errors.empty()) return Failure(problems.first());
    loaded.profile = std::move(built.profile);
    loaded.description = std::move(built.description);
    loaded.profile.loaded_from = document.from;
    loaded.profile.sha256 = profile_sha256(loaded.profile);
    return loaded;
}

std::vector<ProfileSummary> list_profiles(const sys::FsReader& root) {
    Store store(root, nullptr, "/");
    std::vector<ProfileSummary> out;
    for (const auto& name : store.names()) out.push_back(summarize(store, name));
    return out;
}

std::vector<std::string> profile_names(const sys::FsReader& root) {
    return Store(root, nullptr, "/").names();
}

}  // namespace mirrorctl::profile
