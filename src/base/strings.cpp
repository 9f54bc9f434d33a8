#include "base/strings.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace mirrorctl {

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> parts;
    std::size_t from = 0;
    for (;;) {
        auto at = text.find(separator, from);
        parts.emplace_back(text.substr(from, at == std::string_view::npos ? at : at - from));
        if (at == std::string_view::npos) return parts;
        from = at + 1;
    }
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
    std::string out;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (i > 0) out += separator;
        out += parts[i];
    }
    return out;
}

std::string_view trim(std::string_view text) {
    constexpr std::string_view kBlank = " \t\r\n";
    auto from = text.find_first_not_of(kBlank);
    if (from == std::string_view::npos) return {};
    return text.substr(from, text.find_last_not_of(kBlank) - from + 1);
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (auto& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

std::string replace_all(std::string text, std::string_view from, std::string_view to) {
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
        text.replace(at, from.size(), to);
    return text;
}

std::size_t utf8_length(std::string_view text, std::uint32_t* code) {
    if (text.empty()) return 0;
    auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    unsigned char first = byte(0);
    if (first < 0x80) return *code = first, 1;
    std::size_t length = first >= 0xF0 && first < 0xF5 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 0;
    if (first >= 0xF5 || length == 0 || text.size() < length) return 0;
    *code = first & (0xFFU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0) != 0x80) return 0;
        *code = (*code << 6) | (byte(i) & 0x3FU);
    }
    constexpr std::array<std::uint32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
    if (*code < kSmallest[length] || *code > 0x10FFFF || (*code >= 0xD800 && *code < 0xE000)) return 0;
    return length;
}

namespace {

// Bidirectional overrides can make a line read as something else.
bool is_harmful(std::uint32_t code) {
    if (code == '\t' || code == '\n') return false;
    return code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0x202A && code <= 0x202E) ||
           (code >= 0x2066 && code <= 0x2069) || code == 0x2028 || code == 0x2029;
}

}  // namespace

std::string printable(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size();) {
        std::uint32_t code = 0;
        auto length = utf8_length(text.substr(i), &code);
        if (length == 0 || is_harmful(code)) {
            out += '?';
            i += length == 0 ? 1 : length;
        } else {
            out += text.substr(i, length);
            i += length;
        }
    }
    return out;
}

std::string printable_line(std::string_view text, std::size_t limit) {
    std::string out = printable(trim(text.substr(0, limit * 4)));
    std::replace(out.begin(), out.end(), '\n', ' ');
    std::replace(out.begin(), out.end(), '\t', ' ');
    if (out.size() <= limit) return out;
    auto cut = limit;
    while (cut > 0 && (static_cast<unsigned char>(out[cut]) & 0xC0) == 0x80) --cut;
    return out.substr(0, cut) + "...";
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
    std::int64_t value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
    return value;
}

namespace {

struct Unit {
    std::string_view name;
    double factor;
};

std::optional<double> parse_with_unit(std::string_view text, const auto& units) {
    double value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || value < 0 || !std::isfinite(value)) return std::nullopt;
    auto rest = trim(text.substr(static_cast<std::size_t>(end - text.data())));
    for (const auto& unit : units)
        if (rest == unit.name) return value * unit.factor;
    return std::nullopt;
}

std::string format_number(const char* format, double value, std::string_view unit) {
    std::array<char, 64> buffer{};
    std::snprintf(buffer.data(), buffer.size(), format, value);
    return std::string(buffer.data()) + std::string(unit);
}

}  // namespace

std::optional<double> parse_duration(std::string_view text) {
    constexpr std::array<Unit, 5> kUnits{{{"ms", 0.001}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}}};
    auto seconds = parse_with_unit(text, kUnits);
    if (!seconds || *seconds > kLongestDuration) return std::nullopt;
    return seconds;
}

std::string format_duration(double seconds) {
    if (seconds < 0.0995) return format_number("%.0f", seconds * 1000, " ms");
    if (seconds < 10) return format_number("%.2f", seconds, " s");
    if (seconds < 120) return format_number("%.1f", seconds, " s");
    constexpr double kCountable = 1e15;
    if (!(seconds < kCountable)) return format_number("%.3g", seconds / 86400, " d");
    auto whole = static_cast<long long>(std::llround(seconds));
    if (whole < 3600) return cat(whole / 60, " m", whole % 60 != 0 ? cat(" ", whole % 60, " s") : "");
    if (whole < 172800)
        return cat(whole / 3600, " h", whole % 3600 / 60 != 0 ? cat(" ", whole % 3600 / 60, " m") : "");
    return cat(whole / 86400, " d");
}

std::optional<std::int64_t> parse_bytes(std::string_view text) {
    constexpr std::array<Unit, 5> kUnits{
        {{"", 1}, {"B", 1}, {"KiB", 1024}, {"MiB", 1048576}, {"GiB", 1073741824}}};
    auto value = parse_with_unit(text, kUnits);
    if (!value || *value > 9e15) return std::nullopt;
    return static_cast<std::int64_t>(*value);
}

std::string format_bytes(double bytes) {
    if (bytes < 1024) return format_number("%.0f", bytes, " B");
    if (bytes < 1048576) return format_number("%.1f", bytes / 1024, " KiB");
    if (bytes < 1073741824) return format_number("%.1f", bytes / 1048576, " MiB");
    return format_number("%.1f", bytes / 1073741824, " GiB");
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            auto above = row[j];
            row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U)});
            diagonal = above;
        }
    }
    return row[b.size()];
}

std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& candidates) {
    std::optional<std::string> best;
    std::size_t best_distance = word.size() / 3 + 2;
    for (const auto& candidate : candidates) {
        auto distance = edit_distance(word, candidate);
        if (distance < best_distance) {
            best_distance = distance;
            best = candidate;
        }
    }
    return best;
}

namespace {
constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
}  // namespace

std::string base64_encode(std::string_view bytes) {
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t group = 0;
        auto count = std::min<std::size_t>(3, bytes.size() - i);
        for (std::size_t j = 0; j < 3; ++j)
            group = (group << 8) | (j < count ? static_cast<unsigned char>(bytes[i + j]) : 0U);
        for (std::size_t j = 0; j < 4; ++j) out += j <= count ? kBase64[(group >> (18 - 6 * j)) & 63U] : '=';
    }
    return out;
}

std::optional<std::string> base64_decode(std::string_view text) {
    while (!text.empty() && text.back() == '=') text.remove_suffix(1);
    std::string out;
    std::uint32_t bits = 0;
    int count = 0;
    for (char c : text) {
        auto value = kBase64.find(c);
        if (value == std::string_view::npos) return std::nullopt;
        bits = (bits << 6) | static_cast<std::uint32_t>(value);
        count += 6;
        if (count >= 8) {
            count -= 8;
            out += static_cast<char>((bits >> count) & 0xFFU);
        }
    }
    return out;
}

}  // namespace mirrorctl
