// Where an upload goes on: the Location that registries answer with, in all the shapes that they have.
#pragma once

#include "base/result.hpp"
#include "base/url.hpp"

#include <string>
#include <string_view>

namespace mirrorctl::registry {

struct UploadPlace {
    Url url;
    bool mended = false;  // it pointed from https to plain http (or to another port) of the same host
};

// `location` seen from the request that it answers, its query kept byte for byte. Behind a proxy registries
// often name their inner scheme or port (distribution issues 479, 970, 2572): for the same host the scheme
// and port of `asked` are kept. Errors: http - no URL, credentials inside, from https to http at another
// host, an address that only this machine can reach.
Result<UploadPlace> upload_place(const Url& asked, std::string_view location);

// The place that closes the upload: "digest=sha256%3A..." is added to the query.
Url with_digest(Url place, std::string_view digest);

}  // namespace mirrorctl::registry
