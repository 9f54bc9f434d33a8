#include "txn/history.hpp"

#include "model/json/receipt_json.hpp"
#include "txn/pending.hpp"
#include "unit/txn/world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mirrorctl::txn::history_test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kFile = "/etc/docker/daemon.json";

// Brings daemon.json from what it is to `after` and owns `mirrors` in it.
std::string apply(World& world, const std::string& after, const std::vector<std::string>& mirrors,
                  const std::vector<std::string>& undoes = {}) {
    Plan plan;
    plan.files = {change(kFile, world.fs.bytes(kFile), after)};
    if (!mirrors.empty()) plan.files[0].owned = {{"mirrors", mirrors}};
    plan.undoes = undoes;
    if (!undoes.empty()) plan.command = "rollback";
    auto receipt = world.run(plan);
    EXPECT_EQ(receipt.outcome, Outcome::committed) << (receipt.error ? to_string(*receipt.error) : "");
    return receipt.transaction;
}

Ownership owned(const World& world) {
    auto result = ownership(world.state.view());
    EXPECT_TRUE(result.has_value()) << to_string(result.error());
    return std::move(*result);
}

TEST(History, NewestFirstWithFailures) {
    World world;
    EXPECT_THAT(history(world.state.view()).value(), IsEmpty());
    auto first = apply(world, "1", {"a"});
    world.engines.fail_check = true;
    Plan failing;
    failing.files = {change(kFile, "1", "2")};
    EXPECT_EQ(world.run(failing).outcome, Outcome::rolled_back);
    world.engines.fail_check = false;
    auto third = apply(world, "3", {"a"});
    auto list = history(world.state.view()).value();
    ASSERT_THAT(list, SizeIs(3));
    EXPECT_EQ(list[0].transaction, third);
    EXPECT_EQ(list[1].outcome, Outcome::rolled_back);
    EXPECT_EQ(list[1].error->code, ErrorCode::check_failed);
    EXPECT_EQ(list[2].transaction, first);
    EXPECT_EQ(list[2].actor, "root");
    EXPECT_EQ(list[2].files.at(0).owned.at("mirrors"), std::vector<std::string>{"a"});
}

TEST(History, IsToldFromTheJournalWithoutAReceipt) {
    World world;
    auto id = apply(world, "1", {"a"});
    world.fs.erase(world.state.view().receipt(id).str());
    auto list = history(world.state.view()).value();
    ASSERT_THAT(list, SizeIs(1));
    EXPECT_EQ(list[0].outcome, Outcome::committed);
    EXPECT_EQ(owned(world).files.at(TargetPath(kFile)).values.at("mirrors"), std::vector<std::string>{"a"});
    world.fs.put(world.state.view().receipt(id).str(), "{");
    EXPECT_EQ(history(world.state.view()).error().code, ErrorCode::corrupt_state);
}

TEST(Ownership, IsTheSumOfWhatCounts) {
    World world;
    auto users = world.fs.bytes(kFile);
    auto first = apply(world, "1", {"a"});
    auto second = apply(world, "2", {"a", "b"});
    auto file = owned(world).files.at(TargetPath(kFile));
    EXPECT_THAT(file.values.at("mirrors"), ElementsAre("a", "b"));
    EXPECT_EQ(file.base.bytes, users) << "the user's own file, not our first version";
    EXPECT_THAT(to_roll_back(world.state.view(), "").value(), ElementsAre(second));
    EXPECT_THAT(to_roll_back(world.state.view(), first).value(), ElementsAre(second, first));
    auto back = apply(world, "1", {}, {second});
    EXPECT_THAT(owned(world).files.at(TargetPath(kFile)).values.at("mirrors"), ElementsAre("a"));
    EXPECT_THAT(to_roll_back(world.state.view(), "").value(), ElementsAre(first))
        << "a rollback is not rolled back";
    EXPECT_EQ(to_roll_back(world.state.view(), second).error().code, ErrorCode::not_found);
    EXPECT_EQ(to_roll_back(world.state.view(), back).error().code, ErrorCode::not_found);
    apply(world, users, {}, {first});
    EXPECT_THAT(owned(world).files, IsEmpty());
    EXPECT_EQ(to_roll_back(world.state.view(), "").error().code, ErrorCode::not_found);
}

TEST(Rollback, TheLastOneIsTheLastThatWrote) {
    World world;
    auto first = apply(world, "1", {"a"});
    Plan late;
    late.activations = {{.unit = "docker.service", .kind = ActivationKind::restart}};
    auto restarted = world.run(late);
    ASSERT_EQ(restarted.outcome, Outcome::committed);
    EXPECT_THAT(to_roll_back(world.state.view(), "").value(), ElementsAre(restarted.transaction, first))
        << "a restart that came later is no change of its own";
}

TEST(Ownership, AResetEndsItAndANewApplyHasANewBase) {
    World world;
    apply(world, "1", {"a"});
    apply(world, "user edited after reset", {});
    EXPECT_THAT(owned(world).files, IsEmpty());
    apply(world, "2", {"b"});
    EXPECT_EQ(owned(world).files.at(TargetPath(kFile)).base.bytes, "user edited after reset");
}

TEST(Ownership, KnowsOurDirectories) {
    World world;
    auto receipt = world.run(rich_plan());
    auto dirs = owned(world).dirs;
    ASSERT_THAT(dirs, SizeIs(2));
    EXPECT_EQ(dirs[0].path.str(), "/etc/containerd/certs.d");
    Plan back;
    back.command = "rollback";
    back.undoes = {receipt.transaction};
    EXPECT_EQ(world.run(back).outcome, Outcome::committed) << "also when no file has to change any more";
    EXPECT_THAT(owned(world).dirs, IsEmpty());
}

TEST(Retention, KeepsTwentyAndForgetsNothingThatIsOwned) {
    World world;
    auto users = world.fs.bytes(kFile);
    std::vector<std::string> ids;
    for (int i = 0; i < 25; ++i) ids.push_back(apply(world, cat("v", i), {cat("m", i)}));
    auto on_disk = transaction_ids(world.state.view()).value();
    EXPECT_EQ(on_disk, std::vector<std::string>(ids.begin() + 5, ids.end()));
    auto file = owned(world).files.at(TargetPath(kFile));
    EXPECT_EQ(file.base.bytes, users);
    EXPECT_THAT(file.values.at("mirrors"), ElementsAre("m24"));
    EXPECT_EQ(to_roll_back(world.state.view(), ids[5]).value().size(), 20U);
    EXPECT_EQ(to_roll_back(world.state.view(), ids[4]).error().code, ErrorCode::not_found);
    std::vector<std::string> undone(ids.rbegin(), ids.rbegin() + 20);
    apply(world, "v4", {}, undone);
    EXPECT_THAT(owned(world).files.at(TargetPath(kFile)).values.at("mirrors"), ElementsAre("m4"))
        << "from the summary";
    EXPECT_EQ(owned(world).files.at(TargetPath(kFile)).base.bytes, users);
}

TEST(Retention, CanBeCutOffAnywhere) {
    for (std::size_t n = 1; n < 400; ++n) {
        World world;
        for (int i = 0; i < 4; ++i) apply(world, cat("v", i), {cat("m", i)});
        auto before = owned(world).files.at(TargetPath(kFile));
        auto first = world.fs.operations.size();
        world.fs.fail_at(n, EIO, true);
        (void)retain(world.state, 1);
        bool hit = world.fs.operations.size() >= first + n;
        world.fs.heal();
        auto after = owned(world).files.at(TargetPath(kFile));
        EXPECT_EQ(after.values, before.values) << n;
        EXPECT_EQ(after.base, before.base) << n;
        ASSERT_TRUE(retain(world.state, 1).has_value()) << n;
        EXPECT_THAT(transaction_ids(world.state.view()).value(), SizeIs(1)) << n;
        if (!hit) {
            EXPECT_GE(n, 20U);
            return;
        }
    }
    FAIL() << "never came to an end";
}

// `status` and `history` hold no lock: a run may fold and remove old transactions between any two of their
// reads.
TEST(Retention, WhoReadsMeanwhileMissesNothing) {
    bool struck = true;
    for (std::size_t n = 1; struck; ++n) {
        World world;
        for (int i = 0; i < 4; ++i) apply(world, cat("v", i), {cat("m", i)});
        auto before = owned(world).files.at(TargetPath(kFile));
        std::size_t reads = 0;
        world.fs.before_read = [&](const TargetPath&) {
            if (++reads != n) return;
            EXPECT_TRUE(retain(world.state, 1).has_value());
        };
        auto meanwhile = ownership(world.state.view());
        world.fs.before_read = nullptr;
        struck = reads >= n;
        ASSERT_TRUE(meanwhile.has_value()) << "read " << n << ": " << to_string(meanwhile.error());
        ASSERT_TRUE(meanwhile->files.contains(TargetPath(kFile))) << "read " << n;
        EXPECT_EQ(meanwhile->files.at(TargetPath(kFile)).values, before.values) << "read " << n;
        EXPECT_EQ(meanwhile->files.at(TargetPath(kFile)).base, before.base) << "read " << n;
        if (struck) continue;
        EXPECT_GE(n, 8U);
    }
}

TEST(Pending, IsSettledByAStartOrABoot) {
    std::vector<Pending> recorded = {
        {.unit = "docker.service", .reason = "r", .boot_id = "boot-1", .since = 100},
        {.unit = "", .reason = "config_path waits for containerd", .boot_id = "boot-1", .since = 100}};
    auto started = [](double at) { return [at](const std::string&) { return std::optional(at); }; };
    auto unknown = [](const std::string&) { return std::optional<double>(); };
    EXPECT_THAT(still_pending(recorded, "boot-1", started(99)), SizeIs(2));
    EXPECT_THAT(still_pending(recorded, "boot-1", started(101)), SizeIs(1));
    EXPECT_THAT(still_pending(recorded, "boot-1", unknown), SizeIs(2));
    EXPECT_THAT(still_pending(recorded, "boot-2", unknown), SizeIs(2)) << "a boot that did not start it";
    EXPECT_THAT(still_pending(recorded, "boot-2", started(99)), SizeIs(1)) << "whatever the clock says";
    EXPECT_THAT(still_pending(recorded, "", unknown), SizeIs(2));
}

TEST(Pending, MergesByUnit) {
    PendingUpdate update{
        .recorded = {{.unit = "a.service",
                      .kind = ActivationKind::reload,
                      .reason = "old",
                      .boot_id = "b1",
                      .since = 5,
                      .transaction = "old"},
                     {.unit = "b.service",
                      .kind = ActivationKind::restart,
                      .reason = "old",
                      .boot_id = "b1",
                      .since = 5,
                      .transaction = "old"}},
        .done = {{.unit = "b.service", .kind = ActivationKind::reload}},
        .activations =
            {{.unit = "c.service", .kind = ActivationKind::restart, .consent = false, .blocked_by = "busy"},
             {.unit = "", .kind = ActivationKind::daemon_reload, .deferred = true}},
        .planned = {{.unit = "a.service", .kind = ActivationKind::restart, .reason = "new"}},
        .boot_id = "b2",
        .now = 9,
        .transaction = "new"};
    std::vector<Pending> expected = {{.unit = "a.service",
                                      .kind = ActivationKind::restart,
                                      .reason = "old",
                                      .boot_id = "b1",
                                      .since = 5,
                                      .transaction = "old"},
                                     {.unit = "b.service",
                                      .kind = ActivationKind::restart,
                                      .reason = "old",
                                      .boot_id = "b1",
                                      .since = 5,
                                      .transaction = "old"},
                                     {.unit = "c.service",
                                      .kind = ActivationKind::restart,
                                      .reason = "busy",
                                      .boot_id = "b2",
                                      .since = 9,
                                      .transaction = "new"}};
    EXPECT_EQ(merge_pending(update), expected);
    update.done = {{.unit = "b.service", .kind = ActivationKind::restart}};
    EXPECT_THAT(merge_pending(update), SizeIs(2));
}

TEST(Pending, ABrokenFileIsAnErrorWithAWayOut) {
    World world;
    EXPECT_THAT(read_pending(world.state.view()).value(), IsEmpty());
    world.fs.put("/var/lib/mirrorctl/pending.json", "[]");
    EXPECT_EQ(read_pending(world.state.view()).error().code, ErrorCode::corrupt_state);
    EXPECT_FALSE(read_pending(world.state.view()).error().hint.empty());
}

// ---- state that a disk or a hand has damaged: refused with a way out, or read as what it was

// Every cut and every flipped bit of the file at `path`; `judge` gets what was done to it.
void damage(World& world, const std::string& path,
            const std::function<void(const std::string&, bool cut)>& judge) {
    const auto good = world.fs.bytes(path);
    ASSERT_GT(good.size(), 50U) << path;
    for (std::size_t length = 0; length < good.size(); ++length) {
        world.fs.put(path, good.substr(0, length), 0600);
        judge(cat(path, " cut at ", length), true);
    }
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
        auto bad = good;
        bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
        world.fs.put(path, bad, 0600);
        judge(cat(path, " bit ", bit), false);
    }
    world.fs.put(path, good, 0600);
}

void expect_way_out(const Error& error, const std::string& what) {
    EXPECT_EQ(error.code, ErrorCode::corrupt_state) << what;
    EXPECT_FALSE(error.hint.empty()) << what;
}

TEST(Damage, OfAReceipt) {
    World world;
    auto id = world.run(rich_plan()).transaction;
    auto good = receipt_to_json(read_receipt(world.state.view(), id).value());
    std::size_t refused = 0;
    damage(world, world.state.view().receipt(id).str(), [&](const std::string& what, bool cut) {
        auto read = read_receipt(world.state.view(), id);
        if (!read) {
            ++refused;
            return expect_way_out(read.error(), what);
        }
        EXPECT_EQ(read->transaction, id) << what;
        // How it ended is told by the journal, whatever the receipt says.
        EXPECT_EQ(history(world.state.view()).value().front().outcome, Outcome::committed) << what;
        if (!cut) return;
        EXPECT_EQ(receipt_to_json(*read), good) << what;
    });
    EXPECT_GT(refused, 1000U);
}

TEST(Damage, OfWhatIsPending) {
    World world;
    auto plan = rich_plan();
    plan.activations[0].deferred = true;
    ASSERT_EQ(world.run(plan).outcome, Outcome::committed);
    auto good = read_pending(world.state.view()).value();
    ASSERT_THAT(good, SizeIs(1));
    std::size_t refused = 0;
    damage(world, world.state.view().pending().str(), [&](const std::string& what, bool cut) {
        auto read = read_pending(world.state.view());
        if (!read) {
            ++refused;
            return expect_way_out(read.error(), what);
        }
        if (!cut) return;
        EXPECT_EQ(*read, good) << what;
    });
    EXPECT_GT(refused, 200U);
}

TEST(Damage, OfTheSummaryOfOldTransactions) {
    World world;
    for (int i = 0; i < 3; ++i) apply(world, cat("v", i), {cat("m", i)});
    ASSERT_TRUE(retain(world.state, 1).has_value());
    auto good = owned(world).files.at(TargetPath(kFile));
    std::size_t refused = 0;
    damage(world, world.state.view().ownership().str(), [&](const std::string& what, bool cut) {
        auto read = ownership(world.state.view());
        if (!read) {
            ++refused;
            return expect_way_out(read.error(), what);
        }
        if (!cut) return;
        EXPECT_EQ(read->files.at(TargetPath(kFile)).base, good.base) << what;
    });
    EXPECT_GT(refused, 300U);
}

}  // namespace
}  // namespace mirrorctl::txn::history_test
