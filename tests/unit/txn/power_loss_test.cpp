// Power is lost at every operation, with every subset of what had not been synced, and again while the next
// start recovers.
#include "unit/txn/world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>

namespace mirrorctl::txn {
namespace {

using support::MemFs;
using ::testing::IsEmpty;

enum class Job { apply, take_back };

// A node on which `job` is still to be done, and its plan.
struct Scene {
    explicit Scene(Job job) : plan(rich_plan()) {
        if (job == Job::take_back) {
            EXPECT_EQ(world.run(plan).outcome, Outcome::committed);
            plan = invert(plan);
        }
        world.fs.settle();
        before = world.target();
    }
    World world;
    Plan plan;
    MemFs::Tree before;
};

MemFs::Tree done(Job job) {
    Scene scene(job);
    EXPECT_EQ(scene.world.run(scene.plan).outcome, Outcome::committed);
    return scene.world.target();
}

void come_up(World& world, const MemFs::Tree& disk) {
    world.lock.reset();
    world.fs.heal();
    world.fs.replace(disk);
    world.relock();
}

// Nothing takes place from operation `n` on. False when the run was over before it.
bool stop_at(Scene& scene, std::size_t n) {
    auto first = scene.world.fs.operations.size();
    scene.world.fs.fail_at(n, EIO, true);
    (void)scene.world.run(scene.plan);
    return scene.world.fs.operations.size() >= first + n;
}

class PowerLoss : public ::testing::TestWithParam<Job> {
  public:
    // Recovers, and judges the node. An engine may start before us, so every file must be whole already.
    void expect_recovers(World& world, const Scene& scene, const std::string& where) {
        ASSERT_TRUE(each_file_is_whole(world, scene.plan)) << where;
        auto receipt = recover(world.context());
        ASSERT_FALSE(receipt.error) << where << ": " << to_string(*receipt.error);
        ASSERT_TRUE(world.target() == scene.before || world.target() == after) << where << ": a mixture";
        ASSERT_THAT(world.left_overs(), IsEmpty()) << where;
        ASSERT_FALSE(needs_recovery(world.state.view()).value_or(true)) << where;
    }
    MemFs::Tree after = done(GetParam());
};

TEST_P(PowerLoss, AtEveryOperationWithEverySubsetOfWhatWasNotSynced) {
    std::size_t points = 0;
    std::size_t finished = 0;
    for (std::size_t n = 1;; ++n) {
        Scene scene(GetParam());
        if (!stop_at(scene, n)) break;
        for (const auto& disk : scene.world.fs.after_power_loss()) {
            ++points;
            World world;
            come_up(world, disk);
            expect_recovers(world, scene, cat("operation ", n, ", point ", points));
            if (HasFatalFailure()) return;
            if (world.target() == after) ++finished;
        }
    }
    EXPECT_GE(points, 250U);
    EXPECT_GE(finished, 5U) << "what was verified is finished, not undone";
    std::cout << points << " points\n";
}

TEST_P(PowerLoss, AgainDuringTheRecovery) {
    std::size_t points = 0;
    for (std::size_t n = 1;; ++n) {
        Scene scene(GetParam());
        if (!stop_at(scene, n)) break;
        for (const auto& disk : scene.world.fs.after_power_loss()) {
            bool struck = true;
            for (std::size_t m = 1 + n % 3; struck; m += 3) {
                World world;
                come_up(world, disk);
                auto first = world.fs.operations.size();
                world.fs.fail_at(m, EIO, true);
                (void)recover(world.context());
                struck = world.fs.operations.size() >= first + m;
                for (const auto& second : world.fs.after_power_loss()) {
                    ++points;
                    World again;
                    come_up(again, second);
                    expect_recovers(again, scene, cat("operation ", n, ", then ", m));
                    if (HasFatalFailure()) return;
                }
            }
        }
    }
    EXPECT_GE(points, 500U);
    std::cout << points << " points\n";
}

TEST_P(PowerLoss, WhatWasReportedIsOnTheDisk) {
    for (std::size_t n = 1;; ++n) {
        Scene scene(GetParam());
        auto first = scene.world.fs.operations.size();
        scene.world.fs.fail_at(n, EIO);
        auto receipt = scene.world.run(scene.plan);
        bool struck = scene.world.fs.operations.size() >= first + n;
        if (receipt.outcome == Outcome::stuck) continue;
        const auto& expected = receipt.outcome == Outcome::committed ? after : scene.before;
        for (const auto& disk : scene.world.fs.after_power_loss()) {
            World world;
            come_up(world, disk);
            (void)recover(world.context());
            ASSERT_EQ(world.target(), expected) << "error at operation " << n;
        }
        if (!struck) break;
    }
}

// The process dies, and the recovery after it, while the machine stays up; what the last recovery reports
// must outlast a loss of power.
TEST_P(PowerLoss, WhatARecoveryReportedAfterKillsIsOnTheDisk) {
    for (std::size_t n = 1;; ++n) {
        bool struck = true;
        for (std::size_t m = 1; struck; ++m) {
            Scene scene(GetParam());
            if (!stop_at(scene, n)) return;
            auto& world = scene.world;
            auto first = world.fs.operations.size();
            world.fs.fail_at(m, EIO, true);
            world.relock();
            (void)recover(world.context());
            struck = world.fs.operations.size() >= first + m;
            world.fs.heal();
            auto receipt = recover(world.context());
            ASSERT_FALSE(receipt.error) << n << ", then " << m;
            auto reported = world.target();
            for (const auto& disk : world.fs.after_power_loss()) {
                World again;
                come_up(again, disk);
                auto where = cat("killed at ", n, ", then at ", m);
                expect_recovers(again, scene, where);
                if (HasFatalFailure()) return;
                // Where the second one died behind its last rename, nobody was told anything.
                ASSERT_TRUE(receipt.outcome == Outcome::unchanged || again.target() == reported) << where;
            }
        }
    }
}

// One error meets the recovery, and it goes on: what it reports all the same must outlast a loss of power,
// also where the record that it acts on had not reached the disk when the run before it died.
TEST_P(PowerLoss, WhatARecoveryReportedDespiteAnErrorIsOnTheDisk) {
    std::size_t points = 0;
    for (std::size_t n = 1;; ++n) {
        bool struck = true;
        for (std::size_t m = 1; struck; ++m) {
            Scene scene(GetParam());
            if (!stop_at(scene, n)) {
                EXPECT_GE(points, 100U);
                return;
            }
            auto& world = scene.world;
            world.fs.heal();
            world.relock();
            auto first = world.fs.operations.size();
            world.fs.fail_at(m, EIO);
            auto receipt = recover(world.context());
            struck = world.fs.operations.size() >= first + m;
            if (receipt.error || receipt.outcome == Outcome::unchanged) continue;
            auto reported = world.target();
            for (const auto& disk : world.fs.after_power_loss()) {
                ++points;
                World again;
                come_up(again, disk);
                auto where = cat("killed at ", n, ", error at ", m);
                expect_recovers(again, scene, where);
                if (HasFatalFailure()) return;
                ASSERT_TRUE(again.target() == reported) << where;
            }
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Jobs, PowerLoss, ::testing::Values(Job::apply, Job::take_back),
                         [](const auto& job) { return job.param == Job::apply ? "Apply" : "TakeBack"; });

}  // namespace
}  // namespace mirrorctl::txn
