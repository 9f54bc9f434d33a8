#include "registry/authorizer.hpp"

#include "base/strings.hpp"
#include "registry/form.hpp"
#include "registry/retry.hpp"
#include "registry/token.hpp"

namespace mirrorctl::registry {

namespace {

constexpr int kTokenAttempts = 4;
constexpr double kSafety = 10;  // seconds before its end a token counts as used up

std::string in_quotes(std::string_view text) {
    return cat("\"", replace_all(replace_all(std::string(text), "\\", "\\\\"), "\"", "\\\""), "\"");
}

std::string as_header(const Challenge& bearer) {
    return cat("Bearer realm=", in_quotes(bearer.parameter("realm")),
               ",service=", in_quotes(bearer.parameter("service")));
}

std::string key_of(const Account& account, const std::string& scope) {
    return cat(account.user, "\n", account.from, "\n", scope);
}

std::string credentials_of(const Account& account) {
    return account.user.empty() ? std::string() : cat(account.user, ":", account.password);
}

class Fields final : public net::BodySource {
  public:
    explicit Fields(std::string text) : text_(std::move(text)) {}
    std::size_t give(char* to, std::size_t room) override {
        auto count = text_.copy(to, room, at_);
        at_ += count;
        return count;
    }
    std::int64_t size() const { return static_cast<std::int64_t>(text_.size()); }

  private:
    std::string text_;
    std::size_t at_ = 0;
};

}  // namespace

Result<std::string> Authorizer::header(const Url& registry, const Account& account, const std::string& scope,
                                       double fresh_for) {
    if (basic_) return account.user.empty() ? std::string() : basic_authorization(credentials_of(account));
    if (!bearer_) return std::string();
    auto kept = tokens_.find(key_of(account, scope));
    if (kept != tokens_.end() && kept->second.until > exchange_.now() + fresh_for) return kept->second.header;
    return fetch(registry, account, scope, "");
}

Result<std::string> Authorizer::after_401(const Url& registry, const Account& account,
                                          const std::string& scope, const net::Response& response) {
    tokens_.erase(key_of(account, scope));
    auto headers = response.all_headers("WWW-Authenticate");
    for (auto& challenge : parse_challenges(headers)) {
        if (challenge.scheme == "bearer" && !challenge.parameter("realm").empty()) {
            basic_ = false;
            bearer_ = challenge;
            break;
        }
    }
    TRY_ASSIGN(auto demand, read_demand(headers, registry, scope, !account.user.empty()));
    if (demand.kind == Demand::Kind::basic) {
        basic_ = true;
        return basic_authorization(credentials_of(account));
    }
    // Some registries look at the first scope only: the demanded one goes first (go-containerregistry,
    // bearer.go).
    auto demanded = bearer_ ? bearer_->parameter("scope") : std::string();
    return fetch(registry, account, scope, demanded == scope ? "" : demanded);
}

Result<std::string> Authorizer::fetch(const Url& registry, const Account& account, const std::string& scope,
                                      const std::string& demanded) {
    TRY_ASSIGN(auto demand, read_demand({as_header(*bearer_)}, registry, "", true));
    for (const auto& one : split(cat(demanded, " ", scope), ' '))
        if (!one.empty())
            demand.token_url.query +=
                cat(demand.token_url.query.empty() ? "" : "&", "scope=", query_escape(one));
    TRY_ASSIGN(auto answer, ask_for_token(demand.token_url, registry, account));
    if (answer.status != 200)
        return Failure(Error{
            .code = ErrorCode::permission_denied,
            .message = cat("no token: ", demand.token_url.host, ": it answered ", answer.status,
                           account.anonymous() ? " to an anonymous request" : cat(" to ", account.from)),
            .hint = account.anonymous() ? cat("docker login ", registry.authority())
                                        : cat("check user and password in ", account.from),
            .cause = answer.status});
    TRY_ASSIGN(auto grant, parse_grant(answer.body));
    Kept kept{.header = cat("Bearer ", grant.token), .until = exchange_.now() + grant.seconds - kSafety};
    tokens_[key_of(account, scope)] = kept;
    return kept.header;
}

// oauth.md: an identity token goes as a form; a server without that answers 404 or 405 and gets a GET.
Result<net::Answer> Authorizer::ask_for_token(const Url& token_url, const Url& registry,
                                              const Account& account) {
    auto request = token_request(token_url, registry, "");
    if (!account.user.empty())
        request.headers.emplace_back("Authorization", basic_authorization(credentials_of(account)));
    request.ca_pem = style_.ca_pem;
    request.check_certificate = style_.check_certificate;
    request.proxy = style_.proxy;
    if (same_origin(token_url, registry)) {
        request.cert_pem = style_.cert_pem;
        request.key_pem = style_.key_pem;
    }
    bool form = !account.identity_token.empty();
    for (int attempt = 0;; ++attempt) {
        auto to_send = request;
        Fields fields(form ? token_form(token_url, account.identity_token) : std::string());
        if (form) {
            to_send.method = "POST";
            to_send.url.query.clear();
            to_send.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
            to_send.body = &fields;
            to_send.body_size = fields.size();
        }
        auto answer = exchange_.send(to_send, {});
        if (form && (answer.status == 404 || answer.status == 405)) {
            form = false;
            continue;
        }
        bool again = answer.error ? answer.error->code == ErrorCode::network : is_transient(answer.status);
        if (!again || attempt + 1 >= kTokenAttempts || exchange_.stopping()) {
            if (answer.error) return Failure(in_context(*answer.error, "no token"));
            return answer;
        }
        exchange_.sleep(retry_after(answer, exchange_.wall()).value_or(backoff(attempt, 0.5)));
    }
}

}  // namespace mirrorctl::registry
