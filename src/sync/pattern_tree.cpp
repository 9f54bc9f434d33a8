#include "sync/pattern_tree.hpp"

#include "base/strings.hpp"

#include <array>
#include <cctype>
#include <optional>

namespace mirrorctl::sync {

namespace {

using Set = std::bitset<256>;
constexpr int kMaxRepeat = 1000;  // as RE2
constexpr int kMaxDepth = 50;
constexpr std::size_t kMaxPattern = 1000;

template <class Test>
Set where(Test test) {
    Set set;
    for (unsigned c = 0; c < 128; ++c)
        if (test(static_cast<unsigned char>(c))) set.set(c);
    return set;
}

bool is_word(unsigned char c) {
    return std::isalnum(c) != 0 || c == '_';
}

// \d and its like; nullopt for other letters.
std::optional<Set> class_of(char letter) {
    switch (letter) {
        case 'd':
            return where([](unsigned char c) { return std::isdigit(c) != 0; });
        case 'w':
            return where(is_word);
        case 's':
            return where([](unsigned char c) { return c == ' ' || (c >= '\t' && c <= '\r' && c != '\v'); });
        case 'D':
        case 'W':
        case 'S':
            return ~*class_of(static_cast<char>(std::tolower(static_cast<unsigned char>(letter))));
        default:
            return std::nullopt;
    }
}

std::optional<Set> named_class(std::string_view name) {
    using Test = int (*)(int);
    static constexpr std::array<std::pair<std::string_view, Test>, 10> kNames{{{"alnum", std::isalnum},
                                                                               {"alpha", std::isalpha},
                                                                               {"digit", std::isdigit},
                                                                               {"lower", std::islower},
                                                                               {"upper", std::isupper},
                                                                               {"punct", std::ispunct},
                                                                               {"space", std::isspace},
                                                                               {"xdigit", std::isxdigit},
                                                                               {"print", std::isprint},
                                                                               {"graph", std::isgraph}}};
    if (name == "word") return where(is_word);
    for (const auto& [known, test] : kNames)
        if (known == name) return where([test = test](unsigned char c) { return test(c) != 0; });
    return std::nullopt;
}

class Parser {
  public:
    explicit Parser(std::string_view text) : text_(text) {}

    Result<PatternNode> parse() {
        if (text_.size() > kMaxPattern) return bad(cat("longer than ", kMaxPattern, " characters"));
        TRY_ASSIGN(auto node, choice(0));
        if (!at_end()) return bad("a ) without its (");
        return node;
    }

  private:
    bool at_end() const { return at_ >= text_.size(); }
    char peek() const { return at_end() ? '\0' : text_[at_]; }
    bool take(std::string_view word) {
        if (!text_.substr(at_).starts_with(word)) return false;
        at_ += word.size();
        return true;
    }
    Failure bad(std::string_view why) const {
        return Failure(Error{.code = ErrorCode::parse,
                             .message = cat("bad regular expression: /", printable_line(text_, 80),
                                            "/: ", why, ", at character ", at_ + 1),
                             .hint = "the dialect is RE2's: github.com/google/re2/wiki/Syntax"});
    }

    Result<PatternNode> choice(int depth) {
        if (depth > kMaxDepth) return bad("nested too deep");
        bool outer_fold = fold_;
        PatternNode all{.kind = PatternNode::Kind::choice};
        do {
            TRY_ASSIGN(auto branch, sequence(depth));
            all.parts.push_back(std::move(branch));
        } while (take("|"));
        fold_ = outer_fold;
        if (all.parts.size() == 1) return std::move(all.parts.front());
        return all;
    }

    Result<PatternNode> sequence(int depth) {
        PatternNode all{.kind = PatternNode::Kind::sequence};
        while (!at_end() && peek() != '|' && peek() != ')') {
            if (take("(?i)")) {
                fold_ = true;
                continue;
            }
            TRY_ASSIGN(auto part, atom(depth));
            TRY(repeats(part));
            all.parts.push_back(std::move(part));
        }
        return all;
    }

    Result<void> repeats(PatternNode& part) {
        bool repeated = false;
        for (;;) {
            auto start = at_;
            int least = 0;
            int most = -1;
            if (take("*")) {
            } else if (take("+")) {
                least = 1;
            } else if (take("?")) {
                most = 1;
            } else if (!counts(least, most)) {
                return {};
            }
            if (repeated || least > kMaxRepeat || most > kMaxRepeat || (most >= 0 && most < least)) {
                at_ = start;
                return bad("a repetition that makes no sense");
            }
            take("?");  // lazy: the same answer to "is there a match"
            repeated = true;
            PatternNode outer{.kind = PatternNode::Kind::repeat, .least = least, .most = most};
            outer.parts.push_back(std::move(part));
            part = std::move(outer);
        }
    }

    // {2} {2,} {2,4}; anything else that begins with a brace stands for itself, as in RE2.
    bool counts(int& least, int& most) {
        if (peek() != '{') return false;
        auto close = text_.find('}', at_);
        if (close == std::string_view::npos) return false;
        auto parts = split(text_.substr(at_ + 1, close - at_ - 1), ',');
        auto first = parse_integer(parts[0]);
        if (!first || parts.size() > 2 || *first < 0) return false;
        least = static_cast<int>(std::min<std::int64_t>(*first, kMaxRepeat + 1));
        most = least;
        if (parts.size() == 2 && parts[1].empty()) {
            most = -1;
        } else if (parts.size() == 2) {
            auto second = parse_integer(parts[1]);
            if (!second || *second < 0) return false;
            most = static_cast<int>(std::min<std::int64_t>(*second, kMaxRepeat + 1));
        }
        at_ = close + 1;
        return true;
    }

    Result<PatternNode> atom(int depth) {
        if (std::string_view("*+?").find(peek()) != std::string_view::npos)
            return bad("nothing stands in front that could be repeated");
        if (take("(")) return group(depth);
        if (take("[")) return bracket();
        if (take("^")) return PatternNode{.kind = PatternNode::Kind::begin};
        if (take("$")) return PatternNode{.kind = PatternNode::Kind::end};
        if (take(".")) {
            auto any = ~Set();
            any.reset('\n');
            return PatternNode{.kind = PatternNode::Kind::set, .set = any};
        }
        if (take("\\")) return escape();
        return literal(text_[at_++]);
    }

    PatternNode literal(char c) const { return {.kind = PatternNode::Kind::set, .set = folded(one(c))}; }
    static Set one(char c) { return Set().set(static_cast<unsigned char>(c)); }
    Set folded(Set set) const {
        if (!fold_) return set;
        for (unsigned c = 'a'; c <= 'z'; ++c) {
            bool either = set.test(c) || set.test(c - 'a' + 'A');
            set.set(c, either);
            set.set(c - 'a' + 'A', either);
        }
        return set;
    }

    Result<PatternNode> group(int depth) {
        bool outer_fold = fold_;
        if (take("?:")) {
        } else if (take("?i:")) {
            fold_ = true;
        } else if (take("?P<") || (!text_.substr(at_).starts_with("?<=") &&
                                   !text_.substr(at_).starts_with("?<!") && take("?<"))) {
            auto close = text_.find('>', at_);
            if (close == std::string_view::npos) return bad("a group's name without its >");
            at_ = close + 1;
        } else if (peek() == '?') {
            return bad("(? with something that is not supported: look-around and most flags are not");
        }
        TRY_ASSIGN(auto inside, choice(depth + 1));
        fold_ = outer_fold;
        if (!take(")")) return bad("a ( without its )");
        return inside;
    }

    // The character that an escape stands for, after the backslash.
    Result<char> escaped() {
        if (at_end()) return bad("a backslash at the end");
        char c = text_[at_++];
        if (std::ispunct(static_cast<unsigned char>(c)) != 0) return c;
        if (c == 't') return '\t';
        if (c == 'n') return '\n';
        --at_;
        return bad(std::isdigit(static_cast<unsigned char>(c)) != 0 ? "back references are not supported"
                                                                    : "an escape that is not known");
    }

    Result<PatternNode> escape() {
        if (auto set = class_of(peek())) {
            ++at_;
            return PatternNode{.kind = PatternNode::Kind::set, .set = *set};
        }
        if (take("b")) return PatternNode{.kind = PatternNode::Kind::word_edge};
        if (take("B")) return PatternNode{.kind = PatternNode::Kind::no_word_edge};
        if (take("A")) return PatternNode{.kind = PatternNode::Kind::begin};
        if (take("z")) return PatternNode{.kind = PatternNode::Kind::end};
        TRY_ASSIGN(char c, escaped());
        return literal(c);
    }

    Result<PatternNode> bracket() {
        bool negated = take("^");
        Set set;
        for (bool first = true; first || peek() != ']'; first = false) {
            if (at_end()) return bad("a [ without its ]");
            if (take("[:")) {
                auto close = text_.find(":]", at_);
                auto known = close == std::string_view::npos ? std::nullopt
                                                             : named_class(text_.substr(at_, close - at_));
                if (!known) return bad("a class name that is not known");
                at_ = close + 2;
                set |= *known;
                continue;
            }
            TRY(range(set));
        }
        ++at_;
        set = folded(set);
        return PatternNode{.kind = PatternNode::Kind::set, .set = negated ? ~set : set};
    }

    Result<char> bracket_character() {
        if (take("\\")) return escaped();
        if (at_end()) return bad("a [ without its ]");
        return text_[at_++];
    }

    Result<void> range(Set& set) {
        if (peek() == '\\' && at_ + 1 < text_.size()) {
            if (auto known = class_of(text_[at_ + 1])) {
                at_ += 2;
                set |= *known;
                return {};
            }
        }
        TRY_ASSIGN(char low, bracket_character());
        char high = low;
        if (peek() == '-' && at_ + 1 < text_.size() && text_[at_ + 1] != ']') {
            ++at_;
            TRY_ASSIGN(high, bracket_character());
        }
        auto from = static_cast<unsigned char>(low);
        auto to = static_cast<unsigned char>(high);
        if (to < from) return bad("a range that runs backwards");
        for (unsigned c = from; c <= to; ++c) set.set(c);
        return {};
    }

    std::string_view text_;
    std::size_t at_ = 0;
    bool fold_ = false;
};

}  // namespace

Result<PatternNode> parse_pattern(std::string_view pattern) {
    return Parser(pattern).parse();
}

}  // namespace mirrorctl::sync
