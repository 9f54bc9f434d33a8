#include "model/receipt.hpp"

namespace mirrorctl {

std::string_view name_of(Outcome outcome) {
    switch (outcome) {
        case Outcome::unchanged:
            return "unchanged";
        case Outcome::committed:
            return "committed";
        case Outcome::rolled_back:
            return "rolled_back";
        case Outcome::stuck:
            return "stuck";
    }
    return "stuck";
}

std::string_view name_of(ActivationResult result) {
    switch (result) {
        case ActivationResult::done:
            return "done";
        case ActivationResult::deferred:
            return "deferred";
        case ActivationResult::failed:
            return "failed";
    }
    return "failed";
}

}  // namespace mirrorctl
