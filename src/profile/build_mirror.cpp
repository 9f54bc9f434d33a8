#include "base/digest.hpp"
#include "base/strings.hpp"
#include "profile/build.hpp"
#include "profile/values.hpp"

#include <algorithm>
#include <array>

namespace mirrorctl::profile {

namespace {

constexpr std::array<std::string_view, 4> kForms = {"host", "prefix", "base", "flat"};
// The first is the default: a mirror that nobody has vouched for must agree with another first.
constexpr std::array<std::string_view, 3> kTrusts = {"verify", "resolve", "pull"};
constexpr std::array<Trust, 3> kTrustValues = {Trust::verify, Trust::resolve, Trust::pull};
constexpr std::array<std::string_view, 2> kPriorities = {"normal", "prefer"};

bool is_path_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("/-._~").find(c) != std::string_view::npos;
}

bool has_component(const std::string& path, std::initializer_list<std::string_view> names) {
    for (const auto& part : split(path, '/'))
        if (std::find(names.begin(), names.end(), part) != names.end()) return true;
    return false;
}

// Empty when the URL fits its form; else what is wrong, and the way out.
struct Misfit {
    std::string why;
    std::string hint = {};
};

Misfit misfit(const Url& url, MirrorForm form) {
    auto root = url.origin();
    if (!std::all_of(url.path.begin(), url.path.end(), is_path_char) ||
        has_component(url.path, {".", ".."}) || url.path.find("//") != std::string::npos)
        return {"the path has a part that no registry path has"};
    switch (form) {
        case MirrorForm::host:
            if (url.path.empty()) return {};
            return {"form host has no path",
                    has_component(url.path, {"v2"})
                        ? "form: prefix"
                        : cat("form: prefix with ", root, "/v2", url.path, ", or form: base")};
        case MirrorForm::base:
            if (url.path.empty()) return {"form base needs the path that stands before /v2", "form: host"};
            if (has_component(url.path, {"v2"}))
                return {"form base: the path stands before /v2 and must not contain it", "form: prefix"};
            return {};
        case MirrorForm::prefix:
        case MirrorForm::flat:
            break;
    }
    auto form_name = name_of(form);
    if (url.path.empty())
        return {cat("form ", form_name, " needs a path that begins with /v2/"), "form: host"};
    if (url.path.starts_with("/v2/")) return {};
    if (url.path == "/v2")
        return {cat("form ", form_name, " needs a path behind /v2"), cat("form: host with ", root)};
    return {cat("form ", form_name, ": the path must begin with /v2/: it is where the registry's API begins"),
            cat(root, "/v2", url.path)};
}

std::optional<Url> build_url(const Node& node, bool insecure, Problems& problems) {
    auto fail = [&](std::string_view why, std::string hint = {}) {
        problems.add(node.where(), cat("url: ", why, ": ", printable_line(mask_secrets(node.text))),
                     std::move(hint));
        return std::nullopt;
    };
    auto url = parse_url(node.text);
    if (!url) {
        problems.add(node.where(), cat("url: ", printable_line(url.error().message, 300)));
        return std::nullopt;
    }
    if (url->scheme != "https" && url->scheme != "http") return fail("expected https://...");
    if (!url->userinfo.empty())
        return fail("credentials do not belong into a URL",
                    "auth: file:/path of a 0600 file with user:password");
    if (!url->query.empty() || node.text.find('?') != std::string::npos)
        return fail("a query has no meaning here");
    if (url->scheme == "http" && !insecure)
        return fail("plain http can be read and changed on the way",
                    "https://, or insecure: true if you know the network");
    return without_trailing_slash(*url);
}

// "file:/path" or "/path" -> "/path".
std::string build_file(const Node& map, std::string_view key, Problems& problems) {
    auto text = map.value(key);
    if (text.empty()) return "";
    std::string path = text.starts_with("file:") ? text.substr(5) : text;
    while (path.starts_with("//")) path.erase(0, 1);
    if (path.starts_with('/') && path.size() > 1 && printable(path) == path) return path;
    // What stands here instead may be the secret itself: it is not shown.
    problems.add(map.find(key)->where(), cat(key, ": expected the absolute path of a file (file:/path)"));
    return "";
}

bool is_repository(std::string_view text) {
    if (text.empty() || text.size() > 255) return false;
    for (const auto& part : split(text, '/')) {
        auto alnum = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
        if (part.empty() || !alnum(part.front()) || !alnum(part.back())) return false;
        if (!std::all_of(part.begin(), part.end(),
                         [&](char c) { return alnum(c) || c == '.' || c == '_' || c == '-'; }))
            return false;
        if (part.find("..") != std::string::npos || part.find("___") != std::string::npos) return false;
    }
    return true;
}

bool is_tag(std::string_view text) {
    auto word = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    };
    return !text.empty() && text.size() <= 128 && word(text[0]) &&
           std::all_of(text.begin(), text.end(), [&](char c) { return word(c) || c == '.' || c == '-'; });
}

// distribution/reference v0.6 grammar: path components and tag; no registry host, no '@'.
Misfit image_misfit(std::string_view image, std::string_view upstream) {
    if (image.find('@') != std::string_view::npos)
        return {"the digest has its own key", "digest: sha256:..."};
    auto first = image.substr(0, image.find('/'));
    if (first.size() < image.size() &&
        (first.find('.') != std::string_view::npos || first.find(':') != std::string_view::npos))
        return {cat("the name counts from ", upstream), cat("image: ", image.substr(first.size() + 1))};
    auto colon = image.rfind(':');
    if (colon == std::string_view::npos) return {"a tag is missing", cat("image: ", image, ":latest")};
    if (!is_repository(image.substr(0, colon)) || !is_tag(image.substr(colon + 1)))
        return {"not a valid name:tag"};
    if (upstream == "docker.io" && image.find('/') == std::string_view::npos)
        return {"official images of docker.io are in library/", cat("image: library/", image)};
    return {};
}

}  // namespace

Canary build_canary(const Node& node, std::string_view upstream, Problems& problems) {
    Canary canary{.image = node.value("image"), .digest = node.value("digest")};
    if (auto bad = image_misfit(canary.image, upstream); !bad.why.empty())
        problems.add(node.find("image")->where(), cat("image: ", bad.why, ": ", printable_line(canary.image)),
                     bad.hint);
    if (!canary.digest.empty() && !is_sha256_digest(canary.digest))
        problems.add(node.find("digest")->where(),
                     cat("digest: expected sha256: and 64 lower-case hex digits, found ",
                         describe(*node.find("digest"))));
    return canary;
}

std::optional<Mirror> build_mirror(const Node& node, Problems& problems) {
    Mirror mirror;
    mirror.insecure = flag_of(node, "insecure", false);
    mirror.form = static_cast<MirrorForm>(choice_of(node, "form", kForms, problems));
    mirror.trust = kTrustValues[choice_of(node, "trust", kTrusts, problems)];
    mirror.prefer = choice_of(node, "priority", kPriorities, problems) == 1;
    mirror.ca = build_file(node, "ca", problems);
    mirror.auth = build_file(node, "auth", problems);
    mirror.as_of = date_of(node, "as_of", problems);
    mirror.source = printable_line(node.value("source"), 400);
    mirror.limits = printable_line(node.value("limits"), 400);
    const Node& url_node = *node.find("url");
    auto url = build_url(url_node, mirror.insecure, problems);
    if (!url) return std::nullopt;
    mirror.url = *url;
    mirror.operator_name = printable_line(node.value("operator"), 100);
    if (mirror.operator_name.empty()) mirror.operator_name = url->host;
    if (auto bad = misfit(*url, mirror.form); !bad.why.empty())
        problems.add(url_node.where(), cat("url: ", bad.why, ": ", url->str()), bad.hint);
    return mirror;
}

}  // namespace mirrorctl::profile
