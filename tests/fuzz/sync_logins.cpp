// auth.json and docker's config.json of a stranger: any bytes give logins or errors with a place, and no
// error shows what may be a password.
#include "fuzz/oracle.hpp"
#include "sync/login_file.hpp"

namespace {

using namespace mirrorctl;
using namespace mirrorctl::fuzz;

constexpr const char* kSecret = "hunter2hunter2";

std::optional<std::string> variable(const char* name) {
    return std::string_view(name) == "PASS" ? std::optional<std::string>(kSecret) : std::nullopt;
}

// Names of registries are shown; who writes a password there has told it himself.
bool stands_in_a_key(std::string_view text) {
    for (auto at = text.find(kSecret); at != std::string_view::npos; at = text.find(kSecret, at + 1)) {
        auto end = text.find('"', at);
        auto next = end == std::string_view::npos ? end : text.find_first_not_of(" \t\r\n", end + 1);
        if (next != std::string_view::npos && text[next] == ':') return true;
    }
    return false;
}

void shows_no_secret(const std::string& text) {
    LAW(text.find(kSecret) == std::string::npos, text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto document = sync::read_json(view_of(data, size), "auth.json");
    if (!document || stands_in_a_key(view_of(data, size))) return 0;
    auto file = sync::read_logins(*document, variable);
    for (const auto& error : file.errors) {
        EXPECT_ERROR(error, ErrorCode::parse, ErrorCode::usage);
        LAW(error.location && error.location->line > 0, error.message);
        shows_no_secret(to_string(error) + error.hint);
    }
    for (const auto& warning : file.warnings) shows_no_secret(warning.message + warning.hint);
    for (const auto& entry : file.entries) {
        LAW(!entry.prefix.empty());
        LAW(entry.login.user.empty() == entry.login.password.empty());
        shows_no_secret(entry.login.from);
    }
    auto docker = sync::read_docker_config(*document, "config.json");
    if (!docker) EXPECT_ERROR(docker.error(), ErrorCode::parse);
    return 0;
}
