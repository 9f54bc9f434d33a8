// All logins of a run: the login file first, then docker's own, then docker's credential helpers.
#pragma once

#include "model/warning.hpp"
#include "sync/login_file.hpp"
#include "sync/logins.hpp"
#include "sys/fs.hpp"
#include "sys/runner.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace mirrorctl::sync {

struct LoginSources {
    std::vector<LoginEntry> file = {};  // of auth.json
    DockerConfig docker = {};
    const sys::FsReader& fs;  // for /etc/docker/certs.d and ca_file
    sys::Runner& runner;      // for docker-credential-X
    std::function<std::string(const std::string& host)> proxy_of = {};
};

class LoginTable : public Logins {
  public:
    explicit LoginTable(LoginSources sources) : sources_(std::move(sources)) {}

    Login login(const std::string& host, const std::string& repository) const override;
    // CAs and client certificates as docker reads them: /etc/docker/certs.d/HOST/*.crt, *.cert with *.key.
    HostOptions options(const std::string& host) const override;

    // What went wrong on the way: a helper that failed, a CA that cannot be read. Each once.
    const std::vector<Warning>& warnings() const { return warnings_; }

  private:
    Login ask_helper(const std::string& host) const;
    HostOptions read_options(const std::string& host) const;
    void read_certificates(const std::string& host, HostOptions& options) const;
    std::string read_file(const std::string& path) const;

    LoginSources sources_;
    // Both are asked often, and must answer the same during a run.
    mutable std::map<std::string, Login> helper_answers_;
    mutable std::map<std::string, HostOptions> options_;
    mutable std::vector<Warning> warnings_;
};

// The entry with the longest prefix of `name` ("host/repository") that ends where a component ends.
const LoginEntry* longest_prefix(const std::vector<LoginEntry>& entries, std::string_view name);

}  // namespace mirrorctl::sync
