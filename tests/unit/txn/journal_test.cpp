#include "txn/journal.hpp"

#include "unit/txn/world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mirrorctl::txn::journal_test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kId = "20261123T101500Z-4f2a";
constexpr const char* kActive = "/var/lib/mirrorctl/ACTIVE";

Entry entry_of(const Plan& plan) {
    Entry entry{.id = kId, .at = 1'795'000'000, .actor = "root", .plan = plan};
    for (std::size_t i = 0; i < plan.files.size(); ++i)
        entry.temps.push_back(temp_path(entry.id, plan.files[i], i));
    return entry;
}

TEST(Journal, ReadsBackWhatItBegan) {
    World world;
    auto entry = entry_of(rich_plan());
    ASSERT_TRUE(begin(world.state, entry).has_value());
    EXPECT_EQ(world.fs.bytes(cat("/var/lib/mirrorctl/transactions/", kId, "/before/3")),
              entry.plan.files[3].before.bytes);
    EXPECT_EQ(world.fs.node(cat("/var/lib/mirrorctl/transactions/", kId, "/plan.json")).meta.mode, 0600U);
    for (auto phase : {Phase::writing, Phase::activating, Phase::verified}) {
        if (phase != Phase::writing) {
            ASSERT_TRUE(record_phase(world.state, entry, phase).has_value());
        }
        auto read = read_active(world.state.view());
        ASSERT_TRUE(read.has_value()) << to_string(read.error());
        ASSERT_TRUE(*read);
        EXPECT_EQ((*read)->id, kId);
        EXPECT_EQ((*read)->at, entry.at);
        EXPECT_EQ((*read)->actor, "root");
        EXPECT_EQ((*read)->phase, phase);
        EXPECT_EQ((*read)->temps, entry.temps);
        ASSERT_EQ((*read)->plan.files.size(), entry.plan.files.size());
        for (std::size_t i = 0; i < entry.plan.files.size(); ++i)
            EXPECT_EQ((*read)->plan.files[i].before, entry.plan.files[i].before);
    }
    EXPECT_EQ(begin(world.state, entry).error().code, ErrorCode::conflict) << "one at a time";
    EXPECT_EQ(close(world.state, kId, Outcome::committed).value(), Closing::durable);
    EXPECT_EQ(read_outcome(world.state.view(), kId).value(), Outcome::committed);
    EXPECT_EQ(read_active(world.state.view()).value(), std::nullopt);
    EXPECT_EQ(read_ended(world.state.view(), kId)->plan.files[3].before, entry.plan.files[3].before);
}

// A record that is cut off or altered anywhere is refused, never half understood.
TEST(Journal, RefusesEveryTruncationAndEveryFlippedBit) {
    World world;
    ASSERT_TRUE(begin(world.state, entry_of(rich_plan())).has_value());
    auto base = cat("/var/lib/mirrorctl/transactions/", kId);
    for (const auto& path : {std::string(kActive), base + "/plan.json", base + "/before/3"}) {
        auto good = world.fs.bytes(path);
        for (std::size_t length = 0; length < good.size(); ++length) {
            world.fs.put(path, good.substr(0, length));
            auto read = read_active(world.state.view());
            ASSERT_FALSE(read.has_value()) << path << " cut at " << length;
            EXPECT_EQ(read.error().code, ErrorCode::corrupt_state);
        }
        for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
            auto bad = good;
            bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
            world.fs.put(path, bad);
            ASSERT_FALSE(read_active(world.state.view()).has_value()) << path << " bit " << bit;
        }
        world.fs.put(path, good);
        ASSERT_TRUE(read_active(world.state.view()).has_value());
    }
    world.fs.erase(base + "/before/3");
    EXPECT_EQ(read_active(world.state.view()).error().code, ErrorCode::corrupt_state)
        << "a before-image is missing";
}

TEST(Journal, ACorruptRecordIsStuckAndTouchesNothing) {
    World world;
    ASSERT_TRUE(begin(world.state, entry_of(rich_plan())).has_value());
    world.fs.put(kActive, "garbage");
    auto before = world.target();
    auto receipt = recover(world.context());
    EXPECT_EQ(receipt.outcome, Outcome::stuck);
    EXPECT_EQ(receipt.error->code, ErrorCode::corrupt_state);
    EXPECT_THAT(receipt.error->hint, HasSubstr("/var/lib/mirrorctl"));
    EXPECT_EQ(world.target(), before);
    EXPECT_TRUE(world.fs.exists(kActive));
}

TEST(Journal, MarkersWithNonsenseAreRefused) {
    Marker marker{.id = kId, .at = 5, .actor = "root\nphase verified", .plan_digest = sha256_digest("x")};
    auto read = parse_marker(marker_text(marker));
    ASSERT_TRUE(read.has_value()) << read.error().message;
    EXPECT_EQ(read->phase, Phase::writing) << "a name cannot add a field";
    marker.id = "../../etc";
    EXPECT_FALSE(parse_marker(marker_text(marker)).has_value());
    marker.id = kId;
    marker.temps = {TargetPath("/etc/../shadow")};
    EXPECT_FALSE(parse_marker(marker_text(marker)).has_value());
}

TEST(StateDir, IdsGrowEvenWhenTheClockGoesBack) {
    World world;
    auto first = new_transaction_id(world.state.view(), 1'795'000'000).value();
    EXPECT_TRUE(is_transaction_id(first)) << first;
    EXPECT_TRUE(first.starts_with("20261118T")) << first;
    world.fs.put_dir("/var/lib/mirrorctl/transactions/" + first);
    auto second = new_transaction_id(world.state.view(), 0).value();
    EXPECT_GT(second, first);
    for (const char* bad : {"", "..", "20261123T101500Z-4F2A", "20261123T101500Z-4f2",
                            "20261123T101500Z-4f2a0", "2026/123T101500Z-4f2a"})
        EXPECT_FALSE(is_transaction_id(bad)) << bad;
}

TEST(StateDir, IsCreatedPrivateAndRefusedWhenOthersCanWrite) {
    World world;
    EXPECT_EQ(world.fs.node("/var/lib/mirrorctl").meta.mode, 0700U);
    EXPECT_EQ(lock_state(world.state, 0).error().code, ErrorCode::lock_held);
    struct Case {
        std::string name;
        std::function<void(support::MemFs&)> spoil;
    };
    std::vector<Case> cases = {{"group", [](auto& fs) { fs.node("/var/lib/mirrorctl").meta.mode = 0770; }},
                               {"others", [](auto& fs) { fs.node("/var/lib/mirrorctl").meta.mode = 0707; }},
                               {"owner", [](auto& fs) { fs.set_owner("/var/lib/mirrorctl", 1000, 0); }},
                               {"above", [](auto& fs) { fs.node("/var/lib").meta.mode = 0777; }},
                               {"above, to its group", [](auto& fs) { fs.node("/var").meta.mode = 0775; }},
                               {"owner above", [](auto& fs) { fs.set_owner("/var/lib", 1000, 0); }},
                               {"link",
                                [](auto& fs) {
                                    fs.erase("/var/lib/mirrorctl");
                                    fs.put_link("/var/lib/mirrorctl", "/tmp");
                                }},
                               {"file", [](auto& fs) {
                                    fs.erase("/var/lib/mirrorctl");
                                    fs.put("/var/lib/mirrorctl", "");
                                }}};
    for (const auto& test : cases) {
        World spoiled;
        spoiled.lock.reset();
        test.spoil(spoiled.fs);
        auto locked = lock_state(spoiled.state, 0);
        ASSERT_FALSE(locked.has_value()) << test.name;
        EXPECT_EQ(locked.error().code, ErrorCode::unsafe_path) << test.name;
        EXPECT_FALSE(locked.error().hint.empty()) << test.name;
    }
    World sticky;
    sticky.lock.reset();
    sticky.fs.node("/var/lib").meta.mode = 01777;
    EXPECT_TRUE(lock_state(sticky.state, 0).has_value()) << "nobody renames there what is not his";
}

TEST(Recover, RemovesRecordsThatNeverBecameActive) {
    World world;
    world.fs.put(cat("/var/lib/mirrorctl/transactions/", kId, "/before/0"), "half");
    world.fs.put("/var/lib/mirrorctl/ACTIVE.tmp", "half");
    EXPECT_EQ(recover(world.context()).outcome, Outcome::unchanged);
    EXPECT_FALSE(world.fs.exists(cat("/var/lib/mirrorctl/transactions/", kId)));
    EXPECT_THAT(world.left_overs(), IsEmpty());
}

TEST(Recover, AnotherRootIsNotTouched) {
    World world;
    auto plan = rich_plan();
    plan.root = "/mnt/image";
    ASSERT_TRUE(begin(world.state, entry_of(plan)).has_value());
    auto receipt = recover(world.context());
    EXPECT_EQ(receipt.outcome, Outcome::stuck);
    EXPECT_THAT(receipt.error->hint, HasSubstr("--root /mnt/image"));
}

// Engines that started after the crash may have read the new files; others keep running undisturbed.
TEST(Recover, ReactivatesOnlyWhatMayHaveSeenTheNewFiles) {
    for (double started : {-10.0, 10.0}) {
        World world;
        auto entry = entry_of(rich_plan());
        entry.at = world.clock.wall();
        ASSERT_TRUE(begin(world.state, entry).has_value());
        world.fs.put("/etc/docker/daemon.json", entry.plan.files[3].after.bytes);
        world.engines.started["docker.service"] = entry.at + started;
        EXPECT_EQ(recover(world.context()).outcome, Outcome::rolled_back);
        if (started > 0)
            EXPECT_THAT(world.engines.calls, ElementsAre("back:reload docker.service"));
        else
            EXPECT_THAT(world.engines.calls, IsEmpty());
    }
}

// A kill before ACTIVE; the next command that writes cleans up, whichever it is.
TEST(Journal, TheNewestRecordThatNeverBecameActiveIsRemoved) {
    World world;
    ASSERT_EQ(world.run(rich_plan()).outcome, Outcome::committed);
    auto good = world.fs.tree();
    auto orphan = "/var/lib/mirrorctl/transactions/20991123T101500Z-4f2a";
    world.fs.put(cat(orphan, "/before/0"), "a copy", 0600);
    world.fs.put("/var/lib/mirrorctl/ACTIVE.tmp", "cut of", 0600);
    ASSERT_TRUE(remove_newest_orphan(world.state).has_value());
    EXPECT_EQ(world.fs.tree(), good);
    auto operations = world.fs.operations.size();
    ASSERT_TRUE(remove_newest_orphan(world.state).has_value());
    EXPECT_EQ(world.fs.operations.size(), operations) << "nothing to do";
}

// Killed between mkdir(2) and chmod(2) while a removed directory was made again.
TEST(Recover, ADirectoryThatWasMadeHalfGetsItsMode) {
    World world;
    Plan plan;
    plan.files = {change("/etc/gone.d/a", "a\n", std::nullopt)};
    plan.dirs = {{.path = TargetPath("/etc/gone.d"), .meta = {.mode = 0755}, .create = false}};
    world.fs.put_dir("/etc/gone.d", 0700);
    Entry entry{.id = kId, .at = world.clock.wall(), .plan = plan};
    entry.temps = {temp_path(entry.id, plan.files[0], 0)};
    ASSERT_TRUE(begin(world.state, entry).has_value());
    EXPECT_EQ(recover(world.context()).outcome, Outcome::rolled_back);
    EXPECT_EQ(world.fs.node("/etc/gone.d").meta.mode, 0755U);
    EXPECT_EQ(world.fs.bytes("/etc/gone.d/a"), "a\n");
}

}  // namespace
}  // namespace mirrorctl::txn::journal_test
