#include "cli/masking.hpp"

#include "base/strings.hpp"
#include "base/url.hpp"

#include <algorithm>
#include <array>

namespace mirrorctl::cli {

namespace {

constexpr std::array<std::string_view, 10> kSecretWords = {"authorization", "passw",  "token",   "secret",
                                                           "credential",    "apikey", "api-key", "api_key",
                                                           "\"auth\"",      "cookie"};
// containerd docs/hosts.md
constexpr std::array<std::string_view, 8> kHostsKeys = {
    "server", "capabilities", "ca", "client", "skip_verify", "override_path", "dial_timeout", "rewrite"};
constexpr std::array<std::string_view, 3> kCapabilities = {"pull", "resolve", "push"};

template <class List>
bool has(const List& list, std::string_view word) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

// What follows a key that is named like a secret.
std::string without_named_secrets(const std::string& line) {
    auto low = lower(line);
    auto first = std::string::npos;
    for (auto word : kSecretWords) first = std::min(first, low.find(word));
    auto key = trim(std::string_view(low).substr(std::min<std::size_t>(1, low.size())));
    if (key.starts_with("auth ") || key.starts_with("auth=")) first = std::min(first, low.find("auth"));
    if (first == std::string::npos) return line;
    auto sign = line.find_first_of("=:", first);
    return (sign == std::string::npos ? line.substr(0, first) : line.substr(0, sign + 1)) + " ***";
}

// HTTP_PROXY=user:password@host: engines take it without a scheme.
std::string without_bare_credentials(const std::string& line) {
    if (lower(line).find("proxy") == std::string::npos) return line;
    auto at = line.rfind('@');
    if (at == std::string::npos || line.find("***@") != std::string::npos) return line;
    auto colon = line.rfind(':', at);
    if (colon == std::string::npos) return line;
    auto begin = line.find_last_of("=\"' \t", colon);
    return line.substr(0, begin == std::string::npos ? 1 : begin + 1) + "***" + line.substr(at);
}

// A line of a hosts.toml, without the sign of the diff.
bool shows_in_hosts_file(std::string_view line) {
    if (line.empty() || line[0] == '#' || line[0] == '[' || line[0] == ']') return true;
    auto equals = line.find('=');
    if (line[0] != '"' && line[0] != '\'' && equals != std::string_view::npos)
        return has(kHostsKeys, trim(line.substr(0, equals)));
    // An element of a list that goes over several lines.
    while (!line.empty() && std::string_view("\"', ]").find(line.back()) != std::string_view::npos)
        line.remove_suffix(1);
    line.remove_prefix(std::min(line.find_first_not_of("\"'"), line.size()));
    return has(kCapabilities, line) || line.starts_with('/');
}

std::string without_value(const std::string& line) {
    auto equals = line.find('=');
    return (equals == std::string::npos ? line.substr(0, 1) : line.substr(0, equals + 1)) + " ***";
}

// Names as HTTP headers have them; keys of containerd's own are lower case with underscores.
bool is_like_a_header(std::string_view key) {
    return !key.empty() && (key.find('-') != std::string_view::npos || (key[0] >= 'A' && key[0] <= 'Z'));
}

class Masking {
  public:
    explicit Masking(const TargetPath& path)
        : hosts_file_(path.name() == "hosts.toml"), toml_(path.name().ends_with(".toml")) {}

    std::string line(const std::string& line) {
        if (line.starts_with("@@")) in_headers_ = false;
        if (line.empty() || line.starts_with("---") || line.starts_with("+++") || line.starts_with("@@"))
            return line;
        auto text = trim(std::string_view(line).substr(1));
        if (hosts_file_ && !shows_in_hosts_file(text)) return without_value(line);
        if (toml_ && !hosts_file_ && is_in_headers(text)) return without_value(line);
        return without_bare_credentials(mask_secrets(without_named_secrets(line)));
    }

  private:
    // The table that a line stands in may have begun before the hunk.
    bool is_in_headers(std::string_view text) {
        if (text.starts_with('[')) {
            in_headers_ = text.ends_with("headers]") || text.ends_with("header]") || text.ends_with("auth]");
            return false;
        }
        auto equals = text.find('=');
        if (text.empty() || text[0] == '#') return false;
        return in_headers_ ||
               (equals != std::string_view::npos && is_like_a_header(trim(text.substr(0, equals))));
    }

    bool hosts_file_;
    bool toml_;
    bool in_headers_ = false;
};

}  // namespace

std::string masked_diff(const TargetPath& path, const std::string& diff) {
    Masking masking(path);
    std::string out;
    for (const auto& line : split(diff, '\n')) out += masking.line(line) + "\n";
    out.pop_back();
    return out;
}

}  // namespace mirrorctl::cli
