#include "engines/flags.hpp"

#include "base/strings.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace mirrorctl::engines {
namespace {

constexpr std::array<std::pair<char, std::string_view>, 9> kShortForms = {{{'b', "bridge"},
                                                                           {'c', "config"},
                                                                           {'D', "debug"},
                                                                           {'g', "data-root"},
                                                                           {'G', "group"},
                                                                           {'H', "host"},
                                                                           {'l', "log-level"},
                                                                           {'p', "pidfile"},
                                                                           {'s', "storage-driver"}}};

bool is_flag(std::string_view word) {
    return word.size() > 1 && word[0] == '-';
}

}  // namespace

std::vector<FlagSource> flags_of(const std::vector<Word>& words) {
    std::vector<FlagSource> flags;
    for (std::size_t i = 1; i < words.size(); ++i) {
        const auto& [text, where] = words[i];
        if (is_flag(text)) {
            flags.push_back({.flag = text, .where = where});
        } else if (i > 1 && is_flag(words[i - 1].text) && words[i - 1].text.find('=') == std::string::npos) {
            flags.back().flag += cat("=", text);
        }
    }
    return flags;
}

std::string flag_name(std::string_view flag) {
    bool is_long = flag.starts_with("--");
    auto body = flag.substr(is_long ? 2 : flag.starts_with('-') ? 1 : 0);
    body = body.substr(0, body.find('='));
    if (is_long || body.empty()) return std::string(body);
    // "-Hunix:///x" is "-H" with its value attached; Go's flag package (old containerd) also allows
    // "-config".
    for (const auto& [letter, name] : kShortForms)
        if (body[0] == letter && body != "config") return std::string(name);
    return std::string(body);
}

std::string flag_value(std::string_view flag) {
    auto equals = flag.find('=');
    if (equals != std::string_view::npos) return std::string(flag.substr(equals + 1));
    bool attached = flag.size() > 2 && flag[0] == '-' && flag[1] != '-' && flag_name(flag) != flag.substr(1);
    return attached ? std::string(flag.substr(2)) : "";
}

std::optional<std::string> last_value(const std::vector<FlagSource>& flags, std::string_view name) {
    auto it = std::find_if(flags.rbegin(), flags.rend(),
                           [&](const FlagSource& f) { return flag_name(f.flag) == name; });
    if (it == flags.rend()) return std::nullopt;
    return flag_value(it->flag);
}

void add_running(std::vector<FlagSource>& flags, const std::vector<std::string>& argv,
                 const std::string& where) {
    std::vector<Word> words;
    for (const auto& text : argv) words.push_back({text, where});
    for (auto& running : flags_of(words)) {
        bool known = std::any_of(flags.begin(), flags.end(), [&](const FlagSource& f) {
            return flag_name(f.flag) == flag_name(running.flag) &&
                   flag_value(f.flag) == flag_value(running.flag);
        });
        if (!known) flags.push_back(std::move(running));
    }
}

}  // namespace mirrorctl::engines
