// RealFs: the lock.
#include "sys/real_clock.hpp"
#include "sys/real_fs.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <time.h>

#include <algorithm>
#include <cerrno>

namespace mirrorctl::sys {

namespace {

constexpr double kPoll = 0.05;

// flock(2): the kernel lets go when the last descriptor is closed, also when the process dies.
class FileLock : public Lock {
  public:
    explicit FileLock(Fd fd) : fd_(std::move(fd)) {}

  private:
    Fd fd_;
};

}  // namespace

Result<std::unique_ptr<Lock>> RealFs::lock(const TargetPath& path, double wait_seconds) {
    constexpr std::string_view kWhat = "cannot lock";
    RealClock clock;
    const double end = clock.now() + wait_seconds;
    for (;;) {
        TRY_ASSIGN(auto place, find(kWhat, path, {}));
        if (place.exists() && !S_ISREG(place.info.st_mode)) return fail(EINVAL, kWhat, path);
        constexpr int kFlags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
        Fd fd(retry([&] { return ::openat(place.dir.get(), place.name.c_str(), kFlags, 0600); }));
        if (!fd) return fail(errno, kWhat, path);
        if (retry([&] { return ::flock(fd.get(), LOCK_EX | LOCK_NB); }) == 0) {
            struct stat held {};
            if (::fstat(fd.get(), &held) != 0) return fail(errno, kWhat, path);
            if (held.st_nlink > 0) return std::make_unique<FileLock>(std::move(fd));
            continue;  // its holder removed the file meanwhile: a lock on it locks nobody out
        }
        if (errno != EWOULDBLOCK) return fail(errno, kWhat, path);
        double left = end - clock.now();
        if (left <= 0)
            return Failure(Error{.code = ErrorCode::lock_held,
                                 .message = cat(kWhat, ": ", shown(path), ": another mirrorctl is at work"),
                                 .hint = "wait until it is done and try again"});
        clock.sleep(std::min(left, kPoll));
    }
}

}  // namespace mirrorctl::sys
