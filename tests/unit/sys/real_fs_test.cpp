#include "sys/real_fs.hpp"

#include "support/temp_dir.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/xattr.h>

namespace mirrorctl::sys::real_fs_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class RealFsTest : public testing::Test {
  protected:
    RealFsTest() {
        std::filesystem::create_directories(dir / "root/etc");
        auto opened = RealFs::open(dir / "root");
        EXPECT_TRUE(opened);
        fs = std::move(*opened);
    }
    static TargetPath path(std::string_view text) { return TargetPath(text); }
    // Ours, as the file system shows it: root's when run by root, and when run without privileges too (see
    // RealFs).
    static FileMeta ours(std::uint32_t mode) { return {.mode = mode}; }
    static ErrorCode code(const auto& result) { return result ? ErrorCode::internal : result.error().code; }

    support::TempDir dir;  // root/ is the root, all else is outside
    std::unique_ptr<RealFs> fs;
};

TEST_F(RealFsTest, OpensDirectoriesOnly) {
    dir.put("file", "x");
    EXPECT_EQ(code(RealFs::open(dir / "none")), ErrorCode::not_found);
    EXPECT_EQ(code(RealFs::open(dir / "file")), ErrorCode::io);
    EXPECT_TRUE(RealFs::open("/"));
}

TEST_F(RealFsTest, ReadsUpToTheLimit) {
    dir.put("root/etc/file", "0123456789");
    EXPECT_EQ(fs->read(path("/etc/file"), 10).value_or(""), "0123456789");
    EXPECT_EQ(code(fs->read(path("/etc/file"), 9)), ErrorCode::unsupported_layout);
    auto missing = fs->read(path("/etc/none"), 10);
    EXPECT_EQ(code(missing), ErrorCode::not_found);
    EXPECT_THAT(missing.error().message, HasSubstr("/root/etc/none"));
    EXPECT_EQ(code(fs->read(path("/etc/none/deeper"), 10)), ErrorCode::not_found);
    EXPECT_EQ(code(fs->read(path("/etc/file/deeper"), 10)), ErrorCode::io);
}

TEST_F(RealFsTest, NeverBlocksOnWhatIsNotAFile) {
    ASSERT_EQ(::mkfifo((dir / "root/etc/fifo").c_str(), 0600), 0);
    for (const char* name : {"/etc/fifo", "/etc"}) {
        EXPECT_EQ(code(fs->read(path(name), 10)), ErrorCode::unsafe_path) << name;
        EXPECT_EQ(code(fs->overwrite_in_place(path(name), "x")), ErrorCode::unsafe_path) << name;
    }
    auto info = fs->stat(path("/etc/fifo"));
    ASSERT_TRUE(info);
    EXPECT_EQ(info->type, FileType::other);
    EXPECT_EQ(code(fs->sync_file(path("/etc/fifo"))), ErrorCode::unsafe_path);
}

struct LinkCase {
    const char* target;
    const char* want;  // what "/etc/link" resolves to, "" = an error
};

TEST_F(RealFsTest, LinksStayInsideTheRoot) {
    dir.put("outside", "secret");
    dir.put("root/etc/real", "inside");
    dir.put("root/outside", "inside too");
    const LinkCase cases[] = {
        {"real", "/etc/real"},
        {"/etc/real", "/etc/real"},
        {"../etc/./real", "/etc/real"},
        {"../../../../outside", "/outside"},
        {"/../outside", "/outside"},
        {"link", ""},
        {"new", "/etc/new"},
        {"/made/later/file", "/made/later/file"},
        {"none/../real", ""},
        {".", "/etc"},
        {"..", "/"},
    };
    for (const auto& c : cases) {
        std::filesystem::remove(dir / "root/etc/link");
        dir.put_link("root/etc/link", c.target);
        auto resolved = fs->resolve(path("/etc/link"));
        EXPECT_EQ(resolved ? resolved->str() : "", c.want) << c.target;
        EXPECT_TRUE(resolved || resolved.error().code == ErrorCode::unsafe_path) << c.target;
        auto read = fs->read(path("/etc/link"), 100);
        EXPECT_THAT(read.value_or("inside"), testing::StartsWith("inside")) << c.target;
    }
    EXPECT_EQ(fs->read(path("/../../outside"), 100).value_or(""), "inside too");
}

TEST_F(RealFsTest, DirectoryLinksOnTheWayAreFollowed) {
    dir.put("root/data/docker/daemon.json", "{}");
    dir.put_link("root/etc/docker", "/data/docker");
    EXPECT_EQ(fs->read(path("/etc/docker/daemon.json"), 100).value_or(""), "{}");
    EXPECT_EQ(fs->resolve(path("/etc/docker/daemon.json"))->str(), "/data/docker/daemon.json");
    EXPECT_EQ(fs->resolve(path("/etc/docker/new/er"))->str(), "/data/docker/new/er");
    EXPECT_TRUE(fs->write_new(path("/etc/docker/new"), "n", ours(0644)));
    EXPECT_EQ(dir.bytes("root/data/docker/new"), "n");
}

TEST_F(RealFsTest, LinksOfOtherUsersAreNotFollowed) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root to create a link of another user";
    dir.put("root/etc/real", "x");
    dir.put_link("root/home/link", "/etc");
    dir.put_link("root/home/file", "/etc/real");
    for (const char* name : {"root/home/link", "root/home/file"})
        ASSERT_EQ(::lchown((dir / name).c_str(), 4711, 4711), 0);
    EXPECT_EQ(code(fs->read(path("/home/link/real"), 10)), ErrorCode::unsafe_path);
    EXPECT_EQ(code(fs->read(path("/home/file"), 10)), ErrorCode::unsafe_path);
    EXPECT_EQ(code(fs->write_new(path("/home/link/new"), "", ours(0644))), ErrorCode::unsafe_path);
    EXPECT_EQ(fs->read_link(path("/home/file")).value_or(""), "/etc/real");
    // The owner of the root directory may lay out his root as he likes.
    ASSERT_EQ(::chown((dir / "root").c_str(), 4711, 4711), 0);
    EXPECT_EQ(fs->read(path("/home/link/real"), 10).value_or(""), "x");
}

TEST_F(RealFsTest, LinksInDirectoriesOfOtherUsersAreNotFollowed) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root to give a directory away";
    dir.put("root/etc/real", "x");
    dir.put_link("root/home/of-root", "/etc");
    ASSERT_EQ(::chown((dir / "root/home").c_str(), 4711, 4711), 0);
    EXPECT_EQ(code(fs->read(path("/home/of-root/real"), 10)), ErrorCode::unsafe_path)
        << "its owner may rename what root left there";
    ASSERT_EQ(::chown((dir / "root/home").c_str(), 0, 0), 0);
    ASSERT_EQ(::chmod((dir / "root/home").c_str(), 0777), 0);
    EXPECT_EQ(code(fs->read(path("/home/of-root/real"), 10)), ErrorCode::unsafe_path);
    ASSERT_EQ(::chmod((dir / "root/home").c_str(), 01777), 0);
    EXPECT_EQ(fs->read(path("/home/of-root/real"), 10).value_or(""), "x");
}

TEST_F(RealFsTest, SecondNamesAreNotReadWhereOthersCanWrite) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root to give a directory away";
    dir.put("root/etc/secret", "x");
    dir.put("root/home/own", "y");
    ASSERT_EQ(::link((dir / "root/etc/secret").c_str(), (dir / "root/home/name").c_str()), 0);
    EXPECT_EQ(fs->read(path("/home/name"), 10).value_or(""), "x")
        << "among root's own it is a file like any other";
    ASSERT_EQ(::chown((dir / "root/home").c_str(), 4711, 4711), 0);
    EXPECT_EQ(code(fs->read(path("/home/name"), 10)), ErrorCode::unsafe_path);
    EXPECT_EQ(code(fs->stat(path("/home/name"))), ErrorCode::unsafe_path);
    EXPECT_EQ(fs->read(path("/home/own"), 10).value_or(""), "y");
}

TEST_F(RealFsTest, ReadsOnlyWhatBelongsToTheUser) {
    dir.put("root/home/file", "x");
    dir.put_link("root/home/link", "file");
    EXPECT_EQ(fs->read_of(path("/home/file"), 0).value_or(""), "x");
    EXPECT_EQ(code(fs->read_of(path("/home/file"), 4711)), ErrorCode::unsafe_path);
    EXPECT_EQ(code(fs->read_of(path("/home/link"), 0)), ErrorCode::unsafe_path);
    EXPECT_EQ(code(fs->read_of(path("/home/none"), 0)), ErrorCode::not_found);
}

TEST_F(RealFsTest, StatTellsOfTheThingItself) {
    dir.put("root/etc/file", "12345");
    dir.put_link("root/etc/link", "file");
    std::filesystem::create_hard_link(dir / "root/etc/file", dir / "root/etc/twin");
    ASSERT_EQ(::chmod((dir / "root/etc/file").c_str(), 0640), 0);
    auto file = fs->stat(path("/etc/file"));
    ASSERT_TRUE(file);
    EXPECT_EQ(file->type, FileType::regular);
    EXPECT_EQ(file->meta.mode, 0640U);
    EXPECT_EQ(file->meta.uid, 0U);
    EXPECT_EQ(file->size, 5U);
    EXPECT_EQ(file->links, 2U);
    auto link = fs->stat(path("/etc/link"));
    ASSERT_TRUE(link);
    EXPECT_EQ(link->type, FileType::symlink);
    EXPECT_EQ(fs->stat(path("/"))->type, FileType::directory);
    EXPECT_EQ(code(fs->stat(path("/none"))), ErrorCode::not_found);
    EXPECT_EQ(code(fs->read_link(path("/etc/file"))), ErrorCode::io);
}

TEST_F(RealFsTest, ListIsSorted) {
    for (const char* name : {"root/d/c", "root/d/a", "root/d/.b"}) dir.put(name, "");
    EXPECT_THAT(fs->list(path("/d")).value_or(std::vector<std::string>{}), ElementsAre(".b", "a", "c"));
    EXPECT_EQ(code(fs->list(path("/none"))), ErrorCode::not_found);
    EXPECT_EQ(code(fs->list(path("/d/a"))), ErrorCode::io);
    EXPECT_THAT(fs->list(path("/")).value_or(std::vector<std::string>{}), ElementsAre("d", "etc"));
}

TEST_F(RealFsTest, WriteNewGivesExactlyThisMode) {
    auto before = ::umask(0077);
    for (std::uint32_t mode : {0600U, 0644U, 0666U, 0755U, 0400U, 04755U}) {
        auto name = path(cat("/etc/m", mode));
        EXPECT_TRUE(fs->write_new(name, "bytes", ours(mode))) << mode;
        EXPECT_EQ(fs->stat(name)->meta, ours(mode));
    }
    EXPECT_TRUE(fs->make_dir(path("/etc/dir"), ours(0775)));
    ::umask(before);
    EXPECT_EQ(fs->stat(path("/etc/dir"))->meta.mode, 0775U);
    EXPECT_EQ(dir.bytes(cat("root/etc/m", 0644U)), "bytes");
}

TEST_F(RealFsTest, WriteNewNeverTouchesWhatIsThere) {
    dir.put("root/etc/file", "old");
    dir.put_link("root/etc/dangling", "/etc/elsewhere");
    for (const char* name : {"/etc/file", "/etc/dangling", "/etc"}) {
        auto done = fs->write_new(path(name), "new", ours(0644));
        ASSERT_FALSE(done) << name;
        EXPECT_EQ(done.error().cause, EEXIST) << name;
    }
    EXPECT_EQ(dir.bytes("root/etc/file"), "old");
    EXPECT_EQ(dir.bytes("root/etc/elsewhere"), "<absent>");
    EXPECT_EQ(code(fs->write_new(path("/none/file"), "", ours(0644))), ErrorCode::not_found);
}

TEST_F(RealFsTest, OwnersAreSetByRoot) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root to give files away";
    FileMeta meta{.mode = 0640, .uid = 4711, .gid = 4712};
    EXPECT_TRUE(fs->write_new(path("/etc/file"), "x", meta));
    EXPECT_EQ(fs->stat(path("/etc/file"))->meta, meta);
    EXPECT_TRUE(fs->make_dir(path("/etc/dir"), meta));
    EXPECT_EQ(fs->stat(path("/etc/dir"))->meta, meta);
}

TEST_F(RealFsTest, AttributesAreReadAndWritten) {
    dir.put("root/etc/file", "x");
    auto host = dir / "root/etc/file";
    if (::setxattr(host.c_str(), "user.note", "v\0w", 3, 0) != 0)
        GTEST_SKIP() << "this file system has no user attributes";
    auto info = fs->stat(path("/etc/file"));
    ASSERT_TRUE(info);
    EXPECT_THAT(info->meta.xattrs,
                testing::Contains(std::pair(std::string("user.note"), std::string("v\0w", 3))));
    auto meta = info->meta;
    meta.mode = 0600;
    ASSERT_TRUE(fs->write_new(path("/etc/copy"), "y", meta));
    EXPECT_EQ(fs->stat(path("/etc/copy"))->meta, meta);
}

// Version 2 of the kernel's format (linux/posix_acl_xattr.h): user::rw-, user:4711:r--, group::r--,
// mask::r--, other::---.
const std::string kAcl(
    "\x02\0\0\0\x01\0\x06\0\xff\xff\xff\xff\x02\0\x04\0\x67\x12\0\0\x04\0\x04\0\xff\xff\xff\xff"
    "\x10\0\x04\0\xff\xff\xff\xff\x20\0\0\0\xff\xff\xff\xff",
    44);

TEST_F(RealFsTest, AclsAreKeptAndInheritedOnesAreNot) {
    auto etc = dir / "root/etc";
    if (::setxattr(etc.c_str(), "system.posix_acl_default", kAcl.data(), kAcl.size(), 0) != 0)
        GTEST_SKIP() << "this file system has no ACLs";
    ASSERT_TRUE(fs->write_new(path("/etc/plain"), "secret", ours(0600)));
    EXPECT_EQ(fs->stat(path("/etc/plain"))->meta, ours(0600));
    auto meta = ours(0640);
    meta.xattrs = {{"system.posix_acl_access", kAcl}};
    ASSERT_TRUE(fs->write_new(path("/etc/shared"), "x", meta));
    EXPECT_EQ(fs->stat(path("/etc/shared"))->meta, meta);
}

TEST_F(RealFsTest, OverwriteInPlaceKeepsTheFile) {
    dir.put("root/etc/file", "a long old content");
    std::filesystem::create_hard_link(dir / "root/etc/file", dir / "twin");
    dir.put_link("root/etc/link", "file");
    EXPECT_TRUE(fs->overwrite_in_place(path("/etc/file"), "short"));
    EXPECT_EQ(dir.bytes("twin"), "short");
    std::string longer(100'000, 'z');
    EXPECT_TRUE(fs->overwrite_in_place(path("/etc/file"), longer));
    EXPECT_EQ(dir.bytes("twin"), longer);
    EXPECT_EQ(code(fs->overwrite_in_place(path("/etc/link"), "x")), ErrorCode::unsafe_path);
    EXPECT_EQ(code(fs->overwrite_in_place(path("/etc/none"), "x")), ErrorCode::not_found);
}

TEST_F(RealFsTest, RenameReplacesAndRemovesDoWhatTheySay) {
    dir.put("root/etc/new", "new");
    dir.put("root/etc/old", "old");
    dir.put_link("root/etc/link", "old");
    EXPECT_TRUE(fs->sync_file(path("/etc/new")));
    EXPECT_TRUE(fs->rename(path("/etc/new"), path("/etc/link")));  // the link itself is replaced
    EXPECT_TRUE(fs->sync_dir(path("/etc")));
    EXPECT_EQ(fs->stat(path("/etc/link"))->type, FileType::regular);
    EXPECT_EQ(dir.bytes("root/etc/old"), "old");
    EXPECT_EQ(dir.bytes("root/etc/new"), "<absent>");
    EXPECT_EQ(code(fs->rename(path("/etc/none"), path("/etc/x"))), ErrorCode::not_found);
    EXPECT_TRUE(fs->remove_file(path("/etc/old")));
    EXPECT_EQ(code(fs->remove_file(path("/etc/old"))), ErrorCode::not_found);
    EXPECT_FALSE(fs->remove_dir(path("/etc")));
    EXPECT_TRUE(fs->remove_file(path("/etc/link")));
    EXPECT_TRUE(fs->remove_dir(path("/etc")));
    EXPECT_FALSE(fs->remove_dir(path("/")));
    EXPECT_EQ(code(fs->sync_dir(path("/etc"))), ErrorCode::not_found);
}

TEST_F(RealFsTest, CanWriteLooksAtTheNearestThing) {
    EXPECT_TRUE(fs->can_write(path("/etc/docker/daemon.json")));
    dir.put("root/etc/file", "");
    EXPECT_TRUE(fs->can_write(path("/etc/file")));
    EXPECT_FALSE(fs->can_write(path("/etc/file/below")));
    auto real = RealFs::open("/");
    ASSERT_TRUE(real);
    EXPECT_FALSE((*real)->can_write(path("/proc/version/x")));
    if (::geteuid() == 0) return;
    ASSERT_EQ(::chmod((dir / "root/etc").c_str(), 0555), 0);
    EXPECT_FALSE(fs->can_write(path("/etc/new")));
    EXPECT_FALSE((*real)->can_write(path("/etc/new")));
}

}  // namespace
}  // namespace mirrorctl::sys::real_fs_test
