// The contract of a target: one kind of place that can be written. A target is a record of data and free
// functions; catalog.cpp lists them all. Nothing outside this folder, the templates and the tests names a
// target.
//
// Laws (property tests run them for every codec; W = any values that the codec can hold, t = any text that it
// accepts):
//   read(edit(t, W)) == W          edit(t, read(t)) changes no byte         editing twice = once
//   bytes outside the edits stay   inverse edits give back t                otherwise: unsupported_layout,
//   nothing changed
#pragma once

#include "base/result.hpp"
#include "model/desired.hpp"
#include "model/edit.hpp"
#include "model/node.hpp"
#include "model/plan.hpp"
#include "model/receipt.hpp"
#include "sys/fs.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mirrorctl::targets {

// The pure text side of one file format as one engine uses it.
struct Codec {
    std::string_view name;  // "daemon.json"
    // All values of the keys that this codec manages, the user's included. Errors: parse, duplicate_key (with
    // location), unsupported_layout. An empty or absent file is the empty text; what that means is the
    // codec's business.
    Result<Values> (*read)(std::string_view text);
    // Edits after which `read` gives exactly `wanted` (a managed key that is missing there is removed).
    Result<std::vector<Edit>> (*write)(std::string_view text, const Values& wanted);
    // Parses both with an independent parser and proves that nothing but the managed keys differs. Errors:
    // unsupported_layout.
    Result<void> (*witness)(std::string_view before, std::string_view after);
    std::string_view mirrors_key = "";  // the list that holds mirror URLs in rank order, "" if none
    std::span<const std::string_view> shared_lists =
        {};  // lists in which the user's entries stay, behind ours
    // Takes out what lost its subject (attributes of a host that is no longer listed); nullptr if there is
    // nothing of that kind.
    void (*tidy)(Values& values) = nullptr;
};

// Applies `wanted` to a text: write, witness, read back, compare. The one way in which a text is changed.
Result<std::string> edit_text(const Codec& codec, std::string_view text, const Values& wanted);

// The values a file shall hold: ours from `wanted`, the user's kept. `ours_before` = what the receipts say is
// ours in it now (secrets as digests), `base` = the user's own values from before us: scalars that we give up
// go back to them.
Values compose(const Codec& codec, const Values& current, const Values& ours_before, const Values& wanted,
               const Values& base);

// Three-way undo for one key after another: what went from `before` to `after` and still stands in `now` goes
// back; what somebody changed since is left and named in `kept`.
Values undo(const Codec& codec, const Values& before, const Values& after, const Values& now,
            std::vector<std::string>& kept);

// One file that a target wants in a certain state.
struct FileIntent {
    TargetPath path;
    const Codec* codec = nullptr;
    Values wanted = {};  // ours only; empty = ours are taken out
    std::string skeleton =
        {};               // a new file starts as this (a rendered template), then `wanted` is written into it
    bool whole = false;   // a file that is ours alone (it says so in its first line): re-rendered; removed
                          // when `wanted` is empty
    bool secret = false;  // values must not be printed
    FileMeta file_meta = {};  // for a new file; an existing one keeps its own (but see tighten_mode)
    FileMeta dir_meta = {.mode = 0755};  // for missing parent directories
    bool tighten_mode = false;  // the file now holds a secret: an existing mode loses group and other
    bool needs_owner =
        false;  // it lives in the home of file_meta.uid: links, hard links and foreign owners are refused
    // If our list vanishes and the engine only takes an explicit empty one (docker and SIGHUP): the values to
    // activate first.
    std::optional<Values> interim_when_removed = {};
    std::vector<Activation> on_change = {};
    std::vector<Check> checks = {};  // what the running engine must say after the activation
};

struct Proposal {
    std::vector<FileIntent> files = {};  // in writing order: what is named by others first
    // Files of ours that this run must leave as they are (the upstream is in desired.untouched). Every other
    // file that `survey` or the receipts name and that is not in `files` is proposed with empty `wanted` by
    // the target itself.
    std::vector<TargetPath> leave = {};
    std::vector<Warning> warnings = {};
    std::vector<Pending> pending =
        {};  // a step that must wait for the engine (config_path before containerd is installed)
};

struct Context {
    const NodeFacts& node;
    const sys::FsReader& fs;
    const DesiredState& desired;
    const Ownership& owned;
    bool forced = false;  // named by --target
    bool yields = false;  // another target of this run takes its place (yields_to): ours are only taken out
};

struct Detection {
    bool detected = false;
    std::string reason;  // "dockerd 20.10.24 (dpkg)", "no containerd found"
};

enum class Purpose { mirrors, proxy };

struct Target {
    std::string_view name;     // "docker-daemon"
    std::string_view summary;  // one line for `mirrorctl targets`
    std::string_view engine;   // "docker", "containerd", "shell": who reads it
    Purpose purpose = Purpose::mirrors;
    std::string_view docs;  // upstream documentation and the versions it was checked against
    Detection (*detect)(const NodeFacts& node);
    // Can it hold mirrors of this upstream on this node? False for proxies.
    bool (*serves)(const NodeFacts& node, std::string_view upstream);
    // The target that takes its place on this node, "" if none does: two files of one engine never hold the
    // same mirrors. It stays in a run beside that one, to take out what it wrote before. Not set: none ever.
    std::string_view (*yields_to)(const NodeFacts& node) = nullptr;
    // Errors: conflict, parse, unsupported_layout ... : the target refuses, with the way out as hint.
    Result<Proposal> (*propose)(const Context& context);
    // The codec for a path, nullptr if this target never writes there: the catalogue check for saved plans,
    // rollback and status.
    const Codec* (*codec_for)(const NodeFacts& node, const TargetPath& path);
    // Whose mirrors the file at this path holds: "docker.io". Not set for proxies.
    std::string (*upstream_of)(const TargetPath& path) = nullptr;
    // Files on this node that this target may have written: for `status`, and for `reset` without a state
    // directory.
    std::vector<TargetPath> (*survey)(const NodeFacts& node, const sys::FsReader& fs);
    // What the running engine must say if the file, with these values, is live; empty: it is read whenever it
    // is used. Not set: the same for every file.
    std::vector<Check> (*live_checks)(const NodeFacts& node, const TargetPath& path,
                                      const Values& now) = nullptr;
    // Is this file ours as a whole by its own words (the header that our templates carry)?
    bool (*is_marked)(std::string_view text);
};

// All targets, in the order in which their files are written.
std::span<const Target* const> catalog();
const Target* find_target(std::string_view name);

}  // namespace mirrorctl::targets
