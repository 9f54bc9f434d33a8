#include "txn/drift.hpp"

#include "base/strings.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace mirrorctl::txn {
namespace {

std::string octal(std::uint32_t mode) {
    std::string out = "0000";
    for (std::size_t i = out.size(); i-- > 0; mode >>= 3) out[i] = static_cast<char>('0' + (mode & 7U));
    return out;
}

// Where a path ends, also when directories on the way do not exist yet.
Result<TargetPath> resolve_missing(const sys::FsReader& fs, const TargetPath& path) {
    auto resolved = fs.resolve(path);
    if (resolved || resolved.error().code != ErrorCode::not_found || path.str() == "/") return resolved;
    TRY_ASSIGN(auto parent, resolve_missing(fs, path.parent()));
    return parent / path.name();
}

std::string_view name_of_type(sys::FileType type) {
    switch (type) {
        case sys::FileType::directory:
            return "a directory";
        case sys::FileType::symlink:
            return "a link";
        default:
            return "no regular file";
    }
}

bool is_kernels_own(const std::string& xattr) {
    return xattr.starts_with("security.") || xattr.starts_with("system.");
}

bool same_xattrs(const FileMeta& found, const FileMeta& planned) {
    auto known = [&](const auto& attribute) {
        return std::find(planned.xattrs.begin(), planned.xattrs.end(), attribute) != planned.xattrs.end();
    };
    auto all_there = std::all_of(planned.xattrs.begin(), planned.xattrs.end(), [&](const auto& attribute) {
        return std::find(found.xattrs.begin(), found.xattrs.end(), attribute) != found.xattrs.end();
    });
    return all_there && std::all_of(found.xattrs.begin(), found.xattrs.end(), [&](const auto& attribute) {
               return known(attribute) || is_kernels_own(attribute.first);
           });
}

std::vector<const FileState*> planned_states(const FileChange& file) {
    std::vector<const FileState*> states{&file.before, &file.after};
    if (file.interim) states.push_back(&*file.interim);
    if (file.undo_interim) states.push_back(&*file.undo_interim);
    return states;
}

bool is_cut_between(std::string_view found, std::string_view from, std::string_view to) {
    auto head = static_cast<std::size_t>(
        std::mismatch(found.begin(), found.end(), to.begin(), to.end()).first - found.begin());
    if (head == found.size()) return true;
    return found.size() == from.size() && found.substr(head) == from.substr(head);
}

}  // namespace

Result<Sight> look_at_place(const sys::FsReader& fs, const TargetPath& place) {
    auto info = fs.stat(place);
    if (!info && info.error().code == ErrorCode::not_found) return Sight{};
    if (!info) return Failure(std::move(info).error());
    if (info->type != sys::FileType::regular)
        return Sight{.state = {}, .oddity = cat("is ", name_of_type(info->type))};
    if (info->links > 1 && info->meta.uid != 0)
        return Sight{.state = {}, .oddity = "has a second name (hard link) in a user's hands"};
    auto bytes = fs.read(place);
    if (!bytes && bytes.error().code == ErrorCode::unsupported_layout)
        return Sight{.state = {}, .oddity = "is too large"};
    if (!bytes) return Failure(std::move(bytes).error());
    return Sight{.state = {.present = true, .bytes = std::move(*bytes), .meta = std::move(info->meta)}};
}

Result<Sight> look_at(const sys::FsReader& fs, const FileChange& file) {
    TRY_ASSIGN(auto leads_to, resolve_missing(fs, file.path));
    if (leads_to != file.resolved)
        return Sight{.state = {},
                     .oddity = cat("leads to ", leads_to.str(), " instead of ", file.resolved.str())};
    return look_at_place(fs, file.resolved);
}

std::optional<std::string> difference(const Sight& sight, const FileState& planned) {
    const auto& found = sight.state;
    if (!sight.oddity.empty()) return sight.oddity;
    if (found.present != planned.present) return found.present ? "exists" : "is gone";
    if (!planned.present) return std::nullopt;
    if (found.bytes != planned.bytes) return "content differs";
    if (found.meta.mode != planned.meta.mode)
        return cat("mode is ", octal(found.meta.mode), " instead of ", octal(planned.meta.mode));
    if (found.meta.uid != planned.meta.uid || found.meta.gid != planned.meta.gid)
        return cat("owner is ", found.meta.uid, ":", found.meta.gid, " instead of ", planned.meta.uid, ":",
                   planned.meta.gid);
    if (!same_xattrs(found.meta, planned.meta)) return "extended attributes differ";
    return std::nullopt;
}

Stand stand_of(const FileChange& file, const Sight& sight) {
    if (!difference(sight, file.before)) return Stand::before;
    if (!difference(sight, file.after)) return Stand::after;
    if (file.interim && !difference(sight, *file.interim)) return Stand::interim;
    if (file.undo_interim && !difference(sight, *file.undo_interim)) return Stand::undo_interim;
    return Stand::none;
}

bool is_torn(const FileChange& file, const Sight& sight) {
    if (!file.allow_in_place || !sight.oddity.empty() || !sight.state.present) return false;
    auto states = planned_states(file);
    return std::any_of(states.begin(), states.end(), [&](const FileState* to) {
        return to->present && std::any_of(states.begin(), states.end(), [&](const FileState* from) {
                   return from != to && from->present &&
                          is_cut_between(sight.state.bytes, from->bytes, to->bytes);
               });
    });
}

Result<void> require_before(const sys::FsReader& fs, const FileChange& file) {
    TRY_ASSIGN(auto sight, look_at(fs, file));
    auto differs = difference(sight, file.before);
    if (!differs) return {};
    return Failure(Error{.code = ErrorCode::stale_plan,
                         .message = cat("stale plan: ", file.path.str(), ": ", *differs),
                         .hint = "make the plan again"});
}

}  // namespace mirrorctl::txn
