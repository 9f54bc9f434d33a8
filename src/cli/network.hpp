// Which network this node measures from: what was learnt in one says little about another.
#pragma once

#include "bench/spec.hpp"
#include "sys/fs.hpp"

#include <string>

namespace mirrorctl::cli {

// A short hash of the default gateways, the resolvers and the proxies. "" while there is no default route: a
// node that boots without network has not moved.
std::string network_id(const sys::FsReader& host, const bench::Route& route);

}  // namespace mirrorctl::cli
