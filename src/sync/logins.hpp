// Who we are at a registry, and how its host is reached.
#pragma once

#include <string>

namespace mirrorctl::sync {

struct Login {
    std::string user = {};
    std::string password = {};        // secret
    std::string identity_token = {};  // secret; an OAuth2 refresh token, then user and password are empty
    std::string from = {};            // for people: "auth.json, key hub.example.com/team"; "" = anonymous
    bool anonymous() const { return user.empty() && identity_token.empty(); }
    bool operator==(const Login&) const = default;
};

struct HostOptions {
    bool insecure = false;      // certificates are not checked, and plain http is tried after https
    bool plain_http = false;    // http and nothing else
    std::string ca_pem = {};    // "" = the system's CAs
    std::string cert_pem = {};  // client certificate, "" for none
    std::string key_pem = {};   // secret
    std::string proxy = {};     // proxy URL, may hold credentials; "" = direct
    bool operator==(const HostOptions&) const = default;
};

// Both must answer the same for the same question during a run. `host` as in Location::registry, port
// included.
class Logins {
  public:
    virtual ~Logins() = default;
    // The entry with the longest prefix of "host/repository"; anonymous if there is none.
    virtual Login login(const std::string& host, const std::string& repository) const = 0;
    virtual HostOptions options(const std::string& host) const = 0;
};

}  // namespace mirrorctl::sync
