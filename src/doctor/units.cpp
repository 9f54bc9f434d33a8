// Units of docker and containerd: what systemd makes of their proxy variables and how they restart. Grammar:
// systemd.exec(5), systemd.syntax(7), systemd 252.
#include "base/strings.hpp"
#include "base/url.hpp"
#include "doctor/checks.hpp"
#include "doctor/proxy_words.hpp"
#include "text/quote.hpp"

#include <algorithm>

namespace mirrorctl::doctor {

namespace {

std::string edit(const TargetPath& path) {
    return cat("sudoedit ", path.str(), " && sudo systemctl daemon-reload");
}

bool is_drop_in(const UnitFiles& unit, const UnitText& file) {
    return &file != &unit.files.front();
}

template <class Function>
void for_texts(const Scene& scene, Function function) {
    for (const auto& unit : scene.units)
        for (const auto& file : unit.files) function(unit, file);
}

// Values of Environment= in [Service] that speak of proxies.
template <class Function>
void for_environments(const Scene& scene, Function function) {
    for_texts(scene, [&](const UnitFiles& unit, const UnitText& file) {
        if (!file.doc) return;
        for (const auto& value : file.doc->values("Service", "Environment"))
            if (lower(value).find("_proxy") != std::string::npos) function(unit, file, value);
    });
}

// A specifier in the text: a percent sign that is neither doubled nor the last character.
bool has_specifier(std::string_view value) {
    for (std::size_t at = value.find('%'); at != std::string_view::npos && at + 1 < value.size();
         at = value.find('%', at + 2))
        if (value[at + 1] != '%' && value[at + 1] != '"' && value[at + 1] != '\'') return true;
    return false;
}

}  // namespace

void unit_percent(const Scene& scene, Sink& sink) {
    for_environments(scene, [&](const UnitFiles& unit, const UnitText& file, const std::string& value) {
        if (has_specifier(value))
            sink.add(file.path.str(),
                     cat(unit.unit,
                         ": a % in a proxy variable is not doubled, so systemd drops or alters the value"),
                     cat("write %% for each %: ", edit(file.path)));
    });
}

void unit_environment(const Scene& scene, Sink& sink) {
    for_environments(scene, [&](const UnitFiles& unit, const UnitText& file, const std::string& value) {
        auto words = text::split_unit_words(replace_all(value, "%", "%%"));
        if (!words)
            return sink.add(file.path.str(),
                            cat(unit.unit, ": systemd cannot read it: ", words.error().message),
                            edit(file.path));
        for (const auto& word : *words)
            if (word.find('=') == std::string::npos)
                sink.add(file.path.str(),
                         cat(unit.unit, ": systemd drops \"", printable_line(mask_secrets(word), 60),
                             "\" in Environment=: a value with blanks must be quoted with its name"),
                         cat("Environment=\"NO_PROXY=a,b\": ", edit(file.path)));
    });
}

void drop_in_invalid(const Scene& scene, Sink& sink) {
    for_texts(scene, [&](const UnitFiles& unit, const UnitText& file) {
        if (file.error)
            sink.add(file.path.str(),
                     cat(unit.unit, ": systemd does not take this file: ", to_string(*file.error)),
                     edit(file.path));
    });
}

void drop_in_section(const Scene& scene, Sink& sink) {
    for_texts(scene, [&](const UnitFiles& unit, const UnitText& file) {
        if (!file.doc || !is_drop_in(unit, file)) return;
        auto sections = file.doc->sections();
        bool service = std::find(sections.begin(), sections.end(), "Service") != sections.end();
        if (service || lower(file.text).find("_proxy=") == std::string::npos) return;
        sink.add(file.path.str(),
                 cat(unit.unit, ": has no [Service] section, so its Environment= lines are ignored"),
                 edit(file.path));
    });
}

void proxy_cleared(const Scene& scene, Sink& sink) {
    for (const auto& unit : scene.units) {
        std::string earlier;
        for (const auto& file : unit.files) {
            if (!file.doc) continue;
            for (const auto& value : file.doc->values("Service", "Environment")) {
                if (value.empty() && !earlier.empty() && earlier != file.path.str())
                    sink.add(
                        file.path.str(),
                        cat(unit.unit, ": an empty Environment= clears the proxies that ", earlier, " sets"),
                        edit(file.path));
                if (value.empty()) earlier.clear();
                if (lower(value).find("_proxy=") != std::string::npos) earlier = file.path.str();
            }
        }
    }
}

void proxy_overridden(const Scene& scene, Sink& sink) {
    for (const auto& unit : scene.units) {
        std::map<std::string, ProxyWord> seen;
        for (const auto& word : proxy_words(scene, unit)) {
            auto [it, fresh] = seen.try_emplace(word.name, word);
            if (!fresh && it->second.file != word.file && it->second.value != word.value)
                sink.add(it->second.file,
                         cat(unit.unit, ": its ", word.name, " does not count, ", word.file,
                             " sets another one later"),
                         cat("take it out of one of them: ", edit(TargetPath(word.file))));
            it->second = word;
        }
    }
}

void unit_kill_mode(const Scene& scene, Sink& sink) {
    for (const auto& unit : scene.units) {
        const auto& mode = unit.facts->kill_mode;
        // The units of snaps are made by snapd.
        bool fixed = unit.unit.starts_with("snap.");
        if (!unit.facts->exists || fixed || mode.empty() || mode == "process") continue;
        sink.add(unit.unit, cat("KillMode=", mode, ": a restart takes the containers with it"),
                 cat("sudo systemctl edit ", unit.unit, "   # [Service] KillMode=process"));
    }
}

void unit_failed(const Scene& scene, Sink& sink) {
    for (const auto& [name, unit] : scene.in.live.units)
        if (unit.state == "failed" && unit.result != "start-limit-hit")
            sink.add(name, cat("the unit has failed (", printable_line(unit.result, 40), ")"),
                     cat("journalctl -u ", name, " -n 20"));
}

void unit_start_limit(const Scene& scene, Sink& sink) {
    for (const auto& [name, unit] : scene.in.live.units)
        if (unit.result == "start-limit-hit")
            sink.add(name,
                     "systemd has given up after too many failed starts: a repaired file alone does not help",
                     cat("sudo systemctl reset-failed ", name, " && sudo systemctl start ", name));
}

void daemon_reload_needed(const Scene& scene, Sink& sink) {
    for (const auto& unit : scene.units)
        if (unit.facts->need_daemon_reload)
            sink.add(unit.unit, "its files changed since systemd read them",
                     cat("sudo systemctl daemon-reload && sudo systemctl restart ", unit.unit));
}

void environment_stale(const Scene& scene, Sink& sink) {
    for (const auto& unit : scene.units) {
        if (!unit.facts->exists) continue;
        auto live = scene.in.live.units.find(unit.unit);
        if (live == scene.in.live.units.end() || !live->second.environment) continue;
        std::vector<std::string> names;
        // What the unit does not set may come from the manager's DefaultEnvironment=.
        for (const auto& [name, value] : unit.facts->proxy_environment)
            if (value != go_variable(*live->second.environment, name)) names.push_back(name);
        if (!names.empty())
            sink.add(unit.unit, cat("the running process has another ", join(names, ", "), " than its unit"),
                     cat("sudo systemctl daemon-reload && sudo systemctl restart ", unit.unit));
    }
}

}  // namespace mirrorctl::doctor
