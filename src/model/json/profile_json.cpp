#include "model/json/profile_json.hpp"

#include "base/digest.hpp"

#include <nlohmann/json.hpp>

namespace mirrorctl {

namespace {

using Json = nlohmann::json;

Json canary_json(const Canary& canary) {
    return {{"image", canary.image}, {"digest", canary.digest}};
}

Json mirror_json(const Mirror& mirror) {
    Json out = {{"url", mirror.url.str()},
                {"form", name_of(mirror.form)},
                {"trust", name_of(mirror.trust)},
                {"operator", mirror.operator_name},
                {"insecure", mirror.insecure},
                {"ca", mirror.ca},
                {"auth", mirror.auth},
                {"priority", mirror.prefer ? "prefer" : "normal"},
                {"as_of", mirror.as_of},
                {"source", mirror.source},
                {"limits", mirror.limits}};
    out["canary"] = mirror.canary ? canary_json(*mirror.canary) : Json(nullptr);
    return out;
}

Json upstream_json(const Upstream& upstream) {
    Json canaries = Json::array();
    for (const auto& canary : upstream.canaries) canaries.push_back(canary_json(canary));
    Json mirrors = Json::array();
    for (const auto& mirror : upstream.mirrors) mirrors.push_back(mirror_json(mirror));
    return {{"name", upstream.name},
            {"origin", upstream.origin.str()},
            {"fallback", name_of(upstream.fallback)},
            {"canary", std::move(canaries)},
            {"mirrors", std::move(mirrors)}};
}

Json proxy_json(const ProxySettings& proxy) {
    if (!proxy.given) return nullptr;
    return {{"http", mask_secrets(proxy.http)},
            {"https", mask_secrets(proxy.https)},
            {"all", mask_secrets(proxy.all)},
            {"no_proxy", proxy.no_proxy},
            {"targets", proxy.targets}};
}

Json policy_json(const Policy& policy) {
    const auto& budget = policy.budget;
    return {{"keep", policy.keep},
            {"switch_margin", policy.switch_margin},
            {"ttl_seconds", policy.ttl},
            {"recheck_seconds", policy.recheck},
            {"failure_ttl_seconds", policy.failure_ttl},
            {"budget",
             {{"time_seconds", budget.seconds},
              {"bytes", budget.bytes},
              {"bytes_per_mirror", budget.bytes_per_mirror},
              {"requests_per_mirror", budget.requests_per_mirror},
              {"requests_per_operator_per_minute", budget.requests_per_operator_per_minute}}}};
}

}  // namespace

std::string profile_json(const Profile& profile) {
    Json upstreams = Json::array();
    for (const auto& upstream : profile.upstreams) upstreams.push_back(upstream_json(upstream));
    Json out = {{"schema", "mirrorctl.profile/1"},
                {"name", profile.name},
                {"as_of", profile.as_of},
                {"upstreams", std::move(upstreams)},
                {"proxy", proxy_json(profile.proxy)},
                {"policy", policy_json(profile.policy)}};
    return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string profile_sha256(const Profile& profile) {
    return sha256_hex(profile_json(profile));
}

}  // namespace mirrorctl
