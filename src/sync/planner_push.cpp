// Of class Planner: what the destinations say before the first byte.
#include "base/strings.hpp"
#include "sync/planner.hpp"

#include <set>

namespace mirrorctl::sync {

namespace {

constexpr std::size_t kPushesAtOnce = 16;
constexpr std::int64_t kNotWorthAsking = 32 * 1024;  // bytes: sending them costs no more than the question
using Action = PlannedImage::Action;

}  // namespace

Result<void> Planner::check_push(const Location& location) {
    auto& repository = state_.hosts.repository(location);
    auto allowed = repository.check_push();
    bool no_project = !allowed && allowed.error().cause == 401 &&
                      allowed.error().hint.find("--create-project") != std::string::npos;
    if (!no_project || !state_.options.create_projects) return allowed;
    TRY(repository.create_project());
    return repository.check_push();
}

void Planner::check_pushes() {
    std::set<Location> wanted;
    for (const auto& image : plan_.images)
        if (image.action == Action::copy) wanted.insert(image.destination.location);
    std::vector<Location> list(wanted.begin(), wanted.end());
    std::map<Location, Error> bad;
    // Projects are created one after another: two repositories may want the same one.
    state_.loop.parallel(list.size(), state_.options.create_projects ? 1 : kPushesAtOnce, [&](std::size_t i) {
        if (auto allowed = check_push(list[i]); !allowed) bad.emplace(list[i], allowed.error());
    });
    for (std::size_t i = 0; i < plan_.images.size(); ++i) {
        auto& image = plan_.images[i];
        auto found = bad.find(image.destination.location);
        if (image.action != Action::copy || found == bad.end()) continue;
        image.action = Action::leave_out;
        image.why = found->second.message;
        state_.trees[i] = nullptr;
        refuse(image.rule, found->second, image.source, image.destination);
    }
    std::vector<PlannedImage> kept;
    std::vector<std::shared_ptr<const Tree>> trees;
    for (std::size_t i = 0; i < plan_.images.size(); ++i) {
        if (bad.contains(plan_.images[i].destination.location) && plan_.images[i].action == Action::leave_out)
            continue;  // it stands among the refusals
        kept.push_back(std::move(plan_.images[i]));
        trees.push_back(std::move(state_.trees[i]));
    }
    plan_.images = std::move(kept);
    state_.trees = std::move(trees);
}

// In a repository without tags most blobs are not there, and small ones are sent without asking.
void Planner::look_for_blobs() {
    std::set<std::pair<Location, std::string>> wanted;
    for (std::size_t i = 0; i < plan_.images.size(); ++i) {
        if (!state_.trees[i]) continue;
        const auto& location = plan_.images[i].destination.location;
        auto tags = state_.tags.find(location);
        bool empty = tags != state_.tags.end() && tags->second.empty();
        for (const auto& blob : blobs_of(*state_.trees[i]))
            if (!empty || blob.size > kNotWorthAsking) wanted.emplace(location, blob.digest);
    }
    std::vector<std::pair<Location, std::string>> list(wanted.begin(), wanted.end());
    state_.loop.parallel(list.size(), kPushesAtOnce, [&](std::size_t i) {
        auto has = state_.hosts.repository(list[i].first).has_blob(list[i].second);
        state_.there[list[i]] = has && *has;
    });
}

void Planner::count_bytes() {
    std::set<std::string> read;
    std::set<std::pair<std::string, std::string>> written;  // registry and digest: others mount
    for (std::size_t i = 0; i < plan_.images.size(); ++i) {
        if (!state_.trees[i]) continue;
        auto& image = plan_.images[i];
        for (const auto& blob : blobs_of(*state_.trees[i])) {
            if (state_.there[{image.destination.location, blob.digest}]) continue;
            image.bytes += blob.size;
            if (read.insert(blob.digest).second) plan_.source_bytes += blob.size;
            if (written.emplace(image.destination.location.registry, blob.digest).second)
                plan_.destination_bytes += blob.size;
        }
    }
    plan_.blobs = read.size();
}

}  // namespace mirrorctl::sync
