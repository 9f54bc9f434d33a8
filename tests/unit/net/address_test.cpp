#include "net/address.hpp"

#include <gtest/gtest.h>

namespace mirrorctl::net::address_test {
namespace {

struct Case {
    const char* text;
    const char* why;
};

const Case kSpecialCases[] = {{"127.0.0.1", "a loopback address"},
                              {"127.255.0.9", "a loopback address"},
                              {"::1", "a loopback address"},
                              {"[::1]", "a loopback address"},
                              {"0.0.0.0", "an unspecified address"},
                              {"0.1.2.3", "an unspecified address"},
                              {"::", "an unspecified address"},
                              {"169.254.169.254", "a link-local address"},
                              {"fe80::1", "a link-local address"},
                              {"febf::1", "a link-local address"},
                              {"224.0.0.1", "a multicast address"},
                              {"ff02::1", "a multicast address"},
                              {"255.255.255.255", "a broadcast address"},
                              {"::ffff:127.0.0.1", "a loopback address"},
                              {"::ffff:169.254.169.254", "a link-local address"},
                              {"64:ff9b::127.0.0.1", "a loopback address"},
                              {"2002:a9fe:a9fe::1", "a link-local address"},
                              {"::127.0.0.1", "a loopback address"},
                              {"fd00:ec2::254", "a metadata address"},
                              {"10.1.2.3", ""},
                              {"192.168.0.1", ""},
                              {"172.16.0.1", ""},
                              {"100.64.0.1", ""},
                              {"fd12::1", ""},
                              {"8.8.8.8", ""},
                              {"2606:4700::1", ""},
                              {"64:ff9b::8.8.8.8", ""},
                              {"169.253.1.1", ""},
                              {"fec0::1", ""}};

TEST(Special, IsNamed) {
    for (const auto& c : kSpecialCases) {
        SCOPED_TRACE(c.text);
        auto address = parse_address(c.text);
        ASSERT_TRUE(address);
        EXPECT_EQ(special_address(*address), c.why);
    }
}

TEST(Address, RefusesWhatIsNoAddress) {
    for (const char* text :
         {"", "localhost", "1.2.3", "1.2.3.4.5", "127.1", "0x7f.0.0.1", "fe80::1%eth0", "[::1", "1.2.3.4/8"})
        EXPECT_FALSE(parse_address(text)) << text;
    for (const char* text :
         {"10.0.0.0", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/x", "::/129", "[::]/8", "host/8"})
        EXPECT_FALSE(parse_block(text)) << text;
}

TEST(Address, BlocksCompareBits) {
    auto block = parse_block("10.0.0.0/30");
    ASSERT_TRUE(block);
    EXPECT_TRUE(block->contains(*parse_address("10.0.0.3")));
    EXPECT_FALSE(block->contains(*parse_address("10.0.0.4")));
    EXPECT_FALSE(parse_block("::/0")->contains(*parse_address("10.0.0.3")));
    EXPECT_TRUE(parse_block("0.0.0.0/0")->contains(*parse_address("10.0.0.3")));
}

}  // namespace
}  // namespace mirrorctl::net::address_test
