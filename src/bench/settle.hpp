// What is concluded when the race is over.
#pragma once

#include "bench/lane.hpp"
#include "model/report.hpp"

#include <vector>

namespace mirrorctl::bench {

// `verify`: a candidate agrees when its digest for the canary's tag equals the origin's or that of another
// operator in this run. Rejected candidates have no say.
void settle_trust(std::vector<Measurement>& measurements);

// Does what this candidate says of the tag help to settle the trust of the lane? Only where a `verify` mirror
// is in play; candidates that may resolve anyway are asked only when the origin has nothing to say.
bool tag_is_needed(const Lane& lane, const Session& session);

// `end` = why the race ended, a part of a sentence.
UpstreamReport report_of(const Lane& lane, const std::string& end);

}  // namespace mirrorctl::bench
