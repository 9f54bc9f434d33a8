#include "doctor/homes.hpp"

#include <algorithm>

namespace mirrorctl::doctor {

std::vector<User> homes_of(const NodeFacts& node) {
    std::vector<User> homes;
    auto add = [&](const User& user) {
        bool known =
            std::any_of(homes.begin(), homes.end(), [&](const User& u) { return u.home == user.home; });
        if (!known && user.home.str() != "/") homes.push_back(user);
    };
    for (const auto& user : node.users) add(user);
    add({.name = "root", .home = TargetPath("/root")});
    return homes;
}

bool is_plain_file_of(const sys::FsReader& fs, const TargetPath& path, const User& user) {
    auto info = fs.stat(path);
    if (!info || info->type != sys::FileType::regular || info->links > 1) return false;
    if (user.uid != 0 && info->meta.uid != user.uid) return false;
    auto real = fs.resolve(path.parent());
    auto home = fs.resolve(user.home);
    return real && home && real->str().starts_with(home->str() + "/");
}

}  // namespace mirrorctl::doctor
