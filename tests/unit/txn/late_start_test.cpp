#include "txn/late_start.hpp"

#include "txn/pending.hpp"
#include "unit/txn/world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mirrorctl::txn::late_start_test {
namespace {

using engines::StartState;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kFile = "/etc/docker/daemon.json";
constexpr const char* kUnit = "docker.service";

// A change that dockerd could not be told of.
std::string apply(World& world, const std::string& after, const std::string& expected) {
    Plan plan;
    plan.files = {change(kFile, world.fs.bytes(kFile), after)};
    plan.files[0].target = "docker-daemon";
    plan.activations = {{.unit = kUnit, .kind = ActivationKind::reload, .deferred = true}};
    plan.checks = {{.subject = "docker.mirrors", .expected = {expected}},
                   {.subject = "containerd.cri", .expected = {}}};
    auto receipt = world.run(plan);
    EXPECT_EQ(receipt.outcome, Outcome::committed) << (receipt.error ? to_string(*receipt.error) : "");
    return receipt.transaction;
}

LateStarts look(World& world, const std::string& boot_id = "boot-2") {
    auto context = world.context();
    context.boot_id = boot_id;
    auto starts = check_late_starts(context);
    EXPECT_TRUE(starts.has_value());
    return starts.value_or(LateStarts{});
}

TEST(LateStart, StepsNameTheTransactionThatLeftThem) {
    World world;
    auto first = apply(world, "1", "a");
    apply(world, "2", "b");
    auto pending = read_pending(world.state.view());
    ASSERT_TRUE(pending.has_value());
    ASSERT_THAT(*pending, SizeIs(1));
    EXPECT_EQ(pending->front().transaction, first) << "with it the unit did not start either";
}

TEST(LateStart, AUnitThatStartedIsAskedForTheNewestValues) {
    World world;
    apply(world, "1", "a");
    apply(world, "2", "b");
    world.engines.asked.clear();
    world.engines.starts[kUnit] = {.state = StartState::up, .at = 1};
    auto starts = look(world);
    EXPECT_FALSE(starts.broken.has_value());
    EXPECT_THAT(starts.open, IsEmpty());
    EXPECT_THAT(world.engines.asked, ElementsAre(Check{.subject = "docker.mirrors", .expected = {"b"}}))
        << "once, and nothing of other units";
}

TEST(LateStart, WithoutANewStartAStepWaits) {
    World world;
    apply(world, "1", "a");
    for (auto state : {StartState::down, StartState::starting, StartState::up, StartState::failing}) {
        world.engines.starts[kUnit] = {.state = state, .at = world.clock.wall() - 100};
        auto starts = look(world, "boot-1");
        EXPECT_THAT(starts.open, SizeIs(1)) << "it runs, or failed, since before the change";
        EXPECT_FALSE(starts.broken.has_value());
    }
    for (auto state : {StartState::down, StartState::starting}) {
        world.engines.starts[kUnit] = {.state = state};
        EXPECT_THAT(look(world).open, SizeIs(1));
    }
}

TEST(LateStart, AUnitThatDoesNotStartIsBlamedOnTheOldestTransaction) {
    World world;
    auto first = apply(world, "1", "a");
    apply(world, "2", "b");
    world.engines.starts[kUnit] = {.state = StartState::failing, .at = 1, .log = "no such key"};
    auto starts = look(world);
    ASSERT_TRUE(starts.broken.has_value());
    EXPECT_EQ(starts.broken->transaction, first);
    EXPECT_THAT(starts.broken->units, ElementsAre(kUnit));
    EXPECT_EQ(starts.broken->error.code, ErrorCode::activation_failed);
    EXPECT_THAT(starts.broken->error.message, HasSubstr("no such key"));
    EXPECT_THAT(starts.open, IsEmpty());
}

TEST(LateStart, ARunningUnitWithOtherValuesIsBroken) {
    World world;
    apply(world, "1", "a");
    world.engines.starts[kUnit] = {.state = StartState::up, .at = 1};
    world.engines.fail_verify = true;
    EXPECT_TRUE(look(world).broken.has_value());
    world.fs.put(kFile, "edited by hand");
    auto starts = look(world);
    EXPECT_FALSE(starts.broken.has_value()) << "what the user wrote since is the newer word";
    EXPECT_THAT(starts.open, IsEmpty());
}

TEST(LateStart, WhatIsNotInEffectBlamesNobody) {
    World world;
    auto id = apply(world, "1", "a");
    auto recorded = read_pending(world.state.view());
    Plan back;
    back.command = "rollback";
    back.undoes = {id};
    ASSERT_EQ(world.run(back).outcome, Outcome::committed);
    ASSERT_TRUE(write_pending(world.state, *recorded).has_value());
    world.engines.starts[kUnit] = {.state = StartState::failing, .at = 1};
    auto starts = look(world);
    EXPECT_FALSE(starts.broken.has_value());
    EXPECT_THAT(starts.open, IsEmpty());
}

std::vector<std::string> held(World& world) {
    auto list = held_back(world.state.view(), world.fs);
    EXPECT_TRUE(list.has_value());
    std::vector<std::string> targets;
    for (const auto& one : *list) targets.push_back(one.target);
    return targets;
}

Plan live_change(World& world, const std::string& after) {
    Plan plan;
    plan.files = {change(kFile, world.fs.bytes(kFile), after)};
    plan.files[0].target = "docker-daemon";
    plan.activations = {{.unit = kUnit, .kind = ActivationKind::reload}};
    return plan;
}

TEST(HeldBack, WhatBrokeAnEngineUntilTheFileChanges) {
    World world;
    EXPECT_THAT(held(world), IsEmpty());
    world.engines.failing = {"reload docker.service"};
    ASSERT_EQ(world.run(live_change(world, "1")).outcome, Outcome::rolled_back);
    EXPECT_THAT(held(world), ElementsAre("docker-daemon"));
    world.fs.put(kFile, "edited by hand");
    EXPECT_THAT(held(world), IsEmpty()) << "a reason to try again";
}

TEST(HeldBack, OnlyWhatTheBrokenEngineReads) {
    World world;
    auto plan = live_change(world, "1");
    for (const auto* target : {"containerd-hosts", "systemd-proxy"}) {
        plan.files.push_back(change(cat("/etc/", target), std::nullopt, "x"));
        plan.files.back().target = target;
    }
    world.engines.failing = {"reload docker.service"};
    ASSERT_EQ(world.run(plan).outcome, Outcome::rolled_back);
    EXPECT_THAT(held(world), ElementsAre("docker-daemon", "systemd-proxy"));
}

TEST(HeldBack, EndsWithAChangeThatWorked) {
    World world;
    world.engines.failing = {"reload docker.service"};
    ASSERT_EQ(world.run(live_change(world, "1")).outcome, Outcome::rolled_back);
    world.engines.failing.clear();
    ASSERT_EQ(world.run(live_change(world, "2")).outcome, Outcome::committed);
    EXPECT_THAT(held(world), IsEmpty());
}

TEST(HeldBack, ARollbackThatWasAskedForHoldsNothing) {
    World world;
    auto before = world.fs.bytes(kFile);
    auto id = apply(world, "1", "a");
    Plan back;
    back.command = "rollback";
    back.undoes = {id};
    back.files = {change(kFile, "1", before)};
    back.files[0].target = "docker-daemon";
    auto receipt = world.run(back);
    ASSERT_EQ(receipt.outcome, Outcome::committed);
    EXPECT_THAT(held(world), IsEmpty());
    receipt.error = Error{.code = ErrorCode::activation_failed, .message = "docker.service does not start"};
    ASSERT_TRUE(write_receipt(world.state, receipt).has_value());
    EXPECT_THAT(held(world), ElementsAre("docker-daemon")) << "but one that a broken engine asked for does";
}

TEST(Executor, AnEngineThatWasDownBeforeLeavesNothingStuck) {
    World world;
    world.engines.failing = {"reload docker.service", "back:reload docker.service"};
    auto before = world.target();
    auto context = world.context();
    context.engines_were_up = false;
    auto receipt = execute(context, live_change(world, "1"));
    EXPECT_EQ(receipt.outcome, Outcome::rolled_back);
    EXPECT_EQ(world.target(), before);
    EXPECT_EQ(world.run(live_change(world, "1")).outcome, Outcome::stuck) << "one that was up must come back";
}

}  // namespace
}  // namespace mirrorctl::txn::late_start_test
