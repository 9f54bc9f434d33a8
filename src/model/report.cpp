#include "model/report.hpp"

#include <array>

namespace mirrorctl {

std::string_view name_of(Fault fault) {
    constexpr std::array<std::string_view, kFaults> kNames{
        "none",       "dns",        "connect",      "timeout",   "tls",       "reset",        "stalled",
        "html",       "media_type", "unauthorized", "forbidden", "not_found", "rate_limited", "server_error",
        "bad_status", "digest",     "content",      "redirect",  "size",      "protocol",     "throttled",
        "budget",     "resting",    "proxy",        "crash"};
    return kNames[static_cast<std::size_t>(fault)];
}

}  // namespace mirrorctl
