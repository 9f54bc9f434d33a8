// The pieces of the report's page, as values of its template: a section is a list of one or no entry.
#pragma once

#include "model/report.hpp"
#include "text/template.hpp"

#include <string>
#include <vector>

namespace mirrorctl::ui {

using Section = std::vector<text::TemplateValues>;

// A section that is there or not.
Section shown_if(bool holds);
// One line without control characters and secrets.
std::string clean(std::string_view text);
// "2.15 s", "?" where it is not known.
std::string seconds_text(double seconds);
std::string rate_text(double bytes_per_second);
std::string url_text(const Measurement& measurement);
Section tags_of(const Measurement& measurement);

// Those with rank, in its order; all of one upstream.
using Usable = std::vector<const Measurement*>;

// The stacked bars of predicted pulls, with intervals; nothing where none has a prediction.
Section pull_chart(const Usable& usable);
// The same bars without the transfer, on an axis of their own.
Section wait_chart(const Usable& usable);
Section legend();
// One panel per mirror with a throughput over time, all with the same axes.
Section flow_panels(const Usable& usable);

}  // namespace mirrorctl::ui
