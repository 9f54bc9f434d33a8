// A ranking that another node measured: `apply --ranking`.
#pragma once

#include "base/result.hpp"
#include "cli/measure.hpp"
#include "cli/node.hpp"
#include "model/report.hpp"

namespace mirrorctl::cli {

inline constexpr std::size_t kMaxRanking = 4U << 20U;

// For people: --ranking as it was given.
std::string ranking_name(const std::string& given);

// request.ranking_file is a host path, "-" (request.ranking_text), or https://HOST/PATH#sha256=HEX: what is
// fetched must have that digest, because nothing else says that it is the ranking the user means. Nothing is
// probed. Errors: usage - made for another site or with another profile, older than the profile's `ttl`, from
// the future, a URL without a digest or with a password; digest_mismatch, parse, and those of reading and of
// fetch_apart.
Result<Report> read_ranking(Node& node, const MeasureRequest& request);

}  // namespace mirrorctl::cli
