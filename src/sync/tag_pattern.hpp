// The regular expressions of rule files, in the dialect that their writers know: RE2 (github.com/google/re2,
// doc/syntax.txt), for ASCII. Tags come from strangers, so a match takes time linear in the tag's length,
// whatever the pattern.
#pragma once

#include "base/result.hpp"

#include <bitset>
#include <memory>
#include <string_view>
#include <vector>

namespace mirrorctl::sync {

class TagPattern {
  public:
    // Errors: parse, saying what is wrong at which character. Understood are . [] [[:alpha:]] \d \w \s \D \W
    // \S \b \B \A \z ^ $ () (?:) (?P<name>) (?i) | * + ? {n,m} and their lazy forms; back references and
    // look-around are refused, as RE2 does.
    static Result<TagPattern> parse(std::string_view pattern);

    // A match anywhere in the tag counts. Never throws.
    bool matches(std::string_view tag) const noexcept;

  private:
    friend class PatternCompiler;
    enum class Op { set, split, jump, begin, end, word_edge, no_word_edge, done };
    struct Instruction {
        Op op = Op::done;
        std::size_t to = 0;
        std::size_t other = 0;  // of a split
        std::bitset<256> set = {};
    };
    class Threads;

    std::vector<Instruction> program_;
};

}  // namespace mirrorctl::sync
