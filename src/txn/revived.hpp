// Old passwords that a way back brings to life again.
#pragma once

#include "model/plan.hpp"
#include "txn/rollback.hpp"

#include <vector>

namespace mirrorctl::txn {

// One warning `old_credentials` for each file that gets credentials which no file of the plan holds now: a
// password that was changed since is refused by the proxy. Credentials that only move between files are no
// news.
std::vector<Warning> revived_credentials(const Plan& plan, const CodecLookup& codec_for);

}  // namespace mirrorctl::txn
