// The laws that every edit of a text keeps, and random material for them.
#pragma once

#include "text/apply_edits.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace mirrorctl::text {

// The edits must apply, and their inverse must give back every byte. Returns the new text.
inline std::string apply_and_check(std::string_view before, const std::vector<Edit>& edits) {
    auto after = apply_edits(before, edits);
    EXPECT_TRUE(after.has_value()) << before;
    if (!after) return std::string(before);
    auto back = apply_edits(*after, inverse_edits(before, edits));
    EXPECT_TRUE(back.has_value());
    EXPECT_EQ(back.value_or("?"), before);
    return *after;
}

// Shorthand for editing functions: their edits applied, the test fails with the error's text.
inline std::string edited(std::string_view before, const Result<std::vector<Edit>>& edits) {
    EXPECT_TRUE(edits.has_value()) << to_string(edits.error()) << "\n" << before;
    return edits ? apply_and_check(before, *edits) : std::string(before);
}

class Random {
  public:
    explicit Random(unsigned seed) : engine_(seed) {}
    std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(engine_); }
    bool chance(int percent) { return below(100) < static_cast<std::size_t>(percent); }
    template <class T>
    const T& pick(const std::vector<T>& from) {
        return from[below(from.size())];
    }
    // Up to `limit` pieces of what is awkward in some grammar.
    std::string awkward(std::size_t limit) {
        static const std::vector<std::string> kPieces = {"a",
                                                         "Z",
                                                         "0",
                                                         "_",
                                                         "-",
                                                         ".",
                                                         ":",
                                                         "/",
                                                         "https://m.example/v2/",
                                                         "user:p@ss",
                                                         " ",
                                                         "\t",
                                                         "\"",
                                                         "'",
                                                         "\\",
                                                         "$",
                                                         "$HOME",
                                                         "`id`",
                                                         "%",
                                                         "%40",
                                                         "%%",
                                                         "%h",
                                                         "#",
                                                         ";",
                                                         "=",
                                                         ",",
                                                         "[",
                                                         "]",
                                                         "{",
                                                         "}",
                                                         "\\n",
                                                         "\\x41",
                                                         "~",
                                                         "!",
                                                         "&",
                                                         "|",
                                                         "*",
                                                         "é",
                                                         "镜像",
                                                         "\xF0\x9F\x90\xB3"};
        std::string out;
        for (auto n = below(limit + 1); n > 0; --n) out += pick(kPieces);
        return out;
    }

  private:
    std::mt19937 engine_;
};

}  // namespace mirrorctl::text
