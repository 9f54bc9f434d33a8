// Of class Repository: uploads begun and given up, mounts, lists of tags and of referrers.
#include "base/digest.hpp"
#include "base/strings.hpp"
#include "registry/content.hpp"
#include "registry/link.hpp"
#include "registry/manifest.hpp"
#include "registry/repository.hpp"
#include "registry/text_body.hpp"
#include "registry/token.hpp"

#include <set>
#include <utility>

namespace mirrorctl::registry {

namespace {

constexpr std::int64_t kMaxTagsPage = 4 * 1024 * 1024;
constexpr int kMaxPages = 2000;

// To the next page. False: it leads to another place.
bool turn_page(Url& url, const std::string& next, const Url& first) {
    auto place = resolve_url(url, next);
    if (!place) return false;
    url = std::move(*place);
    if (url.host == first.host && !same_origin(url, first)) {
        url.scheme = first.scheme;  // an inner scheme or port, as with uploads
        url.port = first.port;
    }
    return same_origin(url, first);
}

}  // namespace

Result<UploadPlace> Repository::begin_upload() {
    TRY_ASSIGN(auto answer, send_push(request("POST", "blobs/uploads/"), {}, true));
    if (answer.status != 202) return Failure(refused("push", answer, true));
    TRY_ASSIGN(auto place,
               upload_place(request("POST", "blobs/uploads/").url, answer.header("Location").value_or("")));
    if (place.mended)
        host_->warn(
            cat(host_->name(),
                " does not know its own address: it sends uploads to plain http or to another port; the "
                "address of the registry is used (check X-Forwarded-Proto of the proxy in front, http.host "
                "of docker-registry, external_url of Harbor)"));
    return place;
}

void Repository::cancel_upload(const Url& place) {
    auto request = at(place, "DELETE");
    request.deadline = 5;
    // Whatever it answers: registries sweep what is left over.
    static_cast<void>(host_->send({.request = std::move(request),
                                   .scope = host_->scope(name_, "pull,push"),
                                   .account = &account_,
                                   .retries = 0}));
}

// Harbor API 2.0, POST /projects: 201, or 409 when it exists.
Result<void> Repository::create_project() {
    auto project = name_.substr(0, name_.find('/'));
    auto request = this->request("POST", "");
    request.url.path = "/api/v2.0/projects";
    request.url.query.clear();
    request.headers.emplace_back("Content-Type", "application/json");
    if (!account_.user.empty())
        request.headers.emplace_back("Authorization",
                                     basic_authorization(cat(account_.user, ":", account_.password)));
    auto text = cat("{\"project_name\":\"", project, "\",\"metadata\":{\"public\":\"false\"}}");
    TextBody body(text);
    request.body = &body;
    request.body_size = body.size();
    TRY_ASSIGN(auto answer, host_->send({.request = std::move(request), .own_authorization = true}));
    if (answer.status == 201 || answer.status == 409) return {};
    return Failure(refused(cat("creating project ", project), answer, true));
}

Result<void> Repository::check_push() {
    TRY_ASSIGN(auto place, begin_upload());
    cancel_upload(place.url);
    return {};
}

Result<bool> Repository::mount(const std::string& digest, const std::string& from) {
    auto request = this->request("POST", "blobs/uploads/");
    request.url.query += cat(request.url.query.empty() ? "" : "&", "mount=", replace_all(digest, ":", "%3A"),
                             "&from=", host_->repository(from));
    auto scope = cat(host_->scope(name_, "pull,push"), " ", host_->scope(from, "pull"));
    TRY_ASSIGN(auto answer,
               host_->send({.request = request, .scope = scope, .account = &account_, .retries = 0}));
    if (answer.status == 201) return true;
    if (answer.status == 202)
        if (auto place = upload_place(request.url, answer.header("Location").value_or("")))
            cancel_upload(place->url);
    return false;
}

Result<std::vector<std::string>> Repository::tags(std::size_t most) {
    std::vector<std::string> out;
    std::set<std::string> seen;
    auto request = this->request("GET", "tags/list");
    request.url.query += cat(request.url.query.empty() ? "" : "&", "n=1000");
    request.max_body_bytes = kMaxTagsPage;
    auto first = request.url;
    for (int page = 0; page < kMaxPages; ++page) {
        TRY_ASSIGN(auto answer, pull(request));
        if (answer.status != 200) return Failure(refused("cannot list tags", answer, false));
        TRY_ASSIGN(auto tags, parse_tags(answer.body));
        std::size_t before = seen.size();
        for (auto& tag : tags)
            if (seen.insert(tag).second) out.push_back(std::move(tag));
        auto next = next_link(answer.all_headers("Link"));
        if (!next && out.size() <= most) return out;
        if (!next || out.size() > most) break;
        if (!turn_page(request.url, *next, first) || seen.size() == before) break;
    }
    return Failure(Error{
        .code = ErrorCode::http,
        .message =
            cat("list of tags not complete: ", host_->name(), "/", name_,
                ": its pages go in a circle or lead elsewhere, or there are more than ", most, " tags")});
}

// Page after page (distribution-spec, "Listing Referrers"), all of them in one index.
Result<std::optional<Manifest>> Repository::ask_referrers(const std::string& digest, int retries) {
    auto request = this->request("GET", cat("referrers/", digest));
    request.headers.emplace_back("Accept", "application/vnd.oci.image.index.v1+json");
    request.max_body_bytes = kMaxManifestBytes;
    auto first = request.url;
    std::string all;
    for (int page = 0; page < kMaxPages && all.size() < kMaxManifestBytes; ++page) {
        TRY_ASSIGN(auto answer, host_->send({.request = request,
                                             .scope = host_->scope(name_, "pull"),
                                             .account = &account_,
                                             .retries = retries}));
        bool index =
            answer.header("Content-Type").value_or("").starts_with("application/vnd.oci.image.index");
        bool none = answer.status != 200 || !index || answer.truncated;
        if (answer.status == 404 && page == 0) host_->note_no_referrers();
        if (none && page == 0) return std::optional<Manifest>();
        if (none) break;
        auto before = std::exchange(all, std::move(answer.body));
        if (page > 0) {
            TRY_ASSIGN(all, merge_referrers(before, all));
        }
        auto next = next_link(answer.all_headers("Link"));
        if (!next) {
            Manifest list{.digest = sha256_digest(all),
                          .media_type = "application/vnd.oci.image.index.v1+json"};
            list.bytes = std::move(all);
            return std::optional(std::move(list));
        }
        if (!turn_page(request.url, *next, first) || all == before) break;
    }
    return Failure(
        Error{.code = ErrorCode::http,
              .message = cat("list of referrers not complete: ", host_->name(), "/", name_, "@", digest)});
}

Result<std::optional<Manifest>> Repository::referrers(const std::string& digest, const ReferrersHint& hint) {
    if (!host_->lacks_referrers()) {
        TRY_ASSIGN(auto list, ask_referrers(digest, hint.retries));
        if (list) return list;
    }
    auto tag = fallback_tag(digest);
    if (hint.tags && !hint.tags->contains(tag)) return std::optional<Manifest>();
    TRY_ASSIGN(auto head, this->head(tag));
    if (!head) return std::optional<Manifest>();
    TRY_ASSIGN(auto manifest, get(tag));
    return std::optional(std::move(manifest));
}

}  // namespace mirrorctl::registry
