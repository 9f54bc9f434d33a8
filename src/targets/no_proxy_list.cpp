#include "targets/no_proxy_list.hpp"

#include "base/strings.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace mirrorctl::targets {

namespace {

Failure rejected(std::string_view entry, std::string_view why, std::string hint) {
    return Failure(Error{.code = ErrorCode::usage,
                         .message = cat("no_proxy: ", printable_line(entry, 80), ": ", why),
                         .hint = std::move(hint)});
}

int address_bits(const std::string& text) {
    if (text.find('\0') != std::string::npos) return 0;  // where a C string would end
    std::array<unsigned char, 16> bytes{};
    if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) return 32;
    if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return 128;
    return 0;
}

bool is_host_name(std::string_view text) {
    if (text.empty() || text.front() == '-' || text.front() == '.' ||
        text.find("..") != std::string_view::npos)
        return false;
    return std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
    });
}

bool looks_like_address(std::string_view text) {
    return text.find_first_not_of("0123456789.") == std::string_view::npos;
}

// "172.17.*" -> "172.17.0.0/16", "" if it is no such thing.
std::string as_cidr(std::string_view text) {
    std::vector<std::string> parts;
    for (const auto& part : split(text, '.'))
        if (part != "*" && !part.empty()) parts.push_back(part);
    if (parts.empty() || parts.size() > 3 || !looks_like_address(join(parts, "."))) return "";
    auto bits = parts.size() * 8;
    parts.resize(4, "0");
    auto block = join(parts, ".");
    return address_bits(block) == 32 ? cat(block, "/", bits) : "";
}

Result<std::vector<std::string>> as_block(const std::string& entry) {
    auto slash = entry.find('/');
    auto prefix = parse_integer(std::string_view(entry).substr(slash + 1));
    int bits = address_bits(entry.substr(0, slash));
    if (bits == 0 || !prefix || *prefix < 0 || *prefix > bits)
        return rejected(entry, "not a CIDR block", "write it as 10.0.0.0/8 or fd00::/8");
    return std::vector<std::string>{entry};
}

// The dotted twin goes with every domain: only together Go and curl read "the host and what is below it".
Result<std::vector<std::string>> as_domain(const std::string& entry) {
    std::string name = entry.starts_with('.') ? entry.substr(1) : entry;
    while (name.ends_with('.')) name.pop_back();
    auto colon = name.find(':');
    auto host = name.substr(0, colon);
    if (!is_host_name(host))
        return rejected(entry, "not a host name", "write a host, a domain, an address or a CIDR block");
    if (looks_like_address(host) && address_bits(host) == 0) {
        auto block = as_cidr(host);
        return rejected(entry, "neither Go nor curl reads a part of an address",
                        block.empty() ? "write the whole address" : "write " + block);
    }
    if (colon != std::string::npos) {
        auto port = parse_integer(std::string_view(name).substr(colon + 1));
        if (!port || *port < 1 || *port > 65535) return rejected(entry, "not a port", "write host:443");
        return std::vector<std::string>{name};
    }
    bool single = host.find('.') == std::string::npos || address_bits(host) != 0;
    if (single && !entry.starts_with('.')) return std::vector<std::string>{name};
    return std::vector<std::string>{name, "." + name};
}

Result<std::vector<std::string>> canonical_entry(std::string entry) {
    entry = lower(entry);
    if (entry.find("://") != std::string::npos)
        return rejected(entry, "a URL, not a host", "write the host alone");
    if (entry.starts_with('[') && entry.ends_with(']')) entry = entry.substr(1, entry.size() - 2);
    if (entry.starts_with("*.")) entry = entry.substr(1);
    if (entry.find('*') != std::string::npos) {
        auto block = as_cidr(entry);
        return rejected(entry, "neither Go nor curl reads this wildcard",
                        block.empty() ? "write the domain, as in example.com" : "write " + block);
    }
    if (entry.find('/') != std::string::npos) return as_block(entry);
    if (address_bits(entry) != 0) return std::vector<std::string>{entry};
    return as_domain(entry);
}

}  // namespace

Result<std::vector<std::string>> canonical_no_proxy(const std::vector<std::string>& entries) {
    std::vector<std::string> list{"localhost", "127.0.0.1", "::1"};
    for (const auto& several : entries) {
        for (const auto& word : split(replace_all(several, " ", ","), ',')) {
            std::string entry(trim(word));
            if (entry.empty()) continue;
            if (entry == "*") return std::vector<std::string>{"*"};
            TRY_ASSIGN(auto forms, canonical_entry(entry));
            for (auto& form : forms)
                if (std::find(list.begin(), list.end(), form) == list.end()) list.push_back(std::move(form));
        }
    }
    return list;
}

Result<std::string> canonical_no_proxy(std::string_view list) {
    TRY_ASSIGN(auto entries, canonical_no_proxy(std::vector<std::string>{std::string(list)}));
    return join(entries, ",");
}

}  // namespace mirrorctl::targets
