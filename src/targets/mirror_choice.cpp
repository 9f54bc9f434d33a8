#include "targets/mirror_choice.hpp"

#include "base/strings.hpp"
#include "targets/version_rules.hpp"

#include <algorithm>
#include <map>

namespace mirrorctl::targets {

namespace {

// What no engine takes, whatever the form.
std::string refusal_of_url(const Mirror& mirror) {
    if (mirror.url.scheme != "https" && mirror.url.scheme != "http") return "neither http nor https";
    if (mirror.url.scheme == "http" && !mirror.insecure)
        return "plain http without `insecure: true` in the profile";
    if (!mirror.url.userinfo.empty()) return "credentials in a mirror's URL are refused by the engines";
    if (!mirror.url.query.empty()) return "a query in a mirror's URL is refused by the engines";
    return "";
}

void add_left_out(const std::string& upstream,
                  const std::map<std::string, std::vector<std::string>>& left_out,
                  std::vector<Warning>& warnings) {
    for (const auto& [reason, urls] : left_out)
        warnings.push_back({.code = "mirror_left_out",
                            .message = cat("mirrors of ", printable_line(upstream, 80),
                                           " left out: ", join(urls, ", "), ": ", reason)});
}

}  // namespace

Spelling spell_for_docker(const Mirror& mirror, const std::optional<Version>& version) {
    if (auto refusal = refusal_of_url(mirror); !refusal.empty()) return {.refusal = refusal};
    if (mirror.form == MirrorForm::prefix || mirror.form == MirrorForm::flat)
        return {.refusal = cat("daemon.json cannot express the form ", name_of(mirror.form),
                               " (dockerd puts /v2/ behind the path)")};
    auto url = without_trailing_slash(mirror.url);
    if (!url.path.empty() && !holds(Rule::mirror_path, version))
        return {.refusal = cat("a mirror with a path needs Docker Engine 24.0, here is ",
                               version ? version->text : "an unknown version")};
    return {.url = url.str()};
}

Spelling spell_for_docker_by_host(const Mirror& mirror, const std::optional<Version>& version) {
    auto spelling = spell_for_docker(mirror, version);
    if (!spelling.refusal.empty()) return spelling;
    auto shown = version ? version->text : "of this version";
    if (mirror.url.scheme != "https")
        return {.refusal =
                    cat("dockerd ", shown, " with the containerd image store asks https of every mirror")};
    if (!without_trailing_slash(mirror.url).path.empty())
        return {.refusal = cat("dockerd ", shown, " with the containerd image store drops a mirror's path")};
    return spelling;
}

Spelling spell_for_containerd(const Mirror& mirror, const std::optional<Version>& version) {
    if (auto refusal = refusal_of_url(mirror); !refusal.empty()) return {.refusal = refusal};
    bool verbatim = mirror.form == MirrorForm::prefix || mirror.form == MirrorForm::flat;
    if (verbatim && !holds(Rule::override_path, version))
        return {.refusal = cat("the form ", name_of(mirror.form),
                               " needs containerd 1.6 (override_path), here is ", version->text)};
    return {.url = without_trailing_slash(mirror.url).str(), .override_path = verbatim};
}

MirrorChoice choose_mirrors(const DesiredUpstream& upstream, int keep, Speller speller,
                            const std::optional<Version>& version, bool must_resolve) {
    MirrorChoice choice;
    std::map<std::string, std::vector<std::string>> left_out;
    for (const auto& chosen : upstream.mirrors) {
        if (choice.mirrors.size() >= static_cast<std::size_t>(std::max(keep, 0))) break;
        auto spelling = speller(chosen.mirror, version);
        if (spelling.refusal.empty() && must_resolve && !chosen.may_resolve)
            spelling.refusal =
                "trusted for content only, and this file cannot say so: every mirror in it also resolves "
                "tags";
        if (!spelling.refusal.empty()) {
            left_out[spelling.refusal].push_back(printable_line(chosen.mirror.url.masked()));
            continue;
        }
        bool known = std::any_of(choice.mirrors.begin(), choice.mirrors.end(),
                                 [&](const SpelledMirror& m) { return same_mirror(m.url, spelling.url); });
        if (!known)
            choice.mirrors.push_back(
                {.url = spelling.url, .override_path = spelling.override_path, .chosen = &chosen});
    }
    add_left_out(upstream.name, left_out, choice.warnings);
    return choice;
}

}  // namespace mirrorctl::targets
