// A hosts.toml as containerd's own reader takes it (core/remotes/docker/config/hosts.go, releases 1.5
// to 2.3): which hosts are asked, for what, at which URL, or why the whole file is passed over. Unlike the
// codec of the target, which edits files and refuses odd ones, this one tells what happens with them.
#pragma once

#include "base/url.hpp"
#include "model/node.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mirrorctl::doctor {

struct HostRow {
    std::string written;    // the key of [host."..."], or the value of `server`
    Url url = {};           // without a scheme in `written` as containerd reads it: https
    bool usable = false;    // `written` is an http or https URL
    std::string root = {};  // what requests begin with: "https://m.example/v2"
    bool pull = true;
    bool resolve = true;
    bool override_path = false;
    bool tls_keys = false;                // ca, client or skip_verify is set, whatever its value
    std::vector<std::string> files = {};  // of ca and client, as written
    bool is_server = false;
};

enum class Refusal { none, empty, invalid, no_host };

struct HostsFile {
    Refusal refusal =
        Refusal::none;     // not none: containerd goes to the registry itself and logs a line at most
    std::string why = {};  // with line and column where there is one
    std::vector<HostRow> hosts = {};  // in the order in which they are asked; `server` last
    bool has_server = false;
    std::vector<std::string> headerless =
        {};  // written inline or with dotted keys: containerd 2 never asks them
    std::vector<std::string> scattered =
        {};                     // taken up again behind another host: containerd 2 asks them twice
    bool sends_header = false;  // an Authorization header stands in the file
};

HostsFile read_hosts_file(std::string_view text, const std::optional<Version>& version);

// Has the string a scheme? containerd only looks whether it begins with "http", and puts https:// in front
// otherwise.
bool has_scheme(std::string_view url);

// Where a request for the registry itself goes: docker.io is served by registry-1.docker.io
// (core/remotes/docker, DefaultHost).
std::string default_server(const std::string& registry);

}  // namespace mirrorctl::doctor
