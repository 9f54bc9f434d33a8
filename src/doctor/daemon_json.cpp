// daemon.json as a file: does dockerd of this version start with it? (moby daemon/config/config.go,
// branches 20.10 to 29)
#include "base/strings.hpp"
#include "base/url.hpp"
#include "doctor/checks.hpp"
#include "doctor/daemon_keys.hpp"
#include "text/lines.hpp"

#include <algorithm>

namespace mirrorctl::doctor {

namespace {

const Version kTolerant{.major = 23};  // empty files and byte order marks are fine, trailing data is not

bool is_before(const std::optional<Version>& version, const Version& limit) {
    return version && *version < limit;
}

std::vector<std::string> top_keys(const JsonFile& file) {
    if (!file.doc) return {};
    return file.doc->keys_of({}).value_or(std::vector<std::string>{});
}

// The byte at which a parse error stands; npos if it is not known.
std::size_t offset_of(const Error& error, std::string_view text) {
    if (!error.location || error.location->line < 1) return std::string_view::npos;
    std::size_t at = 0;
    for (int line = 1; line < error.location->line; ++line) {
        at = text.find('\n', at);
        if (at == std::string_view::npos) return at;
        ++at;
    }
    return std::min(at + static_cast<std::size_t>(std::max(error.location->column - 1, 0)), text.size());
}

// One good document with something behind it: 20.10 never looked that far.
bool has_trailing_data(const JsonFile& file) {
    if (!file.error || file.error->code != ErrorCode::parse) return false;
    auto offset = offset_of(*file.error, file.text);
    if (offset == std::string_view::npos || offset == 0) return false;
    auto head = std::string_view(file.text).substr(0, offset);
    return !trim(head).empty() && text::JsonDoc::parse(head).has_value();
}

std::string edit(const Scene& scene) {
    return "sudoedit " + scene.daemon.path.str();
}

}  // namespace

void daemon_json_invalid(const Scene& scene, Sink& sink) {
    const auto& file = scene.daemon;
    if (!scene.node.docker.installed || !file.error || file.error->code == ErrorCode::duplicate_key) return;
    bool old = is_before(scene.node.docker.version, kTolerant);
    if (has_trailing_data(file) && old) return;
    sink.add(file.path.str(), cat("dockerd does not start with this file: ", to_string(*file.error)),
             edit(scene));
}

void config_file_missing(const Scene& scene, Sink& sink) {
    for (const auto& source : scene.node.docker.flags)
        if (source.flag.starts_with("--config-file=") && !scene.daemon.present && !scene.daemon.unreadable)
            sink.add(
                scene.daemon.path.str(),
                cat("dockerd does not start without the file that ", printable_line(source.where), " names"),
                cat("echo '{}' | sudo tee ", scene.daemon.path.str()));
}

void daemon_json_trailing(const Scene& scene, Sink& sink) {
    if (!is_before(scene.node.docker.version, kTolerant) || !has_trailing_data(scene.daemon)) return;
    sink.add(scene.daemon.path.str(),
             cat("there is something behind the JSON document, from Engine 23.0 on dockerd does not start "
                 "with it: ",
                 to_string(*scene.daemon.error)),
             edit(scene));
}

void daemon_json_duplicate(const Scene& scene, Sink& sink) {
    const auto& error = scene.daemon.error;
    if (!error || error->code != ErrorCode::duplicate_key) return;
    sink.add(scene.daemon.path.str(), cat("a key stands twice, the last one counts: ", to_string(*error)),
             edit(scene));
}

void daemon_json_empty(const Scene& scene, Sink& sink) {
    if (!scene.daemon.present || !text::is_blank(scene.daemon.text)) return;
    if (!is_before(scene.node.docker.version, kTolerant)) return;
    sink.add(scene.daemon.path.str(),
             "the file is empty, and dockerd before 23.0 does not start with an empty one",
             cat("echo '{}' | sudo tee ", scene.daemon.path.str()));
}

void daemon_json_bom(const Scene& scene, Sink& sink) {
    if (!text::has_bom(scene.daemon.text) || !is_before(scene.node.docker.version, kTolerant)) return;
    sink.add(scene.daemon.path.str(),
             "the file begins with a byte order mark, and dockerd before 23.0 does not start with it",
             cat("sudo sed -i '1s/^\\xEF\\xBB\\xBF//' ", scene.daemon.path.str()));
}

void daemon_json_misspelt_key(const Scene& scene, Sink& sink) {
    for (const auto& key : top_keys(scene.daemon)) {
        if (is_daemon_key(key) || is_flag_only(key)) continue;
        if (auto meant = meant_daemon_key(key))
            sink.add(scene.daemon.path.str(),
                     cat("unknown key \"", printable_line(key, 60), "\": dockerd does not start with it"),
                     cat(edit(scene), "   # the key is \"", *meant, "\""));
    }
}

void daemon_json_unknown_key(const Scene& scene, Sink& sink) {
    for (const auto& key : top_keys(scene.daemon)) {
        // dockerd flattens objects before it looks for unknown keys: an object is judged by what is in it.
        if (is_daemon_key(key) || is_flag_only(key) || meant_daemon_key(key)) continue;
        if (scene.daemon.doc->kind_at({key}) == text::JsonKind::object) continue;
        sink.add(scene.daemon.path.str(),
                 cat("no Engine from 20.10 to 29 has the key \"", printable_line(key, 60),
                     "\", and dockerd does not start with one that it does not know"),
                 "dockerd --validate --config-file " + scene.daemon.path.str());
    }
}

void daemon_json_unused_key(const Scene& scene, Sink& sink) {
    for (const auto& key : top_keys(scene.daemon)) {
        bool proxy = key == "http-proxy" || key == "https-proxy" || key == "no-proxy";
        if (!is_flag_only(key) && (!proxy || is_before(scene.node.docker.version, kTolerant))) continue;
        auto meant = meant_daemon_key(key).value_or("");
        sink.add(scene.daemon.path.str(), cat("\"", key, "\" is silently unused at this place"),
                 cat(edit(scene), proxy           ? cat("   # \"proxies\": { \"", key, "\": ... }")
                                  : meant.empty() ? std::string("   # take it out")
                                                  : cat("   # the key is \"", meant, "\"")));
    }
}

void daemon_json_key_early(const Scene& scene, Sink& sink) {
    const auto& version = scene.node.docker.version;
    if (!is_before(version, kTolerant)) return;
    for (const auto& key : top_keys(scene.daemon)) {
        if (!needs_engine_23(key)) continue;
        bool proxy = key.ends_with("proxy") || key == "proxies";
        sink.add(
            scene.daemon.path.str(),
            cat("\"", key, "\" needs Docker Engine 23.0 or later, dockerd ", version->text,
                " does not start with it"),
            proxy ? "sudo mirrorctl apply --https-proxy @FILE   # writes a systemd drop-in" : edit(scene));
    }
}

void flag_conflict(const Scene& scene, Sink& sink) {
    for (const auto& key : top_keys(scene.daemon)) {
        if (key == "runtimes") continue;  // the one that may stand in both
        auto flag_of_key = daemon_flag_of(key);
        for (const auto& source : scene.node.docker.flags) {
            auto name = std::string_view(source.flag).substr(0, source.flag.find_first_of("= "));
            if (name == "-H") name = "--host";
            if (name == "-D") name = "--debug";
            if (name != "--" + flag_of_key) continue;
            sink.add(
                scene.daemon.path.str(),
                cat("\"", key, "\" is also given as ", printable_line(mask_secrets(source.flag), 120), " in ",
                    printable_line(source.where),
                    ": dockerd refuses to start with both, even when they are equal"),
                cat("take one of them out: ", edit(scene), ", or sudoedit ", printable_line(source.where)));
            break;
        }
    }
}

}  // namespace mirrorctl::doctor
