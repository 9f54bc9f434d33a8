#include "doctor/proxy_words.hpp"

#include "base/strings.hpp"
#include "engines/unit_file.hpp"
#include "text/quote.hpp"

#include <algorithm>
#include <array>

namespace mirrorctl::doctor {

namespace {

bool is_proxy_name(const std::string& name) {
    auto small = lower(name);
    return small == "http_proxy" || small == "https_proxy" || small == "no_proxy" || small == "all_proxy";
}

std::uint32_t mode_at(const sys::FsReader& fs, const TargetPath& path) {
    auto info = fs.stat(path);
    return info ? info->meta.mode : 0;
}

}  // namespace

std::vector<ProxyWord> proxy_words(const Scene& scene, const UnitFiles& unit) {
    std::vector<ProxyWord> words;
    for (const auto& file : unit.files) {
        if (!file.doc) continue;
        for (const auto& value : file.doc->values("Service", "Environment")) {
            if (value.empty()) words.clear();
            auto parts = text::split_unit_words(value);
            if (!parts) continue;  // dropped or altered by systemd: reported by another check
            for (const auto& part : *parts) {
                auto equals = std::min(part.find('='), part.size());
                auto name = part.substr(0, equals);
                if (equals < part.size() && is_proxy_name(name))
                    words.push_back({.name = name,
                                     .value = part.substr(equals + 1),
                                     .file = file.path.str(),
                                     .mode = mode_at(scene.fs, file.path),
                                     .in_unit = true});
            }
        }
    }
    for (const auto& path : unit.environment_files) {
        auto text = scene.fs.read(path);
        if (!text) continue;
        for (const auto& [name, value] : engines::parse_environment_file(*text))
            if (is_proxy_name(name))
                words.push_back(
                    {.name = name, .value = value, .file = path.str(), .mode = mode_at(scene.fs, path)});
    }
    return words;
}

std::vector<ProxyWord> json_proxies(const JsonFile& file) {
    std::vector<ProxyWord> words;
    if (!file.doc) return words;
    auto add = [&](const text::Path& path, const std::string& name) {
        auto value = file.doc->string_at(path);
        if (value && *value)
            words.push_back({.name = name, .value = **value, .file = file.path.str(), .mode = file.mode});
    };
    for (const char* key : {"http-proxy", "https-proxy", "no-proxy"}) add({"proxies", key}, key);
    auto daemons = file.doc->keys_of({"proxies"});
    if (!daemons) return words;
    for (const auto& daemon : *daemons)
        for (const char* key : {"httpProxy", "httpsProxy", "allProxy", "noProxy"})
            if (file.doc->kind_at({"proxies", daemon}) == text::JsonKind::object)
                add({"proxies", daemon, key}, key);
    return words;
}

std::string go_variable(const std::map<std::string, std::string>& environment,
                        const std::string& upper_name) {
    for (const auto& name : {upper_name, lower(upper_name)})
        if (auto it = environment.find(name); it != environment.end() && !it->second.empty())
            return it->second;
    return "";
}

}  // namespace mirrorctl::doctor
