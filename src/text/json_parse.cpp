#include "base/strings.hpp"
#include "text/json_node.hpp"
#include "text/lines.hpp"
#include "text/utf8.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace mirrorctl::text {

std::string_view name_of(JsonKind kind) {
    switch (kind) {
        case JsonKind::null:
            return "null";
        case JsonKind::boolean:
            return "true or false";
        case JsonKind::number:
            return "a number";
        case JsonKind::string:
            return "a string";
        case JsonKind::array:
            return "a list";
        case JsonKind::object:
            return "an object";
    }
    return "a value";
}

const JsonMember* JsonNode::find(std::string_view key) const {
    auto at = std::find_if(members.begin(), members.end(),
                           [&](const JsonMember& member) { return member.key == key; });
    return at == members.end() ? nullptr : &*at;
}

namespace {

constexpr int kMaxDepth =
    200;  // containerd's and docker's files have less than 10 levels; the parser recurses

class Parser {
  public:
    explicit Parser(std::string_view text) : text_(text), at_(has_bom(text) ? kBom.size() : 0) {}

    Result<JsonNode> document() {
        if (auto bad = find_invalid_utf8(text_); bad != std::string_view::npos)
            return fail("a byte that is not valid UTF-8", bad);
        TRY_ASSIGN(JsonNode root, value(0));
        skip_blanks();
        if (at_ < text_.size())
            return fail(is_comment() ? kComment : "more text after the end of the document");
        return root;
    }

  private:
    static constexpr std::string_view kComment = "comments are not allowed in JSON";

    Failure fail(std::string_view why) const { return fail(why, at_); }
    Failure fail(std::string_view why, std::size_t offset) const {
        return Failure(error_at(ErrorCode::parse, cat("invalid JSON: ", why), text_, offset));
    }
    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    bool is_comment() const {
        return peek() == '#' || text_.substr(at_, 2) == "//" || text_.substr(at_, 2) == "/*";
    }
    void skip_blanks() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }
    Failure unexpected(std::string_view wanted) const {
        if (at_ >= text_.size()) return fail(cat("the text ends where ", wanted, " should be"));
        if (is_comment()) return fail(kComment);
        return fail(cat("expected ", wanted));
    }

    Result<JsonNode> value(int depth) {
        skip_blanks();
        if (depth > kMaxDepth) return fail("nested deeper than 200 levels");
        JsonNode node{.span = {at_, at_}, .members = {}};
        switch (peek()) {
            case '{':
                TRY(object(node, depth));
                break;
            case '[':
                TRY(array(node, depth));
                break;
            case '"': {
                node.kind = JsonKind::string;
                TRY_ASSIGN(node.text, string());
                break;
            }
            default:
                TRY(scalar(node));
                break;
        }
        node.span.end = at_;
        return node;
    }

    Result<void> object(JsonNode& node, int depth) {
        node.kind = JsonKind::object;
        std::map<std::string, std::size_t> seen;
        ++at_;
        skip_blanks();
        if (peek() == '}') return ++at_, Result<void>();
        for (;;) {
            JsonMember member;
            TRY(key(member));
            auto [first, is_new] = seen.emplace(member.key, node.members.size());
            if (!is_new) return duplicate(node.members[first->second], member);
            TRY_ASSIGN(member.value, value(depth + 1));
            node.members.push_back(std::move(member));
            TRY_ASSIGN(bool more, next('}'));
            if (!more) return {};
        }
    }

    Result<void> key(JsonMember& member) {
        if (peek() != '"') return unexpected("a key in double quotes");
        member.key_span.begin = at_;
        TRY_ASSIGN(member.key, string());
        member.key_span.end = at_;
        skip_blanks();
        if (peek() != ':') return unexpected("':'");
        ++at_;
        return {};
    }

    Failure duplicate(const JsonMember& first, const JsonMember& second) const {
        auto line = location_of(text_, first.key_span.begin).line;
        auto again = location_of(text_, second.key_span.begin).line;
        auto error = error_at(ErrorCode::duplicate_key,
                              cat("duplicate key: \"", printable_line(first.key), "\": it stands in lines ",
                                  line, " and ", again),
                              text_, second.key_span.begin);
        error.hint = "keep one of the two";
        return Failure(std::move(error));
    }

    Result<void> array(JsonNode& node, int depth) {
        node.kind = JsonKind::array;
        ++at_;
        skip_blanks();
        if (peek() == ']') return ++at_, Result<void>();
        for (;;) {
            TRY_ASSIGN(JsonNode item, value(depth + 1));
            node.items.push_back(std::move(item));
            TRY_ASSIGN(bool more, next(']'));
            if (!more) return {};
        }
    }

    // Behind a member or an item: true for a comma with something behind it, false for the closing bracket.
    Result<bool> next(char close) {
        skip_blanks();
        if (peek() == close) return ++at_, false;
        if (peek() != ',') return unexpected(close == '}' ? "',' or '}'" : "',' or ']'");
        auto comma = at_++;
        skip_blanks();
        if (peek() == close) return fail(cat("a comma before '", close, "' is not allowed"), comma);
        return true;
    }

    Result<void> scalar(JsonNode& node) {
        for (auto [word, kind] : {std::pair("null", JsonKind::null), std::pair("true", JsonKind::boolean),
                                  std::pair("false", JsonKind::boolean)}) {
            if (!text_.substr(at_).starts_with(word)) continue;
            node.kind = kind;
            at_ += std::string_view(word).size();
            return end_of_word();
        }
        node.kind = JsonKind::number;
        if (peek() == '-') ++at_;
        if (peek() == '0') {
            ++at_;
        } else if (!digits()) {
            return at_ = node.span.begin, unexpected("a value");
        }
        if (peek() == '.' && (++at_, !digits())) return unexpected("a digit");
        if (peek() == 'e' || peek() == 'E') {
            ++at_;
            if (peek() == '+' || peek() == '-') ++at_;
            if (!digits()) return unexpected("a digit");
        }
        return end_of_word();
    }

    bool digits() {
        auto from = at_;
        while (peek() >= '0' && peek() <= '9') ++at_;
        return at_ > from;
    }

    Result<void> end_of_word() const {
        if (at_ == text_.size() || std::string_view(" \t\r\n,]}/#").find(peek()) != std::string_view::npos)
            return {};
        return fail("a value with something unexpected behind it");
    }

    Result<std::string> string() {
        auto open = at_++;
        std::string out;
        while (at_ < text_.size()) {
            auto c = static_cast<unsigned char>(text_[at_]);
            if (c == '"') return ++at_, out;
            if (c < 0x20) return fail("a line end or control character in a string");
            if (c == '\\') {
                TRY(escape(out));
            } else {
                out += text_[at_++];
            }
        }
        return fail("a string without closing quote", open);
    }

    Result<void> escape(std::string& out) {
        constexpr std::string_view kNames = "\"\\/bfnrt";
        constexpr std::string_view kValues = "\"\\/\b\f\n\r\t";
        auto begin = at_++;
        auto name = kNames.find(peek());
        if (at_ < text_.size() && name != std::string_view::npos)
            return ++at_, out += kValues[name], Result<void>();
        if (peek() != 'u') return fail("an unknown escape in a string", begin);
        TRY_ASSIGN(std::uint32_t code, hex4());
        if (code >= 0xDC00 && code < 0xE000) return fail("half of a surrogate pair", begin);
        if (code >= 0xD800 && code < 0xDC00) {
            if (text_.substr(at_, 2) != "\\u") return fail("half of a surrogate pair", begin);
            ++at_;
            TRY_ASSIGN(std::uint32_t low, hex4());
            if (low < 0xDC00 || low >= 0xE000) return fail("half of a surrogate pair", begin);
            code = 0x10000 + ((code - 0xD800) << 10U) + (low - 0xDC00);
        }
        append_utf8(out, code);
        return {};
    }

    // Stands on the 'u'.
    Result<std::uint32_t> hex4() {
        std::uint32_t code = 0;
        ++at_;
        for (int i = 0; i < 4; ++i, ++at_) {
            auto digit = std::string_view("0123456789abcdef").find(lower(std::string(1, peek())));
            if (at_ >= text_.size() || digit == std::string_view::npos)
                return fail("\\u needs four hexadecimal digits");
            code = code * 16 + static_cast<std::uint32_t>(digit);
        }
        return code;
    }

    std::string_view text_;
    std::size_t at_;
};

}  // namespace

Result<JsonNode> parse_json(std::string_view text) {
    return Parser(text).document();
}

Result<std::string> quote_json(std::string_view value) {
    if (find_invalid_utf8(value) != std::string_view::npos)
        return Failure(
            Error{.code = ErrorCode::usage, .message = "cannot write the value: it is not valid UTF-8"});
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out = "\"";
    for (char c : value) {
        auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte < 0x20 || byte == 0x7F) {
            out += "\\u00";
            out += kDigits[byte >> 4U];
            out += kDigits[byte & 15U];
        } else {
            out += c;
        }
    }
    return out + '"';
}

}  // namespace mirrorctl::text
