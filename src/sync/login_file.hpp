// auth.json / auth.yaml as image-syncer reads it, and docker's config.json.
#pragma once

#include "base/result.hpp"
#include "model/warning.hpp"
#include "sync/document.hpp"
#include "sync/logins.hpp"
#include "sync/names.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mirrorctl::sync {

struct LoginEntry {
    std::string prefix;  // "host[:port]" or "host[:port]/path"
    Login login = {};    // anonymous: such an entry only says how the host is reached
    bool insecure = false;
    std::string ca_file = {};
};

struct LoginFile {
    std::vector<LoginEntry> entries = {};
    std::vector<Error> errors = {};  // parse, usage (a variable that is not set); with location
    std::vector<Warning> warnings = {};
};

// An object: "host" or "host/path" -> {username, password, insecure, ca_file}. A user or password that is
// wholly $NAME or ${NAME} is read from the environment; any other "$" stands for itself.
LoginFile read_logins(const Value& document, const ReadVariable& variable);

// docker's client configuration (docker/cli, cli/config/configfile/file.go): `auths`, and who is asked for
// the others. Everything else in the file is docker's business.
struct DockerConfig {
    std::vector<LoginEntry> entries = {};
    std::map<std::string, std::string> helpers = {};  // host -> X of docker-credential-X
    std::string store = {};                           // X for all other hosts, "" for none
};
// Errors: parse.
Result<DockerConfig> read_docker_config(const Value& document, const std::string& file);

// "https://index.docker.io/v1/" -> "docker.io": host in lower case, no scheme, no API version.
std::string login_prefix(std::string_view key);

}  // namespace mirrorctl::sync
