#include "txn/dirs.hpp"

#include "txn/durable.hpp"

#include <algorithm>

namespace mirrorctl::txn {
namespace {

std::vector<DirChange> selected(const Plan& plan, bool create) {
    std::vector<DirChange> out;
    std::copy_if(plan.dirs.begin(), plan.dirs.end(), std::back_inserter(out),
                 [&](const DirChange& dir) { return dir.create == create; });
    // A parent's path is shorter than its child's, whatever order the plan lists them in.
    std::stable_sort(out.begin(), out.end(), [](const DirChange& a, const DirChange& b) {
        return a.path.str().size() < b.path.str().size();
    });
    return out;
}

// One that was killed right after mkdir(2) left it without its mode and owner. Nothing is in it yet, so it is
// made again; in one that somebody uses by now nothing is touched.
Result<void> drop_half_made(sys::Fs& fs, const DirChange& dir) {
    TRY_ASSIGN(auto info, fs.stat(dir.path));
    if (info.type != sys::FileType::directory) return {};
    const auto& meta = info.meta;
    if (meta.mode == dir.meta.mode && meta.uid == dir.meta.uid && meta.gid == dir.meta.gid) return {};
    TRY_ASSIGN(auto content, fs.list(dir.path));
    return content.empty() ? fs.remove_dir(dir.path) : Result<void>{};
}

}  // namespace

std::vector<DirChange> dirs_to_create(const Plan& plan) {
    return selected(plan, true);
}
std::vector<DirChange> dirs_to_remove(const Plan& plan) {
    return selected(plan, false);
}

Result<void> make_dirs(sys::Fs& fs, const std::vector<DirChange>& dirs) {
    for (const auto& dir : dirs) {
        TRY_ASSIGN(auto found, exists(fs, dir.path));
        if (found) TRY(drop_half_made(fs, dir));
        TRY_ASSIGN(auto there, exists(fs, dir.path));
        if (!there) TRY(make_dir_durably(fs, dir.path, dir.meta));
        // One that a killed run made may not have reached the disk.
        if (there) TRY(fs.sync_dir(dir.path.parent()));
    }
    return {};
}

Result<std::vector<TargetPath>> remove_dirs(sys::Fs& fs, const std::vector<DirChange>& dirs) {
    std::vector<TargetPath> kept;
    for (auto dir = dirs.rbegin(); dir != dirs.rend(); ++dir) {
        TRY_ASSIGN(auto there, exists(fs, dir->path));
        if (there) {
            TRY_ASSIGN(auto content, fs.list(dir->path));
            if (content.empty())
                TRY(fs.remove_dir(dir->path));
            else
                kept.push_back(dir->path);
        }
        // Also when it was gone already: a removal that a crash cut off may not have reached the disk.
        TRY(sync_nearest_dir(fs, dir->path.parent()));
    }
    return kept;
}

}  // namespace mirrorctl::txn
