// mirrorctl's own state, its configuration, and builders that its files do not reach.
#include "base/strings.hpp"
#include "doctor/checks.hpp"

#include <algorithm>

namespace mirrorctl::doctor {

namespace {

// Somebody reloaded dockerd by hand: what it says itself outranks our record.
bool is_settled(const Scene& scene, const Pending& pending) {
    const auto& docker = scene.node.docker;
    if (pending.kind != ActivationKind::reload || pending.unit != docker.unit.name || !docker.live)
        return false;
    std::vector<Finding> differences;
    Sink sink("", Severity::note, differences);
    mirrors_not_live(scene, sink);
    mirrors_still_live(scene, sink);
    return differences.empty();
}

}  // namespace

void recovery_needed(const Scene& scene, Sink& sink) {
    if (scene.in.state.recovery_needed)
        sink.add(scene.in.state.dir.str(), "an earlier run was cut short in the middle",
                 "sudo mirrorctl recover");
}

void activation_pending(const Scene& scene, Sink& sink) {
    for (const auto& pending : scene.in.state.pending) {
        if (is_settled(scene, pending)) continue;
        sink.add(pending.unit.empty() ? scene.in.state.dir.str() : pending.unit,
                 cat("what was written is not live yet: ", printable_line(pending.reason, 300)),
                 "sudo mirrorctl apply --restart always   # may stop containers; without the option: when "
                 "that is safe");
    }
}

void file_drifted(const Scene& scene, Sink& sink) {
    for (const auto& [path, detail] : scene.in.state.drifted)
        sink.add(path, cat("somebody changed what mirrorctl wrote: ", detail),
                 "sudo mirrorctl apply   # writes it again; mirrorctl plan shows what that changes");
}

void state_corrupt(const Scene& scene, Sink& sink) {
    const auto& error = scene.in.state.error;
    if (error)
        sink.add(scene.in.state.dir.str(), cat("what is recorded there makes no sense: ", to_string(*error)),
                 "sudo mirrorctl reset   # works without it: files by their header, mirrors by the known "
                 "profiles");
}

void state_dir_open(const Scene& scene, Sink& sink) {
    auto mode = scene.in.state.mode.value_or(0);
    if ((mode & 0077U) == 0) return;
    sink.add(scene.in.state.dir.str(),
             cat("others can ", (mode & 0022U) != 0 ? "write to" : "look into",
                 " it, and it may hold copies of secret files"),
             "sudo chmod 0700 " + scene.in.state.dir.str());
}

void profile_unusable(const Scene& scene, Sink& sink) {
    const auto& profile = scene.in.profile;
    if (profile.error)
        sink.add(profile.name, cat("the profile cannot be used: ", to_string(*profile.error)),
                 profile.error->hint.empty() ? "mirrorctl profile list" : profile.error->hint);
}

void profile_stale(const Scene& scene, Sink& sink) {
    constexpr int kOldDays = 90;
    if (scene.in.profile.age_days > kOldDays)
        sink.add(scene.in.profile.name,
                 cat("the profile in use is ", scene.in.profile.age_days,
                     " days old: mirrors come and go within months"),
                 "update mirrorctl, or the profile and its as_of; mirrorctl bench tells which mirrors serve");
}

void config_yaml_invalid(const Scene& scene, Sink& sink) {
    const auto& error = scene.in.profile.config_error;
    if (error)
        sink.add("/etc/mirrorctl/config.yaml", cat("every other command stops at it: ", to_string(*error)),
                 error->hint.empty() ? "sudoedit /etc/mirrorctl/config.yaml" : error->hint);
}

void builder_not_covered(const Scene& scene, Sink& sink) {
    for (const auto& builder : scene.builders)
        if (builder.read && builder.mirrors.empty())
            sink.add(builder.file.str(),
                     cat("the builder ", printable_line(builder.name, 60), " (", builder.driver,
                         ") has a BuildKit of its own, which knows no mirror of docker.io"),
                     "docker buildx create --buildkitd-config FILE ...   # [registry.\"docker.io\"] mirrors "
                     "= [\"HOST\"]");
}

void builder_mirror_url(const Scene& scene, Sink& sink) {
    for (const auto& builder : scene.builders)
        for (const auto& mirror : builder.mirrors)
            if (has_scheme(mirror))
                sink.add(
                    builder.file.str(),
                    cat("the builder ", printable_line(builder.name, 60), " has the mirror ",
                        printable_line(mirror, 80), ": BuildKit wants HOST or HOST/PATH, without a scheme"),
                    "docker buildx create --buildkitd-config FILE ...");
}

}  // namespace mirrorctl::doctor
