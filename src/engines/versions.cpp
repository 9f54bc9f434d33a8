#include "engines/versions.hpp"

#include "base/strings.hpp"

#include <algorithm>

namespace mirrorctl::engines {
namespace {

constexpr std::size_t kDatabaseLimit = 64U << 20U;

// Value of "Field: value" at the start of a line of one paragraph.
std::string_view field(std::string_view paragraph, std::string_view name) {
    for (std::size_t at = 0; at < paragraph.size();) {
        auto end = std::min(paragraph.find('\n', at), paragraph.size());
        auto line = paragraph.substr(at, end - at);
        if (line.starts_with(name)) return trim(line.substr(name.size()));
        at = end + 1;
    }
    return {};
}

struct Format {
    std::string_view package;
    std::string_view version;
    std::string_view status;  // "" = being listed is being installed
};

// Paragraphs start with the package field in both formats, so only those that are asked for are looked into.
std::optional<std::string> find_version(std::string_view database, std::span<const std::string_view> packages,
                                        const Format& format) {
    std::string_view best_version;
    std::size_t best = packages.size();
    for (std::size_t at = 0; at < database.size();) {
        auto end = std::min(database.find("\n\n", at), database.size());
        auto paragraph = database.substr(at, end - at);
        at = end + 2;
        auto name = field(paragraph, format.package);
        auto rank =
            static_cast<std::size_t>(std::find(packages.begin(), packages.end(), name) - packages.begin());
        if (rank >= best) continue;
        if (!format.status.empty() && !field(paragraph, format.status).ends_with(" installed")) continue;
        best = rank;
        best_version = field(paragraph, format.version);
    }
    if (best_version.empty()) return std::nullopt;
    return std::string(best_version);
}

}  // namespace

std::optional<std::string> dpkg_version(std::string_view status, std::span<const std::string_view> packages) {
    auto version =
        find_version(status, packages, {.package = "Package:", .version = "Version:", .status = "Status:"});
    if (!version) return std::nullopt;
    auto epoch = version->find(':');
    return epoch == std::string::npos ? *version : version->substr(epoch + 1);
}

std::optional<std::string> apk_version(std::string_view installed,
                                       std::span<const std::string_view> packages) {
    return find_version(installed, packages, {.package = "P:", .version = "V:", .status = ""});
}

Packages::Packages(const sys::FsReader& fs)
    : dpkg_(fs.read(TargetPath("/var/lib/dpkg/status"), kDatabaseLimit).value_or("")),
      apk_(fs.read(TargetPath("/lib/apk/db/installed"), kDatabaseLimit).value_or("")) {}

std::optional<std::string> Packages::version(std::span<const std::string_view> dpkg_names,
                                             std::span<const std::string_view> apk_names) const {
    auto version = dpkg_version(dpkg_, dpkg_names);
    return version ? version : apk_version(apk_, apk_names);
}

std::optional<Version> parse_version_output(std::string_view output) {
    // The first word that starts with a digit, or with a 'v' and a digit: skips the program's name and import
    // path.
    for (const auto& word : split(output.substr(0, output.find('\n')), ' ')) {
        auto body = std::string_view(word).substr(word.starts_with('v') ? 1 : 0);
        if (body.empty() || body[0] < '0' || body[0] > '9') continue;
        auto version = Version::parse(std::string(body.substr(0, body.find(','))));
        if (version) version->text = printable_line(version->text, 60);
        return version;
    }
    return std::nullopt;
}

std::optional<Version> ask_version(sys::Runner& runner, const std::string& binary) {
    auto finished = runner.run({.argv = {binary, "--version"}, .timeout_seconds = 5});
    if (!finished || finished->exit_status != 0) return std::nullopt;
    return parse_version_output(finished->out);
}

}  // namespace mirrorctl::engines
