#include "base/error.hpp"

#include "base/result.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace mirrorctl::error_test {
namespace {

TEST(Error, ReadsAsOneLineWithPlaceAndContext) {
    Error error{.code = ErrorCode::parse,
                .message = "invalid JSON",
                .hint = "a hint",
                .location = Location{"/etc/x", 3, 4},
                .context = {"docker-daemon", "reading"}};
    EXPECT_EQ(to_string(error), "docker-daemon: reading: /etc/x:3:4: invalid JSON");
    EXPECT_EQ(to_string(in_context(error, "apply")),
              "apply: docker-daemon: reading: /etc/x:3:4: invalid JSON");
    EXPECT_EQ(to_string({.code = ErrorCode::io, .message = "bad \x1B[2J"}), "bad ?[2J");
    EXPECT_EQ(name_of(ErrorCode::unsupported_layout), "unsupported_layout");
    EXPECT_EQ(name_of(ErrorCode::stale_plan), "stale_plan");
}

TEST(Error, ErrnoPicksTheCode) {
    const std::vector<std::pair<int, ErrorCode>> cases = {{ENOENT, ErrorCode::not_found},
                                                          {EACCES, ErrorCode::permission_denied},
                                                          {EPERM, ErrorCode::permission_denied},
                                                          {ENOSPC, ErrorCode::no_space},
                                                          {EDQUOT, ErrorCode::no_space},
                                                          {EROFS, ErrorCode::read_only},
                                                          {EBUSY, ErrorCode::busy},
                                                          {ELOOP, ErrorCode::unsafe_path},
                                                          {EIO, ErrorCode::io}};
    for (auto [number, code] : cases) {
        auto error = errno_error(number, "cannot write", "/etc/x");
        EXPECT_EQ(error.code, code);
        EXPECT_EQ(error.cause, number);
        EXPECT_TRUE(error.message.starts_with("cannot write: /etc/x: "));
    }
}

Result<int> half(int n) {
    if (n % 2 != 0) return Failure(Error{.code = ErrorCode::usage, .message = "odd"});
    return n / 2;
}

Result<int> quarter(int n) {
    TRY_ASSIGN(int once, half(n));
    TRY(half(once));
    return half(once);
}

TEST(Result, TryPassesErrorsOn) {
    EXPECT_EQ(*quarter(8), 2);
    EXPECT_EQ(quarter(7).error().message, "odd");
    EXPECT_EQ(quarter(6).error().message, "odd");
}

}  // namespace
}  // namespace mirrorctl::error_test
