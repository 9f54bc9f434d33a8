// Which mirrors an engine gets, and how it wants them spelled: every consumer joins a mirror's URL with the
// request path differently.
#pragma once

#include "model/desired.hpp"
#include "model/node.hpp"
#include "model/warning.hpp"

#include <optional>
#include <string>
#include <vector>

namespace mirrorctl::targets {

// A mirror as one file spells it, or why it cannot.
struct Spelling {
    std::string url = {};
    bool override_path = false;  // hosts.toml only
    std::string refusal = {};    // "" = `url` is right
};

// daemon.json: dockerd appends "/v2/" to the URL, so only the forms host and base (from Engine 24.0) can be
// said. Follows ValidateMirror (moby daemon/pkg/registry/config.go): http or https, no credentials, no query.
Spelling spell_for_docker(const Mirror& mirror, const std::optional<Version>& version);

// The same where dockerd looks at the host of the URL alone and asks https of it (Rule::mirror_host_only).
Spelling spell_for_docker_by_host(const Mirror& mirror, const std::optional<Version>& version);

// hosts.toml: containerd appends "/v2" unless the path ends so or override_path is set (containerd
// core/remotes/docker/config/hosts.go, parseHostConfig). Forms prefix and flat need override_path (1.6).
Spelling spell_for_containerd(const Mirror& mirror, const std::optional<Version>& version);

struct SpelledMirror {
    std::string url;
    bool override_path = false;
    const ChosenMirror* chosen = nullptr;
};

struct MirrorChoice {
    std::vector<SpelledMirror> mirrors = {};
    std::vector<Warning> warnings = {};  // one per reason for what was left out
};

using Speller = Spelling (*)(const Mirror& mirror, const std::optional<Version>& version);

// The first `keep` mirrors of the upstream that the engine can express, in their order, each once.
// `must_resolve`: those that may not resolve tags are left out too.
MirrorChoice choose_mirrors(const DesiredUpstream& upstream, int keep, Speller speller,
                            const std::optional<Version>& version, bool must_resolve);

}  // namespace mirrorctl::targets
