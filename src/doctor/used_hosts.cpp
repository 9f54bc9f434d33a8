// Hosts that are used as mirrors somewhere, against what is known of them.
#include "base/strings.hpp"
#include "doctor/checks.hpp"
#include "net/address.hpp"

namespace mirrorctl::doctor {

namespace {

struct Use {
    Url url;
    std::string registry;  // whose mirror it is meant to be
    std::string file;
};

std::vector<Use> uses_of(const Scene& scene) {
    std::vector<Use> uses;
    for (const auto& mirror : scene.registry_mirrors)
        if (auto url = parse_url(mirror)) uses.push_back({*url, "docker.io", scene.daemon.path.str()});
    for (const auto& certs : scene.certs)
        for (const auto& dir : certs.registries)
            for (const auto& host : dir.hosts.hosts)
                if (host.usable && host.url.origin() != default_server(dir.upstream))
                    uses.push_back({host.url, dir.upstream, (dir.path / "hosts.toml").str()});
    return uses;
}

void report(const Scene& scene, Sink& sink, HostKnowledge::Kind kind, std::string_view what) {
    for (const auto& use : uses_of(scene)) {
        auto known = scene.in.knowledge(use.url);
        if (known.kind == kind)
            sink.add(use.url.origin(), cat(what, " (", use.file, "): ", known.text),
                     "sudoedit " + use.file + "   # take it out; mirrorctl bench tells which mirrors serve");
    }
}

bool stays_on_site(const Url& url) {
    if (url.host == "localhost" || url.host.find('.') == std::string::npos) return true;
    for (auto end : {".local", ".lan", ".internal", ".corp", ".svc", ".localhost", ".arpa"})
        if (url.host.ends_with(end)) return true;
    auto address = net::parse_address(url.host);
    if (!address) return false;
    for (auto block :
         {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16", "fc00::/7"})
        if (net::parse_block(block)->contains(*address)) return true;
    return net::is_loopback(*address);
}

}  // namespace

void mirror_dead(const Scene& scene, Sink& sink) {
    report(scene, sink, HostKnowledge::Kind::dead, "does not serve any more");
}

void mirror_restricted(const Scene& scene, Sink& sink) {
    report(scene, sink, HostKnowledge::Kind::restricted, "serves only some networks or accounts");
}

void not_a_mirror(const Scene& scene, Sink& sink) {
    report(scene, sink, HostKnowledge::Kind::not_a_mirror,
           "is a registry of its own: an image foo/bar there is whatever the owner of the namespace foo put "
           "there");
}

void mirror_wrong_registry(const Scene& scene, Sink& sink) {
    for (const auto& use : uses_of(scene)) {
        auto known = scene.in.knowledge(use.url);
        if (use.registry == "_default" || known.upstreams.empty() || known.upstreams.contains(use.registry))
            continue;
        sink.add(use.url.origin() + use.url.path,
                 cat("mirrors ", join({known.upstreams.begin(), known.upstreams.end()}, ", "),
                     ", but is asked for images of ", use.registry, " (", use.file, ")"),
                 "sudoedit " + use.file +
                     "   # registry-mirrors of docker and each directory hold for one registry");
    }
}

void plain_http(const Scene& scene, Sink& sink) {
    for (const auto& use : uses_of(scene))
        if (use.url.scheme == "http" && !stays_on_site(use.url))
            sink.add(use.url.origin(), cat("plain http can be read and changed on the way (", use.file, ")"),
                     "sudoedit " + use.file + "   # https://");
}

}  // namespace mirrorctl::doctor
