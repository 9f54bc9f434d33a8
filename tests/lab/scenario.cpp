#include "lab/scenario.hpp"

#include "base/strings.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <functional>
#include <map>

namespace mirrorctl::lab {
namespace {

[[noreturn]] void reject(const YAML::Node& node, const std::string& why) {
    throw YAML::RepresentationException(node.Mark(), why);
}

double duration_of(const YAML::Node& node) {
    auto seconds = parse_duration(node.as<std::string>());
    if (!seconds) reject(node, "not a duration such as 20ms or 3s");
    return *seconds;
}

std::int64_t bytes_of(const YAML::Node& node) {
    auto bytes = parse_bytes(node.as<std::string>());
    if (!bytes) reject(node, "not a size such as 4KiB or 20MiB");
    return *bytes;
}

double rate_of(const YAML::Node& node) {
    return static_cast<double>(bytes_of(node));
}

template <class T>
using Fields = std::map<std::string, std::function<void(T&, const YAML::Node&)>>;

template <class T>
void read_fields(const YAML::Node& node, const Fields<T>& fields, T& out) {
    if (!node.IsMap()) reject(node, "a map is expected here");
    for (const auto& entry : node) {
        const auto key = entry.first.as<std::string>();
        auto field = fields.find(key);
        if (field == fields.end()) reject(entry.first, cat("unknown key ", key));
        field->second(out, entry.second);
    }
}

const Fields<Fault>& fault_fields() {
    using N = const YAML::Node&;
    static const Fields<Fault> fields = {
        {"kind", [](Fault&, N) {}},  // read first, by fault_of
        {"on",
         [](Fault& f, N n) {
             auto on = subject(n.as<std::string>());
             if (!on) reject(n, "on: all, ping, manifest, blob or token");
             f.on = *on;
         }},
        {"after", [](Fault& f, N n) { f.after = n.as<int>(); }},
        {"code", [](Fault& f, N n) { f.code = n.as<int>(); }},
        {"seconds", [](Fault& f, N n) { f.seconds = duration_of(n); }},
        {"per_mib", [](Fault& f, N n) { f.per_mib = duration_of(n); }},
        {"bytes", [](Fault& f, N n) { f.bytes = bytes_of(n); }},
        {"rate", [](Fault& f, N n) { f.rate = rate_of(n); }},
        {"delta", [](Fault& f, N n) { f.delta = n.as<std::int64_t>(); }},
        {"to", [](Fault& f, N n) { f.to = n.as<std::string>(); }},
        {"type", [](Fault& f, N n) { f.type = n.as<std::string>(); }},
        {"retry_after", [](Fault& f, N n) { f.retry_after = n.as<double>(); }},
    };
    return fields;
}

Fault fault_of(const YAML::Node& node) {
    const YAML::Node name = node.IsMap() ? node["kind"] : node;
    if (!name || !name.IsScalar()) reject(node, "a fault is a name or a map with a kind");
    auto kind = fault_kind(name.as<std::string>());
    if (!kind) reject(name, cat("unknown fault ", name.as<std::string>()));
    Fault fault{.kind = *kind, .on = usual_subject(*kind)};
    if (node.IsMap()) read_fields(node, fault_fields(), fault);
    return fault;
}

Form form_of(const YAML::Node& node) {
    const auto text = node.as<std::string>();
    if (text == "host") return Form::host;
    if (text == "prefix") return Form::prefix;
    if (text == "base") return Form::base;
    if (text == "flat") return Form::flat;
    reject(node, "form: host, prefix, base or flat");
}

Auth auth_of(const YAML::Node& node) {
    const auto text = node.as<std::string>();
    if (text == "none") return Auth::none;
    if (text == "bearer") return Auth::bearer;
    if (text == "basic") return Auth::basic;
    reject(node, "auth: none, bearer or basic");
}

const Fields<MirrorSpec>& mirror_fields() {
    using N = const YAML::Node&;
    static const Fields<MirrorSpec> fields = {
        {"upstreams", [](MirrorSpec& m, N n) { m.upstreams = n.as<std::vector<std::string>>(); }},
        {"address", [](MirrorSpec& m, N n) { m.address = n.as<std::string>(); }},
        {"port", [](MirrorSpec& m, N n) { m.port = n.as<int>(); }},
        {"form", [](MirrorSpec& m, N n) { m.form = form_of(n); }},
        {"path", [](MirrorSpec& m, N n) { m.path = n.as<std::string>(); }},
        {"tls", [](MirrorSpec& m, N n) { m.tls = n.as<bool>(); }},
        {"auth", [](MirrorSpec& m, N n) { m.auth = auth_of(n); }},
        {"user", [](MirrorSpec& m, N n) { m.user = n.as<std::string>(); }},
        {"password", [](MirrorSpec& m, N n) { m.password = n.as<std::string>(); }},
        {"strict_ns", [](MirrorSpec& m, N n) { m.strict_ns = n.as<bool>(); }},
        {"latency", [](MirrorSpec& m, N n) { m.latency = duration_of(n); }},
        {"connect_delay", [](MirrorSpec& m, N n) { m.connect_delay = duration_of(n); }},
        {"rtt", [](MirrorSpec& m, N n) { m.rtt = duration_of(n); }},
        {"rate", [](MirrorSpec& m, N n) { m.rate = rate_of(n); }},
        {"shared_rate", [](MirrorSpec& m, N n) { m.shared_rate = rate_of(n); }},
        {"faults",
         [](MirrorSpec& m, N n) {
             m.faults.clear();
             for (const auto& fault : n) m.faults.push_back(fault_of(fault));
         }},
        {"profile", [](MirrorSpec&, N) {}},
    };
    return fields;
}

const Fields<ImageSpec>& image_fields() {
    using N = const YAML::Node&;
    static const Fields<ImageSpec> fields = {
        {"image",
         [](ImageSpec& i, N n) {
             const auto text = n.as<std::string>();
             const auto colon = text.rfind(':');
             if (colon == std::string::npos) reject(n, "an image is written repository:tag");
             i.repository = text.substr(0, colon);
             i.tag = text.substr(colon + 1);
         }},
        {"layers",
         [](ImageSpec& i, N n) {
             for (const auto& layer : n) i.layers.push_back(bytes_of(layer));
         }},
        {"config", [](ImageSpec& i, N n) { i.config_bytes = bytes_of(n); }},
        {"docker_types", [](ImageSpec& i, N n) { i.docker_types = n.as<bool>(); }},
    };
    return fields;
}

void read_upstreams(const YAML::Node& node, Scenario& out) {
    for (const auto& upstream : node) {
        for (const auto& entry : upstream.second) {
            ImageSpec image{.upstream = upstream.first.as<std::string>()};
            read_fields(entry, image_fields(), image);
            if (image.repository.empty() || image.layers.empty())
                reject(entry, "image and layers are needed");
            out.images.push_back(std::move(image));
        }
    }
}

void check_targets(const YAML::Node& root, const Scenario& scenario) {
    for (const auto& mirror : scenario.mirrors) {
        for (const auto& fault : mirror.faults) {
            if (fault.kind != FaultKind::redirect) continue;
            const bool known = std::any_of(scenario.mirrors.begin(), scenario.mirrors.end(),
                                           [&](const MirrorSpec& other) { return other.name == fault.to; });
            if (!known)
                reject(root["mirrors"][mirror.name], cat("redirect to an unknown mirror: ", fault.to));
        }
    }
}

Scenario scenario_of(const YAML::Node& root) {
    Scenario out;
    MirrorSpec first;
    using N = const YAML::Node&;
    // Order matters: mirrors start as `defaults` and serve all upstreams, so both are read before them.
    if (root["upstreams"]) read_upstreams(root["upstreams"], out);
    for (const auto& image : out.images) {
        auto& names = first.upstreams;
        if (std::find(names.begin(), names.end(), image.upstream) == names.end())
            names.push_back(image.upstream);
    }
    if (root["defaults"]) read_fields(root["defaults"], mirror_fields(), first);
    const Fields<Scenario> fields = {
        {"seed", [](Scenario& s, N n) { s.seed = n.as<std::uint64_t>(); }},
        {"congestion", [](Scenario& s, N n) { s.congestion = n.as<std::string>(); }},
        {"access_rate", [](Scenario& s, N n) { s.access_rate = rate_of(n); }},
        {"upstreams", [](Scenario&, N) {}},
        {"defaults", [](Scenario&, N) {}},
        {"mirrors",
         [&](Scenario& s, N n) {
             for (const auto& entry : n) {
                 MirrorSpec mirror = first;
                 mirror.name = entry.first.as<std::string>();
                 if (!entry.second.IsNull()) read_fields(entry.second, mirror_fields(), mirror);
                 s.mirrors.push_back(std::move(mirror));
             }
         }},
    };
    read_fields(root, fields, out);
    check_targets(root, out);
    return out;
}

Error parse_error(const std::string& file, const YAML::Exception& e) {
    Error error{.code = ErrorCode::parse, .message = cat("read scenario: ", e.msg)};
    error.location = Location{.file = file, .line = e.mark.line + 1, .column = e.mark.column + 1};
    return error;
}

}  // namespace

Result<Scenario> load_scenario(const std::string& file) {
    try {
        return scenario_of(YAML::LoadFile(file));
    } catch (const YAML::BadFile&) {
        return Failure(
            Error{.code = ErrorCode::not_found, .message = cat("read scenario: ", file, ": no such file")});
    } catch (const YAML::Exception& e) {
        return Failure(parse_error(file, e));
    }
}

Result<Fault> parse_fault(const std::string& yaml) {
    try {
        return fault_of(YAML::Load(yaml));
    } catch (const YAML::Exception& e) {
        return Failure(parse_error("fault", e));
    }
}

std::string api_root(const MirrorSpec& mirror) {
    switch (mirror.form) {
        case Form::host:
            return "/v2";
        case Form::base:
            return mirror.path + "/v2";
        case Form::prefix:
        case Form::flat:
            return mirror.path;
    }
    return "/v2";
}

}  // namespace mirrorctl::lab
