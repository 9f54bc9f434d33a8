#include "registry/repository.hpp"

#include "base/digest.hpp"
#include "base/digest_check.hpp"
#include "base/strings.hpp"
#include "registry/manifest.hpp"
#include "registry/text_body.hpp"
#include "registry/token.hpp"

#include <limits>
#include <utility>

namespace mirrorctl::registry {

namespace {

constexpr double kShortDeadline = 60;
constexpr double kConnectTimeout = 10;
constexpr std::int64_t kMaxErrorBody = 64 * 1024;

bool is_digest(std::string_view target) {
    return target.find(':') != std::string_view::npos;
}

// The registry's word on a digest, if it uses an algorithm that we can check.
std::string said_digest(const net::Response& response) {
    return response.header("Docker-Content-Digest").value_or("");
}

}  // namespace

std::string fallback_tag(std::string_view digest) {
    return replace_all(std::string(digest), ":", "-").substr(0, 128);
}

bool is_fallback_tag(std::string_view tag) {
    constexpr std::string_view kStart = "sha256-";
    return tag.starts_with(kStart) && is_sha256_digest(cat("sha256:", tag.substr(kStart.size())));
}

std::string digest_of(std::string_view bytes) {
    return sha256_digest(bytes);
}

Repository::Repository(Host& host, std::string name, Account account)
    : host_(&host), name_(std::move(name)), account_(std::move(account)) {}

net::Request Repository::request(std::string_view method, std::string_view what) const {
    auto request = host_->request(method, cat("/", host_->repository(name_), "/", what));
    request.deadline = kShortDeadline;
    request.connect_timeout = kConnectTimeout;
    request.max_body_bytes = kMaxErrorBody;
    return request;
}

net::Request Repository::at(const Url& place, std::string_view method) const {
    auto out = request(method, "");
    out.url = place;
    if (!same_origin(place, host_->url())) {
        out.cert_pem.clear();
        out.key_pem.clear();
        out.allow_special_addresses = is_special_host(host_->url().host);
    }
    return out;
}

Error Repository::refused(std::string_view what, const net::Answer& answer, bool push) const {
    auto name = cat(host_->name(), "/", name_);
    auto text = cat(what, push ? " refused: " : ": ", name);
    return refusal({.what = text,
                    .host = host_->name(),
                    .repository = name_,
                    .login = account_.anonymous() ? std::string() : account_.from,
                    .push = push},
                   answer);
}

Result<net::Answer> Repository::pull(net::Request request, const net::Streams& streams, bool repeatable) {
    return host_->send({.request = std::move(request),
                        .scope = host_->scope(name_, "pull"),
                        .account = &account_,
                        .streams = streams,
                        .repeatable = repeatable});
}

Result<net::Answer> Repository::send_push(net::Request request, const net::Streams& streams,
                                          bool repeatable) {
    return host_->send({.request = std::move(request),
                        .scope = host_->scope(name_, "pull,push"),
                        .account = &account_,
                        .streams = streams,
                        .repeatable = repeatable});
}

Result<std::optional<ManifestHead>> Repository::head(const std::string& target) {
    auto request = this->request("HEAD", cat("manifests/", target));
    request.headers.emplace_back("Accept", accept_manifests());
    TRY_ASSIGN(auto answer, pull(request));
    if (answer.status == 404) return std::optional<ManifestHead>();
    if (answer.status != 200) return Failure(refused(cat("cannot look at ", target), answer, false));
    ManifestHead head{.digest = said_digest(answer),
                      .media_type = answer.header("Content-Type").value_or("")};
    head.size = parse_integer(answer.header("Content-Length").value_or("")).value_or(-1);
    return std::optional(std::move(head));
}

Result<Manifest> Repository::get(const std::string& target) {
    auto request = this->request("GET", cat("manifests/", target));
    request.headers.emplace_back("Accept", accept_manifests());
    request.max_body_bytes = kMaxManifestBytes;
    if (!host_->begin_pull(account_.user))
        return Failure(Error{.code = ErrorCode::http,
                             .message = cat("cannot read ", target, ": ", host_->name(), "/", name_,
                                            ": not asked: ", host_->pull_limit_text(account_.user)),
                             .hint = "wait, log in at the source, or read through a mirror (--profile)",
                             .cause = 429});
    auto asked = pull(request);
    host_->end_pull(account_.user);
    TRY_ASSIGN(auto answer, std::move(asked));
    if (answer.status != 200) return Failure(refused(cat("cannot read ", target), answer, false));
    auto fail = [&](ErrorCode code, std::string_view why) {
        return Failure(
            Error{.code = code,
                  .message = cat("manifest not used: ", host_->name(), "/", name_, ":", target, ": ", why)});
    };
    if (answer.truncated) return fail(ErrorCode::parse, "more than 4 MiB");
    auto said = is_digest(target) ? target : said_digest(answer);
    Manifest manifest{
        .digest = sha256_digest(answer.body),
        .media_type = std::string(trim(std::string_view(answer.header("Content-Type").value_or(""))))};
    if (said.starts_with("sha512:")) manifest.digest = said;
    bool checkable = said.starts_with("sha256:") || said.starts_with("sha512:");
    if (is_digest(target) && !checkable)
        return fail(ErrorCode::digest_mismatch, "its digest cannot be checked");
    if (checkable && !digest_matches(answer.body, said))
        return fail(ErrorCode::digest_mismatch, cat("the bytes are not those of ", said));
    manifest.bytes = std::move(answer.body);
    return manifest;
}

Result<Stored> Repository::put(const std::string& target, const Manifest& manifest) {
    auto request = this->request("PUT", cat("manifests/", target));
    request.headers.emplace_back("Content-Type", manifest.media_type);
    TextBody body(manifest.bytes);
    request.body = &body;
    request.body_size = static_cast<std::int64_t>(manifest.bytes.size());
    TRY_ASSIGN(auto answer, send_push(std::move(request), {}, true));
    if (answer.status < 200 || answer.status > 299)
        return Failure(refused(cat("push of ", target), answer, true));
    Stored stored{.digest = said_digest(answer), .subject_noted = answer.header("OCI-Subject").has_value()};
    bool comparable = stored.digest.substr(0, 7) == manifest.digest.substr(0, 7);
    if (comparable && stored.digest != manifest.digest)
        return Failure(Error{
            .code = ErrorCode::digest_mismatch,
            .message = cat("push not believed: ", host_->name(), "/", name_, ":", target, ": it stored ",
                           printable_line(stored.digest, 80), " instead of ", manifest.digest)});
    if (!comparable) stored.digest = manifest.digest;
    return stored;
}

Result<bool> Repository::has_blob(const std::string& digest) {
    TRY_ASSIGN(auto answer, host_->send({.request = request("HEAD", cat("blobs/", digest)),
                                         .scope = host_->scope(name_, "pull,push"),
                                         .account = &account_}));
    if (answer.status == 401) return Failure(refused("push", answer, true));
    return answer.status == 200;
}

Result<net::Answer> Repository::read_blob(const std::string& digest, std::int64_t offset,
                                          const net::Streams& streams) {
    auto request = this->request("GET", cat("blobs/", digest));
    request.deadline = 0;
    if (offset > 0) request.headers.emplace_back("Range", cat("bytes=", offset, "-"));
    request.max_body_bytes = std::numeric_limits<std::int64_t>::max();
    TRY_ASSIGN(auto answer, pull(std::move(request), streams, false));
    if (answer.status != 200 && answer.status != 206)
        return Failure(refused(cat("cannot read blob ", digest), answer, false));
    return answer;
}

Result<std::string> Repository::small_blob(const std::string& digest, std::int64_t size) {
    auto request = this->request("GET", cat("blobs/", digest));
    request.max_body_bytes = size;
    TRY_ASSIGN(auto answer, pull(std::move(request)));
    if (answer.status != 200) return Failure(refused(cat("cannot read blob ", digest), answer, false));
    if (!digest_matches(answer.body, digest))
        return Failure(Error{.code = ErrorCode::digest_mismatch,
                             .message = cat("blob not used: ", host_->name(), "/", name_, "@", digest,
                                            ": the bytes are others")});
    return std::move(answer.body);
}

}  // namespace mirrorctl::registry
