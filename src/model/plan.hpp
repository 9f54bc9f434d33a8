// A plan is a value: complete, printable, saveable, refused when the disk has moved on. Rollback and recovery
// are plans too.
#pragma once

#include "model/file_state.hpp"
#include "model/warning.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mirrorctl {

// The values of one file that mirrorctl looks at: key -> values in order. A missing key = not set. Scalars
// have one value. Key names belong to the file's codec (src/targets).
using Values = std::map<std::string, std::vector<std::string>>;

enum class FileAction { create, update, remove };

// The states of one file: `before` -> [`interim`] -> `after`. The interim state (daemon.json with an empty
// list) is what the activation sees; `undo_interim` is its twin on the way back. Each has its own digest, so
// recovery knows them all.
struct FileChange {
    TargetPath path;      // as the engine knows it
    TargetPath resolved;  // where it really is (links followed); temp files go beside this one
    std::string target;   // "docker-daemon"
    FileState before;
    FileState after;
    std::optional<FileState> interim = {};
    std::optional<FileState> undo_interim = {};
    Values owned = {};    // values of ours that stand in `after`; secrets only as sha256 digests
    bool secret = false;  // the diff shows only that it changes
    bool allow_in_place = false;

    FileAction action() const {
        return !before.present ? FileAction::create : after.present ? FileAction::update : FileAction::remove;
    }
};

struct DirChange {
    TargetPath path;
    FileMeta meta;
    bool create = true;  // false: removed after the files, if empty
};

enum class ActivationKind { none, reload, restart, daemon_reload };

// What makes a running engine take the change.
struct Activation {
    std::string unit;  // "docker.service"
    ActivationKind kind = ActivationKind::none;
    std::string reason = {};
    bool consent = true;          // false: it would stop containers and nobody allowed it: goes to `pending`
    std::string blocked_by = {};  // why consent is missing or activation is deferred, for people
    bool deferred = false;        // other root, no systemd, engine not running: nothing to do now
    bool operator==(const Activation&) const = default;
};

// What must be true of the running engine afterwards. `subject`: "docker.mirrors", "docker.containerd_store",
// "docker.proxy", "containerd.config_path", "containerd.cri", "environment:<unit>". Engines know how to ask
// (src/engines/verify.hpp).
struct Check {
    std::string subject;
    std::vector<std::string> expected;  // secrets only as sha256 digests
    bool operator==(const Check&) const = default;
};

struct Pending {
    std::string unit;
    ActivationKind kind = ActivationKind::restart;
    std::string reason;
    std::string boot_id = {};
    double since = 0;              // seconds since 1970: settled when the unit started later
    std::string transaction = {};  // that left it: what to take back if the unit does not start with it
    bool operator==(const Pending&) const = default;
};

struct PlannedMirror {
    std::string url;
    std::string trust;
    double predicted_pull_seconds = -1;
    bool measured = false;
    bool operator==(const PlannedMirror&) const = default;
};

struct ProfileRef {
    std::string name;
    std::string sha256;
    std::string from;  // "embedded" or the path
    bool operator==(const ProfileRef&) const = default;
};

struct Plan {
    std::string command = "apply";  // apply | rollback | reset | recover
    std::string version;            // of the tool
    std::string root = "/";
    ProfileRef profile = {};
    std::map<std::string, std::vector<PlannedMirror>> mirrors = {};  // upstream -> as written
    std::vector<DirChange> dirs = {};    // created in this order before the files, removed in reverse
    std::vector<FileChange> files = {};  // in writing order
    std::vector<Activation> activations = {};
    std::vector<Check> checks = {};
    std::vector<Pending> pending = {};  // that this plan leaves or settles elsewhere
    std::vector<Warning> warnings = {};
    std::vector<std::string> undoes = {};  // of a rollback: the transactions that it takes back, newest first

    bool empty() const { return files.empty() && dirs.empty() && activations.empty() && undoes.empty(); }
};

// The plan that leads back: files and directories in reverse order, before and after swapped.
Plan invert(const Plan& plan);

std::string_view name_of(FileAction action);
std::string_view name_of(ActivationKind kind);

}  // namespace mirrorctl
