// --emit-profile: a private registry that keeps paths is a mirror.
#include "base/strings.hpp"
#include "cli/sync_outputs.hpp"

#include <algorithm>
#include <optional>

namespace mirrorctl::cli {

namespace {

// What stands in front of the source's repository at the destination: "" or "project"; nullopt if the path
// is not kept.
std::optional<std::string> prefix_of(const std::string& destination, const std::string& source) {
    if (destination == source) return "";
    if (!destination.ends_with("/" + source)) return std::nullopt;
    return destination.substr(0, destination.size() - source.size() - 1);
}

Url address(const std::string& host, const std::string& prefix, bool insecure) {
    auto url = parse_url(cat(insecure ? "http://" : "https://", host, prefix.empty() ? "" : "/v2/", prefix));
    return url.value_or(Url{});
}

bool belongs_to(const sync::LoginEntry& entry, const std::string& host) {
    return entry.prefix == host || entry.prefix.starts_with(host + "/");
}

bool insecure_at(const std::string& host, const std::vector<sync::LoginEntry>& logins) {
    return std::any_of(logins.begin(), logins.end(),
                       [&](const auto& entry) { return entry.insecure && belongs_to(entry, host); });
}

Mirror mirror_of(const sync::PlannedImage& image, const std::string& prefix,
                 const std::vector<sync::LoginEntry>& logins) {
    const auto& host = image.destination.location.registry;
    Mirror mirror{.url = address(host, prefix, insecure_at(host, logins)),
                  .form = prefix.empty() ? MirrorForm::host : MirrorForm::prefix,
                  .trust = Trust::resolve,
                  .operator_name = host,
                  .insecure = insecure_at(host, logins),
                  .prefer = true,
                  .source = "mirrorctl sync"};
    for (const auto& entry : logins)
        if (belongs_to(entry, host) && !entry.ca_file.empty()) mirror.ca = entry.ca_file;
    // A probe must ask for something that is there.
    mirror.canary = Canary{.image = cat(image.source.location.repository, ":", image.destination.tag),
                           .digest = image.digest == image.source_digest ? image.digest : ""};
    return mirror;
}

Upstream& upstream_for(Profile& profile, const sync::PlannedImage& image) {
    const auto& name = image.source.location.registry;
    auto it = std::find_if(profile.upstreams.begin(), profile.upstreams.end(),
                           [&](const Upstream& upstream) { return upstream.name == name; });
    if (it != profile.upstreams.end()) return *it;
    auto origin = parse_url("https://" + (name == "docker.io" ? std::string("registry-1.docker.io") : name));
    profile.upstreams.push_back({.name = name, .origin = origin.value_or(Url{})});
    profile.upstreams.back().canaries.push_back(
        {.image = cat(image.source.location.repository, ":", image.destination.tag),
         .digest = image.source_digest});
    return profile.upstreams.back();
}

}  // namespace

EmittedProfile profile_of(const sync::SyncPlan& plan, const std::vector<sync::LoginEntry>& logins,
                          const std::string& name, const std::string& today) {
    EmittedProfile emitted{.profile = {.name = name, .as_of = today}};
    for (const auto& image : plan.images) {
        if (image.action == sync::PlannedImage::Action::leave_out || image.destination.tag.empty()) continue;
        auto prefix = prefix_of(image.destination.location.repository, image.source.location.repository);
        bool kept_tag = image.source.tag.empty() || image.source.tag == image.destination.tag;
        if (!prefix || !kept_tag) {
            emitted.left_out.push_back(image.destination.str());
            continue;
        }
        auto mirror = mirror_of(image, *prefix, logins);
        mirror.as_of = today;
        auto& mirrors = upstream_for(emitted.profile, image).mirrors;
        bool known = std::any_of(mirrors.begin(), mirrors.end(),
                                 [&](const Mirror& other) { return other.url == mirror.url; });
        if (!known) mirrors.push_back(std::move(mirror));
    }
    return emitted;
}

}  // namespace mirrorctl::cli
