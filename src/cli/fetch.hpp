// One file over https, for a run that was told to use it.
#pragma once

#include "base/result.hpp"
#include "base/url.hpp"
#include "bench/spec.hpp"
#include "cli/world.hpp"

#include <cstddef>
#include <string>

namespace mirrorctl::cli {

struct FetchRequest {
    Url url;
    bench::Route route = {};
    std::string user_agent = {};
    std::size_t max_bytes = 4U << 20U;
    double seconds = 30;
};

// The body, fetched by a child without privileges (sys/confined.hpp). Redirects are followed as for
// registries: never from https to http. Errors: interrupted, http (a status other than 200, too much),
// network, proxy, io.
Result<std::string> fetch_apart(World& world, const FetchRequest& request);

}  // namespace mirrorctl::cli
