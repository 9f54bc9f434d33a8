// Gets in at one registry: learns from its 401 what it wants, fetches tokens and keeps them by scope and
// account. Credentials go to the registry itself and to the realm that it names, nowhere else.
#pragma once

#include "base/result.hpp"
#include "net/exchange.hpp"
#include "registry/challenge.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mirrorctl::registry {

struct Account {
    std::string user = {};
    std::string password = {};        // secret
    std::string identity_token = {};  // secret; OAuth2 refresh token
    std::string from = {};            // where it was found, for messages
    bool anonymous() const { return user.empty() && identity_token.empty(); }
};

class Authorizer {
  public:
    // `style`: TLS and proxy settings that token requests share with the registry.
    Authorizer(net::Exchange& exchange, net::Request style) : exchange_(exchange), style_(std::move(style)) {}

    // The Authorization header for requests with that scope ("" = none yet), from what is known already;
    // fetches a token when the registry is known to want one. `fresh_for`: seconds that a token must still be
    // good.
    Result<std::string> header(const Url& registry, const Account& account, const std::string& scope,
                               double fresh_for);
    // After a 401: takes its challenges as the truth. Errors: permission_denied when there is no way to get
    // in.
    Result<std::string> after_401(const Url& registry, const Account& account, const std::string& scope,
                                  const net::Response& response);
    bool knows_how() const { return basic_ || bearer_.has_value(); }

  private:
    struct Kept {
        std::string header;
        double until = 0;  // exchange time
    };
    Result<std::string> fetch(const Url& registry, const Account& account, const std::string& scope,
                              const std::string& demanded);
    Result<net::Answer> ask_for_token(const Url& token_url, const Url& registry, const Account& account);

    net::Exchange& exchange_;
    net::Request style_;
    std::optional<Challenge> bearer_;  // without its scope
    bool basic_ = false;
    std::map<std::string, Kept> tokens_;  // by account and scope
};

}  // namespace mirrorctl::registry
