#include "txn/rollback.hpp"

#include "unit/txn/world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mirrorctl::txn::rollback_test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kFile = "/etc/docker/daemon.json";

// A format of its own: lines "key=a,b"; keys that begin with "m" are managed, all other lines are the user's.
bool is_managed(std::string_view line) {
    return line.starts_with('m') && line.find('=') != std::string_view::npos;
}

Result<Values> read_lines(std::string_view text) {
    if (text.find("BROKEN") != std::string_view::npos)
        return Failure(Error{.code = ErrorCode::parse, .message = "cannot parse: line 1: BROKEN"});
    Values out;
    for (const auto& line : split(text, '\n')) {
        if (!is_managed(line)) continue;
        auto equal = line.find('=');
        auto list = line.substr(equal + 1);
        out[line.substr(0, equal)] = list.empty() ? std::vector<std::string>{} : split(list, ',');
    }
    return out;
}

Result<std::vector<Edit>> write_lines(std::string_view text, const Values& wanted) {
    std::string out;
    for (const auto& line : split(text, '\n'))
        if (!line.empty() && !is_managed(line)) out += line + "\n";
    for (const auto& [key, values] : wanted) out += cat(key, "=", join(values, ","), "\n");
    return std::vector<Edit>{{.span = {0, text.size()}, .replacement = out}};
}

Result<void> no_witness(std::string_view, std::string_view) {
    return {};
}

const targets::Codec kCodec{.name = "lines",
                            .read = read_lines,
                            .write = write_lines,
                            .witness = no_witness,
                            .mirrors_key = "mirrors"};

CodecLookup lookup() {
    return [](const TargetPath& path) { return path.str() == kFile ? &kCodec : nullptr; };
}

// One transaction on daemon.json from what it is to `after`.
std::string apply(
    World& world, const std::string& after, const std::function<void(Plan&)>& adjust = [](Plan&) {}) {
    Plan plan;
    auto exists = world.fs.exists(kFile);
    plan.files = {change(kFile, exists ? std::optional(world.fs.bytes(kFile)) : std::nullopt, after)};
    adjust(plan);
    auto receipt = world.run(plan);
    EXPECT_EQ(receipt.outcome, Outcome::committed) << (receipt.error ? to_string(*receipt.error) : "");
    return receipt.transaction;
}

struct Undone {
    std::string bytes;
    std::vector<Warning> warnings;
    Outcome outcome = Outcome::stuck;
};

Undone roll_back(World& world, const std::string& id = "") {
    auto ids = to_roll_back(world.state.view(), id);
    EXPECT_TRUE(ids.has_value());
    auto plan = make_rollback(world.state.view(), world.fs, *ids, lookup());
    EXPECT_TRUE(plan.has_value()) << to_string(plan.error());
    auto receipt = world.run(*plan);
    return {.bytes = world.fs.bytes(kFile), .warnings = plan->warnings, .outcome = receipt.outcome};
}

TEST(Rollback, BringsEveryByteBack) {
    World world;
    auto before = world.target();
    ASSERT_EQ(world.run(rich_plan()).outcome, Outcome::committed);
    ASSERT_NE(world.target(), before);
    world.engines.seen.clear();
    auto undone = roll_back(world);
    EXPECT_EQ(undone.outcome, Outcome::committed);
    EXPECT_THAT(undone.warnings, IsEmpty());
    EXPECT_EQ(world.target(), before) << "files, modes, links and directories";
    EXPECT_THAT(world.engines.seen, SizeIs(1)) << "the engine hears of it";
    EXPECT_EQ(to_roll_back(world.state.view(), "").error().code, ErrorCode::not_found);
}

TEST(Rollback, KeepsADirectoryWithSomebodysFile) {
    World world;
    ASSERT_EQ(world.run(rich_plan()).outcome, Outcome::committed);
    world.fs.put("/etc/containerd/certs.d/docker.io/ca.crt", "user's");
    EXPECT_EQ(roll_back(world).outcome, Outcome::committed);
    EXPECT_EQ(world.fs.bytes("/etc/containerd/certs.d/docker.io/ca.crt"), "user's");
    EXPECT_FALSE(world.fs.exists("/etc/containerd/certs.d/docker.io/hosts.toml"));
}

TEST(Rollback, TakesSeveralTransactionsBackInOneStep) {
    World world;
    world.fs.put(kFile, "user=1\n");
    auto first = apply(world, "user=1\nmirrors=a\n");
    apply(world, "user=1\nmirrors=b\n");
    EXPECT_EQ(roll_back(world, first).bytes, "user=1\n");
}

struct Case {
    std::string name;
    std::string before, after, now, expected;
    std::size_t kept;
};

// Ours goes, what the user did meanwhile stays.
TEST(Rollback, IsPerKeyWhereTheFileWasEdited) {
    std::vector<Case> cases = {
        {"another line added", "u=1\n", "u=1\nmirrors=a\n", "u=1\nu2=2\nmirrors=a\n", "u=1\nu2=2\n", 0},
        {"our value changed", "u=1\n", "u=1\nmirrors=a\n", "u=1\nmirrors=x\n", "u=1\nmirrors=x\n", 1},
        {"our value removed", "u=1\n", "u=1\nmirrors=a\n", "u=1\nu2=2\n", "u=1\nu2=2\n", 0},
        {"one of two keys changed", "", "ma=1\nmb=2\n", "ma=9\nmb=2\n", "ma=9\n", 1},
        {"a value goes back to the user's", "ma=old\n", "ma=new\n", "u=1\nma=new\n", "u=1\nma=old\n", 0},
    };
    for (const auto& test : cases) {
        World world;
        world.fs.put(kFile, test.before);
        apply(world, test.after);
        world.fs.put(kFile, test.now);
        auto undone = roll_back(world);
        EXPECT_EQ(undone.bytes, test.expected) << test.name;
        EXPECT_EQ(undone.outcome, Outcome::committed) << test.name;
        if (test.name != "our value removed") {
            EXPECT_THAT(undone.warnings, SizeIs(test.kept)) << test.name;
        }
        for (const auto& warning : undone.warnings)
            EXPECT_EQ(warning.code, "kept_foreign_value") << test.name;
    }
}

TEST(Rollback, SeesEditsBetweenTwoTransactions) {
    World world;
    world.fs.put(kFile, "u=1\n");
    auto first = apply(world, "u=1\nmirrors=a\n");
    world.fs.put(kFile, "u=1\nu2=2\nmirrors=a\n");
    apply(world, "u=1\nu2=2\nmirrors=b\n");
    auto undone = roll_back(world, first);
    EXPECT_EQ(undone.bytes, "u=1\nu2=2\n")
        << "byte-identical to the first before-image would lose the user's line";
}

TEST(Rollback, AFileThatSomebodyRemovedStaysRemoved) {
    World world;
    apply(world, "mirrors=a\n");
    world.fs.erase(kFile);
    auto undone = roll_back(world);
    EXPECT_FALSE(world.fs.exists(kFile));
    EXPECT_EQ(undone.outcome, Outcome::committed);
    EXPECT_THAT(undone.warnings, SizeIs(1));
}

TEST(Rollback, RefusesWhatItCannotEdit) {
    World world;
    auto id = apply(world, "mirrors=a\n");
    world.fs.put(kFile, "BROKEN");
    auto plan = make_rollback(world.state.view(), world.fs, {id}, lookup());
    ASSERT_FALSE(plan.has_value());
    EXPECT_EQ(plan.error().code, ErrorCode::parse);
    world.fs.erase(kFile);
    world.fs.put_link(kFile, "/etc/other");
    EXPECT_EQ(make_rollback(world.state.view(), world.fs, {id}, lookup()).error().code,
              ErrorCode::unsafe_path);
    world.fs.put(kFile, "changed\n");
    auto unknown =
        make_rollback(world.state.view(), world.fs, {id}, [](const TargetPath&) { return nullptr; });
    ASSERT_TRUE(unknown.has_value());
    EXPECT_THAT(unknown->files, IsEmpty()) << "a format that nobody knows is left alone";
    EXPECT_THAT(unknown->warnings, SizeIs(1));
}

TEST(Rollback, CarriesActivationsAndChecks) {
    World world;
    world.fs.put(kFile, "mirrors=old\n");
    auto id = apply(world, "mirrors=a\n", [](Plan& plan) {
        plan.activations = {{.unit = "docker.service", .kind = ActivationKind::reload}};
        plan.checks = {{.subject = "docker.mirrors", .expected = {"a"}},
                       {.subject = "docker.proxy", .expected = {"HTTP_PROXY=x"}}};
    });
    auto plan = make_rollback(world.state.view(), world.fs, {id}, lookup());
    ASSERT_TRUE(plan.has_value());
    EXPECT_THAT(plan->activations,
                ElementsAre(Activation{.unit = "docker.service", .kind = ActivationKind::reload}));
    EXPECT_THAT(plan->checks, ElementsAre(Check{.subject = "docker.mirrors", .expected = {"old"}}))
        << "what cannot be told from a file is not claimed";
    EXPECT_THAT(plan->undoes, ElementsAre(id));
}

TEST(Rollback, AnEditedFileGetsItsOwnInterimState) {
    World world;
    world.fs.put(kFile, "u=1\n");
    apply(world, "u=1\nmirrors=a\n", [](Plan& plan) {
        plan.files[0].undo_interim = file_state("u=1\nmirrors=\n");
        plan.activations = {{.unit = "docker.service", .kind = ActivationKind::reload}};
    });
    world.fs.put(kFile, "u=1\nu2=2\nmirrors=a\n");
    world.engines.seen.clear();
    EXPECT_EQ(roll_back(world).bytes, "u=1\nu2=2\n");
    EXPECT_THAT(world.engines.seen, ElementsAre("u=1\nu2=2\nmirrors=\n"));
}

}  // namespace
}  // namespace mirrorctl::txn::rollback_test
