#include "lab/registry.hpp"

#include "base/strings.hpp"
#include "lab/tokens.hpp"

#include <algorithm>

namespace mirrorctl::lab {

Reply error_reply(int status, std::string_view code, std::string_view message) {
    Reply reply{.status = status};
    reply.set_text("application/json",
                   cat(R"({"errors":[{"code":")", code, R"(","message":")", message, R"("}]})"));
    return reply;
}

const MirrorSpec* World::find_mirror(std::string_view name) const {
    for (const auto& mirror : scenario.mirrors) {
        if (mirror.name == name) return &mirror;
    }
    return nullptr;
}

namespace {

bool serves(const MirrorSpec& mirror, const std::string& upstream) {
    return std::find(mirror.upstreams.begin(), mirror.upstreams.end(), upstream) != mirror.upstreams.end();
}

std::string_view last_component(std::string_view repository) {
    return repository.substr(repository.rfind('/') + 1);
}

const Image* find_image(const World& world, const MirrorSpec& mirror, const Asked& asked,
                        std::string_view ns) {
    const Image* found = nullptr;
    for (const auto& image : world.images) {
        if (!serves(mirror, image.upstream) || (!ns.empty() && ns != image.upstream)) continue;
        const bool same = mirror.form == Form::flat ? last_component(image.repository) == asked.repository
                                                    : image.repository == asked.repository;
        if (!same) continue;
        // Several tags of one repository are several images here: the one that has the reference, else any.
        if (!found || image.tag == asked.reference || image.manifests.contains(asked.reference) ||
            image.blobs.contains(asked.reference)) {
            found = &image;
        }
    }
    return found;
}

// Does the client say that it can read this media type? distribution answers 404 otherwise
// (registry/handlers/manifests.go).
bool accepts(const HttpRequest& request, const std::string& media_type) {
    bool any = false;
    for (const auto& [name, value] : request.headers) {
        if (name != "accept") continue;
        any = true;
        if (value.find(media_type) != std::string::npos || value.find("*/*") != std::string::npos)
            return true;
    }
    return !any;
}

Reply manifest_reply(const HttpRequest& request, const Asked& asked, bool stale) {
    std::string digest = asked.reference;
    if (digest == asked.image->tag) digest = stale ? asked.image->stale_digest : asked.image->digest;
    auto found = asked.image->manifests.find(digest);
    if (found == asked.image->manifests.end())
        return error_reply(404, "MANIFEST_UNKNOWN", "manifest unknown");
    if (!accepts(request, found->second.media_type)) {
        return error_reply(404, "MANIFEST_UNKNOWN",
                           "the accept header does not name this manifest's media type");
    }
    Reply reply;
    reply.set_text(found->second.media_type, found->second.bytes);
    reply.set_header("Docker-Content-Digest", digest);
    reply.set_header("Etag", cat('"', digest, '"'));
    return reply;
}

Reply blob_reply(const HttpRequest& request, const Asked& asked) {
    auto found = asked.image->blobs.find(asked.reference);
    if (found == asked.image->blobs.end())
        return error_reply(404, "BLOB_UNKNOWN", "blob unknown to registry");
    Reply reply;
    reply.set_body(found->second);
    reply.set_header("Content-Type", "application/octet-stream");
    reply.set_header("Docker-Content-Digest", asked.reference);
    reply.set_header("Accept-Ranges", "bytes");
    const std::string range = request.header("range");
    if (range.empty() || request.method == "HEAD") return reply;
    const auto part = parse_range(range, reply.length);
    if (!part) {
        Reply bad = error_reply(416, "RANGE_INVALID", "range cannot be satisfied");
        bad.set_header("Content-Range", cat("bytes */", reply.length));
        return bad;
    }
    reply.status = 206;
    reply.set_header("Content-Range", cat("bytes ", part->first, "-", part->last, "/", reply.length));
    reply.offset = part->first;
    reply.length = part->last - part->first + 1;
    reply.declared = reply.length;
    return reply;
}

Reply challenge(const World& world, const MirrorSpec& mirror, const Asked& asked) {
    Reply reply = error_reply(401, "UNAUTHORIZED", "authentication required");
    if (mirror.auth == Auth::basic) {
        reply.set_header("Www-Authenticate", "Basic realm=\"lab\"");
        return reply;
    }
    std::string header = cat("Bearer realm=\"", world.addresses.token_realm(mirror, false), "\",service=\"",
                             mirror.name, "\"");
    if (!asked.repository.empty()) header += cat(",scope=\"repository:", asked.repository, ":pull\"");
    reply.set_header("Www-Authenticate", header);
    return reply;
}

bool allowed(const MirrorSpec& mirror, const HttpRequest& request, const Asked& asked) {
    const std::string authorization = request.header("authorization");
    switch (mirror.auth) {
        case Auth::none:
            return true;
        case Auth::basic:
            return knows_user(authorization, mirror);
        case Auth::bearer:
            return opens(authorization, mirror.name, asked.repository);
    }
    return false;
}

}  // namespace

Asked understand(const World& world, const MirrorSpec& mirror, const HttpRequest& request) {
    Asked out;
    const std::string root = api_root(mirror);
    if (request.path == "/v2/" || request.path == "/v2" || request.path == root + "/" ||
        request.path == root) {
        out.subject = Subject::ping;
        return out;
    }
    if (!request.path.starts_with(root + "/")) return out;
    const std::string rest = request.path.substr(root.size() + 1);
    for (const auto& [word, subject] :
         {std::pair{"/manifests/", Subject::manifest}, {"/blobs/", Subject::blob}}) {
        const auto at = rest.rfind(word);
        if (at == std::string::npos) continue;
        out.subject = subject;
        out.repository = rest.substr(0, at);
        out.reference = rest.substr(at + std::string_view(word).size());
        const auto ns = request.parameters("ns");
        out.image = find_image(world, mirror, out, ns.empty() ? "" : ns.front());
    }
    return out;
}

Reply answer(const World& world, const MirrorSpec& mirror, const HttpRequest& request, bool stale) {
    const Asked asked = understand(world, mirror, request);
    Reply reply = [&] {
        if (request.method != "GET" && request.method != "HEAD") {
            return error_reply(405, "UNSUPPORTED", "this mirror is read only");
        }
        if (asked.subject == Subject::all)
            return error_reply(404, "NAME_UNKNOWN", "not an api path of this mirror");
        if (!allowed(mirror, request, asked)) return challenge(world, mirror, asked);
        if (asked.subject == Subject::ping) {
            Reply ping;
            ping.set_text("application/json", "{}");
            return ping;
        }
        const auto ns = request.parameters("ns");
        if (mirror.strict_ns && !ns.empty() && !serves(mirror, ns.front())) {
            return error_reply(403, "DENIED", "this mirror does not serve that namespace");
        }
        if (!asked.image) return error_reply(404, "NAME_UNKNOWN", "repository name not known to registry");
        return asked.subject == Subject::manifest ? manifest_reply(request, asked, stale)
                                                  : blob_reply(request, asked);
    }();
    reply.subject = asked.subject;
    reply.head_only = request.method == "HEAD";
    reply.set_header("Docker-Distribution-Api-Version", "registry/2.0");
    return reply;
}

Reply answer_token(const World& world, const HttpRequest& request) {
    const auto services = request.parameters("service");
    const MirrorSpec* mirror = services.empty() ? nullptr : world.find_mirror(services.front());
    Reply reply = [&] {
        if (request.path != "/token" || !mirror) return error_reply(404, "UNKNOWN", "no such service");
        if (!knows_user(request.header("authorization"), *mirror)) {
            return error_reply(401, "UNAUTHORIZED", "user name or password wrong");
        }
        std::string repository;
        for (const auto& scope : request.parameters("scope")) repository = repository_of_scope(scope);
        Reply good;
        good.set_text("application/json",
                      cat(R"({"token":")", token_for(mirror->name, repository), R"(","expires_in":300})"));
        return good;
    }();
    reply.subject = Subject::token;
    reply.head_only = request.method == "HEAD";
    return reply;
}

std::string path_at(const MirrorSpec& mirror, const Asked& asked) {
    const std::string root = api_root(mirror);
    if (asked.repository.empty()) return root + "/";
    const std::string repository =
        mirror.form == Form::flat ? std::string(last_component(asked.repository)) : asked.repository;
    return cat(root, "/", repository, asked.subject == Subject::manifest ? "/manifests/" : "/blobs/",
               asked.reference);
}

}  // namespace mirrorctl::lab
