#include "model/plan.hpp"

#include <algorithm>

namespace mirrorctl {

Plan invert(const Plan& plan) {
    Plan back = plan;
    std::reverse(back.files.begin(), back.files.end());
    std::reverse(back.dirs.begin(), back.dirs.end());
    for (auto& file : back.files) {
        std::swap(file.before, file.after);
        std::swap(file.interim, file.undo_interim);
        file.owned.clear();
    }
    for (auto& dir : back.dirs) dir.create = !dir.create;
    back.checks.clear();
    back.mirrors.clear();
    back.pending.clear();
    return back;
}

std::string_view name_of(FileAction action) {
    switch (action) {
        case FileAction::create:
            return "create";
        case FileAction::update:
            return "update";
        case FileAction::remove:
            return "remove";
    }
    return "update";
}

std::string_view name_of(ActivationKind kind) {
    switch (kind) {
        case ActivationKind::none:
            return "none";
        case ActivationKind::reload:
            return "reload";
        case ActivationKind::restart:
            return "restart";
        case ActivationKind::daemon_reload:
            return "daemon-reload";
    }
    return "none";
}

}  // namespace mirrorctl
