// What a sample tells: the flow so far, with what was known before, and what follows for the score.
#include "base/strings.hpp"
#include "bench/line.hpp"
#include "bench/session.hpp"

#include <algorithm>
#include <utility>

namespace mirrorctl::bench {

namespace {

constexpr double kCrowdedHeadroom = 1.6;  // what a sample among others may hide
constexpr std::int64_t kMostOnItsWay = 4LL << 20U;
constexpr double kPlainlyMore = 1.25;
constexpr double kFallen = 0.5;                       // of what it was before
constexpr double kQueueSeconds = 0.05;                // what routers on the way hold
constexpr std::int64_t kCalmAfter = 96 * 1024;        // bytes in which most flows are over slow start
constexpr std::int64_t kRestOfSmallest = 512 * 1024;  // bytes: a shorter layer shows no speed
constexpr double kRestThatTells = 0.125;              // of what was sampled
constexpr std::int64_t kAgain = 4 * 1024;             // bytes
constexpr double kAgainSeconds = 5;                   // a range that comes whole keeps the connection
constexpr std::int64_t kRestWorthAsking = 32 * 1024;  // a shorter rest of a layer tells nothing

}  // namespace

std::int64_t Session::read_of(const registry::Descriptor& layer) const {
    auto it = read_.find(layer.digest);
    return it == read_.end() ? 0 : it->second;
}

bool Session::has_unread(const registry::Descriptor& layer) const {
    auto read = read_of(layer);
    return layer.size - read >= (read > 0 ? kRestWorthAsking : 1);
}

bool Session::read_before() const {
    return std::any_of(image_.layers.begin(), image_.layers.end(),
                       [&](const auto& layer) { return read_of(layer) > 0; });
}

bool Session::has_unread_layer() const {
    return std::any_of(image_.layers.begin(), image_.layers.end(),
                       [&](const auto& layer) { return has_unread(layer); });
}

std::int64_t Session::image_bytes() const {
    std::int64_t bytes = 0;
    for (const auto& layer : image_.layers) bytes += layer.size;
    return bytes;
}

bool Session::tells_more() const {
    std::int64_t rest = 0;
    for (const auto& layer : image_.layers) rest += layer.size - read_of(layer);
    double seen = static_cast<double>(sampled_bytes_);  // not what was read in another run
    return has_unread_layer() && static_cast<double>(rest) >= kRestThatTells * seen;
}

void Session::ask_range(Step step) {
    auto request =
        registry::blob_request(endpoint(), candidate_.image.repository, sampled_layer_.digest, range_);
    request.max_body_bytes = asked_bytes() + kSlack;
    request.calm_after = kCalmAfter;
    ask(step, std::move(request), [layer = sampled_layer_, range = range_, rule = rule_] {
        return Intake::sample(layer, range, rule);
    });
}

std::int64_t Session::begin_sample(SampleRule rule) {
    std::int64_t most = 0;
    std::int64_t offset = 0;
    bool smallest = patience_ >= 0;
    auto shows_it = [&](std::int64_t rest) { return smallest && rest >= kRestOfSmallest; };
    for (const auto& layer : image_.layers) {
        auto rest = layer.size - read_of(layer);
        bool better = shows_it(rest) && shows_it(most) ? rest < most : shows_it(rest) || rest > most;
        if (!better || (shows_it(most) && !shows_it(rest))) continue;
        most = rest;
        offset = read_of(layer);
        sampled_layer_ = layer;
    }
    crowd_ = 0;
    ++layers_asked_;
    auto length = std::max<std::int64_t>(1, std::min(most, std::max(rule.max_bytes, rule.ask_bytes)));
    range_ = {.first = offset, .last = offset + length - 1};
    rule.max_bytes = std::min(rule.max_bytes, length);
    if (smallest) rule.enough_bytes = std::min(rule.enough_bytes, length);
    rule.rtt = phases_.rtt;
    rule_ = rule;
    ask_range(Step::sample);
    return rule_.max_bytes + kSlack;
}

// Of the layer that was sampled last, if there is more of it: some mirrors fetch a whole one before they
// serve any of it.
void Session::begin_again() {
    ++layers_asked_;
    if (!has_unread(sampled_layer_))
        sampled_layer_ = *std::find_if(image_.layers.begin(), image_.layers.end(),
                                       [&](const auto& layer) { return has_unread(layer); });
    auto offset = read_of(sampled_layer_);
    auto length = std::min(kAgain, sampled_layer_.size - offset);
    range_ = {.first = offset, .last = offset + length - 1};
    rule_ = {.max_bytes = length,
             .enough_bytes = length,
             .min_seconds = kAgainSeconds,
             .max_seconds = kAgainSeconds,
             .rtt = phases_.rtt};
    ask_range(Step::again);
}

void Session::on_again() {
    note_read();
    request_.reset();
}

void Session::on_sample(const net::Response& response) {
    take_sample(part_of(response));
}

void Session::take_sample(double first_byte) {
    note_estimate(intake_->estimate());
    note_read();
    last_wait_ = first_byte;
    note_first_byte(first_byte);
    keep_series();
    ++samples_;
    sampled_bytes_ += intake_->received();
    proof_bytes_ += alone_ ? 0 : intake_->received();
    if (falls()) proof_bytes_ = 0;  // they were a burst
    was_alone_ = was_alone_ || alone_;
    alone_ = false;
    goes_on_ = false;
    request_.reset();
}

void Session::note_read() {
    auto& read = read_[sampled_layer_.digest];
    read = intake_->range_ignored() ? std::max(read, intake_->received()) : read + intake_->received();
}

// What is known with what the sample under way saw so far.
Estimate Session::with(const Estimate& seen) const {
    if (goes_on_ && seen.rate < kFallen * estimate_.rate) return combine(estimate_, seen, 1);
    // Who was proven and reads on beside others on a full line only shows whether it falls.
    bool squeezed = crowd_ > 0 && crowd_ >= kFullLine * around_.line_peak;
    if (goes_on_ && confirmed_ && squeezed && seen.settled && seen.rate < estimate_.rate) return estimate_;
    if (goes_on_) return seen;
    // What was seen beside many others is replaced by what was seen beside few.
    bool fewer = alone_ || (sampled_crowd_ > 0 && crowd_ < kFullLine * sampled_crowd_);
    bool replaces = fewer && seen.rate > estimate_.rate;
    double fresh = static_cast<double>(intake_->received());
    auto before = static_cast<double>(read_of(sampled_layer_));
    return combine(replaces ? Estimate{} : estimate_, seen, fresh / std::max(1.0, fresh + before));
}

void Session::note_estimate(const Estimate& seen) {
    // More than what was proven beside others is not proven yet, unless it was read for long: no burst then.
    bool long_proof = proof_bytes_ >= kConfirmEnough && !estimate_.throttled;
    if (alone_ && seen.rate > estimate_.rate && !long_proof) confirmed_ = false;
    auto before = std::exchange(estimate_, with(seen));
    // What was read so far proves what it did then: a burst that is over, a share of the line.
    if (!before.growing && estimate_.rate > kPlainlyMore * before.rate) proof_bytes_ = 0;
    if (samples_ == 0) {
        phases_.delay_per_byte = config_wait_ < 0 ? 0
                                                  : size_delay(config_wait_, image_.config.size, last_wait_,
                                                               sampled_layer_.size, phases_.rtt);
        phases_.blob = phases_.delay_per_byte > 0 ? config_wait_ : last_wait_;
    }
    sampled_crowd_ = crowd_;
    source_ = nullptr;
    stage_ = Stage::sampled;
}

void Session::go_on(const SampleRule& rule) {
    note_estimate(intake_->estimate());
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

void Session::note_final_host() {
    final_host_ = request_->url.authority();
    points_elsewhere_ = final_host_ != candidate_.mirror.url.authority();
}

void Session::inherit(const Session& other) {
    if (other.stage() == Stage::rejected)
        return reject({.fault = other.verdict_.fault,
                       .reason = cat("its blobs come from ", other.candidate_.mirror.url.host, ": ",
                                     other.verdict_.reason)});
    estimate_ = other.estimate_;
    phases_.delay_per_byte = other.phases_.delay_per_byte;
    source_ = &other;
    confirmed_ = other.confirmed_;
    closed_ = other.closed_;
    sampled_crowd_ = other.sampled_crowd_;
    stage_ = Stage::sampled;
}

Estimate Session::bounded(Estimate estimate, double crowd) const {
    if (!estimate.known()) return estimate;
    if (crowd > 0 && around_.line_narrow)
        estimate.high = std::max(estimate.high, around_.line_peak);
    else if (crowd > 0 && crowd >= kFullLine * around_.line_peak)
        estimate.high = std::max(estimate.high, kCrowdedHeadroom * estimate.rate);
    if (around_.line_full > 0)
        estimate.high = std::max(estimate.rate, std::min(estimate.high, around_.line_full));
    return estimate;
}

const Prediction& Session::prediction() const {
    auto& last = predicted_;
    const auto& around = around_;
    bool same = sampled_crowd_ == last.crowd && around.line_peak == last.line_peak &&
                around.line_full == last.line_full && around.line_narrow == last.line_narrow;
    if (!same || estimate_ != last.estimate || phases_ != last.phases)
        last = {phases_,
                estimate_,
                sampled_crowd_,
                around.line_peak,
                around.line_full,
                around.line_narrow,
                predict(phases_, bounded(estimate_, sampled_crowd_))};
    return last.prediction;
}

double Session::judged() const {
    const auto& known = prediction();
    return closed_ && !confirmed_ ? known.worst : known.expected;
}

void Session::settle_for(const SampleRule& rule) {
    rule_.enough_bytes = patience_ < 0 ? rule.enough_bytes : std::min(rule.enough_bytes, asked_bytes());
    rule_.min_seconds = rule.min_seconds;
    rule_.max_seconds = std::max(rule_.max_seconds, rule.max_seconds);
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
    auto seen = intake_->estimate();
    return goes_on_ || alone_ ? with(seen) : combine(estimate_, seen, 0.5);
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
    m.retry_after_s = std::max(verdict_.retry_after, wants_peace_);
    m.tag_digest = tag_digest_;
    m.final_host = final_host_;
    if (source_ != nullptr) m.shared_from = source_->candidate_.mirror.url.host;
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
        // Cautious: what was only looked at shortly counts with what it surely does, and so does one that was
        // seen to fall: how far, its last moments tell best.
        m.predicted_pull_s =
            confirmed_ && !estimate_.throttled ? prediction_now.expected : prediction_now.worst;
    }
    if (m.usable) m.phases = phases_of_pull(phases_, confirmed_ ? estimate_.rate : estimate_.low);
    m.unsure = m.usable && !confirmed_;
    if (requests_ > 0) m.layers_read = read_;
    m.reason = m.usable ? describe(m, phases_, estimate_) : verdict_.reason;
    return m;
}

}  // namespace mirrorctl::bench
