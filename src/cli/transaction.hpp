// How a command carries out a plan: lock, recovery first, execution, what stays pending.
#pragma once

#include "base/result.hpp"
#include "cli/node.hpp"
#include "model/plan.hpp"
#include "model/receipt.hpp"
#include "targets/target.hpp"
#include "txn/executor.hpp"
#include "txn/late_start.hpp"
#include "txn/recover.hpp"
#include "ui/documents.hpp"

#include <memory>
#include <optional>

namespace mirrorctl::cli {

// Held while a command writes. Opening it recovers what a crash left.
class Transaction {
  public:
    // Errors: not_root, permission_denied, unsafe_path, lock_held (after a short wait), and whatever recovery
    // could not mend.
    static Result<std::unique_ptr<Transaction>> open(Node& node);
    ~Transaction();

    // Recovery alone, with its receipt; `open` would refuse where this reports.
    static Result<Receipt> recover(Node& node, txn::ForeignFiles foreign);

    // Writes, activates, verifies, records what is pending, keeps the newest transactions.
    // `engines_were_up` false: an engine is down now; that it stays down is no reason to be stuck.
    Receipt execute(const Plan& plan, bool engines_were_up = true);

    // Verifies what engines started with since an earlier run (a boot, mostly). What broke one is taken back:
    // the document of that, with the outcome rolled_back and the reason, is the end of the command. nullopt:
    // all is well, go on.
    Result<std::optional<ui::RunDocument>> settle_late_starts(const std::string& command);

  private:
    explicit Transaction(Node& node) : node_(node) {}
    txn::TxnContext context(txn::EngineControl& engines) const;
    Result<ui::RunDocument> take_back(const txn::BrokenStart& broken, Plan plan);

    Node& node_;
    std::unique_ptr<sys::Lock> lock_;
};

// The codec of the target that knows the file at `path`, nullptr if none does.
const targets::Codec* codec_at(Node& node, const TargetPath& path);

// Steps of earlier runs that still wait. Cheap while there are none.
Result<std::vector<Pending>> open_pending(Node& node);

// Fills in what every plan of this program says about itself.
void stamp(Plan& plan, Node& node, std::string command);

// The unified diff of a plan; files with secrets are only named.
std::string diff_of(const Plan& plan);

}  // namespace mirrorctl::cli
