// What a transaction did. Kept in the state directory; never holds a secret.
#pragma once

#include "base/error.hpp"
#include "model/plan.hpp"

#include <optional>
#include <string>
#include <vector>

namespace mirrorctl {

enum class Outcome { unchanged, committed, rolled_back, stuck };

enum class ActivationResult { done, deferred, failed };

struct DoneActivation {
    std::string unit;
    ActivationKind kind = ActivationKind::none;
    ActivationResult result = ActivationResult::done;
    std::string detail = {};
};

struct ReceiptFile {
    TargetPath path;
    std::string target;
    FileAction action = FileAction::update;
    std::string before_digest;
    std::string after_digest;
    Values owned = {};
};

struct Receipt {
    std::string transaction = {};  // "20261123T101500Z-4f2a"
    double at = 0;                 // seconds since 1970
    std::string command = {};
    std::string actor = {};  // "root (sudo by alice)"
    std::string version = {};
    ProfileRef profile = {};
    Outcome outcome = Outcome::unchanged;
    std::vector<ReceiptFile> files = {};
    std::vector<DirChange> dirs = {};
    std::vector<DoneActivation> activations = {};
    std::vector<Pending> pending = {};
    std::vector<Warning> warnings = {};
    std::optional<Error> error = {};
    std::vector<std::string> undoes = {};  // of a rollback: the transactions that it took back
    std::vector<std::string> broken = {};  // units that did not work with the change, why it was taken back
};

// Which values in which files are ours now: the sum of the committed receipts. A value that was there before
// us is not in it.
struct Ownership {
    struct File {
        std::string target;
        Values values;
        FileState base;  // the file as it was before the oldest of our transactions that still counts (the
                         // user's own values)
    };
    std::map<TargetPath, File> files = {};
    std::vector<DirChange> dirs =
        {};  // directories that we created and that are still ours, in creation order
};

std::string_view name_of(Outcome outcome);
std::string_view name_of(ActivationResult result);

}  // namespace mirrorctl
