// hosts.toml files: does the engine take them, and do its requests go where they were meant to?
#include "base/strings.hpp"
#include "doctor/checks.hpp"
#include "targets/version_rules.hpp"

#include <algorithm>
#include <array>

namespace mirrorctl::doctor {

namespace {

constexpr std::array<std::string_view, 4> kWebPages{"docker.io", "index.docker.io", "hub.docker.com",
                                                    "www.docker.com"};

struct Place {
    const CertsDir& certs;
    const RegistryDir& dir;
    std::string file() const { return (dir.path / "hosts.toml").str(); }
    std::string edit() const { return "sudoedit " + file(); }
};

template <class Function>
void for_files(const Scene& scene, Function function) {
    for (const auto& certs : scene.certs)
        for (const auto& dir : certs.registries)
            if (dir.text && !dir.name.starts_with("_backup")) function(Place{certs, dir});
}

template <class Function>
void for_hosts(const Scene& scene, Function function) {
    for_files(scene, [&](const Place& place) {
        for (const auto& host : place.dir.hosts.hosts) function(place, host);
    });
}

void refused(const Scene& scene, Sink& sink, Refusal refusal, std::string_view hint) {
    for_files(scene, [&](const Place& place) {
        if (place.dir.hosts.refusal != refusal) return;
        sink.add(place.file(),
                 cat("the whole file is ignored, ",
                     place.dir.name == "_default" ? "every registry" : place.dir.upstream,
                     " is asked directly: ", place.dir.hosts.why),
                 hint.empty() ? place.edit() : std::string(hint));
    });
}

std::string shown(const HostRow& host) {
    return printable_line(mask_secrets(host.written), 120);
}

}  // namespace

void hosts_toml_invalid(const Scene& scene, Sink& sink) {
    refused(scene, sink, Refusal::invalid, "");
}

void hosts_toml_empty(const Scene& scene, Sink& sink) {
    refused(scene, sink, Refusal::empty, "sudo mirrorctl apply   # or remove the directory");
}

void hosts_toml_no_host(const Scene& scene, Sink& sink) {
    refused(scene, sink, Refusal::no_host,
            "containerd before 2.0 wants at least one [host.\"https://...\"] table beside `server`");
}

void host_no_scheme(const Scene& scene, Sink& sink) {
    for_hosts(scene, [&](const Place& place, const HostRow& host) {
        if (!host.usable)
            sink.add(place.file(), cat("the host ", shown(host), " is no URL that containerd understands"),
                     place.edit() + "   # https:// in front");
    });
}

void server_web_page(const Scene& scene, Sink& sink) {
    for_hosts(scene, [&](const Place& place, const HostRow& host) {
        if (std::find(kWebPages.begin(), kWebPages.end(), host.url.host) == kWebPages.end()) return;
        sink.add(place.file(),
                 cat(host.is_server ? "server " : "the host ", shown(host),
                     " answers with a web page, not as a registry"),
                 place.edit() + "   # https://registry-1.docker.io");
    });
}

// "/v2" in the middle or the registry's name at the end: the writer meant the API root.
void host_path(const Scene& scene, Sink& sink) {
    for_hosts(scene, [&](const Place& place, const HostRow& host) {
        const auto& path = host.url.path;
        bool inside = path.starts_with("/v2/") && !path.ends_with("/v2");
        bool prefix = path.find("/v2") == std::string::npos && path.ends_with("/" + place.dir.upstream);
        if (host.override_path || (!inside && !prefix)) return;
        sink.add(place.file(),
                 cat("requests for ", shown(host), " go to ", host.root, "/..., which nobody serves"),
                 cat("[host.\"", host.url.origin(), inside ? "" : "/v2", path,
                     "\"] with override_path = true: ", place.edit()));
    });
}

void override_path_without_v2(const Scene& scene, Sink& sink) {
    for_hosts(scene, [&](const Place& place, const HostRow& host) {
        if (!host.override_path || host.url.path.find("/v2") != std::string::npos) return;
        sink.add(place.file(),
                 cat("with override_path requests for ", shown(host), " go to ", host.root,
                     "/..., without any /v2"),
                 place.edit() + "   # the whole API root, /v2 included");
    });
}

void override_path_early(const Scene& scene, Sink& sink) {
    const auto& version = scene.node.containerd.version;
    if (!version || targets::holds(targets::Rule::override_path, version)) return;
    for_files(scene, [&](const Place& place) {
        if (!place.certs.of_docker && place.dir.text->find("override_path") != std::string::npos)
            sink.add(place.file(),
                     cat("override_path needs containerd 1.6, ", version->text, " does not know it"),
                     place.edit());
    });
}

void tls_on_http(const Scene& scene, Sink& sink) {
    for_hosts(scene, [&](const Place& place, const HostRow& host) {
        if (host.url.scheme != "http" || !host.tls_keys || host.url.effective_port() == 80) return;
        sink.add(place.file(),
                 cat("ca, client or skip_verify on ", shown(host),
                     ": containerd tries https first on such a host"),
                 place.edit() + "   # take the TLS keys out, `skip_verify = false` too");
    });
}

void ca_missing(const Scene& scene, Sink& sink) {
    for_hosts(scene, [&](const Place& place, const HostRow& host) {
        for (const auto& file : host.files) {
            auto path = file.starts_with('/') ? TargetPath(file) : place.dir.path / file;
            if (!file_exists(scene.fs, path))
                sink.add(place.file(),
                         cat("every pull fails, because a file that ", shown(host),
                             " names is not there: ", printable_line(path.str())),
                         place.edit());
        }
    });
}

void nothing_resolves(const Scene& scene, Sink& sink) {
    for_files(scene, [&](const Place& place) {
        const auto& file = place.dir.hosts;
        bool resolves = std::any_of(file.hosts.begin(), file.hosts.end(),
                                    [](const HostRow& host) { return host.resolve && host.usable; });
        if (file.refusal != Refusal::none || !file.has_server || resolves) return;
        sink.add(place.file(), "no host may resolve tags, `server` included: only pulls by digest can work",
                 place.edit() + "   # capabilities = [\"pull\", \"resolve\"]");
    });
}

void host_scattered(const Scene& scene, Sink& sink) {
    for_files(scene, [&](const Place& place) {
        for (const auto& host : place.dir.hosts.scattered)
            sink.add(place.file(),
                     cat("the tables of ", printable_line(mask_secrets(host), 120),
                         " do not stand together: containerd 2 asks it twice"),
                     place.edit());
        for (const auto& host : place.dir.hosts.headerless)
            sink.add(place.file(),
                     cat(printable_line(mask_secrets(host), 120),
                         " has no [host.\"...\"] header of its own: containerd 2 never asks it"),
                     place.edit());
    });
}

void hosts_secret_readable(const Scene& scene, Sink& sink) {
    for_files(scene, [&](const Place& place) {
        if (place.dir.hosts.sends_header && (place.dir.mode & 0004U) != 0)
            sink.add(place.file(), "holds an Authorization header and can be read by everybody",
                     "sudo chmod 0600 " + place.file());
    });
}

}  // namespace mirrorctl::doctor
