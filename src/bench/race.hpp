// The race: every candidate of every upstream in one budget of time, bytes and requests. One thread; the only
// waiting is Transport::turn.
#pragma once

#include "base/result.hpp"
#include "bench/spec.hpp"
#include "model/event.hpp"
#include "model/report.hpp"
#include "net/transport.hpp"
#include "sys/clock.hpp"

namespace mirrorctl::bench {

// Measures and ranks. A dead mirror is data in the report; a proxy that refuses is Report::proxy_failed.
// Errors of the spec itself (an image that cannot be read, no canary) make the candidates concerned
// `rejected` with the reason. Never throws, never fails.
Report run(const BenchSpec& spec, net::Transport& transport, sys::Clock& clock, Observer& observer);

// Is a mirror that we use still good? A manifest, hashed, and 16 KiB of a layer that were not read yet - or,
// with nothing in spec.read, the config blob, hashed: two requests (and a token where it is asked for). With
// spec.manifests the platform's manifest is asked by digest. No score: predicted_pull_s stays -1.
struct LightCheck {
    std::string upstream;
    Mirror mirror;
};
Measurement light_check(const BenchSpec& spec, const LightCheck& check, net::Transport& transport,
                        sys::Clock& clock);

}  // namespace mirrorctl::bench
