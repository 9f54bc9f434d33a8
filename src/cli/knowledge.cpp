#include "cli/knowledge.hpp"

#include "profile/dead.hpp"
#include "profile/lint_rules.hpp"

#include <memory>

namespace mirrorctl::cli {

namespace {

using Kind = doctor::HostKnowledge::Kind;

Kind kind_of(profile::DeadStatus status) {
    switch (status) {
        case profile::DeadStatus::dead:
        case profile::DeadStatus::never:
            return Kind::dead;
        case profile::DeadStatus::restricted:
            return Kind::restricted;
        case profile::DeadStatus::not_a_mirror:
            return Kind::not_a_mirror;
    }
    return Kind::unknown;
}

// Used with a namespace of its own the registry of many owners is asked for just that.
bool names_namespace(const Url& url) {
    return url.path.starts_with("/v2/") && url.path.size() > 4;
}

}  // namespace

doctor::Knowledge mirror_knowledge() {
    auto catalogue = std::make_shared<profile::Catalogue>();
    return [catalogue](const Url& url) {
        doctor::HostKnowledge known;
        if (auto dead = profile::find_dead(url.host)) {
            known.kind = kind_of(dead->status);
            if (known.kind == Kind::not_a_mirror && names_namespace(url)) known.kind = Kind::unknown;
            known.text = profile::describe(*dead);
            if (known.kind != Kind::unknown) return known;
        }
        if (auto upstream = catalogue->upstream_in(url.path); !upstream.empty())
            known.upstreams = {upstream};
        else if (const auto* host = catalogue->find(url.authority()))
            known.upstreams = host->upstreams;
        return known;
    };
}

}  // namespace mirrorctl::cli
