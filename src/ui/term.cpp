#include "ui/term.hpp"

#include "base/strings.hpp"
#include "base/url.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

namespace mirrorctl::ui {

Term Term::of(int fd, ColorChoice choice, const Environment& env) {
    Term term;
    term.terminal_ = isatty(fd) == 1;
    auto name = env("TERM");
    term.dumb_ = name && *name == "dumb";
    auto no_color = env("NO_COLOR");
    bool wanted = term.terminal_ && !term.dumb_ && !(no_color && !no_color->empty());
    term.color_ = choice == ColorChoice::always || (choice == ColorChoice::automatic && wanted);
    winsize size{};
    if (term.terminal_ && ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        term.width_ = size.ws_col;
        term.height_ = std::max<int>(size.ws_row, 4);
    }
    if (auto forced = env("MIRRORCTL_COLUMNS"))
        if (auto columns = parse_integer(*forced); columns && *columns >= 20 && *columns <= 1000)
            term.width_ = static_cast<int>(*columns);
    return term;
}

std::string Term::paint(std::string_view code, std::string_view text) const {
    if (!color_) return std::string(text);
    return cat("\x1b[", code, "m", text, "\x1b[0m");
}

namespace {

// Start of the next UTF-8 character after `at`, and whether the one at `at` is two columns wide.
std::size_t next_character(std::string_view text, std::size_t at, int& width) {
    auto first = static_cast<unsigned char>(text[at]);
    std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1;
    length = std::min(length, text.size() - at);
    // CJK, Hangul and full-width forms all start with E3..ED or EF BC..; box drawing and bars (E2) are
    // narrow.
    width = (first >= 0xE3 && first <= 0xED) || first >= 0xF0 ||
                    (first == 0xEF && length > 1 && static_cast<unsigned char>(text[at + 1]) >= 0xBC)
                ? 2
                : 1;
    return at + length;
}

}  // namespace

std::string safe(std::string_view text) {
    return printable(mask_secrets(text));
}

int columns(std::string_view text) {
    int total = 0;
    for (std::size_t at = 0; at < text.size();) {
        int width = 1;
        at = next_character(text, at, width);
        total += width;
    }
    return total;
}

std::string fit(std::string_view text, int width) {
    if (width <= 0) return {};
    int total = columns(text);
    if (total <= width) return std::string(text) + std::string(static_cast<std::size_t>(width - total), ' ');
    std::string out;
    int used = 0;
    for (std::size_t at = 0; at < text.size();) {
        int step = 1;
        auto next = next_character(text, at, step);
        if (used + step > width - 1) break;
        out += text.substr(at, next - at);
        used += step;
        at = next;
    }
    out += "…";
    return out + std::string(static_cast<std::size_t>(std::max(0, width - used - 1)), ' ');
}

std::string bar(double share, int width) {
    auto full = static_cast<int>(std::lround(std::clamp(share, 0.0, 1.0) * width));
    std::string out;
    for (int i = 0; i < width; ++i) out += i < full ? "█" : "·";
    return out;
}

}  // namespace mirrorctl::ui
