#include "registry/host.hpp"

#include "base/strings.hpp"
#include "registry/refusal.hpp"
#include "registry/requests.hpp"
#include "registry/token.hpp"

#include <algorithm>
#include <utility>

namespace mirrorctl::registry {

namespace {

constexpr double kMostAtOnce = 64;
constexpr std::int64_t kOutOfOrder =
    16;  // answers that overtake each other: what they say is left differs by so much
constexpr double kTurn = 0.02;
constexpr double kFirstRest = 1;  // seconds, where a 429 names none

// Error::cause of a failed connection is libcurl's code (curl/curl.h).
constexpr int kNoHandshake = 35;  // CURLE_SSL_CONNECT_ERROR
constexpr int kNotTrusted = 60;   // CURLE_PEER_FAILED_VERIFICATION

bool is_network(const Result<net::Answer>& answer) {
    return answer && answer->error && answer->error->code == ErrorCode::network;
}

Error interrupted() {
    return {.code = ErrorCode::interrupted, .message = "interrupted"};
}

}  // namespace

Host::Host(net::Exchange& exchange, HostSpec spec)
    : exchange_(exchange), spec_(std::move(spec)), authorizer_(exchange, spec_.style) {}

std::string Host::name() const {
    bool self = namespace_query(spec_.mirror.url, spec_.upstream).empty();
    return self ? spec_.upstream : spec_.mirror.url.authority();
}

net::Request Host::request(std::string_view method, std::string_view path) const {
    net::Request request = spec_.style;
    request.method = std::string(method);
    request.url = spec_.mirror.url;
    request.url.userinfo.clear();
    request.url.path = cat(api_root(spec_.mirror), path);
    request.url.query = namespace_query(request.url, spec_.upstream);
    if (!spec_.user_agent.empty()) request.headers.emplace_back("User-Agent", spec_.user_agent);
    return request;
}

std::string Host::repository(const std::string& name) const {
    return repository_at(spec_.mirror, name);
}

std::string Host::scope(const std::string& name, std::string_view actions) const {
    return cat("repository:", repository(name), ":", actions);
}

std::vector<std::string> Host::take_warnings() {
    auto first = warnings_.begin() + static_cast<std::ptrdiff_t>(std::exchange(taken_, warnings_.size()));
    return {first, warnings_.end()};
}

Result<net::Answer> Host::send(const Ask& ask) {
    for (int attempt = 0;; ++attempt) {
        // What cleans up is still sent then, for a moment that the exchange grants.
        if (exchange_.stopping() && ask.request.method != "DELETE") return Failure(interrupted());
        wait_for_turn();
        ++under_way_;
        auto answer = this->attempt(ask);
        --under_way_;
        if (answer) note(ask, *answer);
        bool busy = answer && !answer->error && (answer->status == 429 || answer->status == 503);
        if (!should_repeat(ask, answer, attempt)) {
            if (busy) slow_down(std::min(wish_of(*answer).value_or(kFirstRest), spec_.longest_pause));
            if (answer && answer->error) return Failure(advised(std::move(*answer->error), ask));
            return answer;
        }
        auto pause = backoff(attempt, static_cast<double>((jitter_ += 7919U) % 997U) / 997.0);
        if (answer)
            if (auto wish = wish_of(*answer)) pause = *wish;
        if (busy)
            slow_down(std::max(pause, kFirstRest));
        else
            exchange_.sleep(pause);
    }
}

// What a user can write so that this host is reached the next time.
Error Host::advised(Error error, const Ask& ask) const {
    if (!error.hint.empty() || ask.request.url.authority() != url().authority()) return error;
    if (error.cause == kNoHandshake)
        error.hint = cat("if it speaks plain http, allow that in the auth file: {\"", name(),
                         "\": {\"insecure\": true}}");
    if (error.cause == kNotTrusted)
        error.hint = cat("name its CA in the auth file: {\"", name(),
                         "\": {\"ca_file\": \"/path/ca.crt\"}}, or put it into /etc/docker/certs.d/", name(),
                         "/ca.crt");
    return error;
}

std::optional<double> Host::wish_of(const net::Answer& answer) const {
    return retry_after(answer, exchange_.wall());
}

bool Host::should_repeat(const Ask& ask, const Result<net::Answer>& answer, int attempt) {
    int most = ask.retries >= 0 ? ask.retries : spec_.retries;
    if (!ask.repeatable || attempt >= most || exchange_.stopping() || !answer) return false;
    if (answer->error) return is_network(answer);
    if (!is_transient(answer->status) || exhausted_ || is_full(*answer)) return false;
    return wish_of(*answer).value_or(0) <= spec_.longest_pause;
}

// Everybody who asks this host rests, not only whoever was told.
void Host::wait_for_turn() {
    while (!exchange_.stopping()) {
        if (double rest = resting_until_ - exchange_.now(); rest > 0)
            exchange_.sleep(rest);
        else if (static_cast<double>(under_way_) >= at_once_)
            exchange_.sleep(kTurn);
        else
            return;
    }
}

// Once per epoch: the answers to what was under way when the host first complained are the same complaint.
void Host::slow_down(double seconds) {
    double now = exchange_.now();
    resting_until_ = std::max(resting_until_, now + seconds);
    if (now < slowed_at_ + seconds) return;
    slowed_at_ = now;
    at_once_ = std::max(1.0, std::min(at_once_, static_cast<double>(under_way_ + 1)) / 2);
}

void Host::note(const Ask& ask, const net::Answer& answer) {
    if (answer.status > 0 && answer.status < 400) at_once_ = std::min(kMostAtOnce, at_once_ + 1 / at_once_);
    if (auto limit = pull_limit(answer)) {
        auto& known = pulls_[ask.account ? ask.account->user : ""].limit;
        bool late = known && limit->left > known->left && limit->left <= known->left + kOutOfOrder;
        if (!late) known = limit;
    }
    if (is_pull_quota(answer) && wish_of(answer).value_or(1e9) > spec_.longest_pause) exhausted_ = true;
    for (const auto& warning : answer.all_headers("Warning"))
        if (warning.starts_with("299")) warn(cat(name(), " says: ", printable_line(warning)));
}

void Host::warn(std::string text) {
    bool known = std::find(warnings_.begin(), warnings_.end(), text) != warnings_.end();
    if (!known && warnings_.size() < 20) warnings_.push_back(std::move(text));
}

bool Host::begin_pull(const std::string& user) {
    auto& pulls = pulls_[user];
    // The last ones are waited for: whether they are counted already, their answers say.
    while (pulls.limit && pulls.limit->left > 0 && pulls.under_way >= pulls.limit->left &&
           !exchange_.stopping())
        exchange_.sleep(kTurn);
    if (pulls.limit && pulls.limit->left <= pulls.under_way) {
        exhausted_ = true;
        return false;
    }
    ++pulls.under_way;
    return true;
}

std::string Host::pull_limit_text(const std::string& user) const {
    auto found = pulls_.find(user);
    auto window = found != pulls_.end() && found->second.limit ? found->second.limit->window : 0;
    return cat("no pull is left, of the limit over ",
               window >= 3600 ? cat((window + 1800) / 3600, " hours") : cat(window, " seconds"));
}

// A host that may be insecure and has not been reached by https yet is tried by http, as docker does.
bool Host::fall_back(const net::Answer& answer) {
    if (!spec_.may_fall_back_to_http || reached_) return false;
    if (!answer.error || answer.error->code != ErrorCode::network) return false;
    spec_.mirror.url.scheme = "http";
    return true;
}

// Requests are built before it is known, or found out by another one meanwhile, how the host is reached.
Result<net::Answer> Host::attempt(const Ask& given) {
    auto ask = given;
    auto& scheme = spec_.mirror.url.scheme;
    bool ours = ask.request.url.authority() == url().authority();
    if (ours && spec_.may_fall_back_to_http) ask.request.url.scheme = scheme;
    auto tried = ask.request.url.scheme;
    auto answer = authorized(ask);
    bool late = answer && answer->error && ours && tried == "https" && scheme == "http";
    if (answer && tried == "https" && ours && (late || fall_back(*answer))) {
        ask.request.url.scheme = scheme;
        auto plain = authorized(ask);
        if (plain && plain->error && !reached_)
            scheme = "https";  // what https said is the better answer: a certificate, perhaps
        else
            answer = std::move(plain);
    }
    if (answer && !answer->error) reached_ = true;
    return answer;
}

Result<net::Answer> Host::authorized(const Ask& ask) {
    if (ask.own_authorization) return redirected(ask, ask.request);
    static const Account kNobody;
    const auto& account = ask.account ? *ask.account : kNobody;
    auto request = ask.request;
    auto set = [&](const std::string& header) {
        std::erase_if(request.headers, [](const auto& h) { return h.first == "Authorization"; });
        if (!header.empty()) request.headers.emplace_back("Authorization", header);
    };
    TRY_ASSIGN(auto header, authorizer_.header(url(), account, ask.scope, ask.fresh_for));
    bool ours = same_origin(request.url, url());
    if (ours) set(header);
    TRY_ASSIGN(auto answer, redirected(ask, request));
    if (answer.status != 401 || answer.error || !ours) return answer;
    // A body that has been taken in part cannot be sent again; whoever streams has authorised before.
    // What it sends next has a new token.
    auto again = authorizer_.after_401(url(), account, ask.scope, answer);
    if (!ask.repeatable && ask.request.body) return answer;
    if (!again && again.error().code == ErrorCode::http) {  // its challenge leads nowhere
        if (answer.header("WWW-Authenticate"))
            warn(cat(name(), ": no login was sent: ", printable_line(again.error().message)));
        return answer;
    }
    if (!again) return Failure(again.error());
    if (*again == header && !header.empty() && header.starts_with("Basic")) return answer;
    set(*again);
    return redirected(ask, request);
}

Result<net::Answer> Host::redirected(const Ask& ask, net::Request request) {
    bool reads = request.method == "GET" || request.method == "HEAD";
    auto streams = ask.streams;
    streams.patience = spec_.patience;
    for (int hops = 0;; ++hops) {
        if (ask.repeatable && request.body) request.body->rewind();
        auto answer = exchange_.send(request, streams);
        if (answer.error || !reads || !is_redirect(answer.status)) return answer;
        auto next = follow_redirect(request, answer, url(), hops);
        if (!next) return Failure(next.error());
        if (!same_origin(next->url, url())) {
            next->cert_pem.clear();
            next->key_pem.clear();
        }
        request = std::move(*next);
    }
}

}  // namespace mirrorctl::registry
