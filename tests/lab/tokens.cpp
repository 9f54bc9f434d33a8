#include "lab/tokens.hpp"

#include "base/digest.hpp"
#include "base/strings.hpp"

namespace mirrorctl::lab {

std::string token_for(std::string_view mirror, std::string_view repository) {
    return "lab." + sha256_hex(cat(mirror, "\n", repository));
}

bool opens(std::string_view authorization, std::string_view mirror, std::string_view repository) {
    return authorization == "Bearer " + token_for(mirror, repository);
}

bool knows_user(std::string_view authorization, const MirrorSpec& mirror) {
    return mirror.user.empty() ||
           authorization == "Basic " + base64_encode(cat(mirror.user, ":", mirror.password));
}

std::string repository_of_scope(std::string_view scope) {
    constexpr std::string_view kType = "repository:";
    const auto actions = scope.rfind(':');
    if (!scope.starts_with(kType) || actions <= kType.size()) return "";
    return std::string(scope.substr(kType.size(), actions - kType.size()));
}

}  // namespace mirrorctl::lab
