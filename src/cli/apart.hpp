// Measuring apart from everything else: in a child process without privileges (sys/confined.hpp), because it
// talks TLS, HTTP and JSON with strangers. What comes back is checked as a file of another node would be.
#pragma once

#include "base/result.hpp"
#include "bench/race.hpp"
#include "cli/world.hpp"

#include <functional>
#include <string>
#include <vector>

namespace mirrorctl::cli {

// bench::run. If the child crashes, however late, the field is halved until who crashed it stands alone and
// is rejected (Fault::crash); the others' measurements are kept. Bounded in children and in time: whoever is
// not cleared by then is rejected too. Errors: interrupted, permission_denied (privileges could not be given
// up), io.
Result<Report> race_apart(World& world, bench::BenchSpec spec, Observer& observer);

// bench::light_check of each, in one child. Fewer results than checks if the child crashed. Errors as above.
Result<std::vector<Measurement>> check_apart(World& world, const bench::BenchSpec& spec,
                                             const std::vector<bench::LightCheck>& checks);

// The files that a spec names, read before: nobody may read them later.
using ReadText = std::function<Result<std::string>(const std::string& path)>;
void read_before(bench::BenchSpec& spec, const ReadText& read_secret, const ReadText& read_ca);

}  // namespace mirrorctl::cli
