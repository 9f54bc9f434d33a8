// Sends one blob to one repository, in the way that its host understands.
#pragma once

#include "registry/repository.hpp"

#include <cstdint>
#include <string>

namespace mirrorctl::registry {

// How a host takes blobs; what it refuses is not tried again there.
struct UploadStyle {
    enum class Way { put, patch, chunks };
    Way way = Way::put;
    std::int64_t chunk = 960 * 1024;  // below nginx' default client_max_body_size of 1 MiB
};

// The bytes of the blob, from the first to the last, once.
class UploadFeed : public net::BodySource {
  public:
    // Waits for the next bytes; 0: there will be none (the source failed).
    virtual std::size_t take(char* to, std::size_t room) = 0;
    // Which request they go to now.
    virtual void sending(net::RequestId id) = 0;
};

struct Blob {
    std::string digest;
    std::int64_t size = 0;
};

struct Uploaded {
    bool done = false;
    bool style_changed = false;  // not done: worth another attempt, in the new style
    Error error = {};            // not done
};

// POST, then PUT with the body; or PATCH and PUT; or PATCHes of `chunk` bytes and PUT. On failure the upload
// is cancelled.
Uploaded upload_blob(Repository& repository, const Blob& blob, UploadFeed& feed, UploadStyle& style);

}  // namespace mirrorctl::registry
