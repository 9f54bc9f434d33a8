// Finding a path below a root without ever leaving it. Every component is opened by itself (O_PATH |
// O_NOFOLLOW) relative to its parent, links are read and followed here, ".." goes back along the descriptors
// that led down: no link, no "../" and no concurrent rename leads outside, on every kernel (openat2 is not
// needed).
//
// Links are followed only if they belong to root, to the caller or to the owner of the root directory: a link
// that another user planted in a directory of his own leads a root process nowhere. So do links and files
// with several names in a place where others can write: a second name for somebody else's file costs no
// rights.
#pragma once

#include "base/result.hpp"
#include "model/file_state.hpp"
#include "sys/fd.hpp"

#include <sys/stat.h>

#include <optional>
#include <string>

namespace mirrorctl::sys {

// The end of a walk: a name in an open directory, and the thing itself if it exists.
struct Place {
    Fd dir;               // the directory that holds it (O_PATH)
    std::string name;     // one component; "." for the root itself
    Fd node;              // the thing (O_PATH), invalid if it does not exist
    struct stat info {};  // of the thing, if it exists
    std::string path;     // inside the root, without links

    bool exists() const { return static_cast<bool>(node); }
};

struct WalkOptions {
    bool follow_last = false;  // follow a link in the last place too
    bool missing_ok = false;   // components that do not exist are kept as they are: `path` is right, `dir` is
                               // the last one that exists
};

// `what` begins the message ("cannot read"), `shown` names the object in it. Errors: not_found,
// permission_denied, unsafe_path (loops, links of other users, ".." behind something that does not exist),
// io.
struct WalkRequest {
    int root = -1;  // an open directory
    TargetPath path;
    std::string_view what;
    std::string shown;
};

// True for a second name (hard link) that somebody may have given to a file which is not his: `info` has
// several names, and the directory belongs to another user than the caller and the file's owner, or others
// can write to it.
bool may_be_planted(const struct stat& directory, const struct stat& info);

Result<Place> walk(const WalkRequest& request, const WalkOptions& options);

}  // namespace mirrorctl::sys
