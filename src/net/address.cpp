#include "net/address.hpp"

#include "base/strings.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <string>

namespace mirrorctl::net {

namespace {

constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

struct Special {
    const char* block;
    std::string_view why;
};
// 64:ff9b::/96 (RFC 6052, NAT64) and 2002::/16 (RFC 3056, 6to4) are judged by the IPv4 address inside them.
constexpr Special kSpecial[] = {
    {"0.0.0.0/8", "an unspecified address"},
    {"127.0.0.0/8", "a loopback address"},
    {"169.254.0.0/16", "a link-local address"},
    {"224.0.0.0/4", "a multicast address"},
    {"255.255.255.255/32", "a broadcast address"},
    {"::/128", "an unspecified address"},
    {"::1/128", "a loopback address"},
    {"fe80::/10", "a link-local address"},
    {"ff00::/8", "a multicast address"},
    // Clouds whose metadata service stands outside the link-local range: Alibaba, Oracle (classic), Azure's
    // WireServer, EC2 and Google over IPv6.
    {"100.100.100.200/32", "a metadata address"},
    {"192.0.0.192/32", "a metadata address"},
    {"168.63.129.16/32", "a metadata address"},
    {"fd00:ec2::254/128", "a metadata address"},
    {"fd20:ce::254/128", "a metadata address"},
};

// The IPv4 address that a transition form carries: ::a.b.c.d, 64:ff9b::a.b.c.d, 2002:aabb:ccdd::.
std::optional<Address> embedded_v4(const Address& address) {
    static const Block kNat64 = *parse_block("64:ff9b::/96");
    static const Block kSixToFour = *parse_block("2002::/16");
    static const Block kCompatible = *parse_block("::/96");
    std::size_t from = 12;
    if (kSixToFour.contains(address)) {
        from = 2;
    } else if (!kNat64.contains(address) && !kCompatible.contains(address)) {
        return std::nullopt;
    }
    Address out;
    std::copy(kMapped.begin(), kMapped.end(), out.bytes.begin());
    std::copy_n(address.bytes.begin() + static_cast<std::ptrdiff_t>(from), 4, out.bytes.begin() + 12);
    return out;
}

std::string_view listed(const Address& address) {
    static const auto kBlocks = [] {
        std::array<Block, std::size(kSpecial)> blocks;
        for (std::size_t i = 0; i < blocks.size(); ++i) blocks[i] = *parse_block(kSpecial[i].block);
        return blocks;
    }();
    for (std::size_t i = 0; i < kBlocks.size(); ++i)
        if (kBlocks[i].contains(address)) return kSpecial[i].why;
    return "";
}

}  // namespace

bool Address::v4() const {
    return std::equal(kMapped.begin(), kMapped.end(), bytes.begin());
}

std::optional<Address> parse_address(std::string_view text) {
    if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
    if (text.find('\0') != std::string_view::npos) return std::nullopt;
    std::string zero_ended(text);
    Address out;
    if (::inet_pton(AF_INET6, zero_ended.c_str(), out.bytes.data()) == 1) return out;
    std::copy(kMapped.begin(), kMapped.end(), out.bytes.begin());
    if (::inet_pton(AF_INET, zero_ended.c_str(), out.bytes.data() + kMapped.size()) == 1) return out;
    return std::nullopt;
}

std::optional<Address> address_of(const sockaddr* address) {
    Address out;
    if (address->sa_family == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, address, sizeof v6);
        std::memcpy(out.bytes.data(), &v6.sin6_addr, 16);
        return out;
    }
    if (address->sa_family != AF_INET) return std::nullopt;
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof v4);
    std::copy(kMapped.begin(), kMapped.end(), out.bytes.begin());
    std::memcpy(out.bytes.data() + kMapped.size(), &v4.sin_addr, 4);
    return out;
}

bool Block::contains(const Address& other) const {
    if (address.v4() != other.v4()) return false;  // as Go's IPNet.Contains: the families do not mix
    for (int bit = 0; bit < prefix; ++bit) {
        auto mask = static_cast<std::uint8_t>(0x80U >> (static_cast<unsigned>(bit) % 8U));
        auto i = static_cast<std::size_t>(bit / 8);
        if ((address.bytes[i] & mask) != (other.bytes[i] & mask)) return false;
    }
    return true;
}

std::optional<Block> parse_block(std::string_view text) {
    auto slash = text.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    auto address = parse_address(text.substr(0, slash));
    auto bits = parse_integer(text.substr(slash + 1));
    if (!address || text.starts_with('[') || !bits || *bits < 0 || *bits > (address->v4() ? 32 : 128))
        return std::nullopt;
    return Block{*address, static_cast<int>(*bits) + (address->v4() ? 96 : 0)};
}

bool is_loopback(const Address& address) {
    static const Address kLoopback6 = *parse_address("::1");
    return address == kLoopback6 || (address.v4() && address.bytes[12] == 127);
}

std::string_view special_address(const Address& address) {
    if (auto why = listed(address); !why.empty()) return why;
    if (auto inner = embedded_v4(address)) return listed(*inner);
    return "";
}

}  // namespace mirrorctl::net
