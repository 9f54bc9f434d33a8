// --arch and --os.
#include "base/strings.hpp"
#include "cli/sync_inputs.hpp"

#include <algorithm>

namespace mirrorctl::cli {

namespace {

// GOARCH and GOOS (go tool dist list), what the platform of an image is written in (image-spec,
// image-index.md).
const std::vector<std::string> kArch{"386",     "amd64",   "arm",      "arm64",   "loong64",
                                     "mips",    "mips64",  "mips64le", "mipsle",  "ppc64",
                                     "ppc64le", "riscv64", "s390x",    "unknown", "wasm"};
const std::vector<std::string> kOs{"aix",     "android", "darwin", "dragonfly", "freebsd", "illumos",
                                   "js",      "linux",   "netbsd", "openbsd",   "plan9",   "solaris",
                                   "unknown", "wasi",    "wasip1", "windows"};

struct Alias {
    std::string_view from;
    std::string_view to;
};
constexpr Alias kAliases[] = {{"x86_64", "amd64"},   {"x86-64", "amd64"},  {"x64", "amd64"},
                              {"aarch64", "arm64"},  {"arm64v8", "arm64"}, {"armv7", "arm:v7"},
                              {"arm32v7", "arm:v7"}, {"i386", "386"},      {"macos", "darwin"}};

// "name:detail", as image-syncer writes variants and versions.
Result<std::pair<std::string, std::string>> parse_one(const std::string& text, const char* option,
                                                      const std::vector<std::string>& known) {
    auto colon = text.find(':');
    auto name = lower(trim(text.substr(0, colon)));
    auto detail = colon == std::string::npos ? std::string() : std::string(trim(text.substr(colon + 1)));
    if (std::find(known.begin(), known.end(), name) != known.end()) return std::pair(name, detail);
    std::string hint = cat("known: ", join(known, ", "));
    if (auto near = nearest(name, known)) hint = cat("did you mean ", *near, "? ", hint);
    for (const auto& alias : kAliases)
        if (alias.from == name) hint = cat("did you mean ", alias.to, "?");
    return Failure(
        Error{.code = ErrorCode::usage,
              .message = cat("bad value for ", option, ": ", printable_line(text, 40), ": no image has that"),
              .hint = hint});
}

}  // namespace

Result<std::vector<registry::Platform>> parse_platforms(const std::vector<std::string>& arch,
                                                        const std::vector<std::string>& os) {
    std::vector<std::pair<std::string, std::string>> systems;
    std::vector<std::pair<std::string, std::string>> machines;
    for (const auto& text : os) {
        TRY_ASSIGN(auto one, parse_one(text, "--os", kOs));
        systems.push_back(std::move(one));
    }
    for (const auto& text : arch) {
        TRY_ASSIGN(auto one, parse_one(text, "--arch", kArch));
        machines.push_back(std::move(one));
    }
    if (systems.empty() && machines.empty()) return std::vector<registry::Platform>{};
    if (systems.empty()) systems.emplace_back();
    if (machines.empty()) machines.emplace_back();
    std::vector<registry::Platform> platforms;
    for (const auto& system : systems)
        for (const auto& machine : machines)
            platforms.push_back({.os = system.first,
                                 .architecture = machine.first,
                                 .variant = machine.second,
                                 .os_version = system.second});
    return platforms;
}

}  // namespace mirrorctl::cli
