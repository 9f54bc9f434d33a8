// The node that a command works on: its root, its state directory, its configuration and what is installed.
#pragma once

#include "base/result.hpp"
#include "cli/options.hpp"
#include "cli/run_record.hpp"
#include "cli/world.hpp"
#include "engines/activation.hpp"
#include "model/node.hpp"
#include "model/receipt.hpp"
#include "profile/config.hpp"
#include "profile/load.hpp"
#include "txn/executor.hpp"
#include "txn/state_dir.hpp"

#include <memory>
#include <string>
#include <vector>

namespace mirrorctl::cli {

// What to do with a config.yaml that does not load and with a state directory that others can write to:
// `keep` goes on with the defaults, for a command that reports it.
enum class BrokenConfig { refuse, keep };

// `path` as seen from `cwd`, without ".", ".." and double slashes. Lexically: links are the file system's
// business.
std::string absolute_path(const std::string& cwd, const std::string& path);

class Node {
  public:
    // Opens the root and reads config.yaml. Errors: not_found for a root that is no directory; parse
    // (config.yaml), unsafe_path (the state directory).
    static Result<std::unique_ptr<Node>> open(World& world, const GlobalOptions& global,
                                              BrokenConfig broken = BrokenConfig::refuse);

    World& world() { return world_; }
    const GlobalOptions& global() const { return global_; }
    sys::Fs& fs() { return *root_fs_; }
    sys::Fs& host() { return *host_fs_; }
    bool live() const { return live_; }
    const std::string& root() const { return root_; }
    const profile::NodeConfig& config() const { return config_; }
    const std::optional<Error>& config_error() const {
        return config_error_;
    }  // only with BrokenConfig::keep
    const txn::StateDir& state() const { return *state_; }
    txn::StateView state_view() const { return state_->view(); }

    // From files only, and cheap.
    const NodeFacts& facts();
    // Asks the running engines too (once). For plans that would change something.
    const NodeFacts& asked_facts();

    // The profile that was named, or config.yaml's. Errors: usage when there is none, and those of
    // load_profile.
    Result<profile::LoadedProfile> load_profile(const ProfileOptions& options);
    profile::Sources sources();

    // `given`, else config.yaml's. Errors: usage.
    Result<engines::RestartPolicy> restart_policy(const std::string& given) const;

    // Refuses early, before anything is measured. Errors: not_root, permission_denied, with the path that
    // needs it.
    Result<void> require_writable();
    // Content of a small file that only its owner may read ("user:password", a proxy URL): a path that was
    // given on the command line, or one of the node, which no link leads out of the root. Errors:
    // permission_denied for a file that others can read, unsafe_path, not_found, io.
    Result<std::string> read_secret_file(const std::string& host_path);
    Result<std::string> read_node_secret(const std::string& path);
    // Where a certificate file of the node really is, as a path inside the root without links: libcurl opens
    // it by name, would follow links and wait for a FIFO. Errors: not_found, unsafe_path, io.
    Result<std::string> find_node_file(const std::string& path);
    // A host path as given by the user, absolute.
    TargetPath host_path(const std::string& path) const;
    RunRecord& record() { return record_; }

  private:
    Node(World& world, const GlobalOptions& global) : world_(world), global_(global) {}

    World& world_;
    GlobalOptions global_;
    std::string root_ = "/";
    bool live_ = true;
    std::unique_ptr<sys::Fs> root_fs_;
    std::unique_ptr<sys::Fs> host_fs_;
    std::unique_ptr<txn::StateDir> state_;
    profile::NodeConfig config_;
    std::optional<Error> config_error_;
    NodeFacts facts_;
    RunRecord record_;
    bool have_facts_ = false;
    bool asked_ = false;
};

}  // namespace mirrorctl::cli
