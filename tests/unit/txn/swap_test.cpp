// Somebody saves a file between our last look at it and the swap: the edit stays, whatever happens next.
#include "unit/txn/world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace mirrorctl::txn::swap_test {
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

// The same with what could be taken for something of ours: the file emptied, cut off, replaced by a link, by
// what another run had planned for another moment.
struct LastMoment {
    const char* name;
    std::function<void(World&)> change;
    std::function<bool(const support::MemFs::Tree&, const std::string&)> is_there;
};

class SwapCrash : public ::testing::TestWithParam<LastMoment> {};

TEST_P(SwapCrash, LosesNothing) {
    const auto& moment = GetParam();
    std::size_t points = 0;
    for (std::size_t n = 1;; ++n) {
        World world;
        world.fs.before_operation = [&, done = false](const support::MemFs::Operation& operation) mutable {
            if (done || operation.verb != "exchange" || operation.str().find(kDaemon) == std::string::npos)
                return;
            done = true;
            moment.change(world);
        };
        auto first = world.fs.operations.size();
        world.fs.fail_at(n, EIO, true);
        (void)world.run(rich_plan());
        bool struck = world.fs.operations.size() >= first + n;
        bool edited = false;
        for (const auto& [path, node] : world.fs.tree())
            edited |= path.starts_with("/etc/docker/") && moment.is_there(world.fs.tree(), path);
        world.fs.heal();
        world.fs.before_operation = nullptr;
        world.relock();
        (void)recover(world.context());
        if (needs_recovery(world.state.view()).value_or(true)) {
            EXPECT_FALSE(recover(world.context(), ForeignFiles::keep_current).error);
        }
        if (edited) {
            ++points;
            EXPECT_TRUE(moment.is_there(world.fs.tree(), kDaemon)) << "crash at " << n;
        }
        EXPECT_THAT(world.left_overs(), IsEmpty()) << "crash at " << n;
        if (!struck) break;
    }
    EXPECT_GE(points, 8U);
}

auto bytes_are(std::string bytes) {
    return [bytes](const support::MemFs::Tree& tree, const std::string& path) {
        auto found = tree.find(path);
        return found != tree.end() && found->second.type == sys::FileType::regular &&
               found->second.bytes == bytes;
    };
}

INSTANTIATE_TEST_SUITE_P(
    Moments, SwapCrash,
    ::testing::Values(LastMoment{"Emptied", [](World& w) { w.fs.put(kDaemon, ""); }, bytes_are("")},
                      LastMoment{"CutOff", [](World& w) { w.fs.put(kDaemon, "{\"registry-mirrors\":["); },
                                 bytes_are("{\"registry-mirrors\":[")},
                      LastMoment{"Zeros", [](World& w) { w.fs.put(kDaemon, std::string(3, '\0')); },
                                 bytes_are(std::string(3, '\0'))},
                      LastMoment{"Link", [](World& w) { w.fs.put_link(kDaemon, "/etc/other"); },
                                 [](const support::MemFs::Tree& tree, const std::string& path) {
                                     auto found = tree.find(path);
                                     return found != tree.end() &&
                                            found->second.type == sys::FileType::symlink;
                                 }}),
    [](const auto& moment) { return std::string(moment.param.name); });

// What others name comes first and goes last: a daemon may start between any two steps.
TEST(Swap, FilesTakeTheirPlacesInOrderAndLeaveThemInReverse) {
    World world;
    auto plan = rich_plan();
    std::vector<std::string> expected;
    for (const auto& file : plan.files) expected.push_back(file.resolved.str());
    std::vector<std::string> back(expected.rbegin(), expected.rend());
    expected.insert(expected.end(), back.begin(), back.end());
    std::vector<std::string> placed;
    world.fs.before_operation = [&](const support::MemFs::Operation& operation) {
        if (operation.verb != "exchange" && operation.verb != "rename") return;
        for (const auto& file : plan.files)
            if (operation.path == file.resolved.str() || operation.to == file.resolved.str())
                placed.push_back(file.resolved.str());
    };
    world.engines.failing = {"reload docker.service"};
    EXPECT_EQ(world.run(plan).outcome, Outcome::rolled_back);
    EXPECT_EQ(placed, expected);
}

// There the last look is all that keeps an edit which was made since the plan was checked.
TEST(Swap, ALookComesBeforeAPlainRename) {
    World world;
    world.fs.plain_renames_only = true;
    save_before(world, kDaemon, "mine", "rename", "/opt/real.toml");
    expect_refused(world, world.run(rich_plan()), kDaemon);
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
}  // namespace mirrorctl::txn::swap_test
