#include "support/temp_dir.hpp"
#include "sys/real_clock.hpp"
#include "sys/real_fs.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

namespace mirrorctl::sys::lock_test {
namespace {

// A child process that takes the lock, tells so, and holds it until it is told to end.
class Holder {
  public:
    explicit Holder(const std::string& root) {
        int ready[2];
        int end[2];
        EXPECT_EQ(::pipe(ready) + ::pipe(end), 0);
        pid_ = ::fork();
        if (pid_ == 0) {
            auto fs = RealFs::open(root);
            auto lock = (*fs)->lock(TargetPath("/lock"), 0);
            char byte = lock ? 'y' : 'n';
            if (::write(ready[1], &byte, 1) != 1) ::_exit(2);
            ::close(end[1]);
            ::_exit(::read(end[0], &byte, 1) == 0 ? 0 : 1);
        }
        ::close(ready[1]);
        ::close(end[0]);
        end_ = Fd(end[1]);
        char byte = 0;
        EXPECT_EQ(::read(ready[0], &byte, 1), 1);
        EXPECT_EQ(byte, 'y');
        ::close(ready[0]);
    }
    ~Holder() {
        if (pid_ > 0) ::kill(pid_, SIGKILL);
        collect();
    }
    void let_go() { end_.reset(); }
    void kill() { ::kill(pid_, SIGKILL); }
    void collect() {
        if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
        pid_ = -1;
    }

  private:
    pid_t pid_ = -1;
    Fd end_;
};

class LockTest : public testing::Test {
  protected:
    LockTest() : fs(std::move(*RealFs::open(dir.str()))) {}
    Result<std::unique_ptr<Lock>> take(double wait) { return fs->lock(TargetPath("/lock"), wait); }

    support::TempDir dir;
    std::unique_ptr<RealFs> fs;
};

TEST_F(LockTest, IsCreatedPrivateAndReleasedWhenDestroyed) {
    {
        auto first = take(0);
        ASSERT_TRUE(first);
        EXPECT_EQ(fs->stat(TargetPath("/lock"))->meta.mode, 0600U);
        auto second = take(0);
        ASSERT_FALSE(second);
        EXPECT_EQ(second.error().code, ErrorCode::lock_held);
        EXPECT_NE(second.error().hint, "");
    }
    EXPECT_TRUE(take(0));
}

TEST_F(LockTest, ExcludesOtherProcessesUntilTheyLetGoOrDie) {
    {
        Holder holder(dir.str());
        RealClock clock;
        double start = clock.now();
        auto refused = take(0.12);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, ErrorCode::lock_held);
        EXPECT_GE(clock.now() - start, 0.12);
        holder.let_go();
        EXPECT_TRUE(take(10));
        holder.collect();
    }
    Holder killed(dir.str());
    killed.kill();
    EXPECT_TRUE(take(10));
}

TEST_F(LockTest, RefusesLinksAndMissingDirectories) {
    dir.put_link("lock", "elsewhere");
    EXPECT_FALSE(take(0));
    EXPECT_EQ(dir.bytes("elsewhere"), "<absent>");
    auto nowhere = fs->lock(TargetPath("/none/lock"), 0);
    ASSERT_FALSE(nowhere);
    EXPECT_EQ(nowhere.error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace mirrorctl::sys::lock_test
