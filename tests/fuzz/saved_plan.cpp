// A saved plan is untrusted: what is read is a plan that could have been written, and it passes the check
// only if it stays in its place.
#include "fuzz/oracle.hpp"
#include "model/json/plan_json.hpp"
#include "model/json/saved_plan_json.hpp"
#include "plan/saved.hpp"

namespace {

using namespace mirrorctl;

bool is_ours(const std::string& path) {
    for (const char* top : {"/etc/", "/root/", "/home/"})
        if (path.starts_with(top)) return true;
    return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto saved = saved_plan_from_json(fuzz::view_of(data, size));
    if (!saved) {
        EXPECT_ERROR(saved.error(), ErrorCode::parse);
        return 0;
    }
    auto text = saved_plan_to_json(*saved);
    auto again = saved_plan_from_json(text);
    LAW(again.has_value(), to_string(again.error()), "\n", text);
    LAW(saved_plan_to_json(*again) == text, text);
    const auto* plan = &saved->plan;
    for (const auto& file : plan->files)
        LAW(is_plain_path(file.path.str()) && is_plain_path(file.resolved.str()));
    for (const auto& dir : plan->dirs) LAW(is_plain_path(dir.path.str()));
    NodeFacts node;
    auto checked = plan::check_saved(*plan, node);
    if (!checked) {
        EXPECT_ERROR(checked.error(), ErrorCode::stale_plan);
        return 0;
    }
    for (const auto& file : plan->files) LAW(is_ours(file.path.str()), file.path.str());
    return 0;
}
