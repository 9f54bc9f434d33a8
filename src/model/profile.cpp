#include "model/profile.hpp"

#include <algorithm>

namespace mirrorctl {

const Upstream* Profile::find(const std::string& upstream) const {
    auto it = std::find_if(upstreams.begin(), upstreams.end(),
                           [&](const Upstream& u) { return u.name == upstream; });
    return it == upstreams.end() ? nullptr : &*it;
}

std::string api_root(const Mirror& mirror) {
    switch (mirror.form) {
        case MirrorForm::host:
            return "/v2";
        case MirrorForm::base:
            return mirror.url.path + "/v2";
        case MirrorForm::prefix:
        case MirrorForm::flat:
            return mirror.url.path;
    }
    return "/v2";
}

std::string repository_at(const Mirror& mirror, const std::string& repository) {
    if (mirror.form != MirrorForm::flat) return repository;
    return repository.substr(repository.rfind('/') + 1);
}

Mirror origin_candidate(const Upstream& upstream) {
    return {
        .url = upstream.origin, .form = MirrorForm::host, .trust = Trust::resolve, .operator_name = "origin"};
}

std::string_view name_of(MirrorForm form) {
    switch (form) {
        case MirrorForm::host:
            return "host";
        case MirrorForm::prefix:
            return "prefix";
        case MirrorForm::base:
            return "base";
        case MirrorForm::flat:
            return "flat";
    }
    return "host";
}

std::string_view name_of(Trust trust) {
    switch (trust) {
        case Trust::resolve:
            return "resolve";
        case Trust::verify:
            return "verify";
        case Trust::pull:
            return "pull";
    }
    return "pull";
}

std::string_view name_of(Fallback fallback) {
    return fallback == Fallback::none ? "none" : "origin";
}

}  // namespace mirrorctl
