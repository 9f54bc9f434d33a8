// The fake file system keeps the promises of the real one: the same steps give the same outcome on both.
#include "support/mem_fs.hpp"

#include "support/temp_dir.hpp"
#include "sys/real_fs.hpp"

#include <gtest/gtest.h>

namespace mirrorctl::sys::mem_fs_test {
namespace {

template <class T>
std::string told(const Result<T>& result) {
    if (!result) return cat("errno ", result.error().cause.value_or(-1), " ", name_of(result.error().code));
    if constexpr (std::is_same_v<T, std::string>) return *result;
    if constexpr (std::is_same_v<T, TargetPath>) return result->str();
    if constexpr (std::is_same_v<T, std::vector<std::string>>) return join(*result, " ");
    return "done";
}

// What a story of operations tells, step by step.
std::vector<std::string> story(Fs& fs) {
    auto p = [](std::string_view text) { return TargetPath(text); };
    FileMeta meta{.mode = 0640};
    return {
        told(fs.make_dir(p("/etc"), {.mode = 0755})),
        told(fs.make_dir(p("/etc"), {.mode = 0755})),
        told(fs.make_dir(p("/a/b"), {.mode = 0755})),
        told(fs.write_new(p("/etc/a"), "one", meta)),
        told(fs.write_new(p("/etc/a"), "two", meta)),
        told(fs.write_new(p("/etc/a/b"), "two", meta)),
        told(fs.sync_file(p("/etc/a"))),
        told(fs.sync_dir(p("/etc"))),
        told(fs.read(p("/etc/a"))),
        told(fs.read(p("/etc/a"), 2)),
        told(fs.read(p("/etc"))),
        told(fs.read(p("/etc/none/x"))),
        told(fs.rename(p("/etc/a"), p("/etc/b"))),
        told(fs.rename(p("/etc/a"), p("/etc/b"))),
        told(fs.rename(p("/etc"), p("/etc/b"))),
        told(fs.rename(p("/etc/b"), p("/none/b"))),
        told(fs.overwrite_in_place(p("/etc/b"), "new")),
        told(fs.list(p("/"))),
        told(fs.list(p("/etc"))),
        told(fs.list(p("/etc/b"))),
        told(fs.resolve(p("/etc/./x/../b"))),
        told(fs.resolve(p("/etc/new/deep"))),
        told(fs.write_new(p("/etc/c"), "other", meta)),
        told(fs.exchange(p("/etc/b"), p("/etc/c"))),
        told(fs.read(p("/etc/b"))),
        told(fs.exchange(p("/etc/b"), p("/etc/none"))),
        told(fs.rename_new(p("/etc/c"), p("/etc/b"))),
        told(fs.rename_new(p("/etc/c"), p("/etc/d"))),
        told(fs.rename_new(p("/etc/c"), p("/etc/d"))),
        told(fs.remove_file(p("/etc/d"))),
        told(fs.remove_dir(p("/etc"))),
        told(fs.remove_file(p("/etc"))),
        told(fs.read_link(p("/etc/b"))),
        told(fs.remove_file(p("/etc/b"))),
        told(fs.remove_file(p("/etc/b"))),
        told(fs.remove_dir(p("/etc"))),
        told(fs.stat(p("/etc"))),
    };
}

TEST(MemFs, TellsTheSameStoryAsTheRealOne) {
    support::TempDir dir;
    auto real = RealFs::open(dir.str());
    ASSERT_TRUE(real);
    support::MemFs fake;
    auto want = story(**real);
    auto got = story(fake);
    ASSERT_EQ(want.size(), got.size());
    for (std::size_t i = 0; i < want.size(); ++i) EXPECT_EQ(got[i], want[i]) << "step " << i;
}

TEST(MemFs, FaultsHitTheChosenOperation) {
    support::MemFs fs;
    fs.put_dir("/etc");
    fs.fail_at(2, ENOSPC);
    EXPECT_TRUE(fs.write_new(TargetPath("/etc/a"), "x", {}));
    auto failed = fs.write_new(TargetPath("/etc/b"), "x", {});
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::no_space);
    EXPECT_FALSE(fs.exists("/etc/b"));
    EXPECT_TRUE(fs.write_new(TargetPath("/etc/b"), "x", {}));
    fs.fail_at(1, EIO, true);
    for (int i = 0; i < 3; ++i) EXPECT_FALSE(fs.remove_file(TargetPath("/etc/a")));
    fs.heal();
    EXPECT_TRUE(fs.remove_file(TargetPath("/etc/a")));
    EXPECT_EQ(fs.log().front(), "write_new /etc/a");
    EXPECT_EQ(fs.operations.size(), 7U);
}

}  // namespace
}  // namespace mirrorctl::sys::mem_fs_test
