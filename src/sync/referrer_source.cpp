#include "sync/referrer_source.hpp"

#include "base/strings.hpp"

#include <algorithm>

namespace mirrorctl::sync {

// Such a list is no content with a digest: the registry itself is asked, and where it cannot be reached, as
// is why there are mirrors, those whose word counts. One that did not answer is not asked for the next image.
Result<std::optional<registry::Manifest>> list_referrers(Engine::State& state, const Location& source,
                                                         const std::string& digest, int retries) {
    auto tags = state.tags.find(source);
    registry::Repository::ReferrersHint hint{.tags = tags == state.tags.end() ? nullptr : &tags->second,
                                             .retries = retries};
    auto places = state.hosts.readers(source, true);
    std::rotate(places.begin(), places.end() - 1, places.end());
    bool mirrored = state.options.mirrors.contains(source.registry);
    if (mirrored) hint.retries = 0;
    Result<std::optional<registry::Manifest>> list = Failure(
        Error{.code = ErrorCode::network, .message = cat(places.front().host().name(), " does not answer")});
    for (auto& place : places) {
        if (place.host().given_up()) continue;
        list = place.referrers(digest, hint);
        if (list || list.error().code != ErrorCode::network) return list;
        if (mirrored) place.host().blame(2);
    }
    return list;
}

}  // namespace mirrorctl::sync
