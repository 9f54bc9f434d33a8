#include "base/strings.hpp"
#include "base/url.hpp"
#include "engines/activation.hpp"
#include "engines/systemd.hpp"

namespace mirrorctl::engines {
namespace {

constexpr double kRestartSeconds = 120;  // docker.service has TimeoutStartSec=0: somebody must stop waiting
constexpr double kUpSeconds = 20;
constexpr double kPollSeconds = 0.25;

struct Hands {
    sys::Runner& runner;
    sys::Clock& clock;
};

bool is_up(const std::string& state) {
    return state == "active" || state == "reloading";
}

Error failed(sys::Runner& runner, const Activation& activation, std::string_view why) {
    auto log = last_log_lines(runner, activation.unit);
    auto message = cat("cannot ", name_of(activation.kind), ": ", activation.unit, ": ", why);
    if (!log.empty()) message += cat("; its last log lines:\n", log);
    return {.code = ErrorCode::activation_failed,
            .message = std::move(message),
            .hint = cat("systemctl status ", activation.unit, "; journalctl -u ", activation.unit)};
}

Result<void> systemctl(Hands hands, const Activation& activation, std::vector<std::string> words,
                       double seconds) {
    words.insert(words.begin(), "systemctl");
    auto finished = hands.runner.run({.argv = std::move(words), .timeout_seconds = seconds});
    if (!finished) return Failure(failed(hands.runner, activation, finished.error().message));
    if (finished->timed_out)
        return Failure(failed(hands.runner, activation, cat("no result after ", format_duration(seconds))));
    if (finished->exit_status == 0) return {};
    auto said = printable_line(mask_secrets(trim(finished->err)), 300);
    return Failure(failed(hands.runner, activation,
                          said.empty() ? cat("systemctl exits with ", finished->exit_status) : said));
}

// Type=notify units are up when the job ends; others may die right after it.
Result<void> wait_until_up(Hands hands, const Activation& activation) {
    auto until = hands.clock.now() + kUpSeconds;
    for (;;) {
        auto state = active_state(hands.runner, activation.unit);
        if (is_up(state)) return {};
        if (state == "failed" || hands.clock.now() >= until)
            return Failure(
                failed(hands.runner, activation, cat("it is ", state.empty() ? "not answering" : state)));
        hands.clock.sleep(kPollSeconds);
    }
}

Result<void> start_again(Hands hands, const Activation& activation) {
    // A unit without failures, or without a socket, is no error here: the result does not matter.
    std::vector<std::string> reset{"systemctl", "reset-failed", activation.unit};
    if (activation.unit == "docker.service") reset.emplace_back("docker.socket");
    (void)hands.runner.run({.argv = std::move(reset), .timeout_seconds = 10});
    TRY(systemctl(hands, activation, {"restart", activation.unit}, kRestartSeconds));
    return wait_until_up(hands, activation);
}

}  // namespace

Result<std::string> perform(const Activation& activation, Way way, sys::Runner& runner, sys::Clock& clock) {
    Hands hands{runner, clock};
    if (activation.deferred || !activation.consent)
        return Failure(Error{.code = ErrorCode::internal,
                             .message = cat("activation is not allowed: ", activation.unit)});
    switch (activation.kind) {
        case ActivationKind::none:
            return std::string("nothing to do");
        case ActivationKind::daemon_reload:
            TRY(systemctl(hands, activation, {"daemon-reload"}, kRestartSeconds));
            return std::string("systemd has read its units again");
        case ActivationKind::reload:
            if (way == Way::back && !is_up(active_state(runner, activation.unit))) {
                TRY(start_again(hands, activation));
                return cat(activation.unit, " was down and is started again");
            }
            TRY(systemctl(hands, activation, {"reload", activation.unit}, kRestartSeconds));
            TRY(wait_until_up(hands, activation));
            return cat(activation.unit, " reloaded");
        case ActivationKind::restart:
            break;
    }
    TRY(start_again(hands, activation));
    return cat(activation.unit, " restarted");
}

}  // namespace mirrorctl::engines
