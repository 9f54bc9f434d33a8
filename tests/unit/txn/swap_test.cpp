// Somebody saves a file between our last look at it and the swap: the edit stays, whatever happens next.
#include "unit/txn/world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace mirrorctl::txn {
namespace {

using ::testing::IsEmpty;

constexpr const char* kDaemon = "/etc/docker/daemon.json";
constexpr const char* kStale = "/etc/docker/stale.env";
constexpr const char* kNew = "/etc/docker/new.env";

// Saves `text` at `path` just before the first operation that has both words.
void save_before(World& world, std::string path, std::string text, std::string verb, std::string word) {
    world.fs.before_operation = [&world, path, text, verb, word,
                                 done = false](const support::MemFs::Operation& operation) mutable {
        auto said = operation.str();
        if (done || operation.verb != verb || said.find(word) == std::string::npos) return;
        done = true;
        world.fs.put(path, text);
    };
}

void expect_refused(World& world, const Receipt& receipt, const char* path) {
    EXPECT_EQ(receipt.outcome, Outcome::rolled_back);
    ASSERT_TRUE(receipt.error);
    EXPECT_EQ(receipt.error->code, ErrorCode::foreign_change) << to_string(*receipt.error);
    EXPECT_EQ(world.fs.bytes(path), "mine");
    EXPECT_EQ(world.fs.bytes("/opt/real.toml"), "version = 2\n");
    EXPECT_THAT(world.left_overs(), IsEmpty());
}

TEST(Swap, AnEditInTheLastMomentIsPutBack) {
    World world;
    save_before(world, kDaemon, "mine", "exchange", kDaemon);
    expect_refused(world, world.run(rich_plan()), kDaemon);
}

TEST(Swap, AnEditOfAFileThatIsToGoIsPutBack) {
    World world;
    save_before(world, kStale, "mine", "rename", kStale);
    expect_refused(world, world.run(rich_plan()), kStale);
}

TEST(Swap, AFileThatAppearsInTheLastMomentIsNotReplaced) {
    World world;
    // The swap of hosts.toml comes first: new.env was looked at before anything, and is looked at again
    // after.
    save_before(world, kNew, "mine", "rename", cat(" ", kNew));
    expect_refused(world, world.run(rich_plan()), kNew);
}

TEST(Swap, TheNewestOfSeveralEditsStays) {
    World world;
    int swaps = 0;
    world.fs.before_operation = [&](const support::MemFs::Operation& operation) {
        if (operation.verb != "exchange" || operation.to != kDaemon) return;
        ++swaps;
        if (swaps <= 2) world.fs.put(kDaemon, swaps == 1 ? "earlier" : "mine");
    };
    expect_refused(world, world.run(rich_plan()), kDaemon);
    EXPECT_EQ(swaps, 3);
}

// The process dies between any two operations of such a swap.
TEST(Swap, ACrashWhileAnEditIsSwappedOutLosesNothing) {
    std::size_t points = 0;
    for (std::size_t n = 1;; ++n) {
        World world;
        save_before(world, kDaemon, "mine", "exchange", kDaemon);
        auto first = world.fs.operations.size();
        world.fs.fail_at(n, EIO, true);
        (void)world.run(rich_plan());
        bool struck = world.fs.operations.size() >= first + n;
        bool edited = world.fs.bytes(kDaemon) == "mine";
        for (const auto& [path, node] : world.fs.tree()) edited |= path != kDaemon && node.bytes == "mine";
        world.fs.heal();
        world.fs.before_operation = nullptr;
        world.relock();
        auto receipt = recover(world.context());
        if (edited) {
            ++points;
            EXPECT_EQ(world.fs.bytes(kDaemon), "mine") << "crash at " << n;
            if (receipt.outcome == Outcome::stuck) {
                EXPECT_EQ(receipt.error->code, ErrorCode::foreign_change);
                EXPECT_FALSE(recover(world.context(), ForeignFiles::keep_current).error);
            }
            EXPECT_EQ(world.fs.bytes(kDaemon), "mine");
        }
        EXPECT_THAT(world.left_overs(), IsEmpty()) << "crash at " << n;
        if (!struck) break;
    }
    EXPECT_GE(points, 8U);
}

TEST(Swap, WorksWhereNamesCannotBeExchanged) {
    World world;
    world.fs.plain_renames_only = true;
    EXPECT_EQ(world.run(rich_plan()).outcome, Outcome::committed);
    World other;
    EXPECT_EQ(other.run(rich_plan()).outcome, Outcome::committed);
    EXPECT_EQ(world.target(), other.target());
}

}  // namespace
}  // namespace mirrorctl::txn
