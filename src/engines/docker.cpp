#include "engines/docker.hpp"

#include "base/strings.hpp"
#include "engines/flags.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace mirrorctl::engines {
namespace {

using Json = nlohmann::json;

std::string text_at(const Json& object, const char* key) {
    auto it = object.find(key);
    return it != object.end() && it->is_string() ? printable_line(it->get<std::string>(), 2000) : "";
}

const Json& object_at(const Json& object, const char* key) {
    static const Json kNone = Json::object();
    auto it = object.find(key);
    return it != object.end() && it->is_object() ? *it : kNone;
}

std::vector<std::string> texts_at(const Json& object, const char* key) {
    std::vector<std::string> texts;
    auto it = object.find(key);
    if (it == object.end() || !it->is_array()) return texts;
    for (const auto& item : *it)
        if (item.is_string()) texts.push_back(printable_line(item.get<std::string>(), 2000));
    return texts;
}

bool uses_containerd_store(const Json& info) {
    auto it = info.find("DriverStatus");
    if (it == info.end() || !it->is_array()) return false;
    const Json wanted = {"driver-type", "io.containerd.snapshotter.v1"};
    return std::find(it->begin(), it->end(), wanted) != it->end();
}

// Loopback is always in the list: 127.0.0.0/8, and ::1/128 from 28.
bool has_insecure(const Json& registries) {
    for (const auto& range : texts_at(registries, "InsecureRegistryCIDRs"))
        if (range != "127.0.0.0/8" && range != "::1/128") return true;
    const auto& indexes = object_at(registries, "IndexConfigs");
    return std::any_of(indexes.begin(), indexes.end(), [](const Json& index) {
        return index.is_object() && index.contains("Secure") && index["Secure"] == Json(false);
    });
}

DockerInfo read_info(const Json& info) {
    const auto& registries = object_at(info, "RegistryConfig");
    DockerInfo out{.server_version = text_at(info, "ServerVersion")};
    out.live.mirrors = texts_at(registries, "Mirrors");
    out.live.http_proxy = text_at(info, "HttpProxy");
    out.live.https_proxy = text_at(info, "HttpsProxy");
    out.live.no_proxy = text_at(info, "NoProxy");
    if (auto it = info.find("LiveRestoreEnabled"); it != info.end())
        out.live.live_restore = *it == Json(true);
    auto swarm = text_at(object_at(info, "Swarm"), "LocalNodeState");
    out.live.swarm = !swarm.empty() && swarm != "inactive";
    if (auto it = info.find("ContainersRunning"); it != info.end() && it->is_number_integer())
        out.live.containers_running = it->get<int>();
    out.live.containerd_store = uses_containerd_store(info);
    out.live.insecure_registries = has_insecure(registries);
    return out;
}

}  // namespace

Result<DockerInfo> parse_docker_info(std::string_view json) {
    try {
        auto info = Json::parse(json);
        if (!info.is_object())
            return Failure(
                Error{.code = ErrorCode::parse, .message = "cannot read docker's /info: not an object"});
        return read_info(info);
    } catch (const Json::exception& e) {
        return Failure(Error{.code = ErrorCode::parse,
                             .message = cat("cannot read docker's /info: ", printable_line(e.what()))});
    }
}

std::string docker_socket(const DockerFacts& docker) {
    for (const auto& source : docker.flags) {
        if (flag_name(source.flag) != "host") continue;
        auto value = flag_value(source.flag);
        if (value.starts_with("unix:///")) return value.substr(7);
    }
    return kDockerSocket;
}

Result<DockerInfo> ask_docker(sys::Runner& runner, const std::string& socket, double timeout_seconds) {
    TRY_ASSIGN(auto body, runner.get_unix(socket, "/info", timeout_seconds));
    return parse_docker_info(body);
}

}  // namespace mirrorctl::engines
