#include "targets/entries.hpp"

#include <algorithm>
#include <array>

namespace mirrorctl::targets {

std::span<const Target* const> catalog() {
    static const std::array<const Target*, 6> kTargets{&containerd_hosts(), &docker_hosts(),
                                                       &docker_daemon(),    &systemd_proxy(),
                                                       &docker_client(),    &shell_proxy()};
    return kTargets;
}

const Target* find_target(std::string_view name) {
    auto all = catalog();
    auto it =
        std::find_if(all.begin(), all.end(), [&](const Target* target) { return target->name == name; });
    return it == all.end() ? nullptr : *it;
}

}  // namespace mirrorctl::targets
