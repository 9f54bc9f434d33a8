#include "plan/saved.hpp"

#include "base/strings.hpp"
#include "targets/target.hpp"

#include <algorithm>
#include <array>

namespace mirrorctl::plan {

namespace {

Failure refuse(std::string_view what, const std::string& object) {
    return Failure(Error{.code = ErrorCode::stale_plan,
                         .message = cat("refusing a saved plan: ", what, ": ", printable_line(object, 200)),
                         .hint = "make it again with `mirrorctl plan --out`; options that it was made with "
                                 "(--profile, --var, --user, proxies) have to be given again"});
}

constexpr std::array<std::string_view, 2> kUnits{"docker.service", "containerd.service"};

bool is_known_unit(const std::string& unit) {
    return unit.empty() || std::find(kUnits.begin(), kUnits.end(), unit) != kUnits.end();
}

const Mirror* find_mirror(const Upstream& upstream, const std::string& url) {
    auto it = std::find_if(upstream.mirrors.begin(), upstream.mirrors.end(),
                           [&](const Mirror& mirror) { return mirror.url.masked() == url; });
    return it == upstream.mirrors.end() ? nullptr : &*it;
}

Result<DesiredUpstream> desired_upstream(const Upstream& upstream, const std::vector<WishedMirror>& wished) {
    DesiredUpstream desired{
        .name = upstream.name, .origin = upstream.origin, .fallback = upstream.fallback, .mirrors = {}};
    for (const auto& wish : wished) {
        const auto* mirror = find_mirror(upstream, wish.url);
        if (mirror == nullptr) return refuse("a mirror that the profile does not have", wish.url);
        desired.mirrors.push_back({.mirror = *mirror,
                                   .may_resolve = wish.may_resolve && mirror->trust != Trust::pull,
                                   .measured = wish.measured,
                                   .predicted_pull_s = wish.predicted_pull_s});
    }
    return desired;
}

// The secrets of a file are compared like everything else, and never named.
bool same_change(const FileChange& a, const FileChange& b) {
    return a.path == b.path && a.resolved == b.resolved && a.target == b.target && a.before == b.before &&
           a.after == b.after;
}

bool same_dir(const DirChange& a, const DirChange& b) {
    return a.path == b.path && a.meta == b.meta && a.create == b.create;
}

// A restart that was shown covers a reload of the same unit.
bool is_shown(const Activation& step, const Plan& saved) {
    auto covers = [&](const std::string& unit, ActivationKind kind) {
        return unit == step.unit && (kind == step.kind || (kind == ActivationKind::restart &&
                                                           step.kind == ActivationKind::reload));
    };
    return std::any_of(saved.activations.begin(), saved.activations.end(),
                       [&](const Activation& a) { return covers(a.unit, a.kind); }) ||
           std::any_of(saved.pending.begin(), saved.pending.end(),
                       [&](const Pending& p) { return covers(p.unit, p.kind); });
}

// Objects of both plans, one by one; what one has more than the other is a difference too.
template <class T, class Same>
const T* first_difference(const std::vector<T>& saved, const std::vector<T>& remade, Same same) {
    auto [in_saved, in_remade] =
        std::mismatch(saved.begin(), saved.end(), remade.begin(), remade.end(), same);
    if (in_saved != saved.end()) return &*in_saved;
    return in_remade != remade.end() ? &*in_remade : nullptr;
}

}  // namespace

Wish wish_of(const DesiredState& desired) {
    Wish wish;
    for (const auto& upstream : desired.upstreams) {
        auto& list = wish.mirrors[upstream.name];
        for (const auto& chosen : upstream.mirrors)
            list.push_back({.url = chosen.mirror.url.masked(),
                            .may_resolve = chosen.may_resolve,
                            .measured = chosen.measured,
                            .predicted_pull_s = chosen.predicted_pull_s});
    }
    return wish;
}

Result<DesiredState> desired_of(const Wish& wish, const Profile& profile) {
    DesiredState desired;
    desired.keep = profile.policy.keep;
    for (const auto& [name, mirrors] : wish.mirrors)
        if (profile.find(name) == nullptr) return refuse("a registry that the profile does not have", name);
    for (const auto& upstream : profile.upstreams) {
        auto wished = wish.mirrors.find(upstream.name);
        if (wished == wish.mirrors.end()) {
            desired.untouched.push_back(upstream.name);
            continue;
        }
        TRY_ASSIGN(auto made, desired_upstream(upstream, wished->second));
        desired.upstreams.push_back(std::move(made));
    }
    return desired;
}

Result<void> check_remade(const Plan& saved, const Plan& remade) {
    constexpr std::string_view kOther = "this node would write something else";
    if (const auto* file = first_difference(saved.files, remade.files, same_change))
        return refuse(kOther, file->path.str());
    if (const auto* dir = first_difference(saved.dirs, remade.dirs, same_dir))
        return refuse(kOther, dir->path.str());
    for (const auto& step : remade.activations)
        if (!is_shown(step, saved))
            return refuse("it does not show what has to be done now",
                          cat(name_of(step.kind), " ", step.unit));
    return {};
}

Result<void> check_saved(const Plan& plan, const NodeFacts& node) {
    for (const auto& file : plan.files) {
        const auto* target = targets::find_target(file.target);
        if (target == nullptr) return refuse("unknown target", file.target);
        if (target->codec_for(node, file.path) == nullptr)
            return refuse("a path that " + file.target + " never writes", file.path.str());
    }
    for (const auto& dir : plan.dirs) {
        bool on_the_way = std::any_of(plan.files.begin(), plan.files.end(), [&](const FileChange& file) {
            return file.resolved.str().starts_with(dir.path.str() + "/") ||
                   file.path.str().starts_with(dir.path.str() + "/");
        });
        if (!on_the_way) return refuse("a directory that no file needs", dir.path.str());
    }
    for (const auto& activation : plan.activations)
        if (!is_known_unit(activation.unit)) return refuse("a unit that we never touch", activation.unit);
    for (const auto& pending : plan.pending)
        if (!is_known_unit(pending.unit)) return refuse("a unit that we never touch", pending.unit);
    return {};
}

}  // namespace mirrorctl::plan
