// A profile from a stranger: any bytes give a profile or an error with a place; what is shown of a profile
// loads again as the same one.
#include "fuzz/oracle.hpp"
#include "model/json/profile_json.hpp"
#include "profile/embedded.hpp"
#include "profile/lint.hpp"
#include "profile/load.hpp"
#include "profile/show.hpp"
#include "profile/yaml.hpp"
#include "support/mem_fs.hpp"

namespace {

using namespace mirrorctl;
using namespace mirrorctl::fuzz;

Result<profile::LoadedProfile> load(std::string_view text) {
    support::MemFs root;
    support::MemFs host;
    host.put("/p.yaml", text);
    return profile::load_profile({root, host, "/"}, "/p.yaml");
}

void pack_by_law(const profile::Node& tree) {
    auto packed = profile::pack(tree);
    auto back = profile::unpack(packed, "p");
    LAW(back.has_value(), to_string(back.error()));
    LAW(profile::pack(*back) == packed);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto text = view_of(data, size);
    auto tree = profile::parse_yaml(text, "p.yaml");
    if (tree)
        pack_by_law(*tree);
    else
        EXPECT_ERROR(tree.error(), ErrorCode::parse, ErrorCode::duplicate_key);
    // Bytes that were never packed are refused or understood, nothing else.
    if (auto any = profile::unpack(text, "p"); !any) EXPECT_ERROR(any.error(), ErrorCode::internal);

    auto loaded = load(text);
    if (!loaded) {
        EXPECT_ERROR(loaded.error(), ErrorCode::parse, ErrorCode::duplicate_key, ErrorCode::unknown_profile,
                     ErrorCode::usage, ErrorCode::unsupported_layout);
        return 0;
    }
    LAW(tree.has_value(), "loaded although it is no YAML");
    auto shown = profile::to_yaml(loaded->profile);
    auto again = load(shown);
    LAW(again.has_value(), to_string(again.error()), "\n", shown);
    LAW(profile_json(again->profile) == profile_json(loaded->profile), shown);
    LAW(profile::to_yaml(again->profile) == shown, shown);
    return 0;
}
