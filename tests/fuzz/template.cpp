// Mustache: any source with fixed values, and the embedded templates with any values. Orders are the values
// of the embedded ones.
#include "text/template.hpp"

#include "fuzz/codec_laws.hpp"
#include "targets/config_toml.hpp"
#include "targets/hosts_toml.hpp"
#include "targets/templates.hpp"

namespace {

using namespace mirrorctl;
using namespace mirrorctl::fuzz;

constexpr std::string_view kSecret = "{{a}}\"<&>'";

Result<std::string> in_marks(std::string_view value) {
    return cat("<", std::string(value.size(), '.'), ">");
}

void render_any(const std::string& source) {
    text::TemplateValues values{
        .strings = {{"a", std::string(kSecret)}, {"b", ""}},
        .lists = {{"l", {{.strings = {{"x", "1"}}}, {.strings = {{"x", "2"}}}}}, {"n", {}}}};
    auto out = text::render(source, values, in_marks);
    if (!out) {
        EXPECT_ERROR(out.error(), ErrorCode::internal, ErrorCode::usage);
        return;
    }
    // What has no tags is not changed, and no value comes through unescaped.
    if (source.find("{{") == std::string::npos) LAW(*out == source, *out);
    if (source.find(kSecret) == std::string::npos) LAW(out->find(kSecret) == std::string::npos, *out);
    auto again = text::render(source, values, in_marks);
    LAW(again && *again == *out);
}

// A new file says what it was rendered from, whatever the values are.
void render_embedded(const Values& values) {
    for (auto render : {targets::render_hosts_toml, targets::render_dockerd_hosts_toml}) {
        auto text = render(values);
        if (!text) {
            EXPECT_ERROR(text.error(), ErrorCode::usage);
            continue;
        }
        auto read = targets::hosts_toml_codec().read(*text);
        if (auto server = values.find(targets::kServer);
            server != values.end() && server->second.size() == 1 && read)
            LAW(read->at(targets::kServer) == std::vector<std::string>{server->second.front()}, *text);
    }
    for (const auto& version : {std::optional<Version>(), std::optional<Version>(Version{2, 1, 0})}) {
        auto text = targets::render_config_toml(values, version);
        if (!text) {
            EXPECT_ERROR(text.error(), ErrorCode::usage);
            continue;
        }
        auto config = targets::read_registry_config(*text);
        LAW(config.has_value(), *text);
        auto wanted = values.find(targets::kConfigPath);
        if (wanted != values.end() && wanted->second.size() == 1)
            LAW(config->config_path == wanted->second.front(), *text);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto input = read_input(view_of(data, size));
    render_any(input.text);
    for (const auto& values : read_values(input)) render_embedded(values);
    return 0;
}
