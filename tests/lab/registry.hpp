// What a healthy registry mirror answers (OCI distribution-spec v1.1, pull): /v2/, manifests by tag and
// digest, blobs with ranges, tokens.
#pragma once

#include "lab/http.hpp"
#include "lab/images.hpp"
#include "lab/reply.hpp"
#include "lab/scenario.hpp"

#include <functional>
#include <string>
#include <vector>

namespace mirrorctl::lab {

// Where the parts of the lab can be reached.
struct Addresses {
    std::function<std::string(const std::string& mirror)> base_url;  // "http://127.0.0.1:4711"
    // The token server beside this mirror; `plain`: over http even if the mirror speaks https.
    std::function<std::string(const MirrorSpec& mirror, bool plain)> token_realm;
};

struct World {
    Scenario scenario;
    std::vector<Image> images;
    Addresses addresses;

    const MirrorSpec* find_mirror(std::string_view name) const;
};

// A request as the mirror understands it.
struct Asked {
    Subject subject = Subject::all;
    std::string repository;  // as in the image, also at flat mirrors
    std::string reference;   // tag or digest
    const Image* image = nullptr;
};

Asked understand(const World& world, const MirrorSpec& mirror, const HttpRequest& request);
// The answer of a mirror without faults, but with its authentication. `stale`: tags point to the previous
// build.
Reply answer(const World& world, const MirrorSpec& mirror, const HttpRequest& request, bool stale = false);
// The answer of the token server: ?service=<mirror>&scope=repository:<name>:pull
Reply answer_token(const World& world, const HttpRequest& request);

// The path of what was asked for, at another mirror.
std::string path_at(const MirrorSpec& mirror, const Asked& asked);

}  // namespace mirrorctl::lab
