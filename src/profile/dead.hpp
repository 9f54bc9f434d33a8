// Hosts that people still find in guides and configs although they are closed, restricted or never were
// mirrors.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mirrorctl::profile {

// dead: closed. restricted: only from certain networks or with an account. never: such a host has never
// served. not_a_mirror: a registry of its own, where docker.io/foo/bar would be whatever the owner of the
// namespace foo put there.
enum class DeadStatus { dead, restricted, never, not_a_mirror };

struct DeadMirror {
    std::string host;  // a host name; '*' stands for any part of a label, and as the whole first label also
                       // for several
    std::vector<std::string> upstreams = {};
    DeadStatus status = DeadStatus::dead;
    std::string since = {};   // YYYY, YYYY-MM or YYYY-MM-DD; "" = not known
    std::string source = {};  // who says so
    std::string note = {};
};

// `host` is a host name, with or without a port. Data: profiles/dead.yaml, built into the program.
std::optional<DeadMirror> find_dead(std::string_view host);
const std::vector<DeadMirror>& dead_mirrors();

std::string_view name_of(DeadStatus status);
// "closed since 2024-06-06 (ustclug/mirrorhelp ...)": one line for people.
std::string describe(const DeadMirror& dead);

}  // namespace mirrorctl::profile
