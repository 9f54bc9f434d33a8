#include "txn/durable.hpp"

namespace mirrorctl::txn {
namespace {

Result<void> remove_left_over(sys::Fs& fs, const TargetPath& path) {
    if (auto removed = fs.remove_file(path); !removed && removed.error().code != ErrorCode::not_found)
        return removed;
    return {};
}

}  // namespace

Result<void> write_synced(sys::Fs& fs, const TargetPath& path, std::string_view bytes, const FileMeta& meta) {
    TRY_ASSIGN(auto there, exists(fs, path));
    if (there) TRY(remove_left_over(fs, path));
    TRY(fs.write_new(path, bytes, meta));
    return fs.sync_file(path);
}

Result<void> replace_durably(sys::Fs& fs, const TargetPath& path, std::string_view bytes) {
    auto temp = path.parent() / cat(path.name(), ".tmp");
    auto written = write_synced(fs, temp, bytes, {.mode = 0600});
    if (written) written = fs.rename(temp, path);
    if (!written) {
        // A left-over would be removed by the next writer; the first error is the one to report.
        (void)remove_left_over(fs, temp);
        return written;
    }
    return fs.sync_dir(path.parent());
}

Result<void> make_dir_durably(sys::Fs& fs, const TargetPath& path, const FileMeta& meta) {
    TRY(fs.make_dir(path, meta));
    TRY(fs.sync_dir(path));
    return fs.sync_dir(path.parent());
}

Result<bool> remove_durably(sys::Fs& fs, const TargetPath& path) {
    TRY_ASSIGN(auto there, exists(fs, path));
    if (!there) return false;
    TRY(remove_left_over(fs, path));
    TRY(fs.sync_dir(path.parent()));
    return true;
}

Result<void> sync_nearest_dir(sys::Fs& fs, const TargetPath& path) {
    for (auto place = path;; place = place.parent()) {
        TRY_ASSIGN(auto there, exists(fs, place));
        if (there || place.str() == "/") return fs.sync_dir(place);
    }
}

Result<bool> exists(const sys::FsReader& fs, const TargetPath& path) {
    auto info = fs.stat(path);
    if (info) return true;
    if (info.error().code == ErrorCode::not_found) return false;
    return Failure(std::move(info).error());
}

}  // namespace mirrorctl::txn
