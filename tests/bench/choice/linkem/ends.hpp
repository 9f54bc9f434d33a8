// The two ends: a network namespace with a TUN device each. They have no names and go away with this process.
#pragma once

#include <string>

namespace linkem {

struct End {
    int tun = -1;         // packets, one per read and write
    int name_space = -1;  // for setns, through /proc/PID/fd/N
};

// Where packets of clients go in, and where mirrors listen. The calling thread is in neither afterwards.
// Needs root and /dev/net/tun. False with a sentence in `why`.
bool make_client_end(bool v6, End& out, std::string& why);
bool make_mirror_end(End& out, std::string& why);

}  // namespace linkem
