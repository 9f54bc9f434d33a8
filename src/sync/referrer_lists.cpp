#include "sync/referrer_lists.hpp"

#include "base/strings.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>

namespace mirrorctl::sync {

namespace {

constexpr double kTurn = 0.02;    // seconds
constexpr double kSettled = 0.3;  // seconds: more than usually lies between another one's read and its write
constexpr int kRounds = 3;
constexpr std::size_t kAtOnce = 8;

}  // namespace

Result<void> ReferrerLists::note(registry::Repository& repository, const Tree& tree) {
    auto tag = registry::fallback_tag(tree.content.subject);
    auto& list = lists_[{&repository, tag}];
    while (list.busy && !loop_.stopping()) loop_.sleep(kTurn);
    list.repository = &repository;
    list.tag = tag;
    list.ours.push_back({.part = {.media_type = tree.content.media_type,
                                  .digest = tree.manifest.digest,
                                  .size = static_cast<std::int64_t>(tree.manifest.bytes.size())},
                         .artifact_type = tree.content.artifact_type,
                         .annotations = tree.content.annotations});
    list.digest.clear();
    list.busy = true;
    auto merged = merge(list);
    list.busy = false;
    if (!merged) return Failure(merged.error());
    return {};
}

// True: something of ours was lacking, and the list was written.
Result<bool> ReferrerLists::merge(List& list) {
    TRY_ASSIGN(auto head, list.repository->head(list.tag));
    if (head && !list.digest.empty() && head->digest == list.digest) return false;
    registry::Manifest have{.digest = {}, .media_type = "application/vnd.oci.image.index.v1+json"};
    if (head) {
        TRY_ASSIGN(have, list.repository->get(list.tag));
    }
    auto bytes = have.bytes;
    for (const auto& referrer : list.ours) {
        TRY_ASSIGN(bytes, registry::add_referrer(bytes, referrer));
    }
    bool lacking = bytes != have.bytes;
    if (lacking) {
        have.bytes = std::move(bytes);
        have.digest = registry::digest_of(have.bytes);
        TRY(list.repository->put(list.tag, have));
    }
    list.digest = have.digest;
    return lacking;
}

std::vector<std::string> ReferrerLists::settle() {
    std::vector<List*> open;
    for (auto& [key, list] : lists_)
        if (!list.digest.empty()) open.push_back(&list);
    for (int round = 0; round < kRounds && !open.empty() && !loop_.stopping(); ++round) {
        // Two runs at once should not go in step.
        double chance = std::fmod(loop_.now() * 1e5, 1.0);
        loop_.sleep(kSettled * (1 << round) * (1 + chance));
        std::vector<List*> lacking;
        loop_.parallel(open.size(), kAtOnce, [&](std::size_t i) {
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
