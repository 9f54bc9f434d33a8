// What the checks look at: the facts of the node, and the files of its engines, each read and parsed once.
// Nothing here writes, asks the network or runs a program.
#pragma once

#include "doctor/hosts_file.hpp"
#include "model/node.hpp"
#include "model/receipt.hpp"
#include "sys/fs.hpp"
#include "targets/config_imports.hpp"
#include "targets/config_toml.hpp"
#include "text/ini_doc.hpp"
#include "text/json_doc.hpp"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace mirrorctl::doctor {

// What the shipped profiles know of a host that somebody uses as a mirror.
struct HostKnowledge {
    enum class Kind { unknown, dead, restricted, not_a_mirror };
    Kind kind = Kind::unknown;
    std::string text = {};                 // "closed since 2024-06-06 (...)"
    std::set<std::string> upstreams = {};  // the registries that it mirrors; empty = not known
};
using Knowledge = std::function<HostKnowledge(const Url& url)>;

// Our own records on this node.
struct StateFacts {
    TargetPath dir;
    std::optional<std::uint32_t> mode = {};  // of the directory
    std::optional<Error> error = {};         // what is recorded cannot be made sense of
    bool recovery_needed = false;
    std::vector<Pending> pending = {};
    std::vector<std::pair<std::string, std::string>> drifted = {};  // path, what changed
};

struct ProfileFacts {
    std::string name = {};  // in use, "" = none
    std::optional<Error> error = {};
    int age_days = 0;
    std::optional<Error> config_error = {};  // of /etc/mirrorctl/config.yaml
};

// Only where root is "/" and something runs.
struct LiveUnit {
    std::string state = {};   // ActiveState
    std::string result = {};  // Result: "start-limit-hit", "exit-code" ...
    std::optional<std::map<std::string, std::string>> environment = {};  // of the main process
};
struct LiveFacts {
    std::map<std::string, LiveUnit> units = {};
    bool cri_failed = false;
    std::string cri_detail = {};
};

struct Inputs {
    const NodeFacts& node;
    const sys::FsReader& fs;
    const Ownership& owned;
    Knowledge knowledge = {};
    StateFacts state = {};
    ProfileFacts profile = {};
    LiveFacts live = {};
};

struct JsonFile {
    TargetPath path = {};
    bool present = false;
    bool unreadable = false;  // it may be there, but this user cannot tell what it says
    std::uint32_t mode = 0;
    std::string text = {};
    std::optional<text::JsonDoc> doc = {};  // nullopt: absent or broken
    std::optional<Error> error = {};        // it does not parse
};

struct ContainerdConfig {
    bool present = false;
    bool unreadable = false;  // the file or one that it imports: what counts is not known
    std::optional<targets::RegistryConfig> main = {};
    std::vector<targets::ImportedConfig> imports = {};
    std::optional<Error> error = {};  // of the main file or of an import, with its name
    std::string config_path = {};     // as merged; "" = not set
    std::string where = {};           // the file that sets it
};

// One directory below certs.d.
struct RegistryDir {
    TargetPath path;
    std::string name = {};                 // "localhost_5000_"
    std::string upstream = {};             // "localhost:5000"
    std::vector<std::string> names = {};   // what is in it
    std::optional<std::string> text = {};  // of hosts.toml; nullopt: none, or it cannot be read
    std::uint32_t mode = 0;
    HostsFile hosts = {};
    bool is_unreadable() const;  // there is a hosts.toml, and this user may not read it
};

struct CertsDir {
    TargetPath path;
    bool of_docker = false;  // dockerd reads it, not containerd
    bool present = false;
    std::vector<RegistryDir> registries = {};
    bool has_hosts() const;
    const RegistryDir* find(const std::string& name) const;
};

// A unit file or drop-in as systemd takes it.
struct UnitText {
    TargetPath path;
    std::optional<text::IniDoc> doc = {};
    std::optional<Error> error = {};
    std::string text = {};
};

struct UnitFiles {
    std::string unit;
    const UnitFacts* facts = nullptr;
    std::vector<UnitText> files = {};  // the fragment, then drop-ins in the order in which they count
    std::vector<TargetPath> environment_files = {};
};

// A buildx builder that has a buildkitd of its own.
struct Builder {
    std::string name;
    std::string owner;   // user
    std::string driver;  // docker-container, kubernetes, remote
    TargetPath file;
    bool read = false;                      // its buildkitd.toml is known
    std::vector<std::string> mirrors = {};  // of docker.io, as written there
};

struct Scene {
    const Inputs& in;
    const NodeFacts& node;
    const sys::FsReader& fs;
    JsonFile daemon = {};
    std::vector<std::string> registry_mirrors = {};  // of daemon.json
    ContainerdConfig config = {};
    std::vector<CertsDir> certs = {};  // those that an engine of this node reads or may read
    std::vector<UnitFiles> units = {};
    std::vector<JsonFile> clients = {};  // ~/.docker/config.json
    std::vector<Builder> builders = {};
    std::vector<std::string> unreadable = {};  // files that this user may not read

    const CertsDir* docker_certs() const;  // nullptr where dockerd reads none
    const CertsDir* certs_at(const TargetPath& path) const;
};

Scene look(const Inputs& inputs);

// Does dockerd keep images in containerd's store? nullopt: nobody can tell without asking it.
std::optional<bool> uses_containerd_store(const Scene& scene);

// disabled_plugins of config.toml or of a file that it imports.
bool is_cri_disabled(const Scene& scene);

bool file_exists(const sys::FsReader& fs, const TargetPath& path);
// Is a program of that name in one of the usual directories (buildx: among docker's plugins too)?
bool has_program(const sys::FsReader& fs, std::string_view name);

}  // namespace mirrorctl::doctor
