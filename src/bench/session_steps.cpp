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
constexpr std::int64_t kSlack =
    64 * 1024;  // the intake stops a body; the transport's limit only catches what it misses
constexpr double kCrowdedHeadroom = 1.6;
constexpr double kNarrowHeadroom = 2.5;
constexpr std::int64_t kMostOnItsWay = 4LL << 20U;
constexpr double kFallen = 0.5;  // of what it was before
constexpr double kQueueSeconds = 0.05;  // what routers on the way hold
constexpr double kFullLine =
    0.85;  // of the peak: the line may have been full          // what a sample among others may hide
constexpr std::int64_t kWorthAsking = 32 * 1024;  // a shorter rest of a layer tells nothing

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
    first_answer_ = false;
}

void Session::on_answer(const net::Response& response) {
    if (response.error) {
        if (retry_with_other_ca(*response.error)) return;
        auto verdict = verdict_of_error(*response.error, what());
        if (step_ != Step::tag || verdict.proxy_is_down) return reject(std::move(verdict));
        return request_.reset();
    }
    if (step_ == Step::token) return on_token(response);
    if (step_ == Step::tag) return on_tag(response);
    if (registry::is_redirect(response.status)) return follow(response);
    if (response.status == 401) return on_unauthorized(response);
    if (!intake_->wants(response.status)) return reject(verdict_of_status(response, what()));
    if (auto verdict = intake_->finish(response)) return reject(std::move(*verdict));
    if (step_ == Step::config) return on_config(response);
    if (step_ == Step::sample) return on_sample(response);
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
    if (response.status != 200) return reject(verdict_of_status(response, what()));
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
    if (!candidate_.light || read_.empty()) return ask_config();
    stage_ = Stage::gated;
    request_.reset();
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
    final_host_ = request_->url.authority();
    stage_ = Stage::gated;
    request_.reset();
    if (!has_unread_layer() && !read_.empty()) reuse_rate();
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
    auto digest = response.header("Docker-Content-Digest").value_or("");
    if (response.status == 200 && is_sha256_digest(digest)) tag_digest_ = digest;
}

bool Session::has_unread_layer() const {
    return std::any_of(image_.layers.begin(), image_.layers.end(), [&](const registry::Descriptor& layer) {
        auto it = read_.find(layer.digest);
        return it == read_.end() ? layer.size > 0 : layer.size - it->second >= kWorthAsking;
    });
}

std::int64_t Session::begin_sample(SampleRule rule) {
    std::int64_t most = 0;
    std::int64_t offset = 0;
    for (const auto& layer : image_.layers) {
        auto it = read_.find(layer.digest);
        auto done = it == read_.end() ? 0 : it->second;
        if (layer.size - done <= most) continue;
        most = layer.size - done;
        offset = done;
        sampled_layer_ = layer;
    }
    crowd_ = 0;
    auto length = std::max<std::int64_t>(1, std::min(most, std::max(rule.max_bytes, rule.ask_bytes)));
    range_ = {.first = offset, .last = offset + length - 1};
    rule.max_bytes = std::min(rule.max_bytes, length);
    rule.rtt = phases_.rtt;
    rule_ = rule;
    auto request =
        registry::blob_request(endpoint(), candidate_.image.repository, sampled_layer_.digest, range_);
    request.max_body_bytes = length + kSlack;
    ask(Step::sample, std::move(request), [layer = sampled_layer_, range = range_, rule = rule_] {
        return Intake::sample(layer, range, rule);
    });
    return rule_.max_bytes + kSlack;
}

void Session::on_sample(const net::Response& response) {
    take_sample(part_of(response));
}

void Session::take_sample(double first_byte) {
    note_estimate(intake_->meter().estimate(phases_.rtt));
    auto& read = read_[sampled_layer_.digest];
    read = intake_->range_ignored() ? std::max(read, intake_->received()) : read + intake_->received();
    last_wait_ = first_byte;
    note_first_byte(first_byte);
    keep_series();
    ++samples_;
    sampled_bytes_ += intake_->received();
    goes_on_ = false;
    request_.reset();
}

// What is known with what the sample under way saw so far.
Estimate Session::with(const Estimate& seen) const {
    if (goes_on_) return seen.rate < kFallen * estimate_.rate ? combine(estimate_, seen, 1) : seen;
    // What was seen beside many others is replaced by what was seen beside few.
    bool replaces = sampled_crowd_ > 0 && crowd_ < kFullLine * sampled_crowd_ && seen.rate > estimate_.rate;
    double fresh = static_cast<double>(intake_->received());
    auto read = read_.find(sampled_layer_.digest);
    double before = read == read_.end() ? 0 : static_cast<double>(read->second);
    return combine(replaces ? Estimate{} : estimate_, seen, fresh / std::max(1.0, fresh + before));
}

void Session::note_estimate(const Estimate& seen) {
    estimate_ = with(seen);
    if (samples_ == 0) {
        phases_.delay_per_byte =
            size_delay(config_wait_, image_.config.size, last_wait_, sampled_layer_.size, phases_.rtt);
        phases_.blob = phases_.delay_per_byte > 0 ? config_wait_ : last_wait_;
    }
    sampled_crowd_ = crowd_;
    shared_from_.clear();
    stage_ = Stage::sampled;
}

void Session::go_on(const SampleRule& rule) {
    note_estimate(intake_->meter().estimate(phases_.rtt));
    rule_ = rule;
    rule_.rtt = phases_.rtt;
    rule_.max_bytes = std::min(rule.max_bytes, asked_bytes());
    intake_->go_on(rule_);
    goes_on_ = went_on_ = true;
}

void Session::note_first_byte(double seconds) {
    quickest_wait_ = quickest_wait_ < 0 ? seconds : std::min(quickest_wait_, seconds);
    slowest_wait_ = std::max(slowest_wait_, seconds);
}

// Half of the room for each of the first two samples.
void Session::keep_series() {
    double shift = series_.empty() ? 0 : series_.back().at_s;
    for (auto [at, bps] : intake_->meter().series(kMaxSpeedPoints / 2))
        if (series_.size() < kMaxSpeedPoints) series_.push_back({.at_s = shift + at, .bps = bps});
}

void Session::inherit(const Session& other) {
    estimate_ = other.estimate_;
    phases_.delay_per_byte = other.phases_.delay_per_byte;
    shared_from_ = other.candidate_.mirror.url.host;
    confirmed_ = other.confirmed_;
    stage_ = Stage::sampled;
}

Estimate Session::bounded(Estimate estimate, double crowd) const {
    if (!estimate.known()) return estimate;
    if (crowd > 0 && crowd >= kFullLine * around_.line_peak)
        estimate.high = std::max(estimate.high, (around_.line_narrow ? kNarrowHeadroom : kCrowdedHeadroom) * estimate.rate);
    if (around_.line_full > 0)
        estimate.high = std::max(estimate.rate, std::min(estimate.high, around_.line_full));
    return estimate;
}

double Session::judged() const {
    auto known = prediction();
    return closed_ && !confirmed_ ? known.worst : known.expected;
}

void Session::settle_for(const SampleRule& rule) {
    rule_.enough_bytes = rule.enough_bytes;
    rule_.min_seconds = rule.min_seconds;
    intake_->go_on(rule_);
}

std::int64_t Session::on_its_way() const {
    if (!intake_ || intake_->received() >= asked_bytes()) return 0;
    double moment = phases_.rtt + kQueueSeconds;
    double rate = std::max(0.0, estimate_.rate) * (estimate_.growing ? 2 : 1);  // it doubles per round trip
    return std::min(kMostOnItsWay, static_cast<std::int64_t>(rate * moment));
}

bool Session::looked_enough() const {
    return intake_ &&
           (intake_->received() >= rule_.enough_bytes || intake_->meter().duration() >= rule_.min_seconds);
}

Estimate Session::live_estimate() const {
    const auto* flow = live_flow();
    if (flow == nullptr || flow->bytes() == 0) return estimate_;
    auto seen = flow->estimate(phases_.rtt);
    return goes_on_ ? with(seen) : combine(estimate_, seen, 0.5);
}

Prediction Session::live_prediction() const {
    const auto* flow = live_flow();
    if (flow == nullptr || flow->bytes() == 0) return prediction();
    return predict(phases_, bounded(live_estimate(), crowd_));
}

Measurement Session::measurement() const {
    Measurement m{.mirror = candidate_.mirror, .is_origin = candidate_.is_origin, .usable = usable()};
    m.probed = requests_ > 0;
    m.fault = m.usable ? Fault::none : verdict_.fault;
    m.samples = samples_;
    m.bytes = bytes_;
    m.requests = requests_;
    m.retry_after_s = verdict_.retry_after;
    m.tag_digest = tag_digest_;
    m.final_host = final_host_;
    m.shared_from = shared_from_;
    m.confirmed = confirmed_;
    if (!first_answer_) {
        m.connect_s = phases_.connect;
        m.dns_s = phases_.dns;
        m.rtt_s = phases_.rtt;
    }
    if (authorized_) m.token_s = phases_.token;
    m.ttfb_s = last_wait_ >= 0 ? last_wait_ : config_wait_;
    m.ttfb_low_s = quickest_wait_;
    m.ttfb_high_s = slowest_wait_;
    m.throughput_bps = estimate_.rate;
    m.throughput_low_bps = estimate_.low;
    m.throughput_high_bps = estimate_.high;
    m.series = series_;
    auto prediction_now = prediction();
    if (m.usable && prediction_now.known()) {
        m.predicted_low_s = prediction_now.best;
        m.predicted_high_s = prediction_now.worst;
        // Cautious: what was only looked at shortly counts with what it surely does.
        m.predicted_pull_s = confirmed_ ? prediction_now.expected : prediction_now.worst;
    }
    if (m.usable) m.phases = phases_of_pull(phases_, confirmed_ ? estimate_.rate : estimate_.low);
    m.unsure = m.usable && !confirmed_;
    if (requests_ > 0) m.layers_read = read_;
    m.reason = m.usable ? describe(m, phases_, estimate_) : verdict_.reason;
    return m;
}

}  // namespace mirrorctl::bench
