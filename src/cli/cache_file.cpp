#include "cli/cache_file.hpp"

#include "base/strings.hpp"

#include <algorithm>

namespace mirrorctl::cli {

namespace {

struct Place {
    sys::Fs& fs;
    TargetPath path;
    bool in_state = false;
};

Place cache_place(Node& node) {
    const auto& state = node.state();
    if (state.fs.can_write(state.dir / "bench.json")) return {state.fs, state.dir / "bench.json", true};
    auto base = node.world().env("XDG_CACHE_HOME").value_or("");
    if (!base.starts_with('/')) {
        auto home = node.world().env("HOME").value_or("");
        base = home.starts_with('/') ? home + "/.cache" : "";
    }
    if (base.empty()) return {state.fs, state.dir / "bench.json", true};
    return {node.host(), TargetPath(base) / "mirrorctl" / "bench.json", false};
}

// Somebody else's cache (HOME often outlives sudo) is neither believed nor written to.
bool is_ours(Node& node, const Place& place) {
    if (place.in_state) return true;
    for (auto at = place.path; !at.empty(); at = at.parent()) {
        auto resolved = place.fs.resolve(at);
        auto info = resolved ? place.fs.stat(*resolved) : Result<sys::FileInfo>(Failure(resolved.error()));
        if (info) return info->meta.uid == node.world().uid;
        if (info.error().code != ErrorCode::not_found || at.str() == "/") return false;
    }
    return false;
}

Result<void> make_parents(Node& node, sys::Fs& fs, const TargetPath& dir) {
    if (fs.stat(dir) || dir.str() == "/") return {};
    TRY(make_parents(node, fs, dir.parent()));
    TRY_ASSIGN(auto parent, fs.stat(dir.parent()));
    return fs.make_dir(dir, {.mode = 0700, .uid = node.world().uid, .gid = parent.meta.gid});
}

Result<void> prepare(Node& node, const Place& place) {
    if (!is_ours(node, place))
        return Failure(
            Error{.code = ErrorCode::unsafe_path,
                  .message = cat("not our cache: ", place.path.str(), ": it belongs to somebody else")});
    if (place.in_state) return txn::prepare_state_dir(node.state());
    return make_parents(node, place.fs, place.path.parent());
}

// Whole or not at all; it need not survive a power loss.
Result<void> save(Node& node, const Place& place, const std::string& text) {
    TRY_ASSIGN(auto parent, place.fs.stat(place.path.parent()));
    auto temp = place.path.parent() / ".bench.json.new";
    (void)place.fs.remove_file(temp);
    TRY(place.fs.write_new(temp, text, {.mode = 0600, .uid = node.world().uid, .gid = parent.meta.gid}));
    return place.fs.rename(temp, place.path);
}

// A run holds the state's own lock while it measures, so bench.json has another one.
Result<bench::RankingCache> change_file(Node& node, const CacheChange& change) {
    constexpr double kLockSeconds = 5;
    auto place = cache_place(node);
    TRY(prepare(node, place));
    TRY_ASSIGN(auto lock, place.fs.lock(place.path.parent() / "bench.lock", kLockSeconds));
    std::vector<Warning> said_before;
    auto cache = read_cache(node, said_before).value_or(bench::RankingCache{});
    change(cache);
    TRY(save(node, place, bench::cache_to_text(cache)));
    return cache;
}

}  // namespace

std::optional<bench::RankingCache> read_cache(Node& node, std::vector<Warning>& warnings) {
    auto place = cache_place(node);
    if (!is_ours(node, place)) return std::nullopt;
    auto text = place.fs.read(place.path);
    if (!text) return std::nullopt;
    auto cache = bench::cache_from_text(*text);
    if (cache) return *cache;
    warnings.push_back(
        {.code = "cache_damaged",
         .message = cat("the saved ranking cannot be read and is ignored: ", to_string(cache.error()))});
    return std::nullopt;
}

std::optional<bench::RankingCache> change_cache(Node& node, const CacheChange& change,
                                                std::vector<Warning>& warnings) {
    auto cache = change_file(node, change);
    if (cache) return *cache;
    bool said = std::any_of(warnings.begin(), warnings.end(),
                            [](const Warning& warning) { return warning.code == "cache_not_saved"; });
    if (!said)
        warnings.push_back({.code = "cache_not_saved",
                            .message = cat("the ranking could not be saved: ", to_string(cache.error()))});
    return std::nullopt;
}

}  // namespace mirrorctl::cli
