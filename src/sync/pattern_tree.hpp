// A regular expression taken apart; see tag_pattern.hpp.
#pragma once

#include "base/result.hpp"

#include <bitset>
#include <string_view>
#include <vector>

namespace mirrorctl::sync {

struct PatternNode {
    enum class Kind { set, sequence, choice, repeat, begin, end, word_edge, no_word_edge };
    Kind kind = Kind::sequence;
    std::bitset<256> set = {};
    std::vector<PatternNode> parts = {};
    int least = 0;  // repeat
    int most = -1;  // repeat; -1 = without end
};

// Errors: parse.
Result<PatternNode> parse_pattern(std::string_view pattern);

}  // namespace mirrorctl::sync
