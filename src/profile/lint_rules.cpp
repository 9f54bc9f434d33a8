#include "profile/lint_rules.hpp"

#include "base/strings.hpp"
#include "profile/dead.hpp"
#include "profile/embedded.hpp"
#include "profile/values.hpp"

#include <algorithm>

namespace mirrorctl::profile {

namespace {

constexpr std::int64_t kOldDays = 90;

// Not a name of the public internet: trust is the owner's business there (RFC 1918, RFC 6762, and what
// companies use).
bool is_private_host(const std::string& host) {
    if (host.find('.') == std::string::npos) return true;
    for (auto end : {".local", ".lan", ".internal", ".corp", ".home", ".intranet", ".test", ".svc", ".arpa"})
        if (host.ends_with(end)) return true;
    auto parts = split(host, '.');
    auto second = parts.size() == 4 ? parse_integer(parts[1]).value_or(0) : 0;
    return parts.size() == 4 && parse_integer(parts[3]).has_value() &&
           (parts[0] == "10" || parts[0] == "127" || (parts[0] == "192" && second == 168) ||
            (parts[0] == "172" && second >= 16 && second <= 31));
}

bool is_documentation_host(const std::string& host) {
    for (std::string_view name : {"example.com", "example.net", "example.org"})
        if (host == name || host.ends_with("." + std::string(name))) return true;
    return host.ends_with(".example") || host.ends_with(".invalid");
}

// The one namespace of a registry for all customers that its operator itself fills from another registry.
bool is_official_namespace(const Mirror& mirror) {
    return mirror.form == MirrorForm::flat && mirror.url.path == "/v2/google_containers" &&
           mirror.url.host.ends_with("aliyuncs.com");
}

struct Sink {
    const Location& at;
    std::vector<Finding>& findings;
    void error(std::string code, std::string message, std::string hint = {}) const {
        findings.push_back({Level::error, std::move(code), at, std::move(message), std::move(hint)});
    }
    void warning(std::string code, std::string message, std::string hint = {}) const {
        findings.push_back({Level::warning, std::move(code), at, std::move(message), std::move(hint)});
    }
};

void lint_dead(const Mirror& mirror, const Sink& sink) {
    auto dead = find_dead(mirror.url.host);
    if (!dead) return;
    if (dead->status == DeadStatus::not_a_mirror) {
        if (is_official_namespace(mirror)) return;
        if (mirror.form == MirrorForm::prefix || mirror.form == MirrorForm::flat)
            return sink.warning(
                "private_namespace",
                cat("serves what the owner of one account put there: ", mirror.url.str(), ": ", dead->note),
                "trust: pull, and canaries that tell whether it is current");
        return sink.error("not_a_mirror",
                          cat("an image foo/bar there is whatever the owner of the namespace foo put there: ",
                              mirror.url.host, ": ", describe(*dead)),
                          "remove it");
    }
    if (dead->status == DeadStatus::restricted) {
        if (mirror.limits.empty())
            sink.warning("restricted_mirror",
                         cat("serves only some: ", mirror.url.host, ": ", describe(*dead)),
                         "say so under limits, or remove it");
        return;
    }
    sink.error("dead_mirror", cat("does not serve: ", mirror.url.host, ": ", describe(*dead)), "remove it");
}

void lint_identity(const Upstream& upstream, const Mirror& mirror, const Catalogue& catalogue,
                   const Sink& sink) {
    auto named = catalogue.upstream_in(mirror.url.path);
    if (!named.empty() && named != upstream.name)
        sink.error("wrong_upstream", cat("mirrors ", named, ", not ", upstream.name, ": ", mirror.url.str()),
                   cat("move it to upstreams: ", named));
    const KnownHost* known = catalogue.find(mirror.url.authority());
    if (known != nullptr && named.empty() && !known->upstreams.contains(upstream.name)) {
        std::vector<std::string> names(known->upstreams.begin(), known->upstreams.end());
        sink.error("wrong_upstream",
                   cat("mirrors ", join(names, ", "), ", not ", upstream.name, ": ", mirror.url.host),
                   cat("move it to upstreams: ", names.front()));
    }
    if (mirror.trust != Trust::resolve) return;
    if (known != nullptr && known->trust != Trust::resolve)
        return sink.warning("trust_too_high",
                            cat("may say what a tag is without being asked twice: ", mirror.url.host,
                                ": run by ", known->operator_name),
                            cat("trust: ", name_of(known->trust)));
    bool own = upstream.fallback == Fallback::none || !mirror.ca.empty() || !mirror.auth.empty() ||
               is_private_host(mirror.url.host);
    if (known == nullptr && !own && !find_dead(mirror.url.host))
        sink.warning("trust_unknown",
                     cat("may say what a tag is, and nothing is known of it: ", mirror.url.host),
                     "trust: verify, unless you run it yourself");
}

}  // namespace

Catalogue::Catalogue() {
    for (const auto& file : embedded_files()) {
        auto tree = embedded_document(file.name);
        const Node* upstreams = tree ? tree->find("upstreams") : nullptr;
        if (upstreams == nullptr) continue;
        for (const auto& upstream : upstreams->items) {
            upstreams_.insert(upstream.key);
            const Node* mirrors = upstream.find("mirrors");
            if (mirrors == nullptr) continue;
            for (const auto& mirror : mirrors->items) {
                auto url = parse_url(mirror.value("url"));
                if (!url) continue;
                auto& known = hosts_[url->authority()];
                known.upstreams.insert(upstream.key);
                known.operator_name = mirror.value("operator");
                auto trust = mirror.value("trust");
                known.trust = trust == "resolve" ? Trust::resolve
                              : trust == "pull"  ? Trust::pull
                                                 : Trust::verify;
            }
        }
    }
}

const KnownHost* Catalogue::find(const std::string& host) const {
    auto it = hosts_.find(host);
    return it == hosts_.end() ? nullptr : &it->second;
}

std::string Catalogue::upstream_in(const std::string& path) const {
    auto last = path.substr(path.rfind('/') + 1);
    return upstreams_.contains(last) ? last : "";
}

void lint_mirror(const Upstream& upstream, const Mirror& mirror, const Location& at,
                 const Catalogue& catalogue, std::vector<Finding>& findings) {
    Sink sink{at, findings};
    lint_dead(mirror, sink);
    lint_identity(upstream, mirror, catalogue, sink);
    if (mirror.url.scheme == "http")
        sink.warning("plain_http", cat("plain http can be read and changed on the way: ", mirror.url.str()),
                     "https://; tags and content are only as safe as the network between");
    if (is_documentation_host(mirror.url.host))
        sink.warning("placeholder_host",
                     cat("this host does not exist: ", mirror.url.host,
                         ": the name is reserved for examples (RFC 2606)"),
                     "put your registry's name here");
    if (mirror.form == MirrorForm::base && !catalogue.upstream_in(mirror.url.path).empty())
        sink.warning(
            "prefix_without_v2",
            cat("asks for ", mirror.url.path,
                "/v2/...: mirrors that take the registry in the path have it behind /v2: ", mirror.url.str()),
            cat("form: prefix with ", mirror.url.origin(), "/v2", mirror.url.path));
}

void lint_upstream(const Upstream& upstream, const Location& at, std::vector<Finding>& findings) {
    Sink sink{at, findings};
    if (upstream.mirrors.empty()) return;
    bool all_have_own = std::all_of(upstream.mirrors.begin(), upstream.mirrors.end(),
                                    [](const Mirror& m) { return m.canary.has_value(); });
    if (upstream.canaries.empty() && !all_have_own)
        sink.warning("no_canary", cat("has no canary, so its mirrors cannot be measured: ", upstream.name),
                     "canary: [{ image: name:tag, digest: sha256:... }]");
    std::set<std::string> operators;
    bool asks_others = false;
    for (const auto& mirror : upstream.mirrors) {
        operators.insert(mirror.operator_name);
        asks_others = asks_others || mirror.trust == Trust::verify;
    }
    if (operators.size() < 2 && asks_others)
        sink.warning(
            "one_operator",
            cat("has mirrors of one operator only (", *operators.begin(),
                "): while the origin cannot be reached, nobody can confirm its tags: ", upstream.name),
            "add a mirror of somebody else, or trust: resolve if you run it yourself");
}

void lint_age(const Built& built, std::int64_t today, std::vector<Finding>& findings) {
    auto age = [&](const std::string& date) { return today - day_number(date).value_or(today); };
    if (built.profile.as_of.empty())
        findings.push_back({Level::warning, "no_date", built.as_of_place,
                            "no as_of: nobody can tell how old this profile is", "as_of: YYYY-MM-DD"});
    else if (age(built.profile.as_of) > kOldDays)
        findings.push_back(
            {Level::warning, "stale", built.as_of_place,
             cat("is ", age(built.profile.as_of), " days old: mirrors come and go within months"),
             "go through the list and set as_of"});
    int old = 0;
    const Mirror* oldest = nullptr;
    Location oldest_at;
    for (std::size_t u = 0; u < built.places.size(); ++u)
        for (std::size_t m = 0; m < built.places[u].mirrors.size(); ++m) {
            const auto& mirror = built.profile.upstreams[u].mirrors[m];
            const auto& at = built.places[u].mirrors[m];
            if (at.file != built.as_of_place.file || mirror.as_of.empty() || age(mirror.as_of) <= kOldDays)
                continue;
            ++old;
            if (oldest != nullptr && oldest->as_of <= mirror.as_of) continue;
            oldest = &mirror;
            oldest_at = at;
        }
    if (oldest != nullptr)
        findings.push_back({Level::warning, "stale_mirrors", oldest_at,
                            cat("mirrors last confirmed more than ", kOldDays, " days ago: ", old,
                                ", the oldest on ", oldest->as_of, ": ", oldest->url.str()),
                            "mirrorctl bench tells which still serve"});
}

}  // namespace mirrorctl::profile
