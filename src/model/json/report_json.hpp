// Report <-> JSON: `bench --json` ("mirrorctl.bench/1"), --ranking FILE and the cache.
#pragma once

#include "base/result.hpp"
#include "model/report.hpp"

#include <string>
#include <string_view>

namespace mirrorctl {

// One document, two blanks per level, a newline at the end. URLs are masked, other text printable.
std::string report_to_json(const Report& report);

// Strict: schema, types and bounds (4 MiB, 64 upstreams, 256 mirrors each) are checked, unknown fields
// ignored. Of a mirror only url, form, trust, operator and prefer come back. Errors: parse.
Result<Report> report_from_json(std::string_view text);

// One candidate of it, by the same rules.
std::string measurement_to_json(const Measurement& measurement);
Result<Measurement> measurement_from_json(std::string_view text);

}  // namespace mirrorctl
