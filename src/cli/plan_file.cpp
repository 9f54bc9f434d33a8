#include "cli/plan_file.hpp"

#include "base/strings.hpp"
#include "cli/out_file.hpp"
#include "model/json/saved_plan_json.hpp"
#include "plan/saved.hpp"

#include <algorithm>

namespace mirrorctl::cli {

namespace {

// Who may give root a plan: root, the user that we are, and the one who asked for it through sudo.
std::vector<std::uint32_t> trusted_owners(Node& node) {
    std::vector<std::uint32_t> owners{node.world().uid, 0};
    if (auto sudo = node.world().env("SUDO_UID"))
        if (auto uid = parse_integer(*sudo); uid && *uid >= 0 && *uid <= UINT32_MAX)
            owners.push_back(static_cast<std::uint32_t>(*uid));
    return owners;
}

Result<std::string> read_trusted(Node& node, const TargetPath& path) {
    TRY_ASSIGN(auto info, node.host().stat(path));
    auto refuse = [&](std::string_view why, std::string hint) {
        return Failure(Error{.code = ErrorCode::unsafe_path,
                             .message = cat("refusing a saved plan: ", path.str(), ": ", why),
                             .hint = std::move(hint)});
    };
    auto owners = trusted_owners(node);
    if (info.type != sys::FileType::regular) return refuse("not a regular file", "give the file itself");
    if (std::find(owners.begin(), owners.end(), info.meta.uid) == owners.end())
        return refuse("it belongs to another user", "make your own: sudo mirrorctl plan --out FILE");
    if ((info.meta.mode & 0022U) != 0)
        return refuse("others can write to it", cat("chmod 600 ", path.str(), ", and look at it again"));
    // The owner is asked of the opened file once more.
    return node.host().read_of(path, info.meta.uid);
}

Result<void> check_options(const ApplyOptions& options, const Plan& plan) {
    bool in_place = std::any_of(plan.files.begin(), plan.files.end(),
                                [](const FileChange& file) { return file.allow_in_place; });
    if (in_place && !options.allow_in_place)
        return Failure(Error{.code = ErrorCode::usage,
                             .message = "the plan was made with --allow-in-place, which is not atomic",
                             .hint = "if that is what you want, give it again: sudo mirrorctl apply "
                                     "--allow-in-place FILE"});
    return {};
}

}  // namespace

Result<void> save_plan(Node& node, const std::string& file, const SavedPlan& saved) {
    auto text = saved_plan_to_json(saved);
    if (text.size() > kSavedPlanLimit)
        return Failure(
            Error{.code = ErrorCode::unsupported_layout,
                  .message = cat("cannot write the plan: ", printable_line(file, 200), ": larger than 4 MiB"),
                  .hint = "narrow it with --target"});
    return write_out_file(node, {.path = file, .what = "the plan"}, text);
}

Result<SavedPlan> read_saved_plan(Node& node, const ApplyOptions& options) {
    TRY_ASSIGN(auto text, read_trusted(node, node.host_path(options.plan_file)));
    TRY_ASSIGN(auto saved, saved_plan_from_json(text));
    if (saved.plan.root != node.root())
        return Failure(
            Error{.code = ErrorCode::stale_plan,
                  .message = cat("the plan is for another root: ", printable_line(saved.plan.root, 80))});
    TRY(plan::check_saved(saved.plan, node.facts()));
    TRY(check_options(options, saved.plan));
    return saved;
}

Result<std::string> profile_of_plan(Node& node, const ApplyOptions& options, const Plan& plan) {
    std::vector<std::string> candidates;
    auto names = profile::profile_names(node.fs());
    if (!options.profile.profile.empty()) {
        candidates.push_back(options.profile.profile);
    } else {
        if (std::find(names.begin(), names.end(), plan.profile.name) != names.end())
            candidates.push_back(plan.profile.name);
        if (!node.config().profile.empty()) candidates.push_back(node.config().profile);
    }
    for (const auto& candidate : candidates) {
        auto asked = options.profile;
        asked.profile = candidate;
        auto loaded = node.load_profile(asked);
        if (!loaded && !options.profile.profile.empty()) return Failure(loaded.error());
        if (loaded && loaded->profile.sha256 == plan.profile.sha256) return candidate;
    }
    return Failure(
        Error{.code = ErrorCode::stale_plan,
              .message = cat("refusing a saved plan: its profile is not to be found here as it was then: ",
                             printable_line(plan.profile.name, 80)),
              .hint = "give it again: sudo mirrorctl apply FILE --profile P, with the same --var"});
}

}  // namespace mirrorctl::cli
