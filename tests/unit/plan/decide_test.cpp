#include "plan/decide.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace mirrorctl::plan::decide_test {
namespace {

Mirror mirror(const std::string& host, Trust trust = Trust::resolve) {
    return {.url = *parse_url("https://" + host), .trust = trust, .operator_name = host};
}

Measurement measured(const std::string& host, double seconds, Trust trust = Trust::resolve) {
    return {.mirror = mirror(host, trust), .usable = true, .samples = 1, .predicted_pull_s = seconds};
}

Measurement origin(double seconds, bool usable = true) {
    Measurement m = measured("registry-1.docker.io", seconds);
    m.is_origin = true;
    m.usable = usable;
    return m;
}

struct Case {
    Profile profile{
        .name = "test",
        .upstreams = {{.name = "docker.io", .origin = *parse_url("https://registry-1.docker.io")}}};
    Report report;
    std::vector<std::string> current = {};
    std::string machine_id = {};
    bool allow_unmeasured = false;

    Case() { report.upstreams = {{.name = "docker.io", .ranking = {}}}; }
    Case& ranking(std::vector<Measurement> list) {
        for (const auto& m : list)
            if (!m.is_origin) profile.upstreams[0].mirrors.push_back(m.mirror);
        report.upstreams[0].ranking = std::move(list);
        return *this;
    }
    Decision run() const {
        DecideInput input{.profile = profile,
                          .report = report,
                          .scope = {"docker.io"},
                          .current = {{"docker.io", current}},
                          .machine_id = machine_id,
                          .allow_unmeasured = allow_unmeasured};
        return decide(input);
    }
    std::vector<std::string> hosts() const {
        std::vector<std::string> hosts;
        auto decision = run();
        if (decision.desired.upstreams.empty()) return {"untouched"};
        for (const auto& m : decision.desired.upstreams[0].mirrors) hosts.push_back(m.mirror.url.host);
        return hosts;
    }
};

using Hosts = std::vector<std::string>;

TEST(Decide, OrdersByPredictedTime) {
    EXPECT_EQ(Case().ranking({measured("c", 9), measured("a", 1), measured("b", 3)}).hosts(),
              (Hosts{"a", "b", "c"}));
}

TEST(Decide, LeavesOutWhatRanksBehindAUsableOrigin) {
    EXPECT_EQ(Case().ranking({measured("a", 1), origin(2), measured("b", 3)}).hosts(), (Hosts{"a"}));
    EXPECT_EQ(Case().ranking({origin(0.5), measured("a", 1)}).hosts(), Hosts{});
    EXPECT_EQ(Case().ranking({measured("a", 1), origin(0.5, false)}).hosts(), (Hosts{"a"}));
}

TEST(Decide, FallbackNoneIgnoresTheOrigin) {
    Case c;
    c.ranking({measured("a", 5)});
    c.report.upstreams[0].ranking.push_back(origin(1));
    c.profile.upstreams[0].fallback = Fallback::none;
    EXPECT_EQ(c.hosts(), (Hosts{"a"}));
}

TEST(Decide, PreferredMirrorsComeFirstAndStayBehindAFasterOrigin) {
    auto harbor = measured("harbor", 4);
    harbor.mirror.prefer = true;
    EXPECT_EQ(Case().ranking({measured("a", 1), harbor, origin(2)}).hosts(), (Hosts{"harbor", "a"}));
}

TEST(Decide, RejectedMirrorsAreNotWritten) {
    auto dead = measured("dead", 0.1);
    dead.usable = false;
    EXPECT_EQ(Case().ranking({dead, measured("a", 1)}).hosts(), (Hosts{"a"}));
}

TEST(Decide, NothingUsableLeavesTheNodeAsItIs) {
    auto dead = measured("dead", -1);
    dead.usable = false;
    auto decision = Case().ranking({dead, origin(-1, false)}).run();
    EXPECT_FALSE(decision.anything_usable);
    EXPECT_TRUE(decision.desired.upstreams.empty());
    EXPECT_EQ(decision.desired.untouched, (std::vector<std::string>{"docker.io"}));
}

TEST(Decide, IncumbentStaysWithinTheMargin) {
    Case c;
    c.ranking({measured("a", 0.8), measured("b", 1)});
    c.current = {"https://b"};
    EXPECT_EQ(c.hosts(), (Hosts{"b", "a"})) << "20 % faster is not enough";
    c.report.upstreams[0].ranking[0].predicted_pull_s = 0.7;
    EXPECT_EQ(c.hosts(), (Hosts{"a", "b"})) << "30 % faster is, whoever measured it and when";
    c.current = {"https://a", "https://b"};
    EXPECT_EQ(c.hosts(), (Hosts{"a", "b"})) << "and then it stays";
}

TEST(Decide, AFailedIncumbentIsReplaced) {
    Case c;
    auto dead = measured("b", -1);
    dead.usable = false;
    c.ranking({measured("a", 5), dead});
    c.current = {"https://b"};
    EXPECT_EQ(c.hosts(), (Hosts{"a"}));
}

TEST(Decide, OriginMustBeatAnIncumbentByTheMargin) {
    Case c;
    c.ranking({measured("a", 1), origin(0.9)});
    EXPECT_EQ(c.hosts(), Hosts{});
    c.current = {"https://a/"};
    EXPECT_EQ(c.hosts(), (Hosts{"a"}));
    c.report.upstreams[0].ranking[1].predicted_pull_s = 0.5;
    EXPECT_EQ(c.hosts(), Hosts{});
}

TEST(Decide, NearEqualsSpreadByMachineAndStayStable) {
    Case c;
    c.ranking({measured("a", 1.00), measured("b", 1.02), measured("c", 1.05), measured("far", 2)});
    std::map<std::string, int> firsts;
    for (int i = 0; i < 60; ++i) {
        c.machine_id = "machine" + std::to_string(i);
        auto hosts = c.hosts();
        EXPECT_EQ(hosts, c.hosts());
        EXPECT_EQ(hosts.back(), "far");
        ++firsts[hosts.front()];
    }
    EXPECT_EQ(firsts.size(), 3U);
    for (const auto& [host, count] : firsts) EXPECT_GT(count, 8) << host;
    c.machine_id = "";
    EXPECT_EQ(c.hosts().front(), "a");
}

TEST(Decide, TrustDecidesWhoMayResolve) {
    auto agreed = measured("agreed", 2, Trust::verify);
    agreed.agreed = true;
    auto decision =
        Case().ranking({measured("a", 1, Trust::pull), agreed, measured("stale", 3, Trust::verify)}).run();
    const auto& mirrors = decision.desired.upstreams.at(0).mirrors;
    EXPECT_FALSE(mirrors[0].may_resolve);
    EXPECT_TRUE(mirrors[1].may_resolve);
    EXPECT_FALSE(mirrors[2].may_resolve);
    ASSERT_EQ(decision.warnings.size(), 1U);
    EXPECT_EQ(decision.warnings[0].code, "few_resolvers");
}

TEST(Decide, TwoResolversOrAReachableOriginNeedNoWarning) {
    EXPECT_TRUE(Case().ranking({measured("a", 1), measured("b", 2)}).run().warnings.empty());
    EXPECT_TRUE(Case().ranking({measured("a", 1, Trust::pull), origin(5)}).run().warnings.empty());
}

TEST(Decide, UnmeasuredTrustedMirrorsOnlyOnRequest) {
    Case c;
    c.profile.upstreams[0].mirrors = {mirror("x"), mirror("y", Trust::pull), mirror("z", Trust::verify)};
    EXPECT_EQ(c.hosts(), (Hosts{"untouched"}));
    c.allow_unmeasured = true;
    EXPECT_EQ(c.hosts(), (Hosts{"x", "z"}));
    auto decision = c.run();
    EXPECT_FALSE(decision.desired.upstreams[0].mirrors[0].measured);
    EXPECT_FALSE(decision.desired.upstreams[0].mirrors[1].may_resolve);
}

TEST(Decide, WhatAnsweredWronglyIsNotUnmeasured) {
    Case c;
    c.allow_unmeasured = true;
    std::vector<Measurement> list{origin(-1, false)};
    auto add = [&](const std::string& host, Fault fault, bool probed = true) {
        auto m = measured(host, -1);
        m.usable = false;
        m.probed = probed;
        m.fault = fault;
        list.push_back(m);
    };
    add("dark", Fault::connect);
    add("liar", Fault::content);
    add("slow", Fault::timeout);
    add("gone", Fault::not_found);
    add("resting", Fault::resting, false);
    add("unasked", Fault::budget, false);
    c.ranking(list);
    EXPECT_EQ(c.hosts(), (Hosts{"dark", "slow", "resting", "unasked"}));
    c = Case();
    c.allow_unmeasured = true;
    list.erase(list.begin() + 1);
    list.resize(2);
    EXPECT_EQ(c.ranking(list).hosts(), (Hosts{"untouched"})) << "nothing but a liar";
    EXPECT_FALSE(c.run().anything_usable);
    EXPECT_TRUE(c.run().warnings.empty());
}

TEST(Decide, OutOfScopeIsUntouched) {
    Case c;
    c.ranking({measured("a", 1)});
    c.profile.upstreams.push_back({.name = "quay.io", .origin = *parse_url("https://quay.io")});
    auto decision = c.run();
    EXPECT_EQ(decision.desired.untouched, (std::vector<std::string>{"quay.io"}));
}

}  // namespace
}  // namespace mirrorctl::plan::decide_test
