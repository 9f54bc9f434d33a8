// bench --html: the report as one page that needs nothing else: no script, no font, no picture, no server.
#pragma once

#include "model/report.hpp"
#include "text/template.hpp"

#include <span>
#include <string>

namespace mirrorctl::ui {

// templates/*.html.mustache
std::span<const text::EmbeddedTemplate> embedded_pages();

// The page, for anybody's eyes: secrets are masked, and what servers said stays text. Errors: internal.
Result<std::string> report_page(const Report& report);

}  // namespace mirrorctl::ui
