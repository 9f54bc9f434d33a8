#include "base/digest.hpp"

#include <gtest/gtest.h>

namespace mirrorctl::digest_test {
namespace {

TEST(Digest, PublishedVectors) {
    // FIPS 180-4 examples (NIST CSRC "Examples with Intermediate Values")
    EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    EXPECT_EQ(sha256_hex(std::string(1000000, 'a')),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Digest, PartsGiveTheSameAsTheWhole) {
    Sha256 hash;
    hash.update("ab");
    hash.update("");
    hash.update("c");
    EXPECT_EQ("sha256:" + hash.hex(), sha256_digest("abc"));
    Sha256 moved = Sha256();
    moved.update("abc");
    EXPECT_EQ(moved.hex(), sha256_hex("abc"));
}

TEST(Digest, Recognised) {
    EXPECT_TRUE(is_sha256_digest(sha256_digest("x")));
    auto digest = sha256_digest("x");
    for (std::string text :
         {std::string(), std::string("sha256:"), digest.substr(7), digest + "0", digest.substr(0, 70),
          "sha512:" + digest.substr(7), "sha256:" + std::string(64, 'G'), "sha256:" + std::string(64, 'A')})
        EXPECT_FALSE(is_sha256_digest(text)) << text;
}

}  // namespace
}  // namespace mirrorctl::digest_test
