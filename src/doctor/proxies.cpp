// Proxy values, wherever they stand: can the engines use them, and who can read them?
#include "base/strings.hpp"
#include "base/url.hpp"
#include "doctor/checks.hpp"
#include "doctor/proxy_words.hpp"
#include "net/address.hpp"
#include "targets/proxy_values.hpp"

#include <algorithm>

namespace mirrorctl::doctor {

namespace {

bool is_list(const ProxyWord& word) {
    auto name = lower(word.name);
    return name == "no_proxy" || name == "no-proxy" || name == "noproxy";
}

std::vector<ProxyWord> daemon_words(const Scene& scene) {
    std::vector<ProxyWord> words;
    for (const auto& unit : scene.units)
        for (auto& word : proxy_words(scene, unit)) words.push_back(std::move(word));
    for (auto& word : json_proxies(scene.daemon)) words.push_back(std::move(word));
    return words;
}

std::vector<ProxyWord> all_words(const Scene& scene) {
    auto words = daemon_words(scene);
    for (const auto& client : scene.clients)
        for (auto& word : json_proxies(client)) words.push_back(std::move(word));
    return words;
}

bool holds_credentials(const std::string& value) {
    return mask_secrets(value) != value;
}

// What Go makes nothing of; "" if it understands the entry (golang.org/x/net/http/httpproxy, config.init).
std::string fault_of_entry(std::string_view entry) {
    if (entry.find("://") != std::string_view::npos) return "it has a scheme, only the host counts";
    if (trim(entry).find_first_of(" \t") != std::string_view::npos)
        return "entries are separated by commas, not blanks";
    if (entry.find('/') != std::string_view::npos)
        return net::parse_block(entry) ? "" : "it is no network block";
    if (entry != "*" && !entry.starts_with("*.") && entry.find('*') != std::string_view::npos)
        return "a * is understood only in front, as in *.corp.example";
    return "";
}

// Each file and value once: the two cases of a variable mostly say the same.
template <class Function>
void for_values(const std::vector<ProxyWord>& words, Function function) {
    std::vector<std::string> seen;
    for (const auto& word : words) {
        auto key = word.file + "\n" + word.value;
        if (std::find(seen.begin(), seen.end(), key) != seen.end()) continue;
        seen.push_back(key);
        function(word);
    }
}

}  // namespace

void no_proxy_entry(const Scene& scene, Sink& sink) {
    for_values(daemon_words(scene), [&](const ProxyWord& word) {
        if (!is_list(word)) return;
        for (const auto& part : split(word.value, ',')) {
            auto entry = trim(part);
            if (auto fault = fault_of_entry(entry); !entry.empty() && !fault.empty())
                sink.add(word.file,
                         cat(word.name, ": docker and containerd do not understand ",
                             printable_line(entry, 60), ": ", fault),
                         "sudoedit " + word.file);
        }
    });
}

void proxy_invalid(const Scene& scene, Sink& sink) {
    for_values(daemon_words(scene), [&](const ProxyWord& word) {
        if (is_list(word) || word.value.empty()) return;
        auto url = word.value.find("://") == std::string::npos ? "http://" + word.value : word.value;
        auto parsed = parse_url(url);
        if (!parsed)
            sink.add(word.file,
                     cat(word.name, " is no URL of a proxy: ", mask_secrets(parsed.error().message)),
                     "sudoedit " + word.file);
    });
}

void proxy_password_readable(const Scene& scene, Sink& sink) {
    for_values(all_words(scene), [&](const ProxyWord& word) {
        if (!holds_credentials(word.value) || (!word.in_unit && (word.mode & 0004U) == 0)) return;
        sink.add(word.file,
                 cat(word.name, " holds a password that ",
                     word.in_unit ? "every local user can read (systemctl show)" : "everybody can read here"),
                 word.in_unit ? "sudo mirrorctl apply --https-proxy @FILE   # keeps it in a file of mode 0600"
                              : "sudo chmod 0600 " + word.file);
    });
}

void https_proxy_missing(const Scene& scene, Sink& sink) {
    for (const auto& unit : scene.units) {
        const auto& variables = unit.facts->proxy_environment;
        if (variables.contains("HTTP_PROXY") && !variables.contains("HTTPS_PROXY"))
            sink.add(unit.unit,
                     "HTTP_PROXY is set and HTTPS_PROXY is not: https, which registries use, goes direct",
                     "set both; the URL of the proxy itself may begin with http:// in both");
    }
}

void loopback_proxy(const Scene& scene, Sink& sink) {
    for (const auto& client : scene.clients)
        for_values(json_proxies(client), [&](const ProxyWord& word) {
            if (!is_list(word) && targets::is_loopback(word.value))
                sink.add(
                    client.path.str(),
                    cat(word.name, " is a loopback address: in a container that is the container itself"),
                    "use an address of this host that containers can reach: editor " + client.path.str());
        });
}

void config_json_invalid(const Scene& scene, Sink& sink) {
    for (const auto& client : scene.clients)
        if (client.error)
            sink.add(client.path.str(),
                     cat("docker goes on as if it were empty, logins and proxies included: ",
                         to_string(*client.error)),
                     "editor " + client.path.str());
}

void config_json_readable(const Scene& scene, Sink& sink) {
    for (const auto& client : scene.clients) {
        if (!client.doc || (client.mode & 0004U) == 0) continue;
        auto logins = client.doc->keys_of({"auths"});
        if (!logins) continue;
        bool secret = std::any_of(logins->begin(), logins->end(), [&](const std::string& host) {
            return client.doc->has({"auths", host, "auth"}) ||
                   client.doc->has({"auths", host, "identitytoken"});
        });
        if (secret)
            sink.add(client.path.str(), "holds registry logins and can be read by everybody",
                     "chmod 0600 " + client.path.str());
    }
}

}  // namespace mirrorctl::doctor
