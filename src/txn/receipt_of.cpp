#include "txn/receipt_of.hpp"

namespace mirrorctl::txn {

Receipt receipt_of(const Entry& entry) {
    const auto& plan = entry.plan;
    Receipt receipt{.transaction = entry.id,
                    .at = entry.at,
                    .command = plan.command,
                    .actor = entry.actor,
                    .version = plan.version,
                    .profile = plan.profile};
    for (const auto& file : plan.files)
        receipt.files.push_back({.path = file.path,
                                 .target = file.target,
                                 .action = file.action(),
                                 .before_digest = file.before.digest(),
                                 .after_digest = file.after.digest(),
                                 .owned = file.owned});
    receipt.dirs = plan.dirs;
    receipt.warnings = plan.warnings;
    receipt.undoes = plan.undoes;
    return receipt;
}

}  // namespace mirrorctl::txn
