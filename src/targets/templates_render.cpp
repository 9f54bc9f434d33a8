#include "base/strings.hpp"
#include "targets/templates.hpp"

#include <algorithm>

namespace mirrorctl::targets {

Result<std::string> render_template(std::string_view name, const text::TemplateValues& values,
                                    const text::EscapeFunction& escape) {
    auto all = embedded_templates();
    auto it = std::find_if(all.begin(), all.end(), [&](const EmbeddedTemplate& t) { return t.name == name; });
    if (it == all.end())
        return Failure(Error{.code = ErrorCode::internal, .message = cat("no such template: ", name)});
    auto text = text::render(it->text, values, escape);
    if (!text) return Failure(in_context(text.error(), cat("template ", name)));
    return text;
}

std::vector<text::TemplateValues> condition(bool holds) {
    return holds ? std::vector<text::TemplateValues>(1) : std::vector<text::TemplateValues>();
}

}  // namespace mirrorctl::targets
