// What all fuzz targets share: how a broken law is reported, what an error may look like, and how one input
// is taken apart.
#pragma once

#include "base/result.hpp"
#include "base/strings.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace mirrorctl::fuzz {

// abort() is what libFuzzer and ctest both take for a failure; asserts would be gone in a release build.
[[noreturn]] inline void broken(const char* law, std::string_view detail, const char* file, int line) {
    std::fprintf(stderr, "%s:%d: broken law: %s\n%.*s\n", file, line, law,
                 static_cast<int>(std::min<std::size_t>(detail.size(), 4000)), detail.data());
    std::abort();
}

inline std::string_view view_of(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

// No byte that moves the cursor of a terminal.
inline bool is_printable(std::string_view text) {
    return printable(text) == text;
}

// The error is one of those that the reader promises, says something, and can be shown to people.
inline void expect_error(const Error& error, std::initializer_list<ErrorCode> promised, const char* file,
                         int line) {
    if (std::find(promised.begin(), promised.end(), error.code) == promised.end())
        broken("the error is one of those promised", cat(name_of(error.code), ": ", error.message), file,
               line);
    if (error.message.empty()) broken("an error says what is wrong", name_of(error.code), file, line);
    if (!is_printable(to_string(error))) broken("a message is printable", to_string(error), file, line);
    if (!is_printable(error.hint)) broken("a hint is printable", error.hint, file, line);
}

// "orders\n---\ntext": what shall be done, a line each, and the text it is done to. Readable, so that a
// corpus can be written by hand, and so that a finding explains itself. Without the line "---" all of it is
// text.
struct Input {
    std::vector<std::string> orders = {};
    std::string text = {};
};

inline Input read_input(std::string_view bytes) {
    constexpr std::string_view kLine = "---\n";
    constexpr std::size_t kMaxOrders = 8;
    Input input;
    while (input.orders.size() < kMaxOrders) {
        auto end = bytes.find('\n');
        if (end == std::string_view::npos) break;
        auto line = bytes.substr(0, end + 1);
        bytes.remove_prefix(end + 1);
        if (line == kLine) {
            input.text = bytes;
            return input;
        }
        input.orders.emplace_back(line.substr(0, end));
    }
    // No separator: put together again what was taken apart.
    for (const auto& order : input.orders) input.text += order + "\n";
    input.text += bytes;
    input.orders.clear();
    return input;
}

// One order: "V key/key=value,value". V says what to do; %0A and the like stand for bytes that a line cannot
// hold.
struct Order {
    char verb = ' ';
    std::vector<std::string> path = {};
    std::string value = {};
    std::vector<std::string> values = {};
};

}  // namespace mirrorctl::fuzz

#define LAW(condition, ...)                                                                                  \
    do {                                                                                                     \
        if (!(condition))                                                                                    \
            ::mirrorctl::fuzz::broken(#condition, ::mirrorctl::cat("" __VA_OPT__(, ) __VA_ARGS__), __FILE__, \
                                      __LINE__);                                                             \
    } while (false)
#define EXPECT_ERROR(error, ...) ::mirrorctl::fuzz::expect_error((error), {__VA_ARGS__}, __FILE__, __LINE__)
