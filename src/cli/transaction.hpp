// How a command carries out a plan: lock, recovery first, execution, what stays pending.
#pragma once

#include "base/result.hpp"
#include "cli/node.hpp"
#include "model/plan.hpp"
#include "model/receipt.hpp"
#include "txn/executor.hpp"
#include "txn/recover.hpp"

#include <memory>

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
    Receipt execute(const Plan& plan);

  private:
    explicit Transaction(Node& node) : node_(node) {}
    txn::TxnContext context(txn::EngineControl& engines) const;

    Node& node_;
    std::unique_ptr<sys::Lock> lock_;
};

// Steps of earlier runs that still wait. Cheap while there are none.
Result<std::vector<Pending>> open_pending(Node& node);

// Fills in what every plan of this program says about itself.
void stamp(Plan& plan, Node& node, std::string command);

// The unified diff of a plan; files with secrets are only named.
std::string diff_of(const Plan& plan);

}  // namespace mirrorctl::cli
