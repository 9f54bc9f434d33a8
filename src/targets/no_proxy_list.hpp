// One NO_PROXY list that Go programs (dockerd, containerd, kubelet) and curl read alike.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mirrorctl::targets {

// The canonical form of `entries`, each of which may hold several, separated by commas or blanks:
//   - localhost, 127.0.0.1 and ::1 first: Go always bypasses loopback, curl only if it is listed
//   - a domain as "foo.com,.foo.com": Go reads the second one as "subdomains only", curl reads both as "host
//   and subdomains"
//   - "*.foo.com" as ".foo.com": curl knows no such wildcard; then as any domain
//   - hosts of one label, addresses, host:port and CIDR blocks as they are; IPv6 without brackets
//   - "*" (no proxy at all) alone, because curl takes it only so
// Lower case, without duplicates, in the given order; canonical(canonical(x)) == canonical(x).
// Errors: usage, for what one of both would not understand ("172.17.*", URLs, bad CIDR blocks), with what to
// write instead. Sources: golang.org/x/net/http/httpproxy/proxy.go; curl's CURLOPT_NOPROXY(3), 7.86.0 and
// later for CIDR blocks.
Result<std::vector<std::string>> canonical_no_proxy(const std::vector<std::string>& entries);
// The same as one comma-separated string.
Result<std::string> canonical_no_proxy(std::string_view list);

}  // namespace mirrorctl::targets
