// Fails and crashes at every operation. A failure that lasts ("and all later") is what a crash looks like
// from the disk: nothing that came after it took place.
#include "unit/txn/world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mirrorctl::txn::fault_test {
namespace {

using ::testing::IsEmpty;

support::MemFs::Tree new_tree() {
    World world;
    EXPECT_EQ(world.run(rich_plan()).outcome, Outcome::committed);
    return world.target();
}

// One run with a fault at operation `n`; false when the run was over before it struck.
bool struck(const World& world, std::size_t first, std::size_t n) {
    return world.fs.operations.size() >= first + n;
}

void expect_settled(World& world, const support::MemFs::Tree& old_tree, const support::MemFs::Tree& all_new,
                    const std::string& where) {
    auto now = world.target();
    EXPECT_TRUE(now == old_tree || now == all_new) << where << ": neither all old nor all new";
    EXPECT_THAT(world.left_overs(), IsEmpty()) << where;
    EXPECT_FALSE(needs_recovery(world.state.view()).value_or(true)) << where;
}

TEST(Faults, AnErrorAtEveryOperation) {
    auto all_new = new_tree();
    for (int errno_value : {EIO, ENOSPC, EROFS}) {
        std::size_t points = 0;
        for (std::size_t n = 1;; ++n) {
            World world;
            auto old_tree = world.target();
            auto first = world.fs.operations.size();
            world.fs.fail_at(n, errno_value);
            auto receipt = world.run(rich_plan());
            auto hit = struck(world, first, n);
            world.fs.heal();
            auto where = cat("error at ", n, ": ", hit ? world.fs.operations[first + n - 1].str() : "none");
            if (!hit) {
                EXPECT_EQ(receipt.outcome, Outcome::committed) << where;
                break;
            }
            ++points;
            EXPECT_TRUE(each_file_is_whole(world, rich_plan())) << where;
            if (receipt.outcome != Outcome::stuck) {
                EXPECT_EQ(world.target(), receipt.outcome == Outcome::committed ? all_new : old_tree)
                    << where;
            }
            EXPECT_EQ(receipt.error.has_value(), receipt.outcome != Outcome::committed) << where;
            EXPECT_EQ(recover(world.context()).error, std::nullopt) << where;
            expect_settled(world, old_tree, all_new, where);
        }
        EXPECT_GE(points, 60U) << "the harness hits nothing";
    }
}

TEST(Faults, ACrashAtEveryOperationAndAtEveryOperationOfTheRecovery) {
    auto all_new = new_tree();
    std::size_t points = 0;
    std::size_t commits = 0;
    for (std::size_t n = 1;; ++n) {
        bool hit = true;
        // Every second one of the recovery's operations, the odd and the even ones in turn.
        for (std::size_t m = 1 + n % 2;; m += 2) {
            World world;
            auto old_tree = world.target();
            auto first = world.fs.operations.size();
            world.fs.fail_at(n, EIO, true);
            (void)world.run(rich_plan());
            hit = struck(world, first, n);
            if (!hit) break;
            ASSERT_TRUE(each_file_is_whole(world, rich_plan())) << "crash at " << n;
            ++points;
            first = world.fs.operations.size();
            world.fs.fail_at(m, EIO, true);
            world.relock();
            (void)recover(world.context());
            auto nested = struck(world, first, m);
            world.fs.heal();
            ASSERT_TRUE(each_file_is_whole(world, rich_plan())) << "crash at " << n << ", then at " << m;
            auto receipt = recover(world.context());
            auto where = cat("crash at ", n, ", then at ", m);
            ASSERT_FALSE(receipt.error) << where << ": " << to_string(*receipt.error);
            expect_settled(world, old_tree, all_new, where);
            if (::testing::Test::HasFailure()) return;
            if (!nested) {
                if (world.target() == all_new) ++commits;
                break;
            }
        }
        if (!hit) break;
    }
    EXPECT_GE(points, 500U);
    EXPECT_GE(commits, 3U) << "after the recorded verification a crash must be finished, not undone";
}

TEST(Faults, RecoveryDoesNothingWhenNothingIsActive) {
    World world;
    auto from = world.fs.operations.size();
    auto receipt = recover(world.context());
    EXPECT_EQ(receipt.outcome, Outcome::unchanged);
    EXPECT_FALSE(receipt.error);
    EXPECT_EQ(world.fs.operations.size(), from);
}

TEST(Faults, AStopAtEveryStepRollsBack) {
    auto all_new = new_tree();
    std::size_t points = 0;
    for (int n = 1;; ++n) {
        World world;
        auto old_tree = world.target();
        int asked = 0;
        auto context = world.context();
        context.stop_requested = [&] { return ++asked >= n; };
        auto receipt = execute(context, rich_plan());
        if (receipt.outcome == Outcome::committed) {
            EXPECT_EQ(world.target(), all_new);
            break;
        }
        ++points;
        ASSERT_TRUE(receipt.error);
        EXPECT_EQ(receipt.error->code, ErrorCode::interrupted) << n;
        EXPECT_EQ(world.target(), old_tree) << n;
        EXPECT_THAT(world.left_overs(), IsEmpty()) << n;
    }
    EXPECT_GE(points, 9U);
}

// After a crash in the middle of an in-place write the file may be any mixture of old and new.
TEST(Faults, ATornInPlaceWriteIsRestored) {
    const std::string old_bytes = "{\"registry-mirrors\":[\"https://old\"]}\n";
    const std::string new_bytes = "{\"registry-mirrors\":[\"https://much-longer-new\"]}\n";
    Plan plan;
    plan.files = {change("/etc/docker/daemon.json", old_bytes, new_bytes)};
    plan.files[0].allow_in_place = true;
    for (std::size_t cut = 0; cut <= new_bytes.size(); ++cut) {
        for (bool truncated : {true, false}) {
            World world;
            world.fs.mount("/etc/docker/daemon.json");
            Entry entry{.id = "20261123T101500Z-4f2a", .at = world.clock.wall(), .plan = plan};
            entry.temps = {temp_path(entry.id, plan.files[0], 0)};
            ASSERT_TRUE(begin(world.state, entry).has_value());
            auto torn = new_bytes.substr(0, cut);
            if (!truncated && cut < old_bytes.size()) torn += old_bytes.substr(cut);
            world.fs.put("/etc/docker/daemon.json", torn);
            auto receipt = recover(world.context());
            EXPECT_EQ(receipt.outcome, Outcome::rolled_back) << cut << ": " << torn;
            EXPECT_EQ(world.fs.bytes("/etc/docker/daemon.json"), old_bytes) << cut;
        }
    }
}

}  // namespace
}  // namespace mirrorctl::txn::fault_test
