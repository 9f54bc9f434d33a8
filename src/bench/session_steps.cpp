// What each answer means: from the index to the last byte of a sample.
#include "base/digest.hpp"
#include "base/strings.hpp"
#include "bench/session.hpp"
#include "registry/token.hpp"

#include <algorithm>

namespace mirrorctl::bench {

namespace {

constexpr std::int64_t kManifestLimit = 1LL << 20U;  // the largest real ones have some 100 KiB
constexpr std::int64_t kSmallBlob = 1LL << 20U;

std::string short_digest(std::string_view digest) {
    return std::string(digest.substr(0, 19));
}

}  // namespace

void Session::ask_manifest(Step step, const std::string& target) {
    wanted_digest_ = is_sha256_digest(target) ? target : "";
    auto request = registry::manifest_request(endpoint(), candidate_.image.repository, target);
    request.max_body_bytes = kManifestLimit + kSlack;
    ask(step, std::move(request), [] { return Intake::text(kManifestLimit); });
}

bool Session::is_led_to(const Session& other) const {
    if (hops_ == 0 || !wants() || (step_ != Step::manifest && step_ != Step::child)) return false;
    auto target = step_ == Step::child ? wanted_digest_ : candidate_.image.target();
    auto own = registry::manifest_request(other.endpoint(), other.candidate_.image.repository, target).url;
    return request_->url.authority() == own.authority() && request_->url.path == own.path;
}

void Session::ask_config() {
    auto blob = image_.config;
    if (blob.size > kSmallBlob) {
        for (const auto& layer : image_.layers)
            if (layer.size < blob.size) blob = layer;
    }
    auto request = registry::blob_request(endpoint(), candidate_.image.repository, blob.digest);
    request.max_body_bytes = blob.size + kSlack;
    ask(Step::config, std::move(request), [blob] { return Intake::blob(blob); });
}

void Session::on_done(const net::Response& response) {
    around_.news = true;
    account(response);
    on_answer(response);
    if (response.status != 0) first_answer_ = false;  // else nothing was learnt of its way
}

void Session::on_answer(const net::Response& response) {
    if (response.error) {
        if (retry_with_other_ca(*response.error)) return;
        auto verdict = verdict_of_error(*response.error, what());
        bool unneeded = step_ == Step::tag || (step_ == Step::again && verdict.fault == Fault::timeout);
        if (!unneeded || verdict.proxy_is_down) return reject(std::move(verdict));
        return request_.reset();
    }
    if (step_ == Step::token) return on_token(response);
    if (step_ == Step::tag) return on_tag(response);
    if (registry::is_redirect(response.status)) return follow(response);
    if (response.status == 401) return on_unauthorized(response);
    if (!intake_->wants(response.status)) return reject(verdict_of_status(response, what(), around_.wall));
    if (auto verdict = intake_->finish(response)) return reject(std::move(*verdict));
    if (step_ == Step::config) return on_config(response);
    if (step_ == Step::sample) return on_sample(response);
    if (step_ == Step::again) return on_again();
    on_manifest(response);
}

void Session::on_unauthorized(const net::Response& response) {
    auto refuse = [&](std::string reason) {
        reject({.fault = Fault::unauthorized, .reason = std::move(reason)});
    };
    const auto& home = candidate_.mirror.url;
    if (authorized_)
        return refuse(cat("wants a login for ", what(), " (401 although the credentials were sent)"));
    if (!registry::same_origin(request_->url, home))
        return refuse(cat("sends us to ", request_->url.host, " for ", what(), ", which wants a login"));
    auto demand = registry::read_demand(response.all_headers("WWW-Authenticate"), home,
                                        registry::pull_scope(candidate_.mirror, candidate_.image.repository),
                                        !candidate_.credentials.empty());
    if (!demand) return refuse(printable_line(demand.error().message));
    challenge_seconds_ = spent_on(response);
    interrupted_ = step_;
    if (demand->kind == registry::Demand::Kind::basic) {
        authorization_ = registry::basic_authorization(candidate_.credentials);
        phases_.token += challenge_seconds_;
        return repeat_authorized();
    }
    step_ = Step::token;
    other_ca_ = false;
    request_ = registry::token_request(demand->token_url, home, candidate_.credentials);
    request_->headers.emplace_back("User-Agent", around_.spec.user_agent);
    intake_ = Intake::text(registry::kMaxTokenBytes);
}

void Session::repeat_authorized() {
    authorized_ = true;
    other_ca_ = false;
    step_ = interrupted_;
    hops_ = 0;
    hop_seconds_ = 0;
    begun_->headers.emplace_back("Authorization", authorization_);
    request_ = begun_;
    intake_ = make_intake_();
}

void Session::on_token(const net::Response& response) {
    if (registry::is_redirect(response.status))
        return reject(
            {.fault = Fault::unauthorized, .reason = "the token server redirects, which is never followed"});
    if (response.status == 401 || response.status == 403)
        return reject({.fault = Fault::unauthorized,
                       .reason = cat("the token server wants a login: ", response.status)});
    if (response.status != 200) return reject(verdict_of_status(response, what(), around_.wall));
    if (auto verdict = intake_->finish(response)) return reject(std::move(*verdict));
    auto token = registry::parse_token(intake_->body());
    if (!token)
        return reject({.fault = Fault::unauthorized, .reason = printable_line(token.error().message)});
    double seconds = std::max(response.timing.total, 0.0);
    if (token_claimed_)
        around_.tokens.entries[request_->url.str()] = {.pending = false, .token = *token, .seconds = seconds};
    token_claimed_ = false;
    take_token(*token, seconds);
}

void Session::take_token(const std::string& token, double seconds) {
    authorization_ = "Bearer " + token;
    phases_.token += challenge_seconds_ + seconds;
    repeat_authorized();
}

std::optional<Verdict> Session::wrong_manifest(const net::Response& response,
                                               const std::string& actual) const {
    auto type = response.header("Content-Type").value_or("");
    if (says_html(response) || looks_like_html(intake_->body()))
        return Verdict{.fault = Fault::html, .reason = "answers the manifest with an HTML page"};
    if (!registry::is_manifest_type(type))
        return Verdict{.fault = Fault::media_type,
                       .reason = cat("the manifest has a media type that engines do not take: ",
                                     type.empty() ? "none" : printable_line(type, 80))};
    if (!wanted_digest_.empty() && actual != wanted_digest_)
        return Verdict{.fault = Fault::digest,
                       .reason = cat("another manifest than asked for: ", short_digest(actual),
                                     " instead of ", short_digest(wanted_digest_))};
    auto said = response.header("Docker-Content-Digest").value_or("");
    if (is_sha256_digest(said) && said != actual)
        return Verdict{.fault = Fault::digest,
                       .reason = cat("the manifest is not the one that its header names: ",
                                     short_digest(actual), " instead of ", short_digest(said))};
    return std::nullopt;
}

void Session::on_manifest(const net::Response& response) {
    auto actual = sha256_digest(intake_->body());
    if (auto verdict = wrong_manifest(response, actual)) return reject(std::move(*verdict));
    auto document = registry::parse_manifest(intake_->body(), response.header("Content-Type").value_or(""));
    if (!document) {
        bool type = document.error().code == ErrorCode::unsupported_layout;
        return reject({.fault = type ? Fault::media_type : Fault::protocol,
                       .reason = printable_line(document.error().message)});
    }
    (step_ == Step::manifest ? phases_.index : phases_.manifest) = part_of(response);
    if (step_ == Step::manifest && wanted_digest_.empty()) tag_digest_ = actual;
    on_document(*document, actual);
}

void Session::on_document(const registry::Document& document, const std::string& digest) {
    if (const auto* index = std::get_if<registry::Index>(&document)) {
        if (step_ == Step::child)
            return reject({.fault = Fault::protocol, .reason = "an index inside an index"});
        auto child = registry::pick_platform(*index, around_.platform);
        if (!child)
            return reject({.fault = Fault::not_found, .reason = printable_line(child.error().message)});
        return ask_manifest(Step::child, child->digest);
    }
    image_ = std::get<registry::ImageManifest>(document);
    manifest_ = cat(candidate_.image.repository, "@", digest);
    // Of an image that was proven not long ago no blob is hashed again.
    if (!read_before()) return ask_config();
    phases_.blob = std::max(phases_.index, phases_.manifest);
    stage_ = Stage::gated;
    request_.reset();
    if (!candidate_.light && !has_unread_layer()) reuse_rate();
}

// Every byte was read from there not long ago: what they told then counts, nothing is fetched twice.
void Session::reuse_rate() {
    if (candidate_.known_rate <= 0) return read_.clear();
    estimate_ = {.rate = candidate_.known_rate, .low = candidate_.known_rate, .high = candidate_.known_rate};
    confirmed_ = true;
    stage_ = Stage::sampled;
}

void Session::on_config(const net::Response& response) {
    config_wait_ = part_of(response);
    note_first_byte(config_wait_);
    phases_.blob = config_wait_;
    note_final_host();
    stage_ = Stage::gated;
    request_.reset();
}

void Session::begin_tag() {
    tag_asked_ = true;
    if (!tag_digest_.empty() || candidate_.image.tag.empty()) return;
    auto request =
        registry::manifest_request(endpoint(), candidate_.image.repository, candidate_.image.tag, "HEAD");
    ask(Step::tag, std::move(request), [] { return Intake::text(kManifestLimit); });
}

void Session::on_tag(const net::Response& response) {
    request_.reset();
    // It is not needed; but who says when it may be asked again is obeyed.
    if (response.status != 200) wants_peace_ = verdict_of_status(response, what(), around_.wall).retry_after;
    auto digest = response.header("Docker-Content-Digest").value_or("");
    if (response.status == 200 && is_sha256_digest(digest)) tag_digest_ = digest;
}

}  // namespace mirrorctl::bench
