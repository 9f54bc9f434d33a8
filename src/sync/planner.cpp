#include "sync/planner.hpp"

#include "base/strings.hpp"
#include "registry/content.hpp"
#include "sync/referrer_source.hpp"

#include <algorithm>
#include <numeric>
#include <set>
#include <tuple>
#include <utility>

namespace mirrorctl::sync {

namespace {

constexpr std::size_t kMostTags = 100'000;
constexpr std::size_t kAtOnce = 16;
constexpr std::size_t kManyTags = 16;  // wanted in one repository
constexpr double kTurn = 0.005;        // seconds

}  // namespace

SyncPlan Planner::run() {
    auto& loop = state_.loop;
    loop.parallel(rules_.size(), kAtOnce, [&](std::size_t i) { expand(i); });
    std::stable_sort(wishes_.begin(), wishes_.end(),
                     [](const auto& a, const auto& b) { return a.rule < b.rule; });
    refuse_clashes();
    list_destinations();
    loop.parallel(wishes_.size(), kAtOnce, [&](std::size_t i) { look_at(wishes_[i]); });
    keep_order();
    check_pushes();
    look_for_blobs();
    count_bytes();
    plan_.quota_exhausted = state_.hosts.exhausted();
    for (auto& warning : state_.hosts.take_warnings()) plan_.warnings.push_back(std::move(warning));
    return std::move(plan_);
}

void Planner::refuse(std::size_t rule, Error error, const Source& source, const Destination& destination) {
    const auto& where = rules_[rule].where;
    if (!where.file.empty()) error.location = where;
    plan_.refusals.push_back(
        {.rule = rule, .source = source, .destination = destination, .error = std::move(error)});
}

void Planner::expand(std::size_t index) {
    const auto& rule = rules_[index];
    const auto& selector = rule.selector;
    if (selector.kind == Selector::Kind::digest)
        return add(index, {.location = rule.source, .tag = selector.tag, .digest = selector.digest}, true);
    if (selector.kind == Selector::Kind::tags) {
        for (const auto& tag : selector.tags)
            add(index, {.location = rule.source, .tag = tag}, selector.tags.size() == 1);
        return;
    }
    auto tags = state_.hosts.repository(rule.source).tags(kMostTags);
    if (!tags) return refuse(index, tags.error());
    state_.tags[rule.source] = {tags->begin(), tags->end()};
    if (selector.kind == Selector::Kind::pattern)
        std::erase_if(*tags, [&](const auto& tag) { return !selector.matches(tag); });
    if (tags->empty())
        plan_.warnings.push_back(cat(rule.text.empty() ? rule.source.str() : rule.text, ": no tag matches"));
    std::sort(tags->begin(), tags->end());
    for (const auto& tag : *tags) add(index, {.location = rule.source, .tag = tag}, tags->size() == 1);
}

void Planner::add(std::size_t rule, Source source, bool only) {
    Wish wish{.rule = rule, .source = std::move(source), .destinations = {}};
    for (auto destination : rules_[rule].destinations) {
        if (!destination.tag.empty() && !only) {
            refuse(rule,
                   {.code = ErrorCode::usage,
                    .message = cat("rule refused: ", destination.str(), ": several tags cannot become one"),
                    .hint = "leave the tag of the destination out, or select one tag"});
            continue;
        }
        if (destination.tag.empty()) destination.tag = wish.source.tag;
        if (destination.location == wish.source.location && destination.tag == wish.source.tag) {
            refuse(
                rule,
                {.code = ErrorCode::usage,
                 .message = cat("rule refused: ", destination.str(), ": source and destination are the same"),
                 .hint = "name another repository or tag as destination"},
                wish.source, destination);
            continue;
        }
        auto known = std::find(wish.destinations.begin(), wish.destinations.end(), destination);
        if (known == wish.destinations.end()) wish.destinations.push_back(std::move(destination));
    }
    if (!wish.destinations.empty()) wishes_.push_back(std::move(wish));
}

// Two sources that would land on one name: neither is copied.
void Planner::refuse_clashes() {
    std::map<Destination, std::set<Source>> takers;
    for (const auto& wish : wishes_)
        for (const auto& destination : wish.destinations)
            if (!destination.tag.empty()) takers[destination].insert(wish.source);
    std::set<std::pair<Destination, Source>> done;
    for (auto& wish : wishes_)
        std::erase_if(wish.destinations, [&](const Destination& destination) {
            auto found = takers.find(destination);
            bool twice = !done.emplace(destination, wish.source).second;
            if (found == takers.end() || found->second.size() < 2) return twice;
            auto other = std::find_if(found->second.begin(), found->second.end(),
                                      [&](const Source& source) { return source != wish.source; });
            refuse(wish.rule,
                   {.code = ErrorCode::conflict,
                    .message = cat("two images for one name: ", destination.str(), ": ", wish.source.str(),
                                   " and ", other->str()),
                    .hint = "give one of them another repository or tag (--keep-path keeps the whole path)"},
                   wish.source, destination);
            return true;
        });
}

// Where many tags are wanted, one list says which are not there at all. It does not matter if it cannot be
// had.
void Planner::list_destinations() {
    std::map<Location, std::size_t> wanted;
    for (const auto& wish : wishes_)
        for (const auto& destination : wish.destinations)
            if (!destination.tag.empty()) ++wanted[destination.location];
    std::erase_if(wanted, [](const auto& entry) { return entry.second < kManyTags; });
    std::vector<std::pair<Location, std::size_t>> list(wanted.begin(), wanted.end());
    state_.loop.parallel(list.size(), kAtOnce, [&](std::size_t i) {
        const auto& [location, count] = list[i];
        auto tags = state_.hosts.repository(location).tags(count * kManyTags);
        if (tags)
            state_.tags[location] = {tags->begin(), tags->end()};
        else if (tags.error().cause == 404)
            state_.tags[location] = {};
    });
}

bool Planner::lacks(const Destination& destination) const {
    auto known = state_.tags.find(destination.location);
    return !destination.tag.empty() && known != state_.tags.end() && !known->second.contains(destination.tag);
}

bool Planner::lacks_all(const Wish& wish) const {
    return std::all_of(wish.destinations.begin(), wish.destinations.end(),
                       [&](const auto& destination) { return lacks(destination); });
}

// What nobody has yet is read at once where its tag is known: the answer holds the digest.
void Planner::look_at(const Wish& wish) {
    if (wish.destinations.empty() || state_.loop.stopping()) return;
    bool mirrored = state_.options.mirrors.contains(wish.source.location.registry);
    if (wish.source.digest.empty() && !mirrored && lacks_all(wish))
        return plan_copy(wish, images_of(wish, {}));
    Result<std::optional<registry::ManifestHead>> head;
    for (auto& place : state_.hosts.readers(wish.source.location, wish.source.digest.empty())) {
        head = place.head(wish.source.target());
        if (head && *head) break;
    }
    if (!head) return refuse(wish.rule, head.error(), wish.source);
    if (!*head)
        return refuse(
            wish.rule,
            {.code = ErrorCode::not_found,
             .message = cat("no such image: ", wish.source.str(), ": the registry does not have it"),
             .hint = "check repository and tag",
             .cause = 404},
            wish.source);
    compare(wish, wish.source.digest.empty() ? (*head)->digest : wish.source.digest);
}

std::vector<PlannedImage> Planner::images_of(const Wish& wish, const std::string& source_digest) {
    std::vector<PlannedImage> images;
    for (const auto& destination : wish.destinations)
        images.push_back({.rule = wish.rule,
                          .source = wish.source,
                          .destination = destination,
                          .source_digest = source_digest,
                          .digest = source_digest});
    return images;
}

// With a filter the digest at the destination is known only once the index has been read.
void Planner::compare(const Wish& wish, const std::string& source_digest) {
    std::vector<PlannedImage> images;
    bool telling = !state_.options.filters() && !state_.options.force && !source_digest.empty();
    for (auto& image : images_of(wish, source_digest)) {
        const auto& destination = image.destination;
        if (telling && !lacks(destination)) {
            auto have = state_.hosts.repository(destination.location)
                            .head(destination.tag.empty() ? source_digest : destination.tag);
            if (!have && have.error().code == ErrorCode::interrupted) return;
            bool same = have && *have && (*have)->digest == source_digest;
            if (have && *have && !same && lists_more(wish.source.location, source_digest, destination)) {
                same = true;
                image.digest = (*have)->digest;
            }
            if (same && lacks_referrers(wish.source.location, source_digest, destination)) {
                same = false;
                image.notes.emplace_back(
                    "the image was there, not all that refers to it (signatures and such)");
            }
            if (same) {
                image.action = PlannedImage::Action::up_to_date;
                image.why = "the destination has it";
                plan_.images.push_back(std::move(image));
                state_.trees.emplace_back();
                continue;
            }
        }
        images.push_back(std::move(image));
    }
    if (!images.empty()) plan_copy(wish, std::move(images));
}

// What came later than the image. The first answer of a registry says whether it has an API for that, so the
// others wait for it; one that fails is not asked for the next image.
bool Planner::lacks_referrers(const Location& source, const std::string& digest,
                              const Destination& destination) {
    if (!state_.options.referrers) return false;
    auto [known, first] = listings_.emplace(source.registry, Listing::asked_first);
    while (!first && known->second == Listing::asked_first && !state_.loop.stopping())
        state_.loop.sleep(kTurn);
    if (known->second == Listing::fails) return false;
    auto list = list_referrers(state_, source, digest, 0);
    if (!list && std::exchange(known->second, Listing::fails) != Listing::fails)
        plan_.warnings.push_back(cat("not looked for new signatures and such: ", list.error().message));
    if (list && known->second == Listing::asked_first) known->second = Listing::works;
    if (!list || !*list) return false;
    auto content = registry::read_content((*list)->bytes, (*list)->media_type);
    if (!content) return false;
    auto& there = state_.hosts.repository(destination.location);
    return std::any_of(content->children.begin(), content->children.end(), [&](const auto& child) {
        auto head = there.head(child.digest);
        return head && !*head;
    });
}

// A list of referrers may have more at the destination, what was signed there, and lack nothing.
bool Planner::lists_more(const Location& source, const std::string& digest, const Destination& destination) {
    if (!registry::is_fallback_tag(destination.tag)) return false;
    auto list = state_.hosts.repository(source).get(digest);
    auto there = state_.hosts.repository(destination.location).get(destination.tag);
    if (!list || !there) return false;
    auto both = registry::merge_referrers(there->bytes, list->bytes);
    auto reverse = registry::merge_referrers(list->bytes, there->bytes);
    return both && *both == there->bytes && *reverse != list->bytes;
}

void Planner::plan_copy(const Wish& wish, std::vector<PlannedImage> images) {
    auto target = images.front().source_digest.empty() ? wish.source.target() : images.front().source_digest;
    auto read = TreeReader(state_.hosts, state_.options).read(wish.source.location, target);
    if (!read) return refuse(wish.rule, read.error(), wish.source);
    if (!read->tree && !state_.options.allow_missing_platform && !read->notes.empty() &&
        read->notes.front().starts_with("the index"))
        return refuse(wish.rule,
                      {.code = ErrorCode::not_found,
                       .message = cat("no such platform: ", wish.source.str(), ": ", read->notes.front()),
                       .hint = "check --os and --arch, or leave them out"},
                      wish.source);
    for (auto& image : images) {
        image.notes.insert(image.notes.end(), read->notes.begin(), read->notes.end());
        if (image.source_digest.empty()) image.source_digest = read->read_digest;
        if (!read->tree) {
            image.action = PlannedImage::Action::leave_out;
            image.why = read->notes.empty() ? "no manifest of it is wanted" : read->notes.front();
        } else {
            image.digest = read->tree->manifest.digest;
            bool same = state_.options.filters() && !state_.options.force && has(image);
            if (same) {
                image.action = PlannedImage::Action::up_to_date;
                image.why = "the destination has it";
            }
        }
        bool copy = image.action == PlannedImage::Action::copy;
        plan_.images.push_back(std::move(image));
        state_.trees.push_back(copy ? read->tree : nullptr);
    }
}

// Asked only where what is there can be what will be: with a filter.
bool Planner::has(const PlannedImage& image) {
    const auto& destination = image.destination;
    if (lacks(destination)) return false;
    auto have = state_.hosts.repository(destination.location)
                    .head(destination.tag.empty() ? image.digest : destination.tag);
    return have && *have && (*have)->digest == image.digest;
}

// Answers came in any order; people read the order of their rules.
void Planner::keep_order() {
    std::vector<std::size_t> order(plan_.images.size());
    std::iota(order.begin(), order.end(), 0U);
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) {
        const auto& x = plan_.images[a];
        const auto& y = plan_.images[b];
        return std::tie(x.rule, x.source, x.destination) < std::tie(y.rule, y.source, y.destination);
    });
    std::vector<PlannedImage> images;
    std::vector<std::shared_ptr<const Tree>> trees;
    for (auto i : order) {
        images.push_back(std::move(plan_.images[i]));
        trees.push_back(std::move(state_.trees[i]));
    }
    plan_.images = std::move(images);
    state_.trees = std::move(trees);
}

}  // namespace mirrorctl::sync
