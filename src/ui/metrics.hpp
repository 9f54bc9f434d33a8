// --metrics: one run in Prometheus' text format, version 0.0.4
// (prometheus/docs, content/docs/instrumenting/exposition_formats.md).
#pragma once

#include "model/report.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace mirrorctl::ui {

// Times in seconds since 1970; what is not known is left out.
struct MetricsDocument {
    std::string command;
    std::string version;
    double at = 0;
    double duration_s = 0;
    int exit_code = 0;
    std::optional<double> last_success = {};
    std::optional<bool> changed = {};
    std::optional<std::size_t> pending = {};
    std::string profile = {};
    std::string profile_as_of = {};  // "2026-11-23"
    std::optional<Report> report = {};
};

// Gauges only: ages are for the reader to compute, so that a file that nobody renews grows old. URLs are
// masked.
std::string metrics_text(const MetricsDocument& document);

// The last success that an earlier file of ours tells for `command`; nullopt if it tells none.
std::optional<double> last_success_in(std::string_view text, const std::string& command);

}  // namespace mirrorctl::ui
