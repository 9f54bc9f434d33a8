// Where the documents of profiles are: files and embedded ones, by name or path.
#pragma once

#include "profile/load.hpp"
#include "profile/node.hpp"

#include <string>
#include <vector>

namespace mirrorctl::profile {

inline constexpr std::string_view kProfileDir = "/etc/mirrorctl/profiles";

enum class Home { embedded, root, host };

struct Document {
    Node tree;
    std::string from;  // "embedded" or the path, for people
    Home home = Home::embedded;
    std::string path = {};  // as `home` knows it, "" for embedded
};

class Store {
  public:
    // `host` may be null: then paths are refused.
    Store(const sys::FsReader& root, const sys::FsReader* host, std::string cwd);

    // Errors: unknown_profile, parse, duplicate_key, permission_denied, io.
    Result<Document> open(const std::string& name_or_path) const;
    // What `by` means with an entry of its `extends`: paths count from its directory; its own name means the
    // embedded profile that it hides.
    Result<Document> open_for(const Document& by, const std::string& name_or_path) const;
    // Of all that can be named; "dead" is no profile.
    std::vector<std::string> names() const;

  private:
    Result<Document> open_name(const std::string& name, bool skip_files) const;
    Result<Document> open_file(Home home, const std::string& path) const;
    Error unknown(const std::string& name) const;

    const sys::FsReader& root_;
    const sys::FsReader* host_;
    std::string cwd_;
};

bool is_path(std::string_view name_or_path);

}  // namespace mirrorctl::profile
