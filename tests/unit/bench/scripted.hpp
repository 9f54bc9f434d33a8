// A scripted registry behind FakeTransport: an image of one index, one manifest, a config and one layer (or
// smaller ones beside it), and ways to break each.
#pragma once

#include "base/digest.hpp"
#include "base/strings.hpp"
#include "bench/candidates.hpp"
#include "bench/race.hpp"
#include "registry/manifest.hpp"
#include "support/fake_clock.hpp"
#include "support/fake_transport.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace mirrorctl::bench {

inline constexpr const char* kIndexType = "application/vnd.oci.image.index.v1+json";
inline constexpr const char* kImageType = "application/vnd.oci.image.manifest.v1+json";

struct Image {
    std::string config;
    std::string layer;
    std::vector<std::string> small_layers;
    std::string manifest;
    std::string index;

    explicit Image(std::size_t layer_size = 12U << 20U, const std::string& flavour = "one",
                   std::size_t small_size = 0, int small_count = 1)
        : config(cat(R"({"flavour":")", flavour, R"("})")), layer(layer_size, 'x') {
        for (std::size_t i = 0; i < layer.size(); i += 997) layer[i] = static_cast<char>('a' + i % 23);
        auto descriptor = [](const std::string& type, const std::string& bytes) {
            return cat(R"({"mediaType":")", type, R"(","digest":")", sha256_digest(bytes), R"(","size":)",
                       bytes.size());
        };
        std::string smaller;
        for (int i = 0; small_size > 0 && i < small_count; ++i) {
            small_layers.emplace_back(small_size, static_cast<char>('0' + i));
            smaller += cat(",", descriptor("l", small_layers.back()), "}");
        }
        manifest =
            cat(R"({"schemaVersion":2,"mediaType":")", kImageType, R"(","config":)", descriptor("c", config),
                R"(},"layers":[)", descriptor("l", layer), "}", smaller, "]}");
        auto platform = registry::running_platform();
        index = cat(R"({"schemaVersion":2,"manifests":[)",
                    descriptor(kImageType, std::string("attestation ") + flavour),
                    R"(,"platform":{"os":"unknown","architecture":"unknown"}},)",
                    descriptor(kImageType, manifest), R"(,"platform":{"os":")", platform.os,
                    R"(","architecture":")", platform.architecture, R"("}}]})");
    }
    std::string digest() const { return sha256_digest(index); }
};

// How one host behaves. Every hook may change the answer of its part.
struct Host {
    double connect = 0.010;
    double first_byte = 0.010;
    double rate = 10e6;  // bytes per second of layers
    std::function<void(support::Answer&)> on_index = {};
    std::function<void(support::Answer&)> on_manifest = {};
    std::function<void(support::Answer&)> on_config = {};
    std::function<void(support::Answer&)> on_layer = {};
    std::function<void(support::Answer&)> on_tag = {};
    std::string token_realm = {};  // asks for a token from there
    bool black_hole = false;
    bool silent = false;
};

class World {
  public:
    World() : transport(clock) {}

    static bool has_header(const net::Request& request, const std::string& name) {
        return std::any_of(request.headers.begin(), request.headers.end(),
                           [&](const auto& h) { return h.first == name; });
    }

    // Serves `image` at `base` ("https://m.test") as library/busybox.
    void serve(const std::string& base, Host host, const Image& image) {
        auto shared = std::make_shared<Host>(std::move(host));
        auto root = base + "/v2/library/busybox/";
        auto part = [this, shared](const std::string& url, std::string body, std::string type,
                                   std::function<void(support::Answer&)> hook) {
            transport.on(url + "*", [shared, body = std::move(body), type = std::move(type),
                                     hook = std::move(hook)](const net::Request& request) {
                support::Answer answer{.headers = {{"Content-Type", type}}, .body = body};
                answer.connect = shared->connect;
                answer.first_byte = shared->first_byte;
                answer.black_hole = shared->black_hole;
                answer.silent = shared->silent;
                answer.rate = type == "application/octet-stream" ? shared->rate : 0;
                if (!shared->token_realm.empty() && !has_header(request, "Authorization")) {
                    answer.status = 401;
                    answer.body = "{}";
                    answer.headers = {
                        {"WWW-Authenticate", "Bearer realm=\"" + shared->token_realm + "\",service=\"s\""}};
                    return answer;
                }
                if (hook) hook(answer);
                return answer;
            });
        };
        part(root + "manifests/" + image.digest(), image.index, kIndexType, shared->on_index);
        part(root + "manifests/1.36", image.index, kIndexType, [image, shared](support::Answer& answer) {
            answer.headers.emplace_back("Docker-Content-Digest", image.digest());
            if (shared->on_tag) shared->on_tag(answer);
        });
        part(root + "manifests/" + sha256_digest(image.manifest), image.manifest, kImageType,
             shared->on_manifest);
        part(root + "blobs/" + sha256_digest(image.config), image.config, "application/octet-stream",
             shared->on_config);
        part(root + "blobs/" + sha256_digest(image.layer), image.layer, "application/octet-stream",
             shared->on_layer);
        for (const auto& layer : image.small_layers)
            part(root + "blobs/" + sha256_digest(layer), layer, "application/octet-stream", shared->on_layer);
    }

    static Mirror mirror(const std::string& url, const std::string& operator_name = "",
                         Trust trust = Trust::resolve) {
        return {
            .url = *parse_url(url), .form = MirrorForm::host, .trust = trust, .operator_name = operator_name};
    }

    // A spec with one upstream docker.io, origin https://origin.test, its canary pinned to `image`.
    static BenchSpec spec(const Image& image, const std::vector<Mirror>& mirrors, bool with_origin = false) {
        Upstream upstream{.name = "docker.io", .origin = *parse_url("https://origin.test")};
        upstream.fallback = with_origin ? Fallback::origin : Fallback::none;
        upstream.canaries = {{.image = "library/busybox:1.36", .digest = image.digest()}};
        upstream.mirrors = mirrors;
        BenchSpec spec{.profile = {.name = "test", .sha256 = "abc", .upstreams = {upstream}}};
        return spec;
    }

    Report run(const BenchSpec& spec) { return bench::run(spec, transport, clock, observer); }

    // The outcome of one mirror that behaves like `host`.
    Measurement one(const Host& host, const Image& image) {
        serve("https://m.test", host, image);
        auto report = run(spec(image, {mirror("https://m.test")}));
        return report.upstreams.at(0).ranking.at(0);
    }

    struct Collector : Observer {
        std::vector<Event> events;
        void on(const Event& event) override { events.push_back(event); }
    };

    support::FakeClock clock;
    support::FakeTransport transport;
    Collector observer;
};

// One session with "https://m.test", which has passed the gate; no race decides what it asks for next.
class OneSession {
  public:
    OneSession(const Host& host, const Image& image)
        : spec_(World::spec(image, {World::mirror("https://m.test")})),
          around_{.spec = spec_, .platform = registry::running_platform()},
          session_(std::move(candidates_of(spec_).at(0).candidates.at(0)), around_) {
        world.serve("https://m.test", host, image);
        while (session_.stage() == Session::Stage::gate) go(1);
    }
    // Sends what is due, and lets at most `seconds` pass.
    void go(double seconds) {
        if (session_.next() != nullptr) session_.launch(world.transport, world.clock.now(), 5);
        for (double end = world.clock.now() + seconds; world.clock.now() < end && session_.in_flight();)
            world.transport.turn(0.01);
    }
    Session* operator->() { return &session_; }

    World world;

  private:
    BenchSpec spec_;
    Surroundings around_;
    Session session_;
};

}  // namespace mirrorctl::bench
