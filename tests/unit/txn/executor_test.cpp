#include "txn/executor.hpp"

#include "txn/pending.hpp"
#include "unit/txn/world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mirrorctl::txn::executor_test {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string warning_codes(const Receipt& receipt) {
    std::string out;
    for (const auto& warning : receipt.warnings) out += warning.code + " ";
    return out;
}

TEST(Execute, WritesActivatesVerifiesAndCommits) {
    World world;
    auto receipt = world.run(rich_plan());
    ASSERT_FALSE(receipt.error) << to_string(*receipt.error);
    EXPECT_EQ(receipt.outcome, Outcome::committed);
    EXPECT_EQ(world.fs.bytes("/etc/docker/daemon.json"), "{}\n");
    EXPECT_EQ(world.fs.bytes("/opt/real.toml"), "version = 2\nconfig_path = \"x\"\n");
    EXPECT_EQ(world.fs.node("/opt/real.toml").meta.mode, 0600U);
    EXPECT_EQ(world.fs.node("/etc/containerd/config.toml").type, sys::FileType::symlink);
    EXPECT_EQ(world.fs.node("/etc/docker/new.env").meta, rich_plan().files[1].after.meta);
    EXPECT_FALSE(world.fs.exists("/etc/docker/stale.env"));
    EXPECT_THAT(world.engines.calls, ElementsAre("check", "reload docker.service", "verify docker.mirrors"));
    EXPECT_THAT(world.engines.seen, ElementsAre("{\"registry-mirrors\":[]}\n"))
        << "the engine must see the interim state";
    EXPECT_THAT(world.left_overs(), IsEmpty());
    EXPECT_EQ(receipt.files.size(), 5U);
    EXPECT_EQ(warning_codes(receipt), "");
    EXPECT_FALSE(needs_recovery(world.state.view()).value());
}

// A rename that is more than a temp getting its own name once it is whole.
bool moves_a_file(const std::string& op) {
    return op.starts_with("rename /etc") && op.find(".tmp.tmp ") == std::string::npos;
}

TEST(Execute, KeepsTheOrderOfDurability) {
    World world;
    auto from = world.fs.operations.size();
    auto receipt = world.run(rich_plan());
    auto log = world.fs.log();
    std::vector<std::string> ops(log.begin() + static_cast<std::ptrdiff_t>(from), log.end());
    auto at = [&](const std::string& op) { return std::find(ops.begin(), ops.end(), op) - ops.begin(); };
    auto state = cat("/var/lib/mirrorctl/transactions/", receipt.transaction);
    auto temp = cat("/etc/docker/.mirrorctl-", receipt.transaction, "-1.tmp");
    std::vector<std::string> order = {cat("sync_file ", state, "/before/3"),
                                      cat("sync_file ", state, "/plan.json"),
                                      cat("sync_dir ", state),
                                      "rename /var/lib/mirrorctl/ACTIVE.tmp /var/lib/mirrorctl/ACTIVE",
                                      "make_dir /etc/containerd/certs.d",
                                      cat("write_new ", temp, ".tmp"),
                                      cat("sync_file ", temp, ".tmp"),
                                      cat("rename ", temp, ".tmp ", temp),
                                      cat("rename ", temp, " /etc/docker/new.env"),
                                      "sync_dir /etc/docker",
                                      cat("rename /var/lib/mirrorctl/ACTIVE ", state, "/committed")};
    for (std::size_t i = 1; i < order.size(); ++i) {
        EXPECT_LT(at(order[i - 1]), at(order[i])) << order[i - 1] << " must come before " << order[i];
        EXPECT_LT(at(order[i]), std::ssize(ops)) << order[i] << " is missing";
    }
    auto count = [&](std::string_view verb) {
        return std::count_if(ops.begin(), ops.end(),
                             [&](const std::string& op) { return op.starts_with(verb); });
    };
    EXPECT_EQ(std::count_if(ops.begin(), ops.end(), moves_a_file), 3)
        << "new.env, hosts.toml, and stale.env out of its place";
    EXPECT_EQ(count("exchange "), 3) << "real.toml, and daemon.json twice";
}

TEST(Execute, AnEmptyPlanWritesNothing) {
    World world;
    auto from = world.fs.operations.size();
    auto receipt = world.run(Plan{});
    EXPECT_EQ(receipt.outcome, Outcome::unchanged);
    EXPECT_FALSE(receipt.error);
    EXPECT_EQ(world.fs.operations.size(), from);
}

TEST(Execute, RefusesAStalePlanBeforeWritingAnything) {
    struct Case {
        std::string name;
        std::function<void(support::MemFs&)> edit;
        std::string says;
    };
    std::vector<Case> cases = {
        {"content", [](auto& fs) { fs.put("/etc/docker/daemon.json", "{\"debug\":true}"); },
         "daemon.json: content differs"},
        {"gone", [](auto& fs) { fs.erase("/etc/docker/daemon.json"); }, "daemon.json: is gone"},
        {"mode", [](auto& fs) { fs.node("/etc/docker/daemon.json").meta.mode = 0600; },
         "mode is 0600 instead of 0644"},
        {"owner", [](auto& fs) { fs.set_owner("/etc/docker/daemon.json", 5, 6); },
         "owner is 5:6 instead of 0:0"},
        {"xattr",
         [](auto& fs) {
             fs.node("/etc/docker/daemon.json").meta.xattrs = {{"user.a", "b"}};
         },
         "attributes"},
        {"appeared", [](auto& fs) { fs.put("/etc/docker/new.env", ""); }, "new.env: exists"},
        {"directory", [](auto& fs) { fs.put_dir("/etc/docker/new.env"); }, "new.env: is a directory"},
        {"link moved", [](auto& fs) { fs.put_link("/etc/containerd/config.toml", "/opt/other"); },
         "leads to /opt/other"},
        {"now a link", [](auto& fs) { fs.put_link("/etc/docker/daemon.json", "/etc/other"); },
         "leads to /etc/other"},
        {"new dir", [](auto& fs) { fs.put_dir("/etc/containerd/certs.d"); }, "certs.d: exists"},
    };
    for (const auto& test : cases) {
        World world;
        test.edit(world.fs);
        auto before = world.fs.tree();
        auto from = world.fs.operations.size();
        auto receipt = world.run(rich_plan());
        EXPECT_EQ(receipt.outcome, Outcome::unchanged) << test.name;
        ASSERT_TRUE(receipt.error) << test.name;
        EXPECT_EQ(receipt.error->code, ErrorCode::stale_plan) << test.name;
        EXPECT_THAT(receipt.error->message, HasSubstr(test.says)) << test.name;
        EXPECT_EQ(world.fs.tree(), before) << test.name;
        EXPECT_EQ(world.fs.operations.size(), from) << test.name;
    }
}

TEST(Execute, TimesAndLabelsOfTheKernelAreNoDrift) {
    World world;
    world.fs.node("/etc/docker/daemon.json").meta.xattrs = {
        {"security.selinux", "system_u:object_r:etc_t:s0"}};
    EXPECT_EQ(world.run(rich_plan()).outcome, Outcome::committed);
}

TEST(Execute, RefusesWhatItMustNotTouch) {
    World world;
    auto plan = rich_plan();
    plan.root = "/other";
    EXPECT_EQ(world.run(plan).error->code, ErrorCode::usage);
    plan = rich_plan();
    plan.files[1].path = plan.files[1].resolved = TargetPath("/etc/docker/../shadow");
    EXPECT_EQ(world.run(plan).error->code, ErrorCode::unsafe_path);
    plan = rich_plan();
    plan.files.push_back(plan.files[1]);
    EXPECT_EQ(world.run(plan).error->code, ErrorCode::conflict);
    world.fs.make_read_only("/etc");
    auto receipt = world.run(rich_plan());
    EXPECT_EQ(receipt.error->code, ErrorCode::permission_denied);
    EXPECT_EQ(receipt.outcome, Outcome::unchanged);
}

TEST(Execute, RefusesAHardLinkInAHome) {
    World world;
    world.fs.put("/home/u/.docker/config.json", "{}");
    world.fs.set_owner("/home/u/.docker/config.json", 1000, 1000);
    world.fs.node("/home/u/.docker/config.json").links = 2;
    Plan plan;
    plan.files = {change("/home/u/.docker/config.json", "{}", "{ }")};
    for (auto* state : {&plan.files[0].before, &plan.files[0].after})
        state->meta = {.mode = 0644, .uid = 1000, .gid = 1000};
    auto receipt = world.run(plan);
    ASSERT_TRUE(receipt.error);
    EXPECT_THAT(receipt.error->message, HasSubstr("hard link"));
    EXPECT_EQ(world.fs.bytes("/home/u/.docker/config.json"), "{}");
}

// Each failure on the way: the files are as they were, engines that saw the new ones saw the old ones last.
TEST(Execute, EveryFailureLeadsBack) {
    struct Case {
        std::string name;
        std::function<void(World&)> prepare;
        std::vector<std::string> calls;
        ErrorCode code;
    };
    std::vector<Case> cases = {
        {"check", [](World& w) { w.engines.fail_check = true; }, {"check"}, ErrorCode::check_failed},
        {"reload",
         [](World& w) { w.engines.failing = {"reload docker.service"}; },
         {"check", "reload docker.service", "back:reload docker.service"},
         ErrorCode::activation_failed},
        {"verify",
         [](World& w) { w.engines.fail_verify = true; },
         {"check", "reload docker.service", "verify docker.mirrors", "back:reload docker.service"},
         ErrorCode::activation_failed},
        {"stop while activating",
         [](World& w) { w.engines.on_activate = [&w] { w.stop = true; }; },
         {"check", "reload docker.service", "back:reload docker.service"},
         ErrorCode::interrupted},
    };
    for (const auto& test : cases) {
        World world;
        auto before = world.target();
        test.prepare(world);
        auto receipt = world.run(rich_plan());
        EXPECT_EQ(receipt.outcome, Outcome::rolled_back) << test.name;
        ASSERT_TRUE(receipt.error) << test.name;
        EXPECT_EQ(receipt.error->code, test.code) << test.name;
        EXPECT_EQ(world.target(), before) << test.name;
        EXPECT_EQ(world.engines.calls, test.calls) << test.name;
        EXPECT_THAT(world.left_overs(), IsEmpty()) << test.name;
        if (test.calls.size() > 2) {
            EXPECT_EQ(world.engines.seen.back(), "{\"registry-mirrors\":[\"https://old\"]}\n") << test.name;
        }
    }
}

TEST(Execute, TheWayBackAlsoHasAnInterimState) {
    World world;
    world.fs.put("/etc/docker/daemon.json", "{}\n");
    Plan plan;
    plan.files = {change("/etc/docker/daemon.json", "{}\n", "{\"registry-mirrors\":[\"https://a\"]}\n")};
    plan.files[0].undo_interim = file_state("{\"registry-mirrors\":[]}\n");
    plan.activations = {{.unit = "docker.service", .kind = ActivationKind::reload}};
    plan.checks = {{.subject = "docker.mirrors", .expected = {"https://a"}}};
    world.engines.fail_verify = true;
    EXPECT_EQ(world.run(plan).outcome, Outcome::rolled_back);
    EXPECT_THAT(world.engines.seen,
                ElementsAre("{\"registry-mirrors\":[\"https://a\"]}\n", "{\"registry-mirrors\":[]}\n"));
    EXPECT_EQ(world.fs.bytes("/etc/docker/daemon.json"), "{}\n");
}

TEST(Execute, AnEngineThatDoesNotComeBackIsStuckWithAStep) {
    World world;
    world.engines.failing = {"reload docker.service", "back:reload docker.service"};
    auto before = world.target();
    auto receipt = world.run(rich_plan());
    EXPECT_EQ(receipt.outcome, Outcome::stuck);
    EXPECT_THAT(receipt.error->hint, HasSubstr("systemctl status docker.service"));
    EXPECT_EQ(world.fs.bytes("/etc/docker/stale.env"), "HTTP_PROXY=x\n");
    world.engines.failing.clear();
    auto recovered = recover(world.context());
    EXPECT_EQ(recovered.outcome, Outcome::rolled_back);
    EXPECT_FALSE(recovered.error);
    EXPECT_EQ(world.target(), before);
    EXPECT_THAT(world.left_overs(), IsEmpty());
}

TEST(Execute, AnEditBetweenCheckAndSwapIsNotOverwritten) {
    World world;
    world.stop = false;
    int asked = 0;
    auto context = world.context();
    context.stop_requested = [&] {
        if (++asked == 4) world.fs.put("/etc/docker/daemon.json", "{\"mine\":1}");
        return false;
    };
    auto receipt = execute(context, rich_plan());
    EXPECT_EQ(receipt.outcome, Outcome::rolled_back);
    EXPECT_EQ(receipt.error->code, ErrorCode::foreign_change);
    EXPECT_EQ(world.fs.bytes("/etc/docker/daemon.json"), "{\"mine\":1}");
    EXPECT_EQ(world.fs.bytes("/opt/real.toml"), "version = 2\n");
    EXPECT_THAT(world.left_overs(), IsEmpty());
}

TEST(Execute, AnEditOfAFileOfOursWhileItFailsIsStuckAndKept) {
    World world;
    world.engines.on_activate = [&] { world.fs.put("/opt/real.toml", "mine\n", 0600); };
    world.engines.failing = {"reload docker.service"};
    auto receipt = world.run(rich_plan());
    EXPECT_EQ(receipt.outcome, Outcome::stuck);
    EXPECT_EQ(receipt.error->code, ErrorCode::foreign_change);
    EXPECT_THAT(receipt.error->hint, HasSubstr("--keep-current"));
    EXPECT_EQ(world.fs.bytes("/opt/real.toml"), "mine\n");
    EXPECT_EQ(recover(world.context()).outcome, Outcome::stuck) << "still not ours to overwrite";
    world.engines.on_activate = nullptr;
    auto accepted = recover(world.context(), ForeignFiles::keep_current);
    EXPECT_EQ(accepted.outcome, Outcome::rolled_back);
    EXPECT_EQ(world.fs.bytes("/opt/real.toml"), "mine\n");
    EXPECT_EQ(world.fs.bytes("/etc/docker/daemon.json"), "{\"registry-mirrors\":[\"https://old\"]}\n");
    EXPECT_THAT(world.left_overs(), IsEmpty());
}

TEST(Execute, AMountedFileNeedsAllowInPlace) {
    for (bool allowed : {false, true}) {
        World world;
        world.fs.mount("/etc/docker/daemon.json");
        auto before = world.target();
        auto plan = rich_plan();
        plan.files[3].allow_in_place = allowed;
        auto receipt = world.run(plan);
        EXPECT_EQ(receipt.outcome, allowed ? Outcome::committed : Outcome::rolled_back);
        EXPECT_THAT(world.left_overs(), IsEmpty());
        if (allowed) {
            EXPECT_EQ(world.fs.bytes("/etc/docker/daemon.json"), "{}\n");
            continue;
        }
        EXPECT_EQ(receipt.error->code, ErrorCode::busy);
        EXPECT_THAT(receipt.error->hint, HasSubstr("--allow-in-place"));
        EXPECT_EQ(world.target(), before);
    }
}

TEST(Execute, WhatCouldNotBeActivatedPends) {
    World world;
    auto plan = rich_plan();
    plan.activations = {{.unit = "docker.service",
                         .kind = ActivationKind::restart,
                         .consent = false,
                         .blocked_by = "3 containers"}};
    auto receipt = world.run(plan);
    ASSERT_EQ(receipt.outcome, Outcome::committed);
    EXPECT_THAT(world.engines.calls, ElementsAre("check")) << "nobody activates, so nobody is asked";
    EXPECT_EQ(world.fs.bytes("/etc/docker/daemon.json"), "{}\n") << "no interim state without an activation";
    auto pending = read_pending(world.state.view()).value();
    ASSERT_EQ(pending.size(), 1U);
    EXPECT_EQ(pending[0].boot_id, "boot-1");
    EXPECT_EQ(pending[0].reason, "3 containers");
    // A no-op that pends on the same thing writes nothing; one that may restart settles it.
    Plan again;
    again.activations = plan.activations;
    auto from = world.fs.operations.size();
    EXPECT_EQ(world.run(again).outcome, Outcome::unchanged);
    EXPECT_EQ(world.fs.operations.size(), from);
    again.activations[0].consent = true;
    EXPECT_EQ(world.run(again).outcome, Outcome::committed);
    EXPECT_THAT(read_pending(world.state.view()).value(), IsEmpty());
}

// All temps are written before the first file is replaced: a disk that is too full for them costs nothing.
TEST(Execute, AFullDiskIsFoundBeforeAnyFileIsReplaced) {
    World probe;
    auto from = probe.fs.operations.size();
    ASSERT_EQ(probe.run(rich_plan()).outcome, Outcome::committed);
    std::vector<std::size_t> temps;
    for (auto i = from; i < probe.fs.operations.size(); ++i)
        if (probe.fs.operations[i].verb == "write_new" &&
            probe.fs.operations[i].path.find("/.mirrorctl-") != std::string::npos)
            temps.push_back(i - from + 1);
    ASSERT_EQ(temps.size(), 5U) << "four files that are written, one of them twice";
    temps.pop_back();
    for (auto n : temps) {
        World full;
        auto before = full.target();
        full.fs.fail_at(n, ENOSPC);
        auto receipt = full.run(rich_plan());
        EXPECT_EQ(receipt.outcome, Outcome::rolled_back);
        EXPECT_EQ(receipt.error->code, ErrorCode::no_space);
        EXPECT_EQ(full.target(), before);
        auto log = full.fs.log();
        EXPECT_TRUE(std::none_of(log.begin(), log.end(), moves_a_file));
    }
}

}  // namespace
}  // namespace mirrorctl::txn::executor_test
