// Which version of an engine is installed: from the package database, else by asking the binary.
#pragma once

#include "model/node.hpp"
#include "sys/fs.hpp"
#include "sys/runner.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace mirrorctl::engines {

// The package databases of a root, read once: dpkg (/var/lib/dpkg/status) and apk (/lib/apk/db/installed).
// Absent ones are empty.
class Packages {
  public:
    explicit Packages(const sys::FsReader& fs);
    // Version of the first installed one of the names; nullopt if none is. Each database has its own names:
    // Debian's "docker" is a dock for window managers.
    std::optional<std::string> version(std::span<const std::string_view> dpkg_names,
                                       std::span<const std::string_view> apk_names) const;

  private:
    std::string dpkg_;
    std::string apk_;
};

// Version of the first installed one of `packages` in a text in deb822 form (fields "Package", "Status",
// "Version"), without its epoch: "5:24.0.7-1~debian.12" -> "24.0.7-1~debian.12". Removed packages whose
// configuration stayed do not count.
std::optional<std::string> dpkg_version(std::string_view status, std::span<const std::string_view> packages);
// The same for a text in apk's form (fields "P:", "V:").
std::optional<std::string> apk_version(std::string_view installed,
                                       std::span<const std::string_view> packages);

// What `BINARY --version` says: "Docker version 24.0.7, build ..." or "containerd
// github.com/containerd/containerd v1.7.24 <commit>".
std::optional<Version> ask_version(sys::Runner& runner, const std::string& binary);
std::optional<Version> parse_version_output(std::string_view output);

}  // namespace mirrorctl::engines
