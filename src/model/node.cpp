#include "model/node.hpp"

#include <algorithm>
#include <array>

namespace mirrorctl {

std::optional<Version> Version::parse(const std::string& text) {
    auto at = text.find_first_of("0123456789");
    if (at == std::string::npos) return std::nullopt;
    Version version{.text = text};
    std::array<int*, 3> fields{&version.major, &version.minor, &version.patch};
    for (auto* field : fields) {
        std::size_t digits = 0;
        while (at + digits < text.size() && digits < 6 && text[at + digits] >= '0' &&
               text[at + digits] <= '9')
            ++digits;
        if (digits == 0) break;
        *field = static_cast<int>(*parse_integer(std::string_view(text).substr(at, digits)));
        at += digits;
        if (at >= text.size() || text[at] != '.') break;
        ++at;
    }
    return version;
}

const User* NodeFacts::find_user(const std::string& name) const {
    auto it = std::find_if(users.begin(), users.end(), [&](const User& user) { return user.name == name; });
    return it == users.end() ? nullptr : &*it;
}

}  // namespace mirrorctl
