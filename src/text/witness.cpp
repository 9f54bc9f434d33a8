#include "text/witness.hpp"

#include "base/strings.hpp"
#include "text/tree.hpp"

#include <algorithm>
#include <set>

namespace mirrorctl::text {

namespace {

class Comparison {
  public:
    explicit Comparison(const std::vector<Path>& allowed) : allowed_(allowed) {}

    // nullptr = absent. True if all differences at and below `path_` are allowed; else `path_` is left at the
    // first that is not.
    bool same(const Tree* before, const Tree* after) {
        if (is_allowed()) return true;
        static const Tree kEmpty;
        // A table that is made or taken away only to hold an allowed path counts as an empty one.
        if (leads_to_allowed()) {
            if (before == nullptr && after != nullptr && after->kind == TreeKind::table) before = &kEmpty;
            if (after == nullptr && before != nullptr && before->kind == TreeKind::table) after = &kEmpty;
        }
        if (before == nullptr || after == nullptr) return before == after;
        if (before->kind != TreeKind::table || after->kind != TreeKind::table) return *before == *after;
        std::set<std::string> keys;
        for (const auto& [key, value] : before->members) keys.insert(key);
        for (const auto& [key, value] : after->members) keys.insert(key);
        for (const auto& key : keys) {
            path_.push_back(key);
            if (!same(before->find({key}), after->find({key}))) return false;
            path_.pop_back();
        }
        return true;
    }
    const Path& path() const { return path_; }

  private:
    bool is_allowed() const {
        return std::any_of(allowed_.begin(), allowed_.end(),
                           [&](const Path& path) { return starts_with(path_, path); });
    }
    bool leads_to_allowed() const {
        return std::any_of(allowed_.begin(), allowed_.end(),
                           [&](const Path& path) { return starts_with(path, path_); });
    }

    const std::vector<Path>& allowed_;
    Path path_ = {};
};

Result<void> compare(const Result<Tree>& before, const Result<Tree>& after,
                     const std::vector<Path>& allowed) {
    if (!before) return Failure(in_context(before.error(), "the text before the edit"));
    if (!after) return Failure(in_context(after.error(), "the text after the edit"));
    Comparison comparison(allowed);
    if (comparison.same(&*before, &*after)) return {};
    return Failure(
        Error{.code = ErrorCode::unsupported_layout,
              .message = cat("the edit would change more than it should: ", show(comparison.path())),
              .hint = "make the change by hand, or simplify the layout of the file around it"});
}

}  // namespace

Result<void> json_same_except(std::string_view before, std::string_view after,
                              const std::vector<Path>& allowed) {
    return compare(json_tree(before), json_tree(after), allowed);
}

Result<void> toml_same_except(std::string_view before, std::string_view after,
                              const std::vector<Path>& allowed) {
    return compare(toml_tree(before), toml_tree(after), allowed);
}

}  // namespace mirrorctl::text
