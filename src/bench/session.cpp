#include "bench/session.hpp"

#include "base/strings.hpp"
#include "bench/ledger.hpp"
#include "net/no_proxy.hpp"
#include "registry/token.hpp"

#include <algorithm>
#include <utility>

namespace mirrorctl::bench {

namespace {

constexpr double kConnectSeconds = 4;
constexpr double kFarLess = 0.5;

}  // namespace

Session::Session(Candidate candidate, Surroundings& around)
    : candidate_(std::move(candidate)), around_(around) {
    if (!candidate_.problem.empty()) {
        reject({.fault = candidate_.problem_fault, .reason = candidate_.problem});
        return;
    }
    read_ = candidate_.read;
    ask_manifest(Step::manifest, candidate_.image.target());
}

std::string Session::key() const {
    return mirror_key(candidate_.mirror);
}

registry::Endpoint Session::endpoint() const {
    return {.mirror = candidate_.mirror,
            .upstream = candidate_.upstream,
            .authorization = authorization_,
            .user_agent = around_.spec.user_agent};
}

std::string Session::what() const {
    switch (step_) {
        case Step::manifest:
        case Step::child:
            return "the manifest";
        case Step::config:
        case Step::sample:
        case Step::again:
            return "a blob";
        case Step::token:
            return "a token";
        case Step::tag:
            return "the tag";
    }
    return "";
}

void Session::ask(Step step, net::Request request, std::function<Intake()> make_intake) {
    step_ = step;
    other_ca_ = false;
    hops_ = 0;
    hop_seconds_ = 0;
    request_ = std::move(request);
    begun_ = request_;
    make_intake_ = std::move(make_intake);
    intake_ = make_intake_();
}

const net::Request* Session::next() {
    if (!wants()) return nullptr;
    if (step_ != Step::token || !candidate_.credentials.empty() || token_claimed_) return &*request_;
    auto [entry, fresh] = around_.tokens.entries.try_emplace(request_->url.str());
    token_claimed_ = fresh;
    if (fresh) return &*request_;
    if (entry->second.pending) return nullptr;
    if (entry->second.silent) {
        reject(*entry->second.silent);
        return nullptr;
    }
    take_token(entry->second.token, entry->second.seconds);
    return &*request_;
}

// True when the request is to be sent once more: its certificate was not trusted, but by the other CAs it may
// be.
bool Session::retry_with_other_ca(const Error& error) {
    constexpr int kCertificateNotTrusted = 60;  // CURLE_PEER_FAILED_VERIFICATION
    bool untrusted = error.code == ErrorCode::network && error.cause.value_or(0) == kCertificateNotTrusted;
    if (!untrusted || candidate_.mirror.ca.empty() || other_ca_) return false;
    other_ca_ = true;
    return true;
}

void Session::launch(net::Transport& transport, double now, double seconds) {
    auto& request = *request_;
    const auto& route = around_.spec.route;
    request.proxy =
        net::proxy_for(request.url, {.http = route.http, .https = route.https, .no_proxy = route.no_proxy});
    // Go adds a mirror's CA to the system's, for its token server and CDN too (containerd, docs/hosts.md,
    // "ca"); libcurl takes one file. So each host is tried with the likelier one first.
    bool own_host = request.url.host == candidate_.mirror.url.host;
    bool own_ca = !candidate_.mirror.ca.empty() && own_host != other_ca_;
    request.ca_pem = own_ca ? candidate_.ca : "";
    request.connect_timeout = std::min(kConnectSeconds, seconds);
    request.deadline = seconds;
    launched_at_ = last_activity_ = now;
    got_headers_ = false;
    in_flight_ = true;
    ++requests_;
    id_ = transport.start(request, *this);
}

// Others that wait for our token fetch it themselves, unless nothing is there that answers.
void Session::drop_token_claim(const Verdict& verdict) {
    auto& entries = around_.tokens.entries;
    bool ours = token_claimed_ && request_;
    if (ours && verdict.fault == Fault::timeout)
        entries[request_->url.str()] = {.pending = false, .silent = verdict};
    else if (ours)
        entries.erase(request_->url.str());
    token_claimed_ = false;
}

void Session::reject(Verdict verdict) {
    drop_token_claim(verdict);
    stage_ = Stage::rejected;
    verdict_ = std::move(verdict);
    if (step_ == Step::token && verdict_.reason.find("token") == std::string::npos)
        verdict_.reason = "the token server: " + verdict_.reason;
    request_.reset();
    begun_.reset();
}

void Session::expire(net::Transport& transport, Verdict verdict) {
    waited_ = sampling() && !got_headers_ && samples_ == 0;
    if (in_flight_) {
        transport.cancel(id_);
        bytes_ += received();
        sampled_bytes_ += sampling() ? received() : 0;
    }
    in_flight_ = false;
    // Neither is needed, and who is silent or must not be asked gave no answer that counts.
    auto step = step_ == Step::token ? interrupted_ : step_;
    if (step == Step::tag || step == Step::again) {
        if (step == Step::again) layers_asked_ = kReferenceLayers;
        drop_token_claim(verdict);
        request_.reset();
        return;
    }
    reject(std::move(verdict));
}

void Session::abandon(net::Transport& transport) {
    if (!in_flight_) return;
    transport.cancel(id_);
    bytes_ += intake_->received();
    in_flight_ = false;
    request_.reset();
}

void Session::step_back(net::Transport& transport) {
    if (!sampling()) return;
    transport.cancel(id_);
    bytes_ += received();
    sampled_bytes_ += received();
    note_read();
    in_flight_ = false;
    alone_ = false;
    request_.reset();
}

void Session::cut_sample(net::Transport& transport) {
    if (!sampling()) return;
    transport.cancel(id_);
    bytes_ += intake_->received();
    in_flight_ = false;
    take_sample(last_wait_);
}

// What was held against one that was to be waited for longer stands.
void Session::close() {
    if (patience_ >= 0 && samples_ == 0) return reject(verdict_);
    closed_ = true;
    request_.reset();
}

void Session::wait_longer(double seconds) {
    stage_ = Stage::gated;
    patience_ = seconds;
}

void Session::rest(std::string reason) {
    if (stage_ == Stage::rejected) return;
    stage_ = Stage::resting;
    verdict_ = {.fault = Fault::resting, .reason = std::move(reason)};
}

void Session::wake() {
    if (stage_ != Stage::resting) return;
    stage_ = Stage::gate;
    verdict_ = {};
}

double Session::rate_lately(double now, double seconds) const {
    const auto* flow = live_flow();
    double at = now - launched_at_;  // a flow's clock starts with its request
    return flow == nullptr ? 0 : flow->rate_between(at - seconds, at);
}

bool Session::on_headers(const net::Response& response) {
    got_headers_ = true;
    last_activity_ = launched_at_ + std::max(0.0, response.timing.first_byte);
    unread_ = around_.pauses.until(last_activity_);
    if (step_ == Step::sample && intake_->wants(response.status)) {
        last_wait_ = hop_seconds_ + std::max(0.0, response.timing.first_byte);
        note_final_host();
    }
    return intake_->on_headers(response);
}

bool Session::on_body(std::string_view bytes, double at) {
    last_activity_ = launched_at_ + at;
    double unread = std::exchange(unread_, around_.pauses.until(last_activity_));
    if (intake_->on_body(bytes, at, unread_ - unread)) return true;
    if (step_ != Step::sample || !intake_->ended_early() || !around_.more) return false;
    auto rule = around_.more(*this);
    if (rule) go_on(*rule);
    return rule.has_value();
}

void Session::account(const net::Response& response) {
    in_flight_ = false;
    bytes_ += response.bytes;
    note_connection(response);
}

// DNS, connect and RTT come from the first own connection; what later ones cost is part of the step that
// needed them.
void Session::note_connection(const net::Response& response) {
    if (!first_answer_ || response.status == 0 ||
        request_->url.authority() != candidate_.mirror.url.authority())
        return;
    const auto& timing = response.timing;
    if (!response.reused_connection) {
        phases_.dns = std::max(timing.dns, 0.0);
        phases_.connect = std::max(std::max(timing.connect, timing.tls) - phases_.dns, 0.0);
        phases_.rtt = std::max(timing.connect - phases_.dns, 0.0);
        phases_.tls = timing.connect < 0 ? 0 : std::max(timing.tls - timing.connect, 0.0);
    }
    double answer = timing.first_byte - phases_.dns - phases_.connect;
    // Through a proxy the handshake tells the way to the proxy only; the first answer bounds the rest. A
    // handshake that waited for another address first (RFC 8305) or was sent twice took longer than its way:
    // no answer comes in less than a round trip.
    if (!request_->proxy.empty() || phases_.rtt <= 0)
        phases_.rtt = std::max(answer, 0.0);
    else if (answer > 0 && answer < kFarLess * phases_.rtt)
        phases_.rtt = answer;
}

// Seconds that this answer's first byte took, without the connection that `phases_.connect` holds already.
double Session::part_of(const net::Response& response) const {
    double first = std::max(response.timing.first_byte, 0.0);
    if (first_answer_ && !response.reused_connection) first -= phases_.dns + phases_.connect;
    return std::max(first, 0.0) + hop_seconds_;
}

// Seconds that a whole answer took which only led somewhere else (a redirect, a 401).
double Session::spent_on(const net::Response& response) const {
    double total = std::max(response.timing.total, 0.0);
    if (first_answer_ && !response.reused_connection) total -= phases_.dns + phases_.connect;
    return std::max(total, 0.0) + hop_seconds_;
}

void Session::follow(const net::Response& response) {
    auto next = registry::follow_redirect(*request_, response, candidate_.mirror.url, hops_);
    if (!next) return reject({.fault = Fault::redirect, .reason = printable_line(next.error().message)});
    hop_seconds_ = spent_on(response);
    ++hops_;
    other_ca_ = false;
    request_ = std::move(*next);
    intake_ = make_intake_();
}

}  // namespace mirrorctl::bench
