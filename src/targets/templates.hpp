// The templates in templates/, embedded at build time (scripts/cmake/EmbedTemplates.cmake).
#pragma once

#include "base/result.hpp"
#include "text/template.hpp"

#include <span>
#include <string>
#include <string_view>

namespace mirrorctl::targets {

using text::EmbeddedTemplate;

std::span<const EmbeddedTemplate> embedded_templates();

// Renders the template of that name. Errors: internal, if there is none; those of text::render.
Result<std::string> render_template(std::string_view name, const text::TemplateValues& values,
                                    const text::EscapeFunction& escape);

// A section that is there or not.
std::vector<text::TemplateValues> condition(bool holds);

}  // namespace mirrorctl::targets
