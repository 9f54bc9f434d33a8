#include "targets/dockerd_mirror.hpp"

#include "base/strings.hpp"
#include "targets/version_rules.hpp"

namespace mirrorctl::targets {

std::string dockerd_refusal(std::string_view entry, const std::optional<Version>& version) {
    auto mark = entry.find("://");
    if (entry.empty()) return "empty";
    if (mark == std::string_view::npos) return "no scheme (write https://...)";
    auto scheme = lower(entry.substr(0, mark));
    if (scheme != "http" && scheme != "https") return "neither http nor https";
    auto rest = entry.substr(mark + 3);
    auto slash = rest.find('/');
    if (rest.find_first_of("?#") != std::string_view::npos) return "a query or a fragment";
    if (rest.substr(0, slash).find('@') != std::string_view::npos) return "credentials in the URL";
    bool path = slash != std::string_view::npos && rest.substr(slash) != "/";
    if (path && version && !holds(Rule::mirror_path, version))
        return cat("a path needs Docker Engine 24.0, here is ", version->text);
    return "";
}

}  // namespace mirrorctl::targets
