#include "plan/planner.hpp"

#include "base/digest.hpp"
#include "base/strings.hpp"
#include "plan/observe.hpp"
#include "plan/settle.hpp"

#include <algorithm>
#include <cerrno>

namespace mirrorctl::plan {

namespace {

using targets::FileIntent;

const Ownership::File* owned_file(const Ownership& owned, const TargetPath& path) {
    auto it = owned.files.find(path);
    return it == owned.files.end() ? nullptr : &it->second;
}

// The text a file has once nothing of anybody is left in it: what a file that we created may be removed as.
bool is_only_skeleton(const FileIntent& intent, const std::string& text) {
    auto bare = targets::edit_text(*intent.codec, intent.skeleton, {});
    return trim(text).empty() || (bare && *bare == text);
}

// True when `text` is what the user's own text becomes by writing `current` into it: nobody edited anything
// else since.
Result<bool> made_from(const targets::Codec& codec, const std::string& users, const Values& current,
                       const std::string& text) {
    TRY_ASSIGN(auto remade, targets::edit_text(codec, users, current));
    return remade == text;
}

// Bytes after this run, or nullopt when the file shall not exist.
Result<std::optional<std::string>> wanted_bytes(const FileIntent& intent, const FileState& before,
                                                const Ownership::File* ours) {
    if (intent.whole) {
        if (intent.wanted.empty()) return std::nullopt;
        TRY_ASSIGN(auto text, targets::edit_text(*intent.codec, intent.skeleton, intent.wanted));
        return text;
    }
    if (!before.present && intent.wanted.empty()) return std::nullopt;
    const std::string& start = before.present ? before.bytes : intent.skeleton;
    TRY_ASSIGN(auto current, intent.codec->read(start));
    Values base;
    if (ours != nullptr && ours->base.present) {
        TRY_ASSIGN(base, intent.codec->read(ours->base.bytes));
    }
    auto composed = targets::compose(*intent.codec, current, ours != nullptr ? ours->values : Values{},
                                     intent.wanted, base);
    TRY_ASSIGN(auto text, targets::edit_text(*intent.codec, start, composed));
    if (!intent.wanted.empty() || ours == nullptr) return text;
    if (!ours->base.present) {
        if (is_only_skeleton(intent, text)) return std::nullopt;
        return text;
    }
    // Headers and punctuation that our values needed go with them.
    if (composed != base) return text;
    TRY_ASSIGN(bool untouched, made_from(*intent.codec, ours->base.bytes, current, start));
    return untouched ? ours->base.bytes : text;
}

// Which values of `wanted` are ours after the change: in shared lists what we name, elsewhere what we set.
// Secrets as digests.
Values owned_values(const FileIntent& intent, const Values& before) {
    Values owned = intent.wanted;
    for (auto& [key, values] : owned) {
        bool shared = std::find(intent.codec->shared_lists.begin(), intent.codec->shared_lists.end(), key) !=
                      intent.codec->shared_lists.end();
        auto had = before.find(key);
        // In a shared list a value that the user had before stays the user's.
        if (shared && had != before.end())
            std::erase_if(values, [&](const std::string& v) {
                return std::find(had->second.begin(), had->second.end(), v) != had->second.end();
            });
        if (intent.secret)
            for (auto& value : values) value = sha256_digest(value);
    }
    std::erase_if(owned, [](const auto& entry) { return entry.second.empty(); });
    return owned;
}

// Values of the user's own: what stood in the file before us, or (first time) what stands there now.
Result<Values> users_values(const FileIntent& intent, const FileState& before, const Ownership::File* ours) {
    const FileState& own = ours != nullptr ? ours->base : before;
    if (!own.present || intent.whole) return Values{};
    return intent.codec->read(own.bytes);
}

// daemon.json: a list that vanishes is cleared by an explicit empty one first; `full` holds the list, `bare`
// does not.
Result<std::optional<FileState>> interim_state(const FileIntent& intent, const FileState& full,
                                               const FileState& bare) {
    if (!intent.interim_when_removed) return std::nullopt;
    const std::string key(intent.codec->mirrors_key);
    TRY_ASSIGN(auto with, intent.codec->read(full.present ? full.bytes : std::string()));
    TRY_ASSIGN(auto without, intent.codec->read(bare.present ? bare.bytes : std::string()));
    if (!with.contains(key) || with[key].empty() || without.contains(key)) return std::nullopt;
    Values cleared = without;
    for (const auto& [name, values] : *intent.interim_when_removed) cleared[name] = values;
    const std::string& start = bare.present ? bare.bytes : intent.skeleton;
    TRY_ASSIGN(auto text, targets::edit_text(*intent.codec, start, cleared));
    return FileState{.present = true, .bytes = std::move(text), .meta = bare.present ? bare.meta : full.meta};
}

class Planning {
  public:
    explicit Planning(const PlanInput& input) : input_(input) {}

    Result<Plan> run() {
        for (const auto* target : input_.targets) {
            auto added = add_target(*target);
            if (!added) return Failure(in_context(added.error(), std::string(target->name)));
        }
        TRY(remove_dirs());
        reopen_pending();
        order_activations();
        settle_plan(plan_, input_.settle);
        list_mirrors();
        return std::move(plan_);
    }

  private:
    Result<void> add_target(const targets::Target& target) {
        targets::Context context{.node = input_.node,
                                 .fs = input_.fs,
                                 .desired = input_.desired,
                                 .owned = input_.owned,
                                 .forced = input_.forced,
                                 .yields = yields(target, input_.node, input_.targets, input_.forced)};
        TRY_ASSIGN(auto proposal, target.propose(context));
        for (const auto& intent : proposal.files) TRY(add_file(target, intent));
        plan_.warnings.insert(plan_.warnings.end(), proposal.warnings.begin(), proposal.warnings.end());
        plan_.pending.insert(plan_.pending.end(), proposal.pending.begin(), proposal.pending.end());
        return {};
    }

    Result<void> add_file(const targets::Target& target, const FileIntent& intent) {
        TRY_ASSIGN(auto observed,
                   observe_file(input_.fs, intent.path, intent.needs_owner ? &intent.file_meta : nullptr));
        const auto* ours = owned_file(input_.owned, intent.path);
        auto bytes = wanted_bytes(intent, observed.state, ours);
        if (!bytes) return Failure(located(bytes.error(), intent.path));
        FileState after;
        if (*bytes)
            after = {.present = true, .bytes = std::move(**bytes), .meta = new_meta(intent, observed.state)};
        if (after == observed.state) return {};
        FileChange change{.path = intent.path,
                          .resolved = observed.resolved,
                          .target = std::string(target.name),
                          .before = observed.state,
                          .after = after,
                          .secret = intent.secret,
                          .allow_in_place = input_.allow_in_place};
        TRY_ASSIGN(auto own, users_values(intent, observed.state, ours));
        change.owned = owned_values(intent, own);
        TRY_ASSIGN(change.interim, interim_state(intent, change.before, change.after));
        TRY_ASSIGN(change.undo_interim, interim_state(intent, change.after, change.before));
        add_dirs(intent, change);
        plan_.files.push_back(std::move(change));
        for (const auto& activation : intent.on_change) add_activation(activation);
        plan_.checks.insert(plan_.checks.end(), intent.checks.begin(), intent.checks.end());
        return {};
    }

    static Error located(Error error, const TargetPath& path) {
        if (error.location && error.location->file.empty()) error.location->file = path.str();
        if (!error.location) error = in_context(error, path.str());
        return error;
    }

    static FileMeta new_meta(const FileIntent& intent, const FileState& before) {
        if (!before.present) return intent.file_meta;
        auto meta = before.meta;
        if (intent.tighten_mode && !intent.wanted.empty()) meta.mode &= 0700U;
        return meta;
    }

    void add_dirs(const FileIntent& intent, const FileChange& change) {
        if (change.before.present || !change.after.present) return;
        for (const auto& dir : missing_parents(input_.fs, change.resolved)) {
            bool known = std::any_of(plan_.dirs.begin(), plan_.dirs.end(),
                                     [&](const DirChange& d) { return d.path == dir; });
            if (!known) plan_.dirs.push_back({.path = dir, .meta = intent.dir_meta, .create = true});
        }
    }

    // Directories that we once created go when the last file in them goes: an empty host directory hides
    // `_default`.
    Result<void> remove_dirs() {
        for (auto it = input_.owned.dirs.rbegin(); it != input_.owned.dirs.rend(); ++it) {
            TRY_ASSIGN(auto goes, will_be_empty(it->path));
            if (goes) plan_.dirs.push_back({.path = it->path, .meta = it->meta, .create = false});
        }
        return {};
    }

    Result<bool> will_be_empty(const TargetPath& dir) const {
        auto names = input_.fs.list(dir);
        if (!names && names.error().code == ErrorCode::io && names.error().cause != ENOTDIR)
            return Failure(std::move(names).error());
        if (!names) return false;
        return std::all_of(names->begin(), names->end(),
                           [&](const std::string& name) {
                               auto child = dir / name;
                               bool file_goes = std::any_of(
                                   plan_.files.begin(), plan_.files.end(), [&](const FileChange& f) {
                                       return f.resolved == child && !f.after.present;
                                   });
                               bool dir_goes = std::any_of(
                                   plan_.dirs.begin(), plan_.dirs.end(),
                                   [&](const DirChange& d) { return d.path == child && !d.create; });
                               return file_goes || dir_goes;
                           }) &&
               std::none_of(plan_.files.begin(), plan_.files.end(),
                            [&](const FileChange& f) {
                                return f.after.present && f.resolved.str().starts_with(dir.str() + "/");
                            }) &&
               touches(dir);
    }

    // Only directories below which this plan removes something are considered: a no-op stays a no-op.
    bool touches(const TargetPath& dir) const {
        return std::any_of(plan_.files.begin(), plan_.files.end(), [&](const FileChange& f) {
            return f.resolved.str().starts_with(dir.str() + "/");
        });
    }

    // One activation per unit and kind; settling decides which of a reload and a restart are left.
    void add_activation(const Activation& wanted) {
        bool known =
            std::any_of(plan_.activations.begin(), plan_.activations.end(),
                        [&](const Activation& a) { return a.unit == wanted.unit && a.kind == wanted.kind; });
        if (!known) plan_.activations.push_back(wanted);
    }

    // What an earlier run had to leave is tried again now.
    void reopen_pending() {
        for (const auto& pending : input_.pending)
            if (!pending.unit.empty())
                add_activation({.unit = pending.unit, .kind = pending.kind, .reason = pending.reason});
    }

    // A daemon reads its units again before it is restarted.
    void order_activations() {
        std::stable_partition(plan_.activations.begin(), plan_.activations.end(),
                              [](const Activation& a) { return a.kind == ActivationKind::daemon_reload; });
    }

    void list_mirrors() {
        for (const auto& upstream : input_.desired.upstreams) {
            auto& list = plan_.mirrors[upstream.name];
            for (const auto& chosen : upstream.mirrors) {
                if (std::ssize(list) >= input_.desired.keep) break;
                list.push_back({.url = chosen.mirror.url.masked(),
                                .trust = std::string(chosen.may_resolve ? "resolve" : "pull"),
                                .predicted_pull_seconds = chosen.predicted_pull_s,
                                .measured = chosen.measured});
            }
        }
    }

    const PlanInput& input_;
    Plan plan_;
};

}  // namespace

Result<Plan> make_plan(const PlanInput& input) {
    return Planning(input).run();
}

bool yields(const targets::Target& target, const NodeFacts& node,
            const std::vector<const targets::Target*>& targets, bool forced) {
    if (forced || target.yields_to == nullptr) return false;
    auto other = target.yields_to(node);
    return std::any_of(targets.begin(), targets.end(),
                       [&](const targets::Target* beside) { return beside->name == other; });
}

Result<std::vector<const targets::Target*>> find_targets(const std::vector<std::string>& names) {
    std::vector<std::string> known;
    for (const auto* target : targets::catalog()) known.emplace_back(target->name);
    for (const auto& name : names) {
        if (std::find(known.begin(), known.end(), name) != known.end()) continue;
        auto near = nearest(name, known);
        return Failure(Error{
            .code = ErrorCode::usage,
            .message = cat("unknown target: ", printable_line(name, 60), ": known are ", join(known, ", ")),
            .hint = near ? "did you mean " + *near + "?" : "mirrorctl targets"});
    }
    std::vector<const targets::Target*> found;
    for (const auto* target : targets::catalog())
        if (std::find(names.begin(), names.end(), target->name) != names.end()) found.push_back(target);
    return found;
}

}  // namespace mirrorctl::plan
