#include "cli/masking.hpp"

#include "base/strings.hpp"
#include "base/url.hpp"
#include "cli/shown_text.hpp"
#include "text/diff.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace mirrorctl::cli {

namespace {

constexpr std::array<std::string_view, 10> kSecretWords = {"authorization", "passw",  "token",   "secret",
                                                           "credential",    "apikey", "api-key", "api_key",
                                                           "\"auth\"",      "cookie"};
// What follows a key that is named like a secret.
std::string without_named_secrets(const std::string& line) {
    auto low = lower(line);
    auto first = std::string::npos;
    for (auto word : kSecretWords) first = std::min(first, low.find(word));
    auto key = trim(std::string_view(low).substr(std::min<std::size_t>(1, low.size())));
    if (key.starts_with("auth ") || key.starts_with("auth=")) first = std::min(first, low.find("auth"));
    if (first == std::string::npos) return line;
    auto sign = line.find_first_of("=:", first);
    return (sign == std::string::npos ? line.substr(0, first) : line.substr(0, sign + 1)) + " ***";
}

// HTTP_PROXY=user:password@host: engines take it without a scheme.
std::string without_bare_credentials(const std::string& line) {
    if (lower(line).find("proxy") == std::string::npos) return line;
    auto at = line.rfind('@');
    if (at == std::string::npos || line.find("***@") != std::string::npos) return line;
    auto colon = line.rfind(':', at);
    if (colon == std::string::npos) return line;
    auto begin = line.find_last_of("=\"' \t", colon);
    return line.substr(0, begin == std::string::npos ? 1 : begin + 1) + "***" + line.substr(at);
}

std::string masked_line(const std::string& line) {
    return without_bare_credentials(mask_secrets(without_named_secrets(line)));
}

// The lines of a file as they may be shown. One whose lines cannot be told apart any more shows nothing.
class ShownLines {
  public:
    ShownLines(const TargetPath& path, std::optional<std::string_view> text)
        : lines_(split(shown_text(path, text.value_or("")), '\n')) {}
    std::string take() { return next_ < lines_.size() ? lines_[next_++] : "***"; }
    void go_to(std::size_t line) { next_ = line == 0 ? 0 : line - 1; }

  private:
    std::vector<std::string> lines_;
    std::size_t next_ = 0;
};

// "@@ -12,3 +14 @@": where the hunk begins in one of the files.
std::size_t line_number(std::string_view hunk, char sign) {
    auto begin = hunk.find(sign);
    if (begin == std::string_view::npos) return 0;
    auto end = hunk.find_first_of(", ", begin);
    auto number = parse_integer(hunk.substr(begin + 1, end - begin - 1));
    return number && *number > 0 ? static_cast<std::size_t>(*number) : 0;
}

}  // namespace

std::string masked_diff(const TargetPath& path, std::optional<std::string_view> before,
                        std::optional<std::string_view> after) {
    ShownLines from(path, before);
    ShownLines to(path, after);
    std::string out;
    auto lines = split(text::unified_diff(path.str(), before, after), '\n');
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const auto& line = lines[i];
        // The two labels come first, and only there: a removed "-- x" looks like one later on.
        if (i < 2 || line.empty() || line[0] == '\\') {
            out += line;
        } else if (line.starts_with("@@")) {
            from.go_to(line_number(line, '-'));
            to.go_to(line_number(line, '+'));
            out += line;
        } else {
            auto shown = line[0] == '+' ? to.take() : from.take();
            if (line[0] == ' ') (void)to.take();
            out += masked_line(line[0] + shown);
        }
        if (i + 1 < lines.size()) out += '\n';
    }
    return out;
}

}  // namespace mirrorctl::cli
