// What sync works on, read and checked before a registry is asked: rules, references, logins, platforms.
#pragma once

#include "cli/node.hpp"
#include "model/warning.hpp"
#include "registry/manifest.hpp"
#include "sync/login_file.hpp"
#include "sync/rules.hpp"

#include <string>
#include <vector>

namespace mirrorctl::cli {

struct SyncInputs {
    std::vector<sync::Rule> rules = {};
    std::vector<registry::Platform> platforms = {};
    std::vector<sync::LoginEntry> logins = {};
    sync::DockerConfig docker = {};
    std::vector<Error> errors = {};  // mistakes of the user, all of them
    std::vector<Warning> warnings = {};
};

// Errors: not_found and io for files that cannot be read; not_found for --from-node without an engine.
Result<SyncInputs> read_sync_inputs(Node& node, const SyncOptions& options);

// A JSON or YAML file, by its name, else by its first character. Errors: not_found, io, parse,
// duplicate_key.
Result<sync::Value> read_document(Node& node, const std::string& path);

// Every pair of an architecture ("amd64", "arm:v7") and a system ("linux", "windows:10.0"). Errors: usage,
// for a name that nobody has.
Result<std::vector<registry::Platform>> parse_platforms(const std::vector<std::string>& arch,
                                                        const std::vector<std::string>& os);

}  // namespace mirrorctl::cli
