#include "text/shell_word.hpp"

namespace mirrorctl::text {

namespace {

class Reader {
  public:
    Reader(std::string_view text, std::size_t at) : text_(text) { word_.end = at; }

    ShellWord read() {
        // A tilde at the start, and behind a colon in an assignment, stands for a home directory.
        bool tilde_counts = true;
        while (!done()) {
            char c = text_[word_.end];
            if (std::string_view(" \t\r\n;&|<>()").find(c) != std::string_view::npos) break;
            if (c == '\'') {
                single_quoted();
            } else if (c == '"') {
                double_quoted();
            } else if (c == '\\') {
                escaped("");
            } else {
                if (c == '$' || c == '`' || (c == '~' && tilde_counts)) word_.literal = false;
                word_.value += c;
                ++word_.end;
            }
            tilde_counts = c == ':';
        }
        return std::move(word_);
    }

  private:
    bool done() const { return word_.end >= text_.size(); }

    void single_quoted() {
        auto close = text_.find('\'', ++word_.end);
        if (close == std::string_view::npos) return unclosed();
        word_.value += text_.substr(word_.end, close - word_.end);
        word_.end = close + 1;
    }

    void double_quoted() {
        for (++word_.end; !done();) {
            char c = text_[word_.end];
            if (c == '"') {
                ++word_.end;
                return;
            }
            if (c == '\\') {
                escaped("$`\"\\\n");
                continue;
            }
            if (c == '$' || c == '`') word_.literal = false;
            word_.value += c;
            ++word_.end;
        }
        unclosed();
    }

    // A backslash that takes away the meaning of `only` these characters (of all if empty); with a line end
    // it vanishes.
    void escaped(std::string_view only) {
        if (++word_.end >= text_.size()) return unclosed();
        char c = text_[word_.end++];
        if (!only.empty() && only.find(c) == std::string_view::npos) word_.value += '\\';
        if (c != '\n') word_.value += c;
    }

    void unclosed() {
        word_.open_quote = true;
        word_.end = text_.size();
    }

    std::string_view text_;
    ShellWord word_ = {};
};

}  // namespace

ShellWord read_shell_word(std::string_view text, std::size_t at) {
    return Reader(text, at).read();
}

}  // namespace mirrorctl::text
