#include "bench/candidates.hpp"

#include "base/strings.hpp"

#include <algorithm>

namespace mirrorctl::bench {

namespace {

// --image, if it belongs to this upstream; else the mirror's own canary, else the upstream's first.
Result<registry::Reference> image_for(const BenchSpec& spec, const Upstream& upstream, const Mirror& mirror) {
    if (!spec.image.empty()) {
        TRY_ASSIGN(auto image, registry::parse_reference(spec.image));
        if (image.registry == upstream.name) return image;
    }
    if (!mirror.canary && upstream.canaries.empty())
        return Failure(Error{.code = ErrorCode::not_found,
                             .message = cat("the profile names no image to probe ", upstream.name, " with")});
    const auto& canary = mirror.canary ? *mirror.canary : upstream.canaries.front();
    return registry::parse_canary(upstream.name, canary.image, canary.digest);
}

std::string masked_or_none(const std::string& proxy) {
    if (proxy.empty()) return "-";
    return mask_secrets(proxy.find("://") == std::string::npos ? "http://" + proxy : proxy);
}

}  // namespace

std::string route_name(const Route& route) {
    if (route.http.empty() && route.https.empty()) return "direct";
    auto name = route.http == route.https
                    ? masked_or_none(route.https)
                    : cat("http ", masked_or_none(route.http), ", https ", masked_or_none(route.https));
    return route.no_proxy.empty() ? name : cat(name, " except ", route.no_proxy);
}

Candidate make_candidate(const BenchSpec& spec, const Upstream& upstream, const Mirror& mirror,
                         bool is_origin) {
    Candidate candidate{.upstream = upstream.name, .mirror = mirror, .is_origin = is_origin, .image = {}};
    auto image = image_for(spec, upstream, mirror);
    if (image)
        candidate.image = std::move(*image);
    else
        candidate.problem = printable_line(image.error().message);
    if (mirror.url.scheme == "http" && !mirror.insecure && !is_origin)
        candidate.problem = "plain http, and the profile does not allow it (insecure: true)";
    auto url = mirror.url.masked();
    for (const auto& failure : spec.failures) {
        if (!failure.asked || failure.upstream != upstream.name || failure.url != url) continue;
        // Who served all the same keeps what is known of it, as one for whom no request is left.
        candidate.problem_fault = failure.fault == Fault::none ? Fault::budget : Fault::resting;
        candidate.problem =
            cat("not asked: it told us to wait, and the time is not over (", failure.reason, ")");
    }
    if (auto read = spec.read.find(url); read != spec.read.end()) candidate.read = read->second;
    if (auto rates = spec.rates.find(upstream.name); rates != spec.rates.end())
        if (auto rate = rates->second.find(url); rate != rates->second.end())
            candidate.known_rate = rate->second;
    auto take = [&](const auto& reader, const std::string& path, std::string_view what, std::string& into) {
        if (path.empty() || !reader) return;
        auto text = reader(path);
        if (text)
            into = std::string(trim(*text));
        else
            candidate.problem =
                printable_line(cat("its ", what, " ", path, " cannot be read: ", to_string(text.error())));
    };
    take(spec.read_secret, mirror.auth, "credentials", candidate.credentials);
    take(spec.read_ca, mirror.ca, "CA file", candidate.ca);
    return candidate;
}

std::vector<Field> candidates_of(const BenchSpec& spec) {
    std::vector<Field> fields;
    for (const auto& upstream : spec.profile.upstreams) {
        bool wanted = spec.upstreams.empty() || std::find(spec.upstreams.begin(), spec.upstreams.end(),
                                                          upstream.name) != spec.upstreams.end();
        if (!wanted) continue;
        Field field{.upstream = upstream.name, .candidates = {}};
        for (const auto& mirror : upstream.mirrors)
            field.candidates.push_back(make_candidate(spec, upstream, mirror, false));
        if (upstream.fallback == Fallback::origin)
            field.candidates.push_back(make_candidate(spec, upstream, origin_candidate(upstream), true));
        fields.push_back(std::move(field));
    }
    return fields;
}

Budget budget_of(const BenchSpec& spec) {
    auto budget = spec.profile.policy.budget;
    budget.seconds = spec.seconds.value_or(budget.seconds);
    budget.bytes = spec.bytes.value_or(budget.bytes);
    return budget;
}

}  // namespace mirrorctl::bench
