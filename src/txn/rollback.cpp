#include "txn/rollback.hpp"

#include "base/strings.hpp"
#include "txn/durable.hpp"
#include "txn/file_undo.hpp"
#include "txn/journal.hpp"
#include "txn/revived.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

namespace mirrorctl::txn {
namespace {

class Rollback {
  public:
    Rollback(const sys::FsReader& fs, const CodecLookup& codec_for) : fs_(fs), codec_for_(codec_for) {}

    // `entries` newest first.
    Result<Plan> run(const std::vector<Entry>& entries) {
        plan_.command = "rollback";
        for (const auto& entry : entries) add_entry(entry);
        for (const auto& path : order_) TRY(add_file(chains_.at(path)));
        TRY(add_dirs());
        carry_over_checks(entries);
        std::erase_if(plan_.files, [](const FileChange& file) { return file.before == file.after; });
        auto revived = revived_credentials(plan_, codec_for_);
        plan_.warnings.insert(plan_.warnings.end(), revived.begin(), revived.end());
        return std::move(plan_);
    }

  private:
    // Collects what each transaction did, newest first; files in the reverse of the order in which they were
    // written.
    void add_entry(const Entry& entry) {
        if (plan_.undoes.empty()) {
            plan_.version = entry.plan.version;
            plan_.root = entry.plan.root;
            plan_.profile = entry.plan.profile;
        }
        plan_.undoes.push_back(entry.id);
        for (auto file = entry.plan.files.rbegin(); file != entry.plan.files.rend(); ++file) {
            auto& chain = chains_[file->path];
            if (chain.empty()) order_.push_back(file->path);
            chain.push_back(&*file);
        }
        for (auto dir = entry.plan.dirs.rbegin(); dir != entry.plan.dirs.rend(); ++dir)
            dirs_[dir->path] = *dir;
        for (const auto& activation : entry.plan.activations) add_activation(activation);
    }

    // One per unit and kind; a restart covers a reload.
    void add_activation(const Activation& wanted) {
        bool reloads_units = wanted.kind == ActivationKind::daemon_reload;
        for (auto& known : plan_.activations) {
            if (known.unit != wanted.unit || (known.kind == ActivationKind::daemon_reload) != reloads_units)
                continue;
            if (wanted.kind == ActivationKind::restart) known = wanted;
            return;
        }
        auto at = reloads_units ? plan_.activations.begin() : plan_.activations.end();
        plan_.activations.insert(at, wanted);
    }

    Result<void> add_file(const Chain& chain) {
        TRY_ASSIGN(auto undone, undo_chain(fs_, chain, codec_for_(chain.front()->path)));
        plan_.warnings.insert(plan_.warnings.end(), undone.warnings.begin(), undone.warnings.end());
        plan_.files.push_back(std::move(undone.change));
        return {};
    }

    // A directory is as it was before the oldest transaction that dealt with it: created ones go (if empty by
    // then), removed ones come back where a file needs them or they are gone.
    Result<void> add_dirs() {
        std::vector<DirChange> back;
        for (const auto& [path, dir] : dirs_) {
            TRY_ASSIGN(auto there, exists(fs_, path));
            if (dir.create == there) back.push_back({.path = path, .meta = dir.meta, .create = !dir.create});
        }
        for (const auto& file : plan_.files)
            if (file.after.present && !file.before.present) TRY(add_missing_parents(file.resolved, back));
        plan_.dirs = std::move(back);
        return {};
    }

    // A file that comes back may have lost its directory since.
    Result<void> add_missing_parents(const TargetPath& file, std::vector<DirChange>& dirs) const {
        for (auto dir = file.parent(); dir.str() != "/"; dir = dir.parent()) {
            TRY_ASSIGN(auto there, exists(fs_, dir));
            bool known = std::any_of(dirs.begin(), dirs.end(),
                                     [&](const DirChange& known_dir) { return known_dir.path == dir; });
            if (there || known) continue;
            dirs.push_back({.path = dir, .meta = {.mode = 0755}, .create = true});
        }
        return {};
    }

    // A check of the newest transaction that asks a unit holds afterwards with what the files say then.
    void carry_over_checks(const std::vector<Entry>& entries) {
        std::set<std::string> seen;
        for (const auto& entry : entries)
            for (const auto& check : entry.plan.checks) {
                if (!seen.insert(check.subject).second) continue;
                if (auto after = check_after(check)) plan_.checks.push_back(std::move(*after));
            }
    }

    // What the check expected is looked up among the values of the files as the transaction left them; the
    // same key then says what to expect now. Nullopt where no single key tells.
    std::optional<Check> check_after(const Check& check) const {
        std::optional<Check> found;
        for (const auto& file : plan_.files) {
            const auto* codec = codec_for_(file.path);
            auto then = codec ? values_of(*codec, chains_.at(file.path).front()->after) : std::nullopt;
            auto now = codec ? values_of(*codec, file.after) : std::nullopt;
            if (!then || !now) continue;
            for (const auto& [key, values] : *then) {
                if (check.expected.empty() || values != check.expected) continue;
                bool is_list = key == codec->mirrors_key;
                if (found || (!now->contains(key) && !is_list)) return std::nullopt;
                found = Check{.subject = check.subject,
                              .expected = now->contains(key) ? now->at(key) : std::vector<std::string>{}};
            }
        }
        return found;
    }

    const sys::FsReader& fs_;
    const CodecLookup& codec_for_;
    Plan plan_;
    std::map<TargetPath, Chain> chains_;
    std::vector<TargetPath> order_;
    std::map<TargetPath, DirChange> dirs_;
};

}  // namespace

Result<Plan> make_rollback(const StateView& state, const sys::FsReader& fs,
                           const std::vector<std::string>& ids, const CodecLookup& codec_for) {
    std::vector<Entry> entries;
    for (const auto& id : ids) {
        TRY_ASSIGN(auto entry, read_ended(state, id));
        entries.push_back(std::move(entry));
    }
    return Rollback(fs, codec_for).run(entries);
}

}  // namespace mirrorctl::txn
