// Power is lost at every operation, with every subset of what had not been synced, and again while the next
// start recovers.
#include "unit/txn/world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>

namespace mirrorctl::txn::power_loss_test {
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

// The node at the death of the process: before each operation of the plan.
std::vector<support::FaultFs> deaths(Scene& scene) {
    std::vector<support::FaultFs> out;
    auto& fs = scene.world.fs;
    fs.before_operation = [&](const MemFs::Operation&) { out.push_back(fs); };
    (void)scene.world.run(scene.plan);
    for (auto& left : out) left.before_operation = nullptr;
    fs.before_operation = nullptr;
    return out;
}

// The machine stays up, and the next process finds what the dead one left.
void go_on_from(World& world, const support::FaultFs& left) {
    world.lock.reset();
    world.fs = left;
    world.fs.free_locks();
    world.relock();
}

struct Disks {
    std::map<std::string, MemFs::Tree> disks;  // by their print: each once
    std::size_t seen = 0;
};

// What a loss of power can leave while `work` runs: before each of its operations, and when it is over.
template <class Work>
Disks disks_during(World& world, Work work) {
    Disks found;
    auto look = [&] {
        for (auto& disk : world.fs.after_power_loss()) {
            ++found.seen;
            auto print = support::print_of(disk);
            found.disks.try_emplace(std::move(print), std::move(disk));
        }
    };
    world.fs.before_operation = [&](const MemFs::Operation&) { look(); };
    work();
    world.fs.before_operation = nullptr;
    look();
    return found;
}

class PowerLoss : public ::testing::TestWithParam<Job> {
  public:
    // Recovers from `disk`, and judges the node. An engine may start before us, so every file must be whole
    // already. What comes of a disk is the same each time, so each is tried once.
    void expect_recovers(const MemFs::Tree& disk, const std::string& where) {
        auto [known, is_new] = recovered_.try_emplace(support::print_of(disk));
        auto& end = known->second;
        end_ = &end;
        if (!is_new) return;
        World world;
        come_up(world, disk);
        ASSERT_TRUE(each_file_is_whole(world, scene_.plan)) << where;
        auto receipt = recover(world.context());
        ASSERT_FALSE(receipt.error) << where << ": " << to_string(*receipt.error);
        end = world.target();
        ASSERT_TRUE(end == scene_.before || end == after_) << where << ": a mixture";
        ASSERT_THAT(world.left_overs(), IsEmpty()) << where;
        ASSERT_FALSE(needs_recovery(world.state.view()).value_or(true)) << where;
    }
    MemFs::Tree after_ = done(GetParam());
    Scene scene_{GetParam()};
    const MemFs::Tree* end_ = nullptr;  // the node after expect_recovers()
    std::map<std::string, MemFs::Tree> recovered_;
};

TEST_P(PowerLoss, AtEveryOperationWithEverySubsetOfWhatWasNotSynced) {
    std::size_t points = 0;
    std::size_t finished = 0;
    for (const auto& left : deaths(scene_))
        for (const auto& disk : left.after_power_loss()) {
            ++points;
            expect_recovers(disk, cat("point ", points));
            if (HasFatalFailure()) return;
            if (*end_ == after_) ++finished;
        }
    EXPECT_GE(points, 500U);
    EXPECT_GE(finished, 5U) << "what was verified is finished, not undone";
    std::cout << points << " points, " << recovered_.size() << " disks\n";
}

TEST_P(PowerLoss, AgainDuringTheRecovery) {
    auto first = disks_during(scene_.world, [&] { (void)scene_.world.run(scene_.plan); });
    std::size_t points = 0;
    for (const auto& [print, disk] : first.disks) {
        World world;
        come_up(world, disk);
        auto second = disks_during(world, [&] { (void)recover(world.context()); });
        points += second.seen;
        for (const auto& [its_print, again] : second.disks) {
            expect_recovers(again, its_print);
            if (HasFatalFailure()) return;
        }
    }
    EXPECT_GE(points, 5000U);
    EXPECT_GE(recovered_.size(), 500U);
    std::cout << points << " points, " << recovered_.size() << " disks\n";
}

TEST_P(PowerLoss, WhatWasReportedIsOnTheDisk) {
    for (std::size_t n = 1;; ++n) {
        Scene scene(GetParam());
        auto first = scene.world.fs.operations.size();
        scene.world.fs.fail_at(n, EIO);
        auto receipt = scene.world.run(scene.plan);
        bool struck = scene.world.fs.operations.size() >= first + n;
        if (receipt.outcome == Outcome::stuck) continue;
        const auto& expected = receipt.outcome == Outcome::committed ? after_ : scene.before;
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
    std::size_t points = 0;
    for (const auto& left : deaths(scene_)) {
        bool struck = true;
        for (std::size_t m = 1; struck; ++m) {
            World world;
            go_on_from(world, left);
            auto first = world.fs.operations.size();
            world.fs.fail_at(m, EIO, true);
            (void)recover(world.context());
            struck = world.fs.operations.size() >= first + m;
            world.fs.heal();
            auto receipt = recover(world.context());
            auto where = cat("killed at ", left.operations.size(), ", then at ", m);
            ASSERT_FALSE(receipt.error) << where;
            auto reported = world.target();
            for (const auto& disk : world.fs.after_power_loss()) {
                ++points;
                expect_recovers(disk, where);
                if (HasFatalFailure()) return;
                // Where the second one died behind its last rename, nobody was told anything.
                ASSERT_TRUE(receipt.outcome == Outcome::unchanged || *end_ == reported) << where;
            }
        }
    }
    EXPECT_GE(points, 1000U);
    std::cout << points << " points, " << recovered_.size() << " disks\n";
}

// One error meets the recovery, and it goes on: what it reports all the same must outlast a loss of power,
// also where the record that it acts on had not reached the disk when the run before it died.
TEST_P(PowerLoss, WhatARecoveryReportedDespiteAnErrorIsOnTheDisk) {
    std::size_t points = 0;
    for (const auto& left : deaths(scene_)) {
        bool struck = true;
        for (std::size_t m = 1; struck; ++m) {
            World world;
            go_on_from(world, left);
            auto first = world.fs.operations.size();
            world.fs.fail_at(m, EIO);
            auto receipt = recover(world.context());
            struck = world.fs.operations.size() >= first + m;
            if (receipt.error || receipt.outcome == Outcome::unchanged) continue;
            auto reported = world.target();
            for (const auto& disk : world.fs.after_power_loss()) {
                ++points;
                auto where = cat("killed at ", left.operations.size(), ", error at ", m);
                expect_recovers(disk, where);
                if (HasFatalFailure()) return;
                ASSERT_TRUE(*end_ == reported) << where;
            }
        }
    }
    EXPECT_GE(points, 100U);
    std::cout << points << " points, " << recovered_.size() << " disks\n";
}

INSTANTIATE_TEST_SUITE_P(Jobs, PowerLoss, ::testing::Values(Job::apply, Job::take_back),
                         [](const auto& job) { return job.param == Job::apply ? "Apply" : "TakeBack"; });

}  // namespace
}  // namespace mirrorctl::txn::power_loss_test
