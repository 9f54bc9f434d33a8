// IP addresses as bytes: literals, blocks, and which of them no stranger may send us to.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

struct sockaddr;

namespace mirrorctl::net {

// IPv4 as ::ffff:a.b.c.d, so that both forms of one address are equal.
struct Address {
    std::array<std::uint8_t, 16> bytes{};
    bool v4() const;
    bool operator==(const Address&) const = default;
};

// "192.0.2.1", "2001:db8::1", "[2001:db8::1]"; nullopt for names and for addresses with a zone.
std::optional<Address> parse_address(std::string_view text);
// Of an AF_INET or AF_INET6 socket address.
std::optional<Address> address_of(const sockaddr* address);

struct Block {
    Address address;
    int prefix = 128;  // bits of the 16-byte form
    bool contains(const Address& other) const;
};
// "10.0.0.0/8", "2001:db8::/32".
std::optional<Block> parse_block(std::string_view text);

bool is_loopback(const Address& address);

// Why a server of a stranger must not send us there: "a loopback address", "a link-local address" (the
// metadata services of clouds live there), ...;
// "" if it may. Blocks: RFC 6890 and RFC 4291. Private ranges are fine: a Harbor on 10.x is normal.
std::string_view special_address(const Address& address);

}  // namespace mirrorctl::net
