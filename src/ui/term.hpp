// What a stream can show, decided once: is it a terminal, how wide, in colour?
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace mirrorctl::ui {

enum class ColorChoice { automatic, always, never };

using Environment = std::function<std::optional<std::string>(const char*)>;

class Term {
  public:
    Term() = default;  // a plain pipe
    // `fd` 1 or 2. NO_COLOR (non-empty) and TERM=dumb switch colour off unless `always`; MIRRORCTL_COLUMNS
    // overrides the width.
    static Term of(int fd, ColorChoice choice, const Environment& env);
    bool is_terminal() const { return terminal_; }
    bool animated() const { return terminal_ && !dumb_; }
    int width() const { return width_; }
    int height() const { return height_; }

    std::string bold(std::string_view text) const { return paint("1", text); }
    std::string dim(std::string_view text) const { return paint("2", text); }
    std::string red(std::string_view text) const { return paint("31", text); }
    std::string green(std::string_view text) const { return paint("32", text); }
    std::string yellow(std::string_view text) const { return paint("33", text); }
    std::string cyan(std::string_view text) const { return paint("36", text); }

  private:
    std::string paint(std::string_view code, std::string_view text) const;

    bool terminal_ = false;
    bool dumb_ = false;
    bool color_ = false;
    int width_ = 80;
    int height_ = 24;
};

// Words of strangers (servers, files): without secrets and control characters.
std::string safe(std::string_view text);
// Display columns of UTF-8 text without escape codes (East Asian wide characters count two).
int columns(std::string_view text);
// Cut or filled with blanks to exactly `width` columns; a cut ends in an ellipsis.
std::string fit(std::string_view text, int width);
// A bar of `width` columns of which `share` (0 to 1) is full.
std::string bar(double share, int width);

}  // namespace mirrorctl::ui
