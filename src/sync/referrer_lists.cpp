#include "sync/referrer_lists.hpp"

#include "base/strings.hpp"
#include "registry/content.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace mirrorctl::sync {

namespace {

constexpr double kLookEvery = 0.02;  // seconds
constexpr double kSettled = 0.3;  // seconds: more than usually lies between another one's read and its write
constexpr int kTries = 3;
constexpr std::size_t kListsAtOnce = 8;

// One of them, byte by byte, if it has all that the other one has; `first` before `second`.
Result<std::string> whole_of(const std::string& first, const std::string& second) {
    TRY_ASSIGN(auto both, registry::merge_referrers(first, second));
    if (both == first) return both;
    TRY_ASSIGN(auto reverse, registry::merge_referrers(second, first));
    return reverse == second ? second : both;
}

}  // namespace

ReferrerLists::List& ReferrerLists::enter(registry::Repository& repository, const std::string& tag) {
    auto& list = lists_[{&repository, tag}];
    while (list.busy && !loop_.stopping()) loop_.sleep(kLookEvery);
    list.repository = &repository;
    list.tag = tag;
    list.busy = true;
    return list;
}

Result<void> ReferrerLists::note(registry::Repository& repository, const Tree& tree) {
    auto& list = enter(repository, registry::fallback_tag(tree.content.subject));
    if (list.media_type.empty()) list.media_type = "application/vnd.oci.image.index.v1+json";
    auto index =
        registry::list_referrer({.part = {.media_type = tree.content.media_type,
                                          .digest = tree.manifest.digest,
                                          .size = static_cast<std::int64_t>(tree.manifest.bytes.size())},
                                 .artifact_type = tree.content.artifact_type,
                                 .annotations = tree.content.annotations});
    auto held = hold(list, list.ours.empty() ? std::move(index) : whole_of(list.ours, index));
    list.busy = false;
    return held;
}

Result<std::string> ReferrerLists::copy(registry::Repository& repository, const std::string& tag,
                                        const registry::Manifest& manifest) {
    auto& list = enter(repository, tag);
    list.media_type = manifest.media_type;
    list.copied = true;
    auto held = hold(list, list.ours.empty() ? manifest.bytes : whole_of(manifest.bytes, list.ours));
    list.busy = false;
    if (held) return list.digest;
    if (held.error().code != ErrorCode::parse) return Failure(held.error());
    TRY_ASSIGN(auto stored, repository.put(tag, manifest));  // what was there was no list
    return stored.digest;
}

Result<void> ReferrerLists::hold(List& list, Result<std::string> index) {
    TRY_ASSIGN(list.ours, std::move(index));
    list.digest.clear();
    TRY(merge(list));
    return {};
}

// True: it was written. A copied list is not made anew if it says all: its digest is the source's then.
Result<bool> ReferrerLists::merge(List& list) {
    TRY_ASSIGN(auto head, list.repository->head(list.tag));
    if (head && !list.digest.empty() && head->digest == list.digest) return false;
    registry::Manifest next{.digest = {}, .media_type = list.media_type, .bytes = list.ours};
    if (head) {
        TRY_ASSIGN(auto have, list.repository->get(list.tag));
        TRY_ASSIGN(next.bytes,
                   list.copied ? whole_of(list.ours, have.bytes) : whole_of(have.bytes, list.ours));
        list.digest = have.digest;
        if (next.bytes == have.bytes) return false;
        if (next.bytes != list.ours) next.media_type = have.media_type;
    }
    next.digest = registry::digest_of(next.bytes);
    TRY(list.repository->put(list.tag, next));
    list.digest = next.digest;
    return true;
}

std::vector<std::string> ReferrerLists::settle() {
    std::vector<List*> open;
    for (auto& [key, list] : lists_)
        if (!list.digest.empty()) open.push_back(&list);
    for (int round = 0; round < kTries && !open.empty() && !loop_.stopping(); ++round) {
        // Two runs at once should not go in step.
        double chance = std::fmod(loop_.now() * 1e5, 1.0);
        loop_.sleep(kSettled * (1 << round) * (1 + chance));
        std::vector<List*> lacking;
        loop_.parallel(open.size(), kListsAtOnce, [&](std::size_t i) {
            auto wrote = merge(*open[i]);
            if (!wrote || *wrote) lacking.push_back(open[i]);
        });
        open = std::move(lacking);
    }
    std::vector<std::string> warnings;
    if (loop_.stopping()) return warnings;
    for (const auto* list : open)
        warnings.push_back(cat(list->repository->host().name(), "/", list->repository->name(), ":", list->tag,
                               ": somebody else writes this list of signatures and such, and takes ours out; "
                               "run it again when nothing else copies there"));
    return warnings;
}

}  // namespace mirrorctl::sync
