#include "cli/records.hpp"

#include "base/strings.hpp"
#include "cli/transaction.hpp"
#include "plan/status.hpp"
#include "txn/history.hpp"
#include "txn/pending.hpp"
#include "txn/recover.hpp"

namespace mirrorctl::cli {

namespace {

constexpr double kDay = 24 * 3600;

// Without the right to read the state directory the files still tell a lot.
template <class T>
T readable(Node& node, Result<T> result, Records& records) {
    if (result) return std::move(*result);
    if (result.error().code != ErrorCode::permission_denied) {
        records.state.error = result.error();
    } else if (records.warnings.empty()) {
        records.warnings.push_back(
            {.code = "state_not_readable",
             .message = cat("the state directory cannot be read as this user: ", node.state().dir.str()),
             .hint = "sudo mirrorctl doctor sees more"});
    }
    return T{};
}

// What waits. In an image nothing runs that could have settled it: only what was forgotten there counts.
std::vector<Pending> waiting(Node& node, Records& records) {
    if (node.live()) return readable(node, open_pending(node), records);
    auto recorded = readable(node, txn::read_pending(node.state_view()), records);
    std::erase_if(recorded, [&](const Pending& p) { return node.world().clock.wall() - p.since < kDay; });
    return recorded;
}

}  // namespace

Records read_records(Node& node) {
    Records records;
    records.state.dir = node.state().dir;
    if (auto info = node.state().fs.stat(node.state().dir)) records.state.mode = info->meta.mode;
    records.owned = readable(node, txn::ownership(node.state_view()), records);
    records.receipts = readable(node, txn::history(node.state_view()), records);
    records.state.recovery_needed = readable(node, txn::needs_recovery(node.state_view()), records);
    records.state.pending = waiting(node, records);
    for (const auto& status : plan::make_status(node.fs(), node.facts(), records.owned))
        if (status.standing == plan::Standing::drifted)
            records.state.drifted.emplace_back(status.path.str(), status.detail);
    return records;
}

}  // namespace mirrorctl::cli
