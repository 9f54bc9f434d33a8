#include "cli/network.hpp"

#include "base/digest.hpp"
#include "base/strings.hpp"

#include <array>
#include <set>
#include <sstream>
#include <vector>

namespace mirrorctl::cli {

namespace {

constexpr std::size_t kMaxFile = 1U << 20U;
constexpr std::size_t kShort = 16;  // hexadecimal digits

std::vector<std::string> words_of(const std::string& line) {
    std::istringstream in(line);
    std::vector<std::string> words;
    for (std::string word; in >> word;) words.push_back(word);
    return words;
}

std::vector<std::string> lines_of(const sys::FsReader& host, const std::string& path) {
    auto text = host.read(TargetPath(path), kMaxFile);
    return text ? split(*text, '\n') : std::vector<std::string>{};
}

// Linux, Documentation/filesystems/proc.rst: /proc/net/route has destination and gateway in columns 2 and 3,
// ipv6_route has destination, its prefix length and the gateway in columns 1, 2 and 5; a default route's
// destination is zero.
std::set<std::string> gateways(const sys::FsReader& host) {
    std::set<std::string> found;
    for (const auto& line : lines_of(host, "/proc/self/net/route")) {
        auto words = words_of(line);
        if (words.size() > 2 && words[1] == "00000000" && words[2] != "00000000") found.insert(words[2]);
    }
    if (!found.empty()) return found;
    const std::string nowhere(32, '0');
    for (const auto& line : lines_of(host, "/proc/self/net/ipv6_route")) {
        auto words = words_of(line);
        if (words.size() > 4 && words[0] == nowhere && words[1] == "00" && words[4] != nowhere)
            found.insert(words[4]);
    }
    return found;
}

// systemd-resolved's own list, where /etc/resolv.conf only names its stub (resolved.conf(5)).
std::set<std::string> resolvers(const sys::FsReader& host) {
    static constexpr std::array<const char*, 2> kFiles{"/run/systemd/resolve/resolv.conf",
                                                       "/etc/resolv.conf"};
    std::set<std::string> found;
    for (const auto* file : kFiles) {
        for (const auto& line : lines_of(host, file)) {
            auto words = words_of(line);
            if (words.size() > 1 && words[0] == "nameserver") found.insert(words[1]);
        }
        if (!found.empty()) break;
    }
    return found;
}

}  // namespace

std::string network_id(const sys::FsReader& host, const bench::Route& route) {
    auto ways = gateways(host);
    if (ways.empty()) return {};
    std::string all = "gateways";
    for (const auto& way : ways) all += " " + way;
    all += "\nresolvers";
    for (const auto& resolver : resolvers(host)) all += " " + resolver;
    return sha256_hex(all + "\n" + bench::route_name(route)).substr(0, kShort);
}

}  // namespace mirrorctl::cli
