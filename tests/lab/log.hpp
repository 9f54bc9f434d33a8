// What the lab says: the ready line, and the access log (one JSON object per line).
#pragma once

#include "base/result.hpp"
#include "lab/images.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace mirrorctl::lab {

// One request, or a connection on which none was completed (then `method` is empty).
struct Access {
    std::string mirror;
    std::uint64_t connection = 0;
    std::string method;
    std::string target;
    int status = 0;
    std::int64_t bytes = 0;  // body bytes handed to the kernel
    std::string range;
    std::string auth;  // "", "bearer", "basic": never the credential
    std::string agent;
    double seconds = 0;  // from the request's last byte to the answer's
    std::string ended;   // complete | closed (by the client, before the end) | reset | dropped
};

class AccessLog {
  public:
    AccessLog() = default;
    ~AccessLog();
    AccessLog(const AccessLog&) = delete;
    AccessLog& operator=(const AccessLog&) = delete;
    // Appends to `file`, one write per line. Without open(), lines go nowhere.
    Result<void> open(const std::string& file);
    void add(const Access& access);

  private:
    int fd_ = -1;
};

struct Announcement {
    std::map<std::string, std::string>
        mirrors;  // name -> URL as a profile has it (API root or base path included)
    std::map<std::string, std::string> token_servers;  // authority -> URL
    std::string ca;                                    // path of the CA file, "" without TLS
};

// {"upstreams": {"docker.io": [{"image", "digest", "stale_digest", "platforms", "layer_bytes"}]}}, one line.
std::string images_json(const std::vector<Image>& images);
// {"ready": true, "pid": ..., "mirrors": ..., "upstreams": ...}, one line.
std::string ready_json(const Announcement& announcement, const std::vector<Image>& images);

}  // namespace mirrorctl::lab
