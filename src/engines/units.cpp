#include "engines/units.hpp"

#include "engines/unit_file.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace mirrorctl::engines {
namespace {

constexpr std::array<std::string_view, 5> kUnitDirs = {"/etc/systemd/system", "/run/systemd/system",
                                                       "/usr/local/lib/systemd/system",
                                                       "/usr/lib/systemd/system", "/lib/systemd/system"};

struct Sourced {
    std::string value;
    std::string where;
};

// What the fragment and its drop-ins say, before variables are put in.
struct Merged {
    std::vector<Sourced> exec_start;
    std::vector<Sourced> environment;            // texts of Environment=
    std::vector<std::string> environment_files;  // as written, "-" included
    std::string kill_mode;
    std::vector<std::string> bound_to;
};

template <class List>
void append_or_reset(List& list, const std::string& value, typename List::value_type item) {
    if (value.empty()) {
        list.clear();
    } else {
        list.push_back(std::move(item));
    }
}

void merge_assignment(Merged& merged, const Assignment& assignment, const std::string& where) {
    const auto& [section, key, value] = assignment;
    if (section == "Unit" && (key == "Requires" || key == "BindsTo" || key == "PartOf")) {
        for (auto& unit : split_words(value)) merged.bound_to.push_back(std::move(unit));
    }
    if (section != "Service") return;
    if (key == "ExecStart") append_or_reset(merged.exec_start, value, {value, where});
    if (key == "Environment") append_or_reset(merged.environment, value, {value, where});
    if (key == "EnvironmentFile") append_or_reset(merged.environment_files, value, value);
    if (key == "KillMode") merged.kill_mode = value;
}

// Base name -> path; a name in a higher directory hides the lower ones.
void collect_drop_ins(const sys::FsReader& fs, const std::string& directory,
                      std::map<std::string, TargetPath>& found) {
    for (auto dir : kUnitDirs) {
        TargetPath path(cat(dir, "/", directory));
        auto names = fs.list(path);
        if (!names) continue;
        for (const auto& name : *names)
            if (name.size() > 5 && name.ends_with(".conf")) found.try_emplace(name, path / name);
    }
}

// /lib is a link to /usr/lib on merged systems: a fragment is named by the first directory that has it.
TargetPath find_fragment(const sys::FsReader& fs, const std::string& name) {
    for (auto dir : kUnitDirs) {
        TargetPath path(cat(dir, "/", name));
        if (fs.stat(path)) return path;
    }
    return TargetPath();
}

using Environment = std::map<std::string, Sourced>;

Environment environment_of(const sys::FsReader& fs, const Merged& merged, std::vector<TargetPath>& files) {
    Environment environment;
    for (const auto& [text, where] : merged.environment) {
        for (const auto& word : split_words(text)) {
            auto equals = word.find('=');
            if (equals == std::string::npos) continue;
            environment[word.substr(0, equals)] = {replace_all(word.substr(equals + 1), "%%", "%"), where};
        }
    }
    for (const auto& written : merged.environment_files) {
        TargetPath path(std::string_view(written).substr(written.starts_with('-') ? 1 : 0));
        if (!path.str().starts_with('/')) continue;
        auto text = fs.read(path);
        if (!text) continue;
        files.push_back(path);
        for (auto& [name, value] : parse_environment_file(*text))
            environment[name] = {std::move(value), path.str()};
    }
    return environment;
}

bool is_name_char(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

// "${NAME}" inside a word becomes its value, "$$" a dollar.
std::string expand_inside(std::string_view word, const Environment& environment) {
    std::string out;
    for (std::size_t at = 0; at < word.size();) {
        auto end = word.substr(at).starts_with("${") ? word.find('}', at) : std::string_view::npos;
        if (end != std::string_view::npos) {
            auto found = environment.find(std::string(word.substr(at + 2, end - at - 2)));
            if (found != environment.end()) out += found->second.value;
            at = end + 1;
            continue;
        }
        if (word.substr(at).starts_with("$$")) ++at;
        out += word[at++];
    }
    return out;
}

// systemd.service(5) "Command lines": "$NAME" as a word of its own is split at blanks into any number of
// words.
std::vector<Word> expand(const std::vector<std::string>& words, const Environment& environment,
                         const std::string& where) {
    std::vector<Word> out;
    for (const auto& word : words) {
        bool lone =
            word.size() > 1 && word[0] == '$' && std::all_of(word.begin() + 1, word.end(), is_name_char);
        if (!lone) {
            out.push_back({expand_inside(word, environment), where});
            continue;
        }
        auto found = environment.find(word.substr(1));
        if (found == environment.end()) continue;
        for (auto& part : split_words(found->second.value))
            out.push_back({std::move(part), found->second.where});
    }
    return out;
}

std::vector<Word> command_of(const Sourced& exec_start, const Environment& environment) {
    std::string_view text = exec_start.value;
    auto program = std::min(text.find_first_not_of("@-:+!|"), text.size());
    auto prefixes = text.substr(0, program);
    auto words = split_words(text.substr(program));
    bool own_argv0 = prefixes.find('@') != std::string_view::npos;
    if (own_argv0 && words.size() > 1) words.erase(words.begin() + 1);
    if (prefixes.find(':') == std::string_view::npos) return expand(words, environment, exec_start.where);
    std::vector<Word> literal;
    for (auto& word : words) literal.push_back({std::move(word), exec_start.where});
    return literal;
}

}  // namespace

Unit read_unit(const sys::FsReader& fs, const std::string& name) {
    Unit unit{.name = name, .fragment = find_fragment(fs, name)};
    if (unit.fragment.empty()) return unit;
    auto text = fs.read(unit.fragment);
    // A link to /dev/null or an empty file is how a unit is masked (systemd.unit(5)).
    if (!text || text->empty()) return unit;
    unit.exists = true;
    Merged merged;
    for (const auto& assignment : parse_unit_text(*text))
        merge_assignment(merged, assignment, unit.fragment.str());
    std::map<std::string, TargetPath> drop_ins;
    collect_drop_ins(fs, name + ".d", drop_ins);
    collect_drop_ins(fs, "service.d", drop_ins);
    for (const auto& [base, path] : drop_ins) {
        auto extra = fs.read(path);
        if (!extra) continue;
        unit.drop_ins.push_back(path);
        for (const auto& assignment : parse_unit_text(*extra))
            merge_assignment(merged, assignment, path.str());
    }
    auto environment = environment_of(fs, merged, unit.environment_files);
    for (const auto& [variable, sourced] : environment) unit.environment[variable] = sourced.value;
    if (!merged.exec_start.empty()) unit.command = command_of(merged.exec_start.back(), environment);
    if (!merged.kill_mode.empty()) unit.kill_mode = merged.kill_mode;
    unit.bound_to = std::move(merged.bound_to);
    return unit;
}

}  // namespace mirrorctl::engines
