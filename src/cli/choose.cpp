#include "cli/choose.hpp"

#include "base/strings.hpp"
#include "base/url.hpp"
#include "plan/planner.hpp"
#include "plan/status.hpp"

#include <algorithm>

namespace mirrorctl::cli {

namespace {

using TargetList = std::vector<const targets::Target*>;

// One that another one has replaced on this node comes along, to take out what it wrote before.
bool takes_part(const targets::Target& target, const NodeFacts& node) {
    if (target.purpose != targets::Purpose::mirrors) return false;
    if (target.detect(node).detected) return true;
    const auto* other = target.yields_to == nullptr ? nullptr : targets::find_target(target.yields_to(node));
    return other != nullptr && other->detect(node).detected;
}

TargetList detected_targets(const NodeFacts& node) {
    TargetList found;
    for (const auto* target : targets::catalog())
        if (takes_part(*target, node)) found.push_back(target);
    return found;
}

// Named together, two files of one engine would hold the same mirrors, and one of them would not count.
Result<void> check_together(const TargetList& named, const NodeFacts& node) {
    for (const auto* target : named)
        if (plan::yields(*target, node, named, false))
            return Failure(Error{
                .code = ErrorCode::conflict,
                .message = cat("cannot write both ", target->name, " and ", target->yields_to(node), ": ",
                               target->engine, " takes its mirrors from one of them"),
                .hint = cat("leave out --target ", target->name, ": on this node the other one is right")});
    return {};
}

void drop(TargetList& list, targets::Purpose purpose) {
    std::erase_if(list, [&](const targets::Target* target) { return target->purpose == purpose; });
}

void add_missing(TargetList& list, const TargetList& more) {
    for (const auto* target : more)
        if (std::find(list.begin(), list.end(), target) == list.end()) list.push_back(target);
}

Result<void> leave_out_held(Node& node, const ApplyOptions& options, Choice& choice) {
    if (options.fresh) return {};
    auto held = txn::held_back(node.state_view(), node.fs());
    // `plan` by a user who may not read the state directory shows what root would get.
    if (!held && held.error().code == ErrorCode::permission_denied) return {};
    if (!held) return Failure(std::move(held).error());
    for (auto& one : *held)
        if (std::erase_if(choice.targets, [&](const auto* target) { return target->name == one.target; }) > 0)
            choice.held.push_back(std::move(one));
    return {};
}

// What the docker and containerd files of ours say now, best first.
std::map<std::string, std::vector<std::string>> current_mirrors(Node& node, const TargetList& chosen,
                                                                const Ownership& owned) {
    std::map<std::string, std::vector<std::string>> current;
    for (const auto* target : chosen) {
        if (target->upstream_of == nullptr) continue;
        for (const auto& [path, file] : owned.files) {
            const auto* codec = file.target == target->name ? target->codec_for(node.facts(), path) : nullptr;
            if (codec == nullptr || codec->mirrors_key.empty()) continue;
            auto& list = current[target->upstream_of(path)];
            for (const auto& url : plan::our_mirrors(node.fs(), *codec, path, owned))
                if (std::none_of(list.begin(), list.end(),
                                 [&](const auto& known) { return same_mirror(known, url); }))
                    list.push_back(url);
        }
    }
    return current;
}

// Which file dockerd reads depends on its version: one that no package manager knows has to be asked.
const NodeFacts& facts_for_choice(Node& node) {
    const auto& docker = node.facts().docker;
    return docker.variant == "rootful" && docker.installed && !docker.version ? node.asked_facts()
                                                                              : node.facts();
}

}  // namespace

Result<Choice> choose(Node& node, const Profile& profile, const ApplyOptions& options, bool proxies_managed,
                      const Ownership& owned) {
    Choice choice;
    const auto& facts = facts_for_choice(node);
    choice.forced = !options.targets.empty();
    auto names = choice.forced ? options.targets : node.config().targets;
    if (names.empty()) {
        choice.targets = detected_targets(facts);
        if (proxies_managed) {
            TRY_ASSIGN(auto proxies, plan::find_targets(profile.proxy.targets));
            add_missing(choice.targets, proxies);
        }
    } else {
        TRY_ASSIGN(choice.targets, plan::find_targets(names));
        if (choice.forced) TRY(check_together(choice.targets, facts));
        if (!proxies_managed) drop(choice.targets, targets::Purpose::proxy);
    }
    TRY(leave_out_held(node, options, choice));
    for (const auto& upstream : profile.upstreams) {
        bool wanted = options.profile.upstreams.empty() ||
                      std::find(options.profile.upstreams.begin(), options.profile.upstreams.end(),
                                upstream.name) != options.profile.upstreams.end();
        bool served =
            std::any_of(choice.targets.begin(), choice.targets.end(), [&](const targets::Target* target) {
                return !plan::yields(*target, facts, choice.targets, choice.forced) &&
                       target->serves(facts, upstream.name);
            });
        if (wanted && served) choice.upstreams.push_back(upstream.name);
    }
    choice.current = current_mirrors(node, choice.targets, owned);
    return choice;
}

}  // namespace mirrorctl::cli
