#include "cli/node.hpp"

#include "base/strings.hpp"
#include "engines/discover.hpp"

#include <algorithm>

namespace mirrorctl::cli {

std::string absolute_path(const std::string& cwd, const std::string& path) {
    std::vector<std::string> parts;
    for (const auto& part : split(path.starts_with('/') ? path : cwd + "/" + path, '/')) {
        if (part.empty() || part == ".") continue;
        if (part == "..") {
            if (!parts.empty()) parts.pop_back();
        } else {
            parts.push_back(part);
        }
    }
    return "/" + join(parts, "/");
}

Result<std::unique_ptr<Node>> Node::open(World& world, const GlobalOptions& global, BrokenConfig broken) {
    std::unique_ptr<Node> node(new Node(world, global));
    node->root_ = absolute_path(world.cwd, global.root.empty() ? "/" : global.root);
    node->live_ = node->root_ == "/";
    TRY_ASSIGN(node->host_fs_, world.open_root("/"));
    auto root = world.open_root(node->root_);
    if (!root) return Failure(in_context(root.error(), "--root"));
    node->root_fs_ = std::move(*root);
    if (global.state_dir.empty()) {
        node->state_ = std::make_unique<txn::StateDir>(
            txn::StateDir{.fs = *node->root_fs_, .dir = TargetPath(txn::kDefaultStateDir), .uid = world.uid});
    } else {
        node->state_ = std::make_unique<txn::StateDir>(
            txn::StateDir{.fs = *node->host_fs_, .dir = node->host_path(global.state_dir), .uid = world.uid});
    }
    // The command that keeps a broken configuration reports an open state directory too.
    if (broken == BrokenConfig::refuse) TRY(txn::check_state_dir(*node->state_));
    auto config = profile::load_config(*node->root_fs_);
    if (config)
        node->config_ = std::move(*config);
    else if (broken == BrokenConfig::refuse)
        return Failure(config.error());
    else
        node->config_error_ = config.error();
    return node;
}

TargetPath Node::host_path(const std::string& path) const {
    return TargetPath(absolute_path(world_.cwd, path));
}

const NodeFacts& Node::facts() {
    if (!have_facts_) facts_ = engines::discover_files(*root_fs_, live_);
    have_facts_ = true;
    return facts_;
}

const NodeFacts& Node::asked_facts() {
    facts();
    if (live_ && !asked_) engines::ask_engines(facts_, *root_fs_, world_.runner);
    asked_ = true;
    return facts_;
}

profile::Sources Node::sources() {
    return {.root = *root_fs_, .host = *host_fs_, .cwd = world_.cwd};
}

Result<profile::LoadedProfile> Node::load_profile(const ProfileOptions& options) {
    auto name = options.profile.empty() ? config_.profile : options.profile;
    if (name.empty())
        return Failure(
            Error{.code = ErrorCode::usage,
                  .message = cat("no profile: none was given and ", profile::kConfigPath, " names none"),
                  .hint = "mirrorctl profile list"});
    profile::Variables variables{.given = {}, .config = config_.vars};
    for (const auto& given : options.variables) {
        auto equals = given.find('=');
        if (equals == std::string::npos || equals == 0)
            return Failure(
                Error{.code = ErrorCode::usage,
                      .message = "bad value for --var: " + printable_line(given, 40) + ": expected K=V"});
        variables.given[given.substr(0, equals)] = given.substr(equals + 1);
    }
    TRY_ASSIGN(auto loaded, profile::load_profile(sources(), name, variables));
    for (const auto& upstream : options.upstreams) {
        if (loaded.profile.find(upstream) != nullptr) continue;
        std::vector<std::string> known;
        for (const auto& u : loaded.profile.upstreams) known.push_back(u.name);
        return Failure(Error{.code = ErrorCode::usage,
                             .message = cat("unknown upstream: ", printable_line(upstream, 60), ": profile ",
                                            loaded.profile.name, " has ", join(known, ", "))});
    }
    return loaded;
}

Result<engines::RestartPolicy> Node::restart_policy(const std::string& given) const {
    auto text = given.empty() ? std::string(profile::name_of(config_.restart)) : given;
    if (auto policy = engines::parse_restart_policy(text)) return *policy;
    return Failure(
        Error{.code = ErrorCode::usage, .message = "bad value for --restart: " + printable_line(text, 40)});
}

Result<void> Node::require_writable() {
    std::vector<std::pair<const sys::Fs*, TargetPath>> needed{
        {&state_->fs, state_->dir / "lock"}, {root_fs_.get(), TargetPath("/etc/mirrorctl/probe")}};
    for (const auto& [fs, path] : needed) {
        if (fs->can_write(path)) continue;
        auto where = path.parent().str();
        auto shown = fs == root_fs_.get() && !live_ ? root_ + where : where;
        if (world_.uid != 0)
            return Failure(
                Error{.code = ErrorCode::not_root,
                      .message = cat("not allowed to write: ", shown, ": this needs root"),
                      .hint = "run it with sudo; `mirrorctl bench` and `mirrorctl plan` need no root"});
        return Failure(Error{.code = ErrorCode::permission_denied,
                             .message = cat("cannot write: ", shown, ": read-only or not permitted"),
                             .hint = "is the file system mounted read-only?"});
    }
    return {};
}

namespace {

Result<std::string> read_secret(const sys::FsReader& fs, const TargetPath& path) {
    auto where = [&](const Error& error) {
        return Failure(in_context(error, cat("cannot read the secret ", path.str())));
    };
    auto resolved = fs.resolve(path);
    auto info = resolved ? fs.stat(*resolved) : Result<sys::FileInfo>(Failure(resolved.error()));
    if (!info) return where(info.error());
    if ((info->meta.mode & 0077U) != 0)
        return Failure(
            Error{.code = ErrorCode::permission_denied,
                  .message = cat("refusing to read a secret: ", path.str(), ": others can read the file too"),
                  .hint = "chmod 600 " + path.str()});
    auto text = fs.read(*resolved, 64 * 1024);
    if (!text) return where(text.error());
    return std::string(trim(*text));
}

}  // namespace

Result<std::string> Node::read_secret_file(const std::string& host_path_text) {
    return read_secret(*host_fs_, host_path(host_path_text));
}

Result<std::string> Node::read_node_secret(const std::string& path) {
    return read_secret(*root_fs_, TargetPath(absolute_path("/", path)));
}

Result<std::string> Node::find_node_file(const std::string& path) {
    TRY_ASSIGN(auto resolved, root_fs_->resolve(TargetPath(absolute_path("/", path))));
    TRY_ASSIGN(auto info, root_fs_->stat(resolved));
    constexpr std::uint64_t kMost = 4U << 20U;  // all CAs of the world take a quarter of a MiB
    if (info.type != sys::FileType::regular || info.size > kMost)
        return Failure(Error{.code = ErrorCode::unsafe_path,
                             .message = cat("not a certificate file: ", path, ": ",
                                            info.size > kMost ? "too large" : "not a regular file")});
    return resolved.str();
}

}  // namespace mirrorctl::cli
