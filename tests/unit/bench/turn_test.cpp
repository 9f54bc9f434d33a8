// Turns on a narrow line: each rule on its own.
#include "scripted.hpp"
#include "sim_world.hpp"

#include <gtest/gtest.h>

namespace mirrorctl::bench::turn_test {
namespace {

struct Row {
    std::string name;
    double rate;  // bytes per second
    double rtt;   // seconds
};

SimWorld world_of(unsigned seed, double line, const std::vector<Row>& rows) {
    SimWorld world{.family = "own", .seed = seed, .line = line, .mirrors = {}};
    for (const auto& row : rows)
        world.mirrors.push_back({.name = row.name + ".test", .host = {.rate = row.rate, .rtt = row.rtt}});
    return world;
}

// Somebody's turn begins while another one is in its first round trips: its bytes count, and that is all.
TEST(Turns, ALookThatIsTakenBackIsReadOn) {
    Image image;
    OneSession session({.rate = 1e6}, image);
    ASSERT_EQ(session->stage(), Session::Stage::gated) << session->verdict().reason;
    auto at_the_gate = session->bytes();
    SampleRule look{.max_bytes = 1 << 20, .enough_bytes = 1 << 20, .min_seconds = 1, .max_seconds = 2};
    session->begin_sample(look);
    session.go(0.2);
    auto read = session->received();
    ASSERT_GT(read, 50'000);
    session->step_back(session.world.transport);
    EXPECT_EQ(session->stage(), Session::Stage::gated);
    EXPECT_FALSE(session->estimate().known());
    EXPECT_EQ(session->bytes(), at_the_gate + read);
    session->begin_sample(look);
    const auto& headers = session->next()->headers;
    bool goes_on = std::any_of(headers.begin(), headers.end(), [&](const auto& header) {
        return header.first == "Range" && header.second.starts_with(cat("bytes=", read, "-"));
    });
    EXPECT_TRUE(goes_on) << "no byte is asked for twice";
}

// All get the line as soon as they have it for themselves; a queue that empties makes its peak look higher.
TEST(Turns, EndSoonWhereSeveralGetTheSame) {
    for (unsigned seed = 0; seed < 10; ++seed) {
        std::vector<Row> rows{{"origin", 0.2e6, 0.16}};
        for (int i = 0; i < 12; ++i)
            rows.push_back({"m" + std::to_string(i), 2e6 + 0.3e6 * i, 0.008 + 0.006 * i});
        auto run = sim_run(world_of(seed, 0.625e6, rows));
        EXPECT_LE(run.seconds, 3) << seed;
        EXPECT_LE(run.mib, 2) << seed;
        EXPECT_LE(run.regret, 1.05) << seed;
    }
}

// Three that filled the line agree, and the peak was higher: the last of them, a burst, is not taken at its
// word.
TEST(Turns, WhoFillsAWideLineIsProven) {
    for (unsigned seed : {109U, 5024U, 5561U}) EXPECT_LE(sim_run(sim_world('K', seed)).regret, 1.25) << seed;
}

// Two that get the same fill the line, unless one of them has only begun.
TEST(Turns, WhoStillGrowsAgreesWithNobody) {
    for (unsigned seed : {20492U, 20708U, 20758U})
        EXPECT_LE(sim_run(sim_world('K', seed)).regret, 1.05) << seed;
}

// Its first second's worth comes at once, also when it has the line for itself: a turn would show that again.
TEST(Turns, WhoFellGetsNone) {
    EXPECT_LE(sim_run(sim_world('K', 99)).regret, 1.05);
}

// The fastest one waits before it serves, and is asked for its smallest layer beside the proof of a slow one,
// and beside another look: no reason to begin with turns, which would end that.
TEST(Turns, DoNotBeginBesideSecondThoughts) {
    for (unsigned seed = 0; seed < 7; ++seed) {
        auto world = world_of(seed, 3e6,
                              {{"lead", 0.51e6, 0.02 + 0.001 * seed},
                               {"second", 0.24e6, 0.01 + 0.0007 * (seed % 7)},
                               {"third", 0.19e6, 0.03 + 0.002 * (seed % 11)},
                               {"origin", 0.2e6, 0.16 + 0.003 * (seed % 5)},
                               {"waits", 1.86e6, 0.008}});
        world.mirrors.back().host.wait_per_mib = 0.3;
        EXPECT_EQ(sim_run(world).pick, "waits.test") << seed;
    }
}

}  // namespace
}  // namespace mirrorctl::bench::turn_test
