// Proxy variables with the place that sets them.
#pragma once

#include "doctor/scene.hpp"

#include <map>
#include <string>
#include <vector>

namespace mirrorctl::doctor {

struct ProxyWord {
    std::string name;   // as written: "http_proxy" and "HTTP_PROXY" are two variables
    std::string value;  // may hold credentials
    std::string file;
    std::uint32_t mode = 0;  // of the file
    bool in_unit = false;    // Environment=: everybody can ask systemd for it
};

// Of Environment=, then of EnvironmentFile=, in the order in which they count. A cleared Environment= starts
// anew.
std::vector<ProxyWord> proxy_words(const Scene& scene, const UnitFiles& unit);

// proxies.* of daemon.json and of the clients' config.json, by their place.
std::vector<ProxyWord> json_proxies(const JsonFile& file);

// Go reads the upper-case name first (golang.org/x/net/http/httpproxy, FromEnvironment).
std::string go_variable(const std::map<std::string, std::string>& environment, const std::string& upper_name);

}  // namespace mirrorctl::doctor
