#include "registry/challenge.hpp"

#include "base/strings.hpp"

#include <utility>

namespace mirrorctl::registry {

namespace {

constexpr std::size_t kMaxChallenges = 16;
constexpr std::size_t kMaxParameters = 16;

bool is_token_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

class Reader {
  public:
    explicit Reader(std::string_view text) : text_(text) {}

    bool done() const { return at_ >= text_.size(); }
    char peek() const { return done() ? '\0' : text_[at_]; }
    void skip() { ++at_; }
    void skip_blanks() {
        while (peek() == ' ' || peek() == '\t') ++at_;
    }
    void skip_blanks_and_commas() {
        while (peek() == ' ' || peek() == '\t' || peek() == ',') ++at_;
    }
    std::string_view token() {
        auto from = at_;
        while (!done() && is_token_char(text_[at_])) ++at_;
        return text_.substr(from, at_ - from);
    }
    // A quoted-string (backslash escapes undone) or a bare value up to the next comma or blank.
    std::string value() {
        std::string out;
        if (peek() != '"') {
            while (!done() && peek() != ',' && peek() != ' ' && peek() != '\t') out += text_[at_++];
            return out;
        }
        for (++at_; !done() && peek() != '"'; ++at_) {
            if (peek() == '\\' && at_ + 1 < text_.size()) ++at_;
            out += peek();
        }
        ++at_;
        return out;
    }

  private:
    std::string_view text_;
    std::size_t at_ = 0;
};

// One header: `word` followed by "=" is a parameter of the current challenge, any other word begins a
// challenge.
void parse_header(std::string_view header, std::vector<Challenge>& out) {
    Reader reader(header);
    auto begin = out.size();
    for (;;) {
        reader.skip_blanks_and_commas();
        if (reader.done()) return;
        auto word = reader.token();
        if (word.empty()) {
            reader.skip();
            continue;
        }
        reader.skip_blanks();
        if (reader.peek() != '=') {
            if (out.size() >= kMaxChallenges) return;
            out.push_back({.scheme = lower(word), .parameters = {}});
            continue;
        }
        reader.skip();
        reader.skip_blanks();
        auto value = reader.value();
        if (out.size() > begin && out.back().parameters.size() < kMaxParameters)
            out.back().parameters.emplace(lower(word), std::move(value));
    }
}

}  // namespace

std::string Challenge::parameter(std::string_view name) const {
    auto it = parameters.find(std::string(name));
    return it == parameters.end() ? std::string{} : it->second;
}

std::vector<Challenge> parse_challenges(const std::vector<std::string>& headers) {
    std::vector<Challenge> out;
    for (const auto& header : headers) parse_header(header, out);
    return out;
}

}  // namespace mirrorctl::registry
