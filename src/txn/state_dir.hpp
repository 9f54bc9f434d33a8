// Where transactions are kept: lock, ACTIVE, pending.json, ownership.json and
// transactions/<id>/{plan.json,before/N,receipt.json}. The directory has its own Fs: it may lie outside the
// root that is written to (--state-dir).
#pragma once

#include "base/result.hpp"
#include "sys/clock.hpp"
#include "sys/fs.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace mirrorctl::txn {

inline constexpr std::string_view kDefaultStateDir = "/var/lib/mirrorctl";

// The names in the state directory; for readers.
struct StateView {
    const sys::FsReader& fs;
    TargetPath dir = TargetPath(kDefaultStateDir);

    TargetPath lock() const { return dir / "lock"; }
    TargetPath active() const { return dir / "ACTIVE"; }
    TargetPath pending() const { return dir / "pending.json"; }
    TargetPath ownership() const { return dir / "ownership.json"; }
    TargetPath transactions() const { return dir / "transactions"; }
    TargetPath transaction(const std::string& id) const { return transactions() / id; }
    TargetPath plan(const std::string& id) const { return transaction(id) / "plan.json"; }
    TargetPath before_dir(const std::string& id) const { return transaction(id) / "before"; }
    TargetPath before(const std::string& id, std::size_t file) const {
        return before_dir(id) / std::to_string(file);
    }
    TargetPath receipt(const std::string& id) const { return transaction(id) / "receipt.json"; }
    // How a transaction ended: ACTIVE is renamed to one of these.
    TargetPath committed(const std::string& id) const { return transaction(id) / "committed"; }
    TargetPath rolled_back(const std::string& id) const { return transaction(id) / "rolled_back"; }
};

// The same for writers.
struct StateDir {
    sys::Fs& fs;
    TargetPath dir = TargetPath(kDefaultStateDir);
    std::uint32_t uid = 0;  // who we are: the directory must belong to this user or to root

    StateView view() const { return {fs, dir}; }
};

// What every command asks before it believes what stands there. Fine when the directory does not exist or
// cannot be seen. Errors: unsafe_path when it is no directory, belongs to somebody else, group or others can
// write to it, or (but for sticky ones) to a directory above it.
Result<void> check_state_dir(const StateDir& state);

// Creates the directory (0700) and missing parents (0755), durably, or checks the one that is there.
// Errors: those of check_state_dir; permission_denied, io.
Result<void> prepare_state_dir(const StateDir& state);

// As above, then takes the lock for as long as the returned object lives. Errors: lock_held after
// `wait_seconds`.
Result<std::unique_ptr<sys::Lock>> lock_state(const StateDir& state, double wait_seconds);

// Ids of all transactions on disk, oldest first. An absent directory means none. Errors: permission_denied,
// io.
Result<std::vector<std::string>> transaction_ids(const StateView& state);

// "20261123T101500Z-4f2a": UTC and four random hex digits; always greater than every id on disk, also when
// the clock went back, so that the order of ids is the order of transactions.
Result<std::string> new_transaction_id(const StateView& state, double wall_seconds);

// True for the form above: nothing else is ever used as a name in transactions/.
bool is_transaction_id(std::string_view text);

}  // namespace mirrorctl::txn
