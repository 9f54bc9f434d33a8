// A node in memory with a plan that has a bit of everything: update, create in new directories, remove, a
// linked file, a file with interim states, five files in three directories.
#pragma once

#include "base/strings.hpp"
#include "support/fake_clock.hpp"
#include "support/fault_fs.hpp"
#include "txn/executor.hpp"
#include "txn/history.hpp"
#include "txn/journal.hpp"
#include "txn/recover.hpp"
#include "txn/state_dir.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mirrorctl::txn {

class FakeEngines : public EngineControl {
  public:
    explicit FakeEngines(const sys::FsReader& fs) : fs_(fs) {}

    Result<std::string> check_before(const Plan&) override {
        calls.push_back("check");
        if (fail_check)
            return Failure(Error{.code = ErrorCode::check_failed, .message = "dockerd --validate: no"});
        return std::string();
    }
    Result<DoneActivation> activate(const Activation& activation, Direction direction) override {
        calls.push_back(cat(direction == Direction::forward ? "" : "back:", name_of(activation.kind), " ",
                            activation.unit));
        seen.push_back(fs_.read(TargetPath("/etc/docker/daemon.json")).value_or("absent"));
        if (on_activate) on_activate();
        if (failing.contains(calls.back()))
            return Failure(Error{.code = ErrorCode::activation_failed,
                                 .message = cat("cannot activate: ", activation.unit)});
        return DoneActivation{.unit = activation.unit, .kind = activation.kind};
    }
    Result<void> verify(const Check& check) override {
        calls.push_back(cat("verify ", check.subject));
        asked.push_back(check);
        if (fail_verify) return Failure(Error{.code = ErrorCode::activation_failed, .message = "not live"});
        return {};
    }
    std::optional<double> started_at(const std::string& unit) override {
        auto found = started.find(unit);
        return found == started.end() ? std::nullopt : std::optional(found->second);
    }

    engines::UnitStart await_start(const std::string& unit) override {
        auto found = starts.find(unit);
        return found == starts.end() ? engines::UnitStart{} : found->second;
    }

    std::vector<Check> asked;
    std::map<std::string, engines::UnitStart> starts;
    std::vector<std::string> calls;
    std::vector<std::string> seen;  // daemon.json as each activation saw it
    std::set<std::string> failing;
    std::map<std::string, double> started;
    std::function<void()> on_activate;
    bool fail_check = false;
    bool fail_verify = false;

  private:
    const sys::FsReader& fs_;
};

inline FileState file_state(std::string bytes, std::uint32_t mode = 0644) {
    return {.present = true, .bytes = std::move(bytes), .meta = {.mode = mode}};
}

inline FileChange change(std::string_view path, std::optional<std::string> before,
                         std::optional<std::string> after) {
    FileChange file;
    file.path = TargetPath(path);
    file.resolved = file.path;
    file.target = "test";
    if (before) file.before = file_state(*before);
    if (after) file.after = file_state(*after);
    return file;
}

struct World {
    support::FaultFs fs;
    support::FakeClock clock;
    FakeEngines engines{fs};
    StateDir state{.fs = fs};
    std::unique_ptr<sys::Lock> lock;
    bool stop = false;

    World() {
        fs.put_dir("/var/lib");
        fs.put("/etc/docker/daemon.json", "{\"registry-mirrors\":[\"https://old\"]}\n");
        fs.put("/opt/real.toml", "version = 2\n", 0600);
        fs.put_link("/etc/containerd/config.toml", "../../opt/real.toml");
        fs.put("/etc/docker/stale.env", "HTTP_PROXY=x\n");
        fs.put("/etc/other", "not ours\n");
        relock();
        fs.settle();
    }
    void relock() {
        lock.reset();
        auto taken = lock_state(state, 0);
        ASSERT_TRUE(taken.has_value()) << to_string(taken.error());
        lock = std::move(*taken);
    }
    TxnContext context() {
        return {.fs = fs,
                .state = state,
                .lock = *lock,
                .engines = engines,
                .clock = clock,
                .actor = "root",
                .boot_id = "boot-1",
                .stop_requested = [this] { return stop; }};
    }
    Receipt run(const Plan& plan) {
        clock.advance(1);
        return execute(context(), plan);
    }

    // Everything but the state directory.
    support::MemFs::Tree target() const {
        auto tree = fs.tree();
        std::erase_if(tree, [](const auto& entry) { return entry.first.starts_with("/var/lib"); });
        return tree;
    }
    std::vector<std::string> left_overs() const {
        std::vector<std::string> out;
        for (const auto& [path, node] : fs.tree())
            if (path.ends_with(".tmp") || path.ends_with("/ACTIVE")) out.push_back(path);
        return out;
    }
};

inline Plan rich_plan() {
    Plan plan;
    plan.version = "test";
    plan.dirs = {{.path = TargetPath("/etc/containerd/certs.d"), .meta = {.mode = 0755}},
                 {.path = TargetPath("/etc/containerd/certs.d/docker.io"), .meta = {.mode = 0755}}};
    auto daemon = change("/etc/docker/daemon.json", "{\"registry-mirrors\":[\"https://old\"]}\n", "{}\n");
    daemon.interim = file_state("{\"registry-mirrors\":[]}\n");
    auto linked =
        change("/etc/containerd/config.toml", "version = 2\n", "version = 2\nconfig_path = \"x\"\n");
    linked.resolved = TargetPath("/opt/real.toml");
    linked.before.meta.mode = linked.after.meta.mode = 0600;
    auto secret = change("/etc/docker/new.env", std::nullopt, "HTTP_PROXY=secret\n");
    secret.after.meta.mode = 0600;
    secret.after.meta.gid = 7;
    secret.after.meta.xattrs = {{"user.note", "kept"}};
    plan.files = {
        change("/etc/containerd/certs.d/docker.io/hosts.toml", std::nullopt, "server = \"https://a\"\n"),
        secret, linked, daemon, change("/etc/docker/stale.env", "HTTP_PROXY=x\n", std::nullopt)};
    plan.files[0].owned = {{"mirrors", {"https://a"}}};
    plan.activations = {{.unit = "docker.service", .kind = ActivationKind::reload}};
    plan.checks = {{.subject = "docker.mirrors", .expected = {}}};
    return plan;
}

// Is every file of the plan in one of its planned states? A daemon may start at any instant.
inline ::testing::AssertionResult each_file_is_whole(const World& world, const Plan& plan) {
    for (const auto& file : plan.files) {
        auto bytes = world.fs.bytes(file.resolved.str());
        std::vector<std::string> allowed;
        for (const auto& state : {file.before, file.after, file.interim.value_or(file.after),
                                  file.undo_interim.value_or(file.after)})
            allowed.push_back(state.present ? state.bytes : "<absent>");
        if (std::find(allowed.begin(), allowed.end(), bytes) == allowed.end())
            return ::testing::AssertionFailure() << file.path.str() << " is torn: " << bytes;
    }
    return ::testing::AssertionSuccess();
}

}  // namespace mirrorctl::txn
