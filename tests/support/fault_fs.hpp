// MemFs with a disk below it that can lose power. What POSIX leaves open is taken from us: a name whose
// directory was not synced may be old or new, whatever became of the others; the bytes of a file that was not
// synced may be torn at any place, its mode and xattrs missing. A rename is one step (rename(2)). Directories
// are never renamed here, nothing in the program does.
#pragma once

#include "support/mem_fs.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace mirrorctl::support {

// A tree as bytes: two that differ have different ones.
inline std::string print_of(const MemFs::Tree& tree) {
    std::string out;
    auto add = [&](std::string_view text) { out.append(cat(text.size(), ":")).append(text); };
    for (const auto& [path, node] : tree) {
        add(path);
        add(node.bytes);
        out += cat(static_cast<int>(node.type), ",", node.meta.mode, ",", node.meta.uid, ",", node.meta.gid,
                   ",", node.links, ",", node.meta.xattrs.size(), ";");
        for (const auto& [name, value] : node.meta.xattrs) {
            add(name);
            add(value);
        }
    }
    return out;
}

class FaultFs : public MemFs {
  public:
    // All that is there now has reached the disk.
    void settle() {
        inodes_.clear();
        names_.clear();
        effects_.clear();
        for (const auto& [path, node] : tree()) names_[path] = add({.node = node});
        durable_ = names_;
    }

    // The tree of a machine that comes up again.
    void replace(const Tree& with) {
        while (tree().size() > 1) erase(tree().rbegin()->first);
        for (const auto& [path, node] : with)
            if (path != "/") put_node(path, node);
        settle();
    }

    // The trees that a loss of power at this moment can leave, each once: every subset of the unsynced names;
    // of more than ten names all prefixes, every single one and all but one.
    std::vector<Tree> after_power_loss() const {
        std::vector<Tree> out;
        std::set<std::string> known;
        for (auto chosen : subsets(effects_.size())) {
            auto names = durable_;
            for (std::size_t i = 0; i < effects_.size(); ++i)
                if ((chosen >> i) & 1U) apply(effects_[i], names);
            if (!drop_unreachable(names)) continue;
            for (auto& tree : trees_of(names))
                if (known.insert(print_of(tree)).second) out.push_back(std::move(tree));
        }
        return out;
    }

    Result<void> write_new(const TargetPath& path, std::string_view bytes, const FileMeta& meta) override {
        TRY(MemFs::write_new(path, bytes, meta));
        auto at = place(path);
        note({{{at, add({.node = tree().at(at), .torn = torn(bytes, "")})}}});
        return {};
    }
    Result<void> overwrite_in_place(const TargetPath& path, std::string_view bytes) override {
        auto at = place(path);
        auto before = tree().contains(at) ? tree().at(at) : MemNode{};
        TRY(MemFs::overwrite_in_place(path, bytes));
        auto& inode = inodes_[inode_at(at)];
        inode.node = tree().at(at);
        for (const auto& content : torn(bytes, before.bytes)) {
            auto node = before;
            node.bytes = content.bytes;
            inode.torn.push_back(node);
        }
        inode.torn.push_back(before);
        return {};
    }
    Result<void> sync_file(const TargetPath& path) override {
        TRY(MemFs::sync_file(path));
        inodes_[inode_at(place(path))].torn.clear();
        return {};
    }
    Result<void> sync_dir(const TargetPath& path) override {
        TRY(MemFs::sync_dir(path));
        auto dir = resolve(path)->str();
        std::erase_if(effects_, [&](const Effect& effect) {
            bool here = std::any_of(effect.names.begin(), effect.names.end(), [&](const auto& name) {
                return TargetPath(name.first).parent().str() == dir;
            });
            if (here) apply(effect, durable_);
            return here;
        });
        return {};
    }
    Result<void> rename(const TargetPath& from, const TargetPath& to) override {
        auto old_place = place(from);
        TRY(MemFs::rename(from, to));
        auto moved = inode_at(old_place);
        if (inodes_[moved].node.type == sys::FileType::directory)
            throw std::logic_error("a renamed directory is not modelled");
        note({{{old_place, std::nullopt}, {place(to), moved}}});
        return {};
    }
    Result<bool> exchange(const TargetPath& a, const TargetPath& b) override {
        TRY_ASSIGN(auto done, MemFs::exchange(a, b));
        if (!done) return false;
        auto one = place(a);
        auto two = place(b);
        auto first = inode_at(one);
        auto second = inode_at(two);
        note({{{one, second}, {two, first}}});
        return true;
    }
    Result<void> remove_file(const TargetPath& path) override {
        TRY(MemFs::remove_file(path));
        note({{{place(path), std::nullopt}}});
        return {};
    }
    Result<void> make_dir(const TargetPath& path, const FileMeta& meta) override {
        TRY(MemFs::make_dir(path, meta));
        auto at = place(path);
        note({{{at, add({.node = tree().at(at)})}}});
        return {};
    }
    Result<void> remove_dir(const TargetPath& path) override {
        TRY(MemFs::remove_dir(path));
        note({{{place(path), std::nullopt}}});
        return {};
    }

  private:
    using Names = std::map<std::string, std::size_t>;  // path -> inode
    struct Inode {
        MemNode node;                    // as the program sees it
        std::vector<MemNode> torn = {};  // what else may be on the disk; empty once synced
    };
    struct Effect {
        std::vector<std::pair<std::string, std::optional<std::size_t>>> names;  // set or removed in one step
    };

    static std::set<std::uint64_t> subsets(std::size_t count) {
        std::set<std::uint64_t> out;
        if (count > 63) throw std::logic_error("too many unsynced names");
        auto all = (std::uint64_t{1} << count) - 1;
        for (std::uint64_t chosen = 0; count <= 10 && chosen <= all; ++chosen) out.insert(chosen);
        for (std::size_t i = 0; i < count; ++i) {
            auto one = std::uint64_t{1} << i;
            out.insert({one - 1, one, all - one});
        }
        out.insert(all);
        return out;
    }
    std::size_t add(Inode inode) {
        inodes_.push_back(std::move(inode));
        return inodes_.size() - 1;
    }
    std::string place(const TargetPath& path) const {
        return (resolve(path.parent()).value_or(path.parent()) / path.name()).str();
    }
    // Also of what a test put there since settle().
    std::size_t inode_at(const std::string& at) {
        auto known = names_.find(at);
        if (known != names_.end()) return known->second;
        auto found = tree().find(at);
        auto id = add({.node = found == tree().end() ? MemNode{} : found->second});
        durable_[at] = id;
        return names_[at] = id;
    }
    void note(Effect effect) {
        apply(effect, names_);
        effects_.push_back(std::move(effect));
    }
    static void apply(const Effect& effect, Names& names) {
        for (const auto& [path, inode] : effect.names)
            if (inode)
                names[path] = *inode;
            else
                names.erase(path);
    }
    static std::vector<MemNode> torn(std::string_view fresh, std::string_view old) {
        std::vector<MemNode> out;
        for (auto length : {std::size_t{0}, std::size_t{1}, fresh.size() / 2, fresh.size()}) {
            if (length > fresh.size()) continue;
            auto tail = old.size() > length ? old.substr(length) : std::string_view();
            out.push_back({.bytes = cat(fresh.substr(0, length), tail), .meta = {.mode = 0600}});
        }
        return out;
    }
    // What lies in a directory that was never made is gone. False where a directory is gone and its content
    // is not: no file system removes one that is not empty.
    bool drop_unreachable(Names& names) const {
        for (auto entry = names.begin(); entry != names.end();) {
            auto parent = TargetPath(entry->first).parent().str();
            if (entry->first == "/" || names.contains(parent)) {
                ++entry;
                continue;
            }
            if (durable_.contains(parent)) return false;
            entry = names.erase(entry);
        }
        return true;
    }
    std::vector<Tree> trees_of(const Names& names) const {
        std::vector<Tree> trees{{}};
        for (const auto& [path, id] : names) {
            const auto& inode = inodes_[id];
            std::vector<Tree> more;
            for (auto& tree : trees) {
                for (const auto& node : inode.torn) {
                    more.push_back(tree);
                    more.back()[path] = node;
                }
                tree[path] = inode.node;
            }
            trees.insert(trees.end(), more.begin(), more.end());
        }
        return trees;
    }

    std::vector<Inode> inodes_;
    Names names_;    // as the program sees them
    Names durable_;  // as the disk has them
    std::vector<Effect> effects_;
};

}  // namespace mirrorctl::support
