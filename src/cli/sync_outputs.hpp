// What sync leaves behind: its report, the failed ones as rules, a profile for the nodes.
#pragma once

#include "model/profile.hpp"
#include "sync/login_file.hpp"
#include "sync/plan.hpp"
#include "sync/report.hpp"
#include "sync/rule.hpp"
#include "ui/sync_document.hpp"

#include <string>
#include <vector>

namespace mirrorctl::cli {

// Refusals of the plan are failed images.
ui::SyncDocument planned_document(const sync::SyncPlan& plan);
ui::SyncDocument document_of(const sync::SyncPlan& plan, const sync::SyncReport& report);

// A rule file with everything that failed, refused rules as they were written; "{}" if nothing did.
std::string failed_rules(const std::vector<sync::Rule>& rules, const sync::SyncPlan& plan,
                         const sync::SyncReport& report);

struct EmittedProfile {
    Profile profile = {};
    std::vector<std::string> left_out = {};  // destinations that cannot serve as a mirror
};

// The destinations as mirrors of their sources' registries, where repositories keep their path.
EmittedProfile profile_of(const sync::SyncPlan& plan, const std::vector<sync::LoginEntry>& logins,
                          const std::string& name, const std::string& today);

}  // namespace mirrorctl::cli
