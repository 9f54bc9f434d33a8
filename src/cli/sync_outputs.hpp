// What sync leaves behind: its report, the failed ones as rules, a profile for the nodes.
#pragma once

#include "model/profile.hpp"
#include "sync/login_file.hpp"
#include "sync/plan.hpp"
#include "sync/report.hpp"
#include "sync/rule.hpp"
#include "ui/sync_document.hpp"

#include <string>
#include <utility>
#include <vector>

namespace mirrorctl::cli {

ui::SyncImage image_of(const sync::ImageResult& result);
// Refusals of the plan are failed images.
ui::SyncDocument planned_document(const sync::SyncPlan& plan);
ui::SyncDocument document_of(const sync::SyncPlan& plan, const sync::SyncReport& report);

// Sources and destinations, as they stand in a rule file.
using FailedImages = std::vector<std::pair<std::string, std::string>>;

// Everything that failed; refused rules as they were written.
FailedImages failed_images(const std::vector<sync::Rule>& rules, const sync::SyncPlan& plan,
                           const sync::SyncReport& report);
// A rule file with them; "{}" without any.
std::string rule_file(const FailedImages& failed);

struct EmittedProfile {
    Profile profile = {};
    std::vector<std::string> left_out = {};  // destinations that cannot serve as a mirror
};

// The destinations as mirrors of their sources' registries, where repositories keep their path.
EmittedProfile profile_of(const sync::SyncPlan& plan, const std::vector<sync::LoginEntry>& logins,
                          const std::string& name, const std::string& today);

}  // namespace mirrorctl::cli
