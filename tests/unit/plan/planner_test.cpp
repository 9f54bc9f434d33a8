#include "plan/planner.hpp"

#include "plan/saved.hpp"
#include "plan/settle.hpp"
#include "plan/status.hpp"
#include "support/mem_fs.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>

namespace mirrorctl::plan::planner_test {
namespace {

constexpr const char* kDaemonJson = "/etc/docker/daemon.json";

class PlannerTest : public testing::Test {
  public:
    PlannerTest() {
        node.docker.installed = true;
        node.docker.version = Version::parse("24.0.7");
        node.users = {{.name = "root", .uid = 0, .gid = 0, .home = TargetPath("/root")}};
        fs.put_dir("/etc");
        settle = [this](const Activation& wanted) {
            auto settled = wanted;
            settled.deferred = deferred;
            settled.consent = consent;
            return settled;
        };
    }

    void want(const std::vector<std::string>& urls) {
        DesiredUpstream upstream{
            .name = "docker.io", .origin = *parse_url("https://registry-1.docker.io"), .mirrors = {}};
        for (const auto& url : urls) {
            ChosenMirror chosen;
            chosen.mirror.url = *parse_url(url);
            chosen.mirror.trust = Trust::resolve;
            chosen.may_resolve = true;
            upstream.mirrors.push_back(chosen);
        }
        desired.upstreams = {upstream};
    }

    Result<Plan> plan() {
        auto targets = find_targets({"docker-daemon"});
        EXPECT_TRUE(targets);
        return make_plan({.fs = fs,
                          .node = node,
                          .desired = desired,
                          .owned = owned,
                          .targets = *targets,
                          .settle = settle});
    }

    // Writes what a plan says and remembers what is ours, as a transaction would.
    void carry_out(const Plan& done) {
        for (const auto& file : done.files) {
            auto& ours = owned.files[file.path];
            if (ours.target.empty()) ours.base = file.before;
            ours.target = file.target;
            ours.values = file.owned;
            if (file.after.present)
                fs.put(file.path.str(), file.after.bytes, file.after.meta.mode);
            else
                ASSERT_TRUE(fs.remove_file(file.path));
            if (file.owned.empty()) owned.files.erase(file.path);
        }
    }

    support::MemFs fs;
    NodeFacts node;
    DesiredState desired;
    Ownership owned;
    Settle settle;
    bool deferred = false;
    bool consent = true;
};

TEST_F(PlannerTest, CreatesAFileWithItsMissingParents) {
    want({"https://m.example"});
    auto made = plan();
    ASSERT_TRUE(made) << to_string(made.error());
    ASSERT_EQ(made->files.size(), 1U);
    EXPECT_EQ(made->files[0].action(), FileAction::create);
    EXPECT_EQ(made->files[0].after.meta.mode, 0644U);
    ASSERT_EQ(made->dirs.size(), 1U);
    EXPECT_EQ(made->dirs[0].path.str(), "/etc/docker");
    EXPECT_EQ(made->files[0].owned.at("registry-mirrors"), (std::vector<std::string>{"https://m.example"}));
    EXPECT_EQ(made->mirrors.at("docker.io").size(), 1U);
}

TEST_F(PlannerTest, ASecondRunPlansNothing) {
    want({"https://m.example"});
    carry_out(*plan());
    auto again = plan();
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->empty());
}

TEST_F(PlannerTest, KeepsTheUsersMirrorsAndTakesOnlyOursOut) {
    const std::string users = "{\n\t\"debug\": false,\n\t\"registry-mirrors\": [\"https://corp.example\"]\n}";
    fs.put(kDaemonJson, users);
    want({"https://m.example"});
    auto first = plan();
    ASSERT_TRUE(first);
    EXPECT_EQ(first->files[0].owned.at("registry-mirrors"), (std::vector<std::string>{"https://m.example"}));
    EXPECT_NE(first->files[0].after.bytes.find("https://corp.example"), std::string::npos);
    carry_out(*first);
    want({});
    auto second = plan();
    ASSERT_TRUE(second);
    ASSERT_EQ(second->files.size(), 1U);
    EXPECT_EQ(second->files[0].after.bytes, users);
}

TEST_F(PlannerTest, AMirrorThatTheUserHadBeforeIsNotOurs) {
    fs.put(kDaemonJson, R"({"registry-mirrors": ["https://m.example"]})");
    want({"https://fast.example", "https://m.example"});
    auto made = plan();
    ASSERT_TRUE(made);
    EXPECT_EQ(made->files[0].owned.at("registry-mirrors"),
              (std::vector<std::string>{"https://fast.example"}));
}

TEST_F(PlannerTest, AFileThatWeMadeGoesWhenNothingOfOursIsLeft) {
    want({"https://m.example"});
    carry_out(*plan());
    owned.dirs = {{.path = TargetPath("/etc/docker"), .meta = {.mode = 0755}}};
    want({});
    auto made = plan();
    ASSERT_TRUE(made);
    ASSERT_EQ(made->files.size(), 1U);
    EXPECT_EQ(made->files[0].action(), FileAction::remove);
    ASSERT_TRUE(made->files[0].interim) << "a reload only takes an explicit empty list";
    EXPECT_EQ(made->files[0].interim->bytes.find("m.example"), std::string::npos);
    EXPECT_NE(made->files[0].interim->bytes.find("registry-mirrors"), std::string::npos);
    ASSERT_EQ(made->dirs.size(), 1U);
    EXPECT_FALSE(made->dirs[0].create);
}

TEST_F(PlannerTest, ADirectoryWithForeignFilesStays) {
    want({"https://m.example"});
    carry_out(*plan());
    owned.dirs = {{.path = TargetPath("/etc/docker"), .meta = {.mode = 0755}}};
    fs.put("/etc/docker/key.json", "{}");
    want({});
    auto made = plan();
    ASSERT_TRUE(made);
    EXPECT_TRUE(made->dirs.empty());
}

TEST_F(PlannerTest, WhatMayNotRunNowIsPendingAndCheckedLater) {
    consent = false;
    want({"https://m.example"});
    auto made = plan();
    ASSERT_TRUE(made);
    ASSERT_EQ(made->pending.size(), 1U);
    EXPECT_EQ(made->pending[0].unit, "docker.service");
    EXPECT_EQ(made->checks.size(), 1U) << "asked once the unit has started with the file";
}

TEST_F(PlannerTest, ABrokenFileRefusesTheWholePlanWithItsPlace) {
    fs.put(kDaemonJson, "{\n  \"debug\": true,\n}");
    want({"https://m.example"});
    auto made = plan();
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, ErrorCode::parse);
    ASSERT_TRUE(made.error().location);
    EXPECT_EQ(made.error().location->file, kDaemonJson);
    EXPECT_EQ(made.error().location->line, 2) << "the comma";
}

TEST_F(PlannerTest, StatusTellsOursDriftedForeignAndAbsent) {
    EXPECT_EQ(make_status(fs, node, owned).at(0).standing, Standing::absent);
    fs.put(kDaemonJson, R"({"registry-mirrors": ["https://corp.example"]})");
    EXPECT_EQ(make_status(fs, node, owned).at(0).standing, Standing::foreign);
    want({"https://m.example"});
    carry_out(*plan());
    EXPECT_EQ(make_status(fs, node, owned).at(0).standing, Standing::ours);
    fs.put(kDaemonJson, R"({"registry-mirrors": ["https://corp.example"]})");
    auto drifted = make_status(fs, node, owned).at(0);
    EXPECT_EQ(drifted.standing, Standing::drifted);
    EXPECT_NE(drifted.detail.find("registry-mirrors"), std::string::npos);
}

TEST_F(PlannerTest, ASavedPlanMayOnlyDoWhatOursDo) {
    want({"https://m.example"});
    auto good = *plan();
    EXPECT_TRUE(check_saved(good, node));
    auto bad = good;
    bad.files[0].path = TargetPath("/etc/shadow");
    EXPECT_FALSE(check_saved(bad, node));
    bad = good;
    bad.files[0].target = "nonsense";
    EXPECT_FALSE(check_saved(bad, node));
    bad = good;
    bad.dirs.push_back({.path = TargetPath("/root/.ssh"), .meta = {}});
    EXPECT_FALSE(check_saved(bad, node));
    bad = good;
    bad.activations.push_back({.unit = "sshd.service", .kind = ActivationKind::restart});
    EXPECT_FALSE(check_saved(bad, node));
}

// Whatever a saved plan shows: what this node would not write itself is not written.
TEST_F(PlannerTest, ASavedPlanIsComparedWithWhatIsMadeHere) {
    want({"https://m.example"});
    fs.put(kDaemonJson, "{}");
    auto remade = *plan();
    ASSERT_EQ(remade.files.size(), 1U);
    ASSERT_FALSE(remade.activations.empty());
    EXPECT_TRUE(check_remade(remade, remade));
    std::map<std::string, std::function<void(Plan&)>> forgeries{
        {"bytes", [](Plan& p) { p.files[0].after.bytes += "\n"; }},
        {"what it would replace", [](Plan& p) { p.files[0].before.bytes += "\n"; }},
        {"mode", [](Plan& p) { p.files[0].after.meta.mode = 0666; }},
        {"owner", [](Plan& p) { p.files[0].after.meta.uid = 1000; }},
        {"removal", [](Plan& p) { p.files[0].after = {}; }},
        {"place", [](Plan& p) { p.files[0].resolved = TargetPath("/etc/shadow"); }},
        {"one file less", [](Plan& p) { p.files.clear(); }},
        {"one file more", [](Plan& p) { p.files.push_back(p.files[0]); }},
        {"a directory", [](Plan& p) { p.dirs.push_back({.path = TargetPath("/etc/x"), .meta = {}}); }},
        {"nothing shown to restart", [](Plan& p) { p.activations.clear(); }}};
    for (const auto& [name, forge] : forgeries) {
        auto saved = remade;
        forge(saved);
        auto checked = check_remade(saved, remade);
        ASSERT_FALSE(checked) << name;
        EXPECT_EQ(checked.error().code, ErrorCode::stale_plan) << name;
    }
    auto less = remade;
    less.activations.clear();
    EXPECT_TRUE(check_remade(remade, less)) << "less than was shown";
}

// The files of one engine change over in one plan, in both directions.
TEST_F(PlannerTest, WhatTakesTheMirrorsOverAndWhatGivesThemUpStandInOnePlan) {
    const TargetPath hub("/etc/docker/certs.d/docker.io/hosts.toml");
    auto both = [this](bool forced) {
        return make_plan({.fs = fs,
                          .node = node,
                          .desired = desired,
                          .owned = owned,
                          .targets = *find_targets({"docker-daemon", "docker-hosts"}),
                          .forced = forced,
                          .settle = settle});
    };
    node.docker.version = Version::parse("28.0.0");
    want({"https://m.example"});
    auto first = both(false);
    ASSERT_TRUE(first) << to_string(first.error());
    ASSERT_EQ(first->files.size(), 1U);
    EXPECT_EQ(first->files[0].path.str(), kDaemonJson);
    carry_out(*first);
    node.docker.store.feature = true;
    auto over = both(false);
    ASSERT_TRUE(over) << to_string(over.error());
    ASSERT_EQ(over->files.size(), 2U);
    EXPECT_EQ(over->files[0].path, hub);
    EXPECT_FALSE(over->files[1].after.present) << "daemon.json held nothing but ours";
    EXPECT_TRUE(over->files[1].interim) << "dockerd keeps mirrors whose key only vanished";
    ASSERT_EQ(over->activations.size(), 1U);
    EXPECT_EQ(over->activations[0].kind, ActivationKind::reload);
    carry_out(*over);
    EXPECT_TRUE(both(false)->empty()) << "a second run changes nothing";
    node.docker.store.feature = false;
    auto back = both(false);
    ASSERT_TRUE(back) << to_string(back.error());
    ASSERT_EQ(back->files.size(), 2U);
    EXPECT_FALSE(back->files[0].after.present);
    EXPECT_EQ(back->files[1].path.str(), kDaemonJson);
    auto targets = *find_targets({"docker-daemon", "docker-hosts"});
    for (const auto* target : targets)
        EXPECT_FALSE(yields(*target, node, {target}, false)) << "alone in a run it has nobody to yield to";
}

// The registry table that our value needed is ours too, whatever the user's other values are.
TEST_F(PlannerTest, ResetGivesTheUsersBytesBackWithoutTheTablesThatWeNeeded) {
    const TargetPath config("/etc/containerd/config.toml");
    const std::string users =
        "version = 2\n\n[plugins.\"io.containerd.grpc.v1.cri\"]\n  sandbox_image = \"pause:3.9\"\n";
    node.containerd.installed = true;
    node.containerd.version = Version::parse("1.7.20");
    fs.put(config.str(), users);
    auto run = [this] {
        auto targets = *find_targets({"containerd-hosts"});
        return make_plan({.fs = fs,
                          .node = node,
                          .desired = desired,
                          .owned = owned,
                          .targets = targets,
                          .settle = settle});
    };
    want({"https://m.example"});
    auto first = run();
    ASSERT_TRUE(first) << to_string(first.error());
    carry_out(*first);
    const auto with_ours = *fs.read(config);
    EXPECT_NE(with_ours.find("config_path"), std::string::npos);
    desired = {};  // as reset does; without mirrors alone the switch stays on
    auto back = run();
    ASSERT_TRUE(back) << to_string(back.error());
    auto config_after = [&config](const Plan& made) -> std::string {
        for (const auto& file : made.files)
            if (file.path == config) return file.after.bytes;
        return "not in the plan";
    };
    EXPECT_EQ(config_after(*back), users);
    fs.put(config.str(), with_ours + "\n[debug]\n  level = \"info\"\n");
    auto edited = run();
    ASSERT_TRUE(edited) << to_string(edited.error());
    EXPECT_NE(config_after(*edited).find("level = \"info\""), std::string::npos) << "the user's edit stays";
    EXPECT_EQ(config_after(*edited).find("config_path"), std::string::npos);
}

// A plan with one file that has interim states, and these steps for docker.service.
Plan settled(const std::vector<Activation>& steps) {
    Plan plan;
    FileChange file;
    file.path = TargetPath(kDaemonJson);
    file.interim = FileState{.present = true, .bytes = "{}"};
    file.undo_interim = file.interim;
    plan.files = {file};
    plan.activations = steps;
    settle_plan(plan, [](const Activation& step) { return step; });
    return plan;
}

std::vector<ActivationKind> kinds(const Plan& plan) {
    std::vector<ActivationKind> out;
    for (const auto& step : plan.activations) out.push_back(step.kind);
    return out;
}

const Activation kReload{.unit = "docker.service", .kind = ActivationKind::reload};
const Activation kRestart{.unit = "docker.service", .kind = ActivationKind::restart};
const Activation kWaitingRestart{.unit = "docker.service",
                                 .kind = ActivationKind::restart,
                                 .consent = false,
                                 .blocked_by = "2 containers"};

TEST(SettlePlan, ARestartThatRunsCoversTheReload) {
    auto plan = settled({kReload, kRestart, kRestart});
    EXPECT_EQ(kinds(plan), std::vector{ActivationKind::restart});
    EXPECT_TRUE(plan.pending.empty());
    EXPECT_FALSE(plan.files[0].interim) << "only a reload needs it";
    EXPECT_TRUE(plan.files[0].undo_interim) << "the way back may meet a running daemon";
}

TEST(SettlePlan, AReloadRunsWhileARestartWaits) {
    auto plan = settled({kReload, kWaitingRestart});
    EXPECT_EQ(kinds(plan), (std::vector{ActivationKind::reload, ActivationKind::restart}));
    ASSERT_EQ(plan.pending.size(), 1U);
    EXPECT_EQ(plan.pending[0].kind, ActivationKind::restart);
    EXPECT_EQ(plan.pending[0].reason, "2 containers");
    EXPECT_TRUE(plan.files[0].interim);
}

TEST(SettlePlan, WhereBothWaitTheRestartAloneIsTold) {
    auto reload = kReload;
    reload.deferred = true;
    auto plan = settled({reload, kWaitingRestart});
    EXPECT_EQ(kinds(plan), std::vector{ActivationKind::restart});
    EXPECT_EQ(plan.pending.size(), 1U);
    EXPECT_FALSE(plan.files[0].interim);
}

TEST(FindTargets, UnknownNamesGetASuggestion) {
    auto found = find_targets({"docker-demon"});
    ASSERT_FALSE(found);
    EXPECT_NE(found.error().hint.find("docker-daemon"), std::string::npos);
}

}  // namespace
}  // namespace mirrorctl::plan::planner_test
