// One plain struct per command: what the user asked for, before any default from config.yaml.
#pragma once

#include "ui/term.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace mirrorctl::cli {

struct GlobalOptions {
    std::string root = "/";
    std::string state_dir = {};  // "" = ROOT/var/lib/mirrorctl
    bool json = false;
    bool quiet = false;
    bool verbose = false;
    ui::ColorChoice color = ui::ColorChoice::automatic;
};

// A value that was not given differs from an empty one: "" takes the proxy away.
struct ProxyOptions {
    std::optional<std::string> http, https, all, no_proxy;
    bool given() const { return http || https || all || no_proxy; }
};

struct ProfileOptions {
    std::string profile = {};                 // name or path, "" = from config.yaml
    std::vector<std::string> variables = {};  // K=V
    std::vector<std::string> upstreams = {};
};

struct ApplyOptions {
    ProfileOptions profile;
    std::string plan_file = {};
    std::vector<std::string> targets = {};
    std::string restart = {};  // "" = from config.yaml, then if-safe
    bool offline = false;
    bool allow_unmeasured = false;
    bool fresh = false;
    bool allow_in_place = false;
    std::string ranking_file = {};
    double wait_seconds = 0;
    double splay_seconds = 0;
    std::string metrics_file = {};
    std::string user = {};
    ProxyOptions proxy;
    bool dry_run = false;       // `plan`, or -n
    bool as_plan = false;       // the command was `plan`
    std::string out_file = {};  // plan --out
    bool exit_code = false;     // plan --exit-code
};

struct BenchOptions {
    ProfileOptions profile;
    std::string image = {};
    std::optional<double> budget_seconds = {};
    std::string html_file = {};
    std::string metrics_file = {};
    ProxyOptions proxy;
};

struct StatusOptions {
    bool exit_code = false;
};

struct DoctorOptions {
    bool exit_code = false;
    bool list = false;  // the checks instead of findings
};

struct ExplainOptions {
    std::string image;
};

struct RollbackOptions {
    std::string transaction = {};
    bool dry_run = false;
    std::string restart = {};
};

struct ResetOptions {
    bool dry_run = false;
    std::string restart = {};
};

struct RecoverOptions {
    bool keep_current = false;
};

struct HistoryOptions {};
struct TargetsOptions {};

struct ProfileListOptions {};
struct ProfileShowOptions {
    ProfileOptions profile;
};
struct ProfileLintOptions {
    std::string file;
};

struct SyncOptions {
    std::vector<std::string> references = {};  // "-" = a list on stdin
    std::string to = {};                       // HOST or HOST/PROJECT
    bool keep_path = false;
    bool from_node = false;
    std::string images_file = {};
    std::string auth_file = {};
    std::vector<std::string> arch = {};  // "amd64", "arm:v7"
    std::vector<std::string> os = {};    // "linux", "windows:10.0.20348"
    bool allow_missing_platform = false;
    bool keep_attestations = true;
    ProfileOptions profile;
    bool dry_run = false;
    bool create_projects = false;
    bool force = false;
    int concurrency = 8;
    int retries = 4;
    std::int64_t rate = 0;  // bytes per second, 0 = no limit
    std::string report_file = {};
    std::string failed_file = {};
    std::string emit_profile = {};
};

struct CompletionOptions {
    std::string shell;
};

// No command: where this node stands and what would help.
struct OverviewOptions {};

using CommandOptions =
    std::variant<OverviewOptions, ApplyOptions, BenchOptions, StatusOptions, DoctorOptions, ExplainOptions,
                 RollbackOptions, ResetOptions, RecoverOptions, HistoryOptions, TargetsOptions,
                 ProfileListOptions, ProfileShowOptions, ProfileLintOptions, SyncOptions, CompletionOptions>;

struct Invocation {
    GlobalOptions global;
    std::string command = {};  // as in the JSON schema: "apply", "plan", "profile-show" ...
    CommandOptions options = OverviewOptions{};
};

}  // namespace mirrorctl::cli
