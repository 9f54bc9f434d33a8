// A file system in memory with the semantics of RealFs: links resolved inside the root, modes, owners,
// xattrs, mount points. It records every mutating operation and can be told to fail one of them.
#pragma once

#include "base/strings.hpp"
#include "sys/fs.hpp"

#include <algorithm>
#include <cerrno>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace mirrorctl::support {

struct MemNode {
    sys::FileType type = sys::FileType::regular;
    std::string bytes = {};  // of a file; the target of a link
    FileMeta meta = {};
    std::uint64_t links = 1;
    bool operator==(const MemNode&) const = default;
};

class MemFs : public sys::Fs {
  public:
    struct Operation {
        std::string verb;  // the name of the Fs function
        std::string path;
        std::string to = {};  // rename only
        bool operator==(const Operation&) const = default;
        std::string str() const { return to.empty() ? cat(verb, " ", path) : cat(verb, " ", path, " ", to); }
    };
    using Tree = std::map<std::string, MemNode>;

    MemFs() { tree_["/"] = {.type = sys::FileType::directory, .meta = {.mode = 0755}}; }

    // ---- setting the scene: not recorded, never fails, parents are created
    // -------------------------------------------------
    void put(std::string_view path, std::string_view bytes, std::uint32_t mode = 0644) {
        put_node(path, {.type = sys::FileType::regular, .bytes = std::string(bytes), .meta = {.mode = mode}});
    }
    void put_dir(std::string_view path, std::uint32_t mode = 0755) {
        put_node(path, {.type = sys::FileType::directory, .meta = {.mode = mode}});
    }
    void put_link(std::string_view path, std::string_view target) {
        put_node(path,
                 {.type = sys::FileType::symlink, .bytes = std::string(target), .meta = {.mode = 0777}});
    }
    void put_fifo(std::string_view path) { put_node(path, {.type = sys::FileType::other}); }
    void put_node(std::string_view path, MemNode node) {
        std::string text(path);
        for (auto slash = text.find('/', 1); slash != std::string::npos; slash = text.find('/', slash + 1))
            tree_.try_emplace(text.substr(0, slash),
                              MemNode{.type = sys::FileType::directory, .meta = {.mode = 0755}});
        tree_[text] = std::move(node);
    }
    void erase(std::string_view path) {
        std::string text(path);
        std::erase_if(tree_, [&](const auto& entry) {
            return entry.first == text || entry.first.starts_with(text + "/");
        });
    }
    MemNode& node(std::string_view path) { return tree_.at(std::string(path)); }
    void set_owner(std::string_view path, std::uint32_t uid, std::uint32_t gid) {
        node(path).meta.uid = uid;
        node(path).meta.gid = gid;
    }
    void mount(std::string_view path) { mounts_.insert(std::string(path)); }  // rename and removal: EBUSY
    void make_read_only(std::string_view path) {
        read_only_.insert(std::string(path));
    }                                                                        // it and all below: EROFS
    void deny(std::string_view path) { denied_.insert(std::string(path)); }  // reading and writing: EACCES
    void hold_lock(std::string_view path) { held_->insert(std::string(path)); }  // somebody else has it
    void free_locks() { held_ = std::make_shared<Held>(); }                      // who had them has died

    // ---- faults
    // -------------------------------------------------------------------------------------------------------------
    // The nth mutating operation from now (1 = the next) fails with this errno and does nothing; with
    // `and_all_later` so do those after.
    void fail_at(std::size_t nth, int errno_value, bool and_all_later = false) {
        fault_ = Fault{operations.size() + nth, errno_value, and_all_later};
    }
    void heal() { fault_.reset(); }

    // ---- looking
    // ------------------------------------------------------------------------------------------------------------
    bool exists(std::string_view path) const { return tree_.contains(std::string(path)); }
    std::string bytes(std::string_view path) const {
        auto found = tree_.find(std::string(path));
        return found == tree_.end() ? "<absent>" : found->second.bytes;
    }
    const Tree& tree() const { return tree_; }  // compare two of these to prove that nothing changed
    std::vector<std::string> log() const {      // operations as text, failed ones included
        std::vector<std::string> out;
        for (const auto& operation : operations) out.push_back(operation.str());
        return out;
    }
    std::vector<Operation> operations;                       // mutating ones, failed ones included
    std::function<void(const Operation&)> before_operation;  // somebody else who is just as quick
    std::function<void(const TargetPath&)> before_read;      // the same for whoever reads
    bool plain_renames_only = false;                         // a file system without renameat2's flags
    mutable std::size_t reads = 0;                           // calls of `read`

    // ---- FsReader
    // -----------------------------------------------------------------------------------------------------------
    Result<std::string> read(const TargetPath& path, std::size_t limit = 4U << 20U) const override {
        ++reads;
        if (before_read) before_read(path);
        TRY_ASSIGN(auto real, walk(path, true));
        const auto* found = find(real);
        if (!found) return fail(ENOENT, "cannot read", path);
        if (is_denied(real)) return fail(EACCES, "cannot read", path);
        if (found->type != sys::FileType::regular)
            return Failure(Error{.code = ErrorCode::unsafe_path,
                                 .message = cat("cannot read: ", path.str(), ": not a regular file")});
        if (found->bytes.size() > limit)
            return Failure(Error{.code = ErrorCode::unsupported_layout,
                                 .message = cat("cannot read: ", path.str(), ": too large")});
        return found->bytes;
    }
    Result<sys::FileInfo> stat(const TargetPath& path) const override {
        TRY_ASSIGN(auto real, walk(path, false));
        const auto* found = find(real);
        if (!found) return fail(ENOENT, "cannot stat", path);
        return sys::FileInfo{.type = found->type,
                             .meta = found->meta,
                             .size = found->bytes.size(),
                             .links = found->links,
                             .device = 1};
    }
    Result<std::string> read_link(const TargetPath& path) const override {
        TRY_ASSIGN(auto real, walk(path, false));
        const auto* found = find(real);
        if (!found) return fail(ENOENT, "cannot read link", path);
        if (found->type != sys::FileType::symlink) return fail(EINVAL, "cannot read link", path);
        return found->bytes;
    }
    Result<TargetPath> resolve(const TargetPath& path) const override {
        TRY_ASSIGN(auto real, walk(path, true, true));
        return TargetPath(real);
    }
    Result<std::vector<std::string>> list(const TargetPath& path) const override {
        TRY_ASSIGN(auto real, walk(path, true));
        const auto* found = find(real);
        if (!found) return fail(ENOENT, "cannot list", path);
        if (found->type != sys::FileType::directory) return fail(ENOTDIR, "cannot list", path);
        if (is_denied(real)) return fail(EACCES, "cannot list", path);
        return children(real);
    }
    bool can_write(const TargetPath& path) const override {
        auto real = walk(path, true, true);
        if (!real) return false;
        auto place = TargetPath(*real);
        while (!find(place.str())) place = place.parent();
        return !is_read_only(place.str()) && !is_denied(place.str());
    }

    // ---- Fs
    // -----------------------------------------------------------------------------------------------------------------
    Result<void> write_new(const TargetPath& path, std::string_view bytes, const FileMeta& meta) override {
        TRY_ASSIGN(auto real, begin("write_new", path));
        TRY(check_new("cannot create", path, real));
        tree_[real] = {.type = sys::FileType::regular, .bytes = std::string(bytes), .meta = meta};
        return {};
    }
    Result<void> overwrite_in_place(const TargetPath& path, std::string_view bytes) override {
        TRY_ASSIGN(auto real, begin("overwrite_in_place", path));
        TRY_ASSIGN(auto* found, existing("cannot overwrite", path, real, sys::FileType::regular));
        found->bytes = bytes;
        return {};
    }
    Result<void> sync_file(const TargetPath& path) override {
        TRY_ASSIGN(auto real, begin("sync_file", path));
        TRY(existing("cannot sync", path, real, sys::FileType::regular));
        return {};
    }
    Result<void> sync_dir(const TargetPath& path) override {
        TRY_ASSIGN(auto real, begin("sync_dir", path));
        TRY(existing("cannot sync", path, real, sys::FileType::directory));
        return {};
    }
    Result<void> rename(const TargetPath& from, const TargetPath& to) override {
        TRY_ASSIGN(auto real, begin("rename", from, to));
        TRY_ASSIGN(auto target, walk(to, false));
        const auto* moved = find(real);
        if (!moved || !find(TargetPath(target).parent().str())) return fail(ENOENT, "cannot rename", from);
        if (is_read_only(target)) return fail(EROFS, "cannot rename", to);
        if (never_over_ && find(target)) return fail(EEXIST, "cannot rename", to);
        if (mounts_.contains(real) || mounts_.contains(target)) return fail(EBUSY, "cannot rename", to);
        const auto* there = find(target);
        if (target.starts_with(real + "/")) return fail(EINVAL, "cannot rename", to);
        bool dir = moved->type == sys::FileType::directory;
        if (there && dir != (there->type == sys::FileType::directory))
            return fail(dir ? ENOTDIR : EISDIR, "cannot rename", to);
        if (there && dir && !children(target).empty()) return fail(ENOTEMPTY, "cannot rename", to);
        Tree moving;
        for (const auto& [name, value] : tree_)
            if (name == real || name.starts_with(real + "/"))
                moving[target + name.substr(real.size())] = value;
        erase(real);
        for (auto& [name, value] : moving) tree_[name] = std::move(value);
        return {};
    }
    // Files only.
    Result<bool> exchange(const TargetPath& a, const TargetPath& b) override {
        if (plain_renames_only) return false;
        TRY_ASSIGN(auto real, begin("exchange", a, b));
        TRY_ASSIGN(auto other, walk(b, false));
        if (!find(real) || !find(other)) return fail(ENOENT, "cannot rename", b);
        if (is_read_only(other)) return fail(EROFS, "cannot rename", b);
        if (mounts_.contains(real) || mounts_.contains(other)) return fail(EBUSY, "cannot rename", b);
        std::swap(tree_[real], tree_[other]);
        return true;
    }
    Result<bool> rename_new(const TargetPath& from, const TargetPath& to) override {
        if (plain_renames_only) return false;
        never_over_ = true;
        auto renamed = rename(from, to);
        never_over_ = false;
        if (!renamed) return Failure(std::move(renamed).error());
        return true;
    }
    Result<void> remove_file(const TargetPath& path) override {
        TRY_ASSIGN(auto real, begin("remove_file", path));
        const auto* found = find(real);
        if (!found) return fail(ENOENT, "cannot remove", path);
        if (found->type == sys::FileType::directory) return fail(EISDIR, "cannot remove", path);
        if (mounts_.contains(real)) return fail(EBUSY, "cannot remove", path);
        tree_.erase(real);
        return {};
    }
    Result<void> make_dir(const TargetPath& path, const FileMeta& meta) override {
        TRY_ASSIGN(auto real, begin("make_dir", path));
        TRY(check_new("cannot create directory", path, real));
        tree_[real] = {.type = sys::FileType::directory, .meta = meta};
        return {};
    }
    Result<void> remove_dir(const TargetPath& path) override {
        TRY_ASSIGN(auto real, begin("remove_dir", path));
        TRY(existing("cannot remove directory", path, real, sys::FileType::directory));
        if (!children(real).empty()) return fail(ENOTEMPTY, "cannot remove directory", path);
        if (mounts_.contains(real) || real == "/") return fail(EBUSY, "cannot remove directory", path);
        tree_.erase(real);
        return {};
    }
    Result<std::unique_ptr<sys::Lock>> lock(const TargetPath& path, double) override {
        TRY_ASSIGN(auto real, walk(path, false));
        if (!find(TargetPath(real).parent().str())) return fail(ENOENT, "cannot lock", path);
        if (is_read_only(real)) return fail(EROFS, "cannot lock", path);
        if (is_denied(real)) return fail(EACCES, "cannot lock", path);
        if (!held_->insert(real).second)
            return Failure(Error{.code = ErrorCode::lock_held,
                                 .message = cat("cannot lock: ", path.str(), ": held by another process")});
        tree_.try_emplace(real, MemNode{.meta = {.mode = 0600}});
        return std::make_unique<MemLock>(held_, real);
    }

  private:
    using Held = std::set<std::string>;
    struct Fault {
        std::size_t at;
        int errno_value;
        bool and_all_later;
    };
    class MemLock : public sys::Lock {
      public:
        MemLock(std::shared_ptr<Held> held, std::string path)
            : held_(std::move(held)), path_(std::move(path)) {}
        ~MemLock() override { held_->erase(path_); }
        MemLock(const MemLock&) = delete;
        MemLock& operator=(const MemLock&) = delete;

      private:
        std::shared_ptr<Held> held_;
        std::string path_;
    };

    static Failure fail(int errno_value, std::string_view what, const TargetPath& path) {
        return Failure(errno_error(errno_value, what, path.str()));
    }
    const MemNode* find(const std::string& path) const {
        auto found = tree_.find(path);
        return found == tree_.end() ? nullptr : &found->second;
    }
    bool covered(const std::set<std::string>& set, const std::string& path) const {
        return std::any_of(set.begin(), set.end(), [&](const std::string& top) {
            return path == top || top == "/" || path.starts_with(top + "/");
        });
    }
    bool is_read_only(const std::string& path) const { return covered(read_only_, path); }
    bool is_denied(const std::string& path) const { return covered(denied_, path); }
    std::vector<std::string> children(const std::string& dir) const {
        std::vector<std::string> names;
        std::string prefix = dir == "/" ? "/" : dir + "/";
        for (const auto& [name, value] : tree_)
            if (name.size() > prefix.size() && name.starts_with(prefix) &&
                name.find('/', prefix.size()) == std::string::npos)
                names.push_back(name.substr(prefix.size()));
        return names;
    }

    // The place that `path` means. Links on the way are followed inside the root (the last one only if
    // `follow_last`), but not those that belong to another user than root. A missing component on the way is
    // an error unless `missing_ok`.
    Result<std::string> walk(const TargetPath& path, bool follow_last, bool missing_ok = false) const {
        std::deque<std::string> rest;
        for (auto& part : split(path.str(), '/')) rest.push_back(std::move(part));
        std::string at;  // "" = the root
        for (int hops = 0; !rest.empty();) {
            std::string part = rest.front();
            rest.pop_front();
            if (part.empty() || part == ".") continue;
            if (part == "..") {
                if (!at.empty() && !find(at))
                    return Failure(
                        Error{.code = ErrorCode::unsafe_path,
                              .message = cat("cannot open: ", path.str(), ": \"..\" behind nothing")});
                at = at.substr(0, at.empty() ? 0 : at.rfind('/'));
                continue;
            }
            std::string next = cat(at, "/", part);
            bool last = std::all_of(rest.begin(), rest.end(), [](const std::string& p) { return p.empty(); });
            const auto* found = find(next);
            if (!found && !last && !missing_ok) return fail(ENOENT, "cannot open", path);
            if (found && found->type == sys::FileType::symlink && (!last || follow_last)) {
                if (found->meta.uid != 0)
                    return Failure(Error{.code = ErrorCode::unsafe_path,
                                         .message = cat("cannot open: ", next, ": a link of another user")});
                if (++hops > 40) return fail(ELOOP, "cannot open", path);
                if (found->bytes.starts_with('/')) at.clear();
                auto parts = split(found->bytes, '/');
                rest.insert(rest.begin(), parts.begin(), parts.end());
                continue;
            }
            if (found && !last && found->type != sys::FileType::directory)
                return fail(ENOTDIR, "cannot open", path);
            at = next;
        }
        return at.empty() ? "/" : at;
    }

    // Records the operation, then says why it cannot happen: an injected fault, a read-only or forbidden
    // place.
    Result<std::string> begin(const std::string& verb, const TargetPath& path,
                              const TargetPath& to = TargetPath()) {
        operations.push_back({verb, path.str(), to.str()});
        if (before_operation) before_operation(operations.back());
        auto count = operations.size();
        if (fault_ && (count == fault_->at || (fault_->and_all_later && count > fault_->at)))
            return fail(fault_->errno_value, verb, path);
        TRY_ASSIGN(auto real, walk(path, false));
        bool syncs = verb.starts_with("sync");
        if (is_read_only(real) && !syncs) return fail(EROFS, verb, path);
        if (is_denied(real)) return fail(EACCES, verb, path);
        return real;
    }
    Result<void> check_new(std::string_view what, const TargetPath& path, const std::string& real) const {
        if (find(real)) return fail(EEXIST, what, path);
        const auto* parent = find(TargetPath(real).parent().str());
        if (!parent) return fail(ENOENT, what, path);
        if (parent->type != sys::FileType::directory) return fail(ENOTDIR, what, path);
        return {};
    }
    Result<MemNode*> existing(std::string_view what, const TargetPath& path, const std::string& real,
                              sys::FileType type) {
        auto found = tree_.find(real);
        if (found == tree_.end()) return fail(ENOENT, what, path);
        if (found->second.type != type)
            return fail(type == sys::FileType::directory ? ENOTDIR : EINVAL, what, path);
        return &found->second;
    }

    Tree tree_;
    bool never_over_ = false;  // rename is called by rename_new
    std::set<std::string> mounts_;
    std::set<std::string> read_only_;
    std::set<std::string> denied_;
    std::shared_ptr<Held> held_ = std::make_shared<Held>();
    std::optional<Fault> fault_;
};

}  // namespace mirrorctl::support
