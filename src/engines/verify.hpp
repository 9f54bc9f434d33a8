// Does the running engine have what was written? Files prove nothing: a service that was only started, or a
// daemon-reload that was forgotten, leaves the old values live.
#pragma once

#include "base/result.hpp"
#include "model/node.hpp"
#include "model/plan.hpp"
#include "sys/clock.hpp"
#include "sys/fs.hpp"
#include "sys/runner.hpp"

#include <string>
#include <vector>

namespace mirrorctl::engines {

// What asking needs. `node` is as discovery found it; pids and states are asked again where systemd runs.
struct Session {
    const NodeFacts& node;
    const sys::FsReader& fs;
    sys::Runner& runner;
    sys::Clock& clock;
    double timeout_seconds = 15;  // a reload is asynchronous (moby#47353): asked again until then
};

enum class Answer {
    yes,        // the running engine has it
    no,         // it has something else
    not_asked,  // other root, nothing runs, or it does not answer
};

struct Finding {
    Answer answer = Answer::not_asked;
    std::string detail = {};  // for people: what it has instead; never a secret
};

// The unit whose running process a check is about, "docker.service".
std::string unit_of(const Check& check);

// Is a reload of that unit enough for the check to hold, or does it take a restart?
bool reload_suffices(const Check& check);

// Asks once. Subjects and what `expected` holds:
//   docker.mirrors          the mirrors that daemon.json sets, in order; a slash at the end does not count
//   docker.containerd_store not used: images are kept in containerd's image store, so certs.d is read
//   docker.proxy            "HTTP_PROXY=value", "HTTPS_PROXY=...", "NO_PROXY=..." as /info has them; "NAME="
//   = unset. dockerd masks
//                           credentials: such a value is only known to be set
//   containerd.config_path  the effective value; nothing = unset (containerd's own default counts as that)
//   containerd.cri          not used: the plugins that serve CRI are loaded
//   environment:<unit>      "NAME=value", "NAME=sha256:<64 hex>" (of the value) or "NAME=" (unset) of the
//   unit's main process
Finding ask(const Check& check, const Session& session);

// Asks until the answer is yes or the time is over. Not asked counts as success: nothing runs that could have
// it wrong. Errors: activation_failed, with what the engine has instead.
Result<void> verify(const Check& check, const Session& session);

// For `status`: "yes", "pending" (a running engine has something else), "unknown" (not running, or cannot be
// asked).
std::string live_word(const std::vector<Check>& checks, const Session& session);

// The unit's main process now, 0 if none runs.
int main_pid(const std::string& unit, const Session& session);

}  // namespace mirrorctl::engines
