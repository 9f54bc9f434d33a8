#include "cli/splay.hpp"

#include "base/digest.hpp"
#include "base/strings.hpp"

#include <algorithm>

namespace mirrorctl::cli {

namespace {

constexpr double kLook = 0.5;  // seconds between looks at signals
constexpr int kDigits = 8;
constexpr double kRange = 4294967296.0;  // of so many hexadecimal digits

}  // namespace

double splay_part(const std::string& machine_id, double splay_seconds) {
    auto digits = sha256_hex("splay\n" + machine_id).substr(0, kDigits);
    return splay_seconds * static_cast<double>(std::stoul(digits, nullptr, 16)) / kRange;
}

Result<void> wait_for_turn(Node& node, double splay_seconds) {
    auto& world = node.world();
    // A node without a machine-id has nothing of its own but the moment.
    auto id = node.facts().machine_id.empty() ? cat(world.clock.wall()) : node.facts().machine_id;
    double part = splay_part(id, splay_seconds);
    if (!node.global().quiet)
        world.err(cat("waiting ", format_duration(part), " of at most ", format_duration(splay_seconds),
                      ", so that not all nodes measure at once\n"));
    double end = world.clock.now() + part;
    while (!world.stop_requested()) {
        double left = end - world.clock.now();
        if (left <= 0) return {};
        world.clock.sleep(std::min(left, kLook));
    }
    return Failure(Error{.code = ErrorCode::interrupted, .message = "interrupted: nothing was changed"});
}

}  // namespace mirrorctl::cli
