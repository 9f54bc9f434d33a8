#include "sys/walk.hpp"

#include <fcntl.h>

#include <climits>
#include <deque>
#include <utility>
#include <vector>

namespace mirrorctl::sys {

namespace {

constexpr int kMostLinks = 40;  // as the kernel (MAXSYMLINKS, include/linux/namei.h)

class Walker {
  public:
    Walker(const WalkRequest& request, const WalkOptions& options) : request_(request), options_(options) {}

    Result<Place> run() {
        struct stat root {};
        if (retry([&] { return ::fstat(request_.root, &root); }) != 0) return fail(errno);
        root_owner_ = root.st_uid;
        push_path(request_.path.str());
        while (!rest_.empty()) {
            auto part = std::move(rest_.front());
            rest_.pop_front();
            TRY(step(part));
        }
        return finish();
    }

  private:
    struct Level {
        Fd fd;
        std::string name;
    };

    Failure fail(int errno_value) const {
        return Failure(errno_error(errno_value, request_.what, request_.shown));
    }
    Failure unsafe(std::string_view why) const {
        return Failure(Error{.code = ErrorCode::unsafe_path,
                             .message = cat(request_.what, ": ", request_.shown, ": ", why),
                             .hint = "give the path a plain directory or a link that root owns"});
    }

    // The components of `path` come before what is left. Empty ones and "." say nothing.
    void push_path(std::string_view path) {
        std::deque<std::string> parts;
        for (auto& part : split(path, '/'))
            if (!part.empty() && part != ".") parts.push_back(std::move(part));
        rest_.insert(rest_.begin(), parts.begin(), parts.end());
    }

    int top() const { return levels_.empty() ? request_.root : levels_.back().fd.get(); }

    Result<void> step(const std::string& part) {
        if (!missing_.empty()) return step_in_the_missing(part);
        if (part == "..") {
            if (!levels_.empty()) levels_.pop_back();
            return {};
        }
        Fd fd(retry([&] { return ::openat(top(), part.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC); }));
        if (!fd) {
            if (errno != ENOENT || (!rest_.empty() && !options_.missing_ok)) return fail(errno);
            missing_.push_back(part);
            return {};
        }
        struct stat info {};
        if (::fstat(fd.get(), &info) != 0) return fail(errno);
        if (S_ISLNK(info.st_mode) && (!rest_.empty() || options_.follow_last)) return follow(fd, info);
        if (S_ISDIR(info.st_mode)) {
            levels_.push_back({std::move(fd), part});
            return {};
        }
        if (!rest_.empty()) return fail(ENOTDIR);
        last_ = Level{std::move(fd), part};
        return {};
    }

    Result<void> step_in_the_missing(const std::string& part) {
        if (part == "..") return unsafe("\"..\" behind a directory that does not exist");
        missing_.push_back(part);
        return {};
    }

    Result<void> follow(const Fd& link, const struct stat& info) {
        if (info.st_uid != 0 && info.st_uid != ::geteuid() && info.st_uid != root_owner_)
            return unsafe("a link on the way belongs to another user");
        struct stat directory {};
        if (::fstat(top(), &directory) != 0) return fail(errno);
        // Who may rename in a directory may put an old link of root's in the place that we are about to pass.
        if (directory.st_uid != 0 && directory.st_uid != ::geteuid() && directory.st_uid != root_owner_)
            return unsafe("a link on the way stands in another user's directory");
        if ((directory.st_mode & (S_IWOTH | S_ISVTX)) == S_IWOTH)
            return unsafe("a link on the way stands where everybody can replace it");
        if (may_be_planted(directory, info))
            return unsafe("a link on the way has several names (hard links)");
        if (++links_ > kMostLinks) return fail(ELOOP);
        char target[PATH_MAX];
        auto size = ::readlinkat(link.get(), "", target, sizeof target);
        if (size < 0) return fail(errno);
        std::string_view text(target, static_cast<std::size_t>(size));
        if (text.starts_with('/')) levels_.clear();
        push_path(text);
        return {};
    }

    Result<Place> finish() {
        Place place;
        for (const auto& level : levels_) place.path += "/" + level.name;
        if (last_) {
            place.node = std::move(last_->fd);
            place.name = last_->name;
        } else if (!missing_.empty()) {
            place.name = missing_.back();
        } else if (levels_.empty()) {
            place.name = ".";
            place.node = Fd(::fcntl(request_.root, F_DUPFD_CLOEXEC, 0));
        } else {
            place.name = levels_.back().name;
            place.node = std::move(levels_.back().fd);
            levels_.pop_back();
            place.path.erase(place.path.rfind('/'));
        }
        for (std::size_t i = 0; i + 1 < missing_.size(); ++i) place.path += "/" + missing_[i];
        if (place.name != ".") place.path += "/" + place.name;
        if (place.path.empty()) place.path = "/";
        place.dir =
            levels_.empty() ? Fd(::fcntl(request_.root, F_DUPFD_CLOEXEC, 0)) : std::move(levels_.back().fd);
        if (!place.dir) return fail(errno);
        if (place.exists() && ::fstat(place.node.get(), &place.info) != 0) return fail(errno);
        return place;
    }

    const WalkRequest& request_;
    const WalkOptions& options_;
    uid_t root_owner_ = 0;
    int links_ = 0;
    std::deque<std::string> rest_;
    std::vector<Level> levels_;         // the directories from the root down
    std::optional<Level> last_;         // the end, if it is not a directory
    std::vector<std::string> missing_;  // components that do not exist
};

}  // namespace

bool may_be_planted(const struct stat& directory, const struct stat& info) {
    if (info.st_nlink < 2) return false;
    bool others_write = (directory.st_mode & (S_IWGRP | S_IWOTH)) != 0;
    bool of_another = directory.st_uid != 0 && directory.st_uid != ::geteuid();
    return others_write || (of_another && info.st_uid != directory.st_uid);
}

Result<Place> walk(const WalkRequest& request, const WalkOptions& options) {
    return Walker(request, options).run();
}

}  // namespace mirrorctl::sys
