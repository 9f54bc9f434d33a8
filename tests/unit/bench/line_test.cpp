#include "bench/line.hpp"

#include <gtest/gtest.h>

namespace mirrorctl::bench::line_test {
namespace {

// Feeds `line` from `at` for `seconds`; returns the bytes that have come.
double feed(Line& line, double at, double seconds, double bytes, double rate, const Line::Traffic& traffic) {
    constexpr double kStep = 0.01;
    for (double t = kStep; t <= seconds + 1e-9; t += kStep) line.watch(at + t, bytes + rate * t, traffic);
    return bytes + rate * seconds;
}

TEST(Line, OneFlowThatGetsWhatManyGotFillsIt) {
    Line line;
    feed(line, 10, 0.6, 0, 600e3, {.flows = 6, .top_share = 0.3});
    EXPECT_NEAR(line.rate(), 600e3, 30e3);
    EXPECT_TRUE(line.filled_by(580e3));
    EXPECT_FALSE(line.filled_by(300e3));
    EXPECT_FALSE(line.filled_by(900e3)) << "the others did not fill it";
}

TEST(Line, TellsNothingWithoutFlowsThatShareIt) {
    Line alone;
    feed(alone, 10, 0.6, 0, 600e3, {.flows = 1, .top_share = 1});
    EXPECT_FALSE(alone.filled_by(600e3));
    Line mostly_one;
    feed(mostly_one, 10, 0.6, 0, 600e3, {.flows = 4, .top_share = 0.9});
    EXPECT_FALSE(mostly_one.filled_by(600e3)) << "one had it nearly for itself";
}

TEST(Line, IsNarrowOnlyAfterAWhile) {
    Line line;
    auto bytes = feed(line, 10, 0.1, 0, 1e6, {.flows = 3, .top_share = 0.4});
    EXPECT_FALSE(line.narrow());
    bytes = feed(line, 10.1, 0.4, bytes, 1e6, {.flows = 3, .top_share = 0.4});
    EXPECT_TRUE(line.narrow());
    feed(line, 10.5, 0.4, bytes, 20e6, {.flows = 3, .top_share = 0.4});
    EXPECT_FALSE(line.narrow()) << "it was only slow to begin";
}

TEST(Line, IsNotNarrowBecauseOneOrTwoAreSlow) {
    Line line;
    auto bytes = feed(line, 10, 1, 0, 1e6, {.flows = 2, .top_share = 0.6});
    EXPECT_FALSE(line.narrow()) << "nobody knows yet what others get";
    feed(line, 11, 0.2, bytes, 1e6, {.flows = 3, .top_share = 0.4});
    EXPECT_TRUE(line.narrow());
}

TEST(Line, IsNarrowBelowWhatItIsToldIs) {
    Line usual;
    feed(usual, 10, 0.7, 0, 8e6, {.flows = 3, .top_share = 0.4});
    EXPECT_TRUE(usual.narrow());
    Line in_a_hurry(kVeryNarrow);
    feed(in_a_hurry, 10, 0.7, 0, 8e6, {.flows = 3, .top_share = 0.4});
    EXPECT_FALSE(in_a_hurry.narrow());
}

TEST(Line, MayStillFillAWhileAfterTheStart) {
    Line line;
    auto bytes = feed(line, 10, 0.5, 0, 7.5e6, {.flows = 4, .top_share = 0.4});
    EXPECT_FALSE(line.narrow()) << "slow starts of fast mirrors look like a line of 60 Mbit/s";
    feed(line, 10.5, 0.2, bytes, 7.5e6, {.flows = 4, .top_share = 0.4});
    EXPECT_TRUE(line.narrow());
}

TEST(Line, IsFilledByFewOnceNobodyGrows) {
    Line line;
    auto bytes = feed(line, 10, 0.3, 0, 8e6, {.flows = 4, .top_share = 0.4});
    EXPECT_FALSE(line.few_fill()) << "too early to tell";
    bytes = feed(line, 10.3, 0.3, bytes, 8e6, {.flows = 4, .top_share = 0.4, .grows = true});
    EXPECT_FALSE(line.few_fill()) << "it may carry more";
    bytes = feed(line, 10.6, 0.1, bytes, 8e6, {.flows = 4, .top_share = 0.4});
    EXPECT_TRUE(line.few_fill());
    bytes = feed(line, 10.7, 0.2, bytes, 8e6, {.flows = 4, .top_share = 0.4, .grows = true});
    EXPECT_TRUE(line.few_fill()) << "what begins beside the others is no reason";
    feed(line, 10.9, 0.4, bytes, 20e6, {.flows = 4, .top_share = 0.4});
    EXPECT_FALSE(line.few_fill());
}

TEST(Line, WhatCameBehindALostPacketIsNoPeak) {
    Line line;
    auto bytes = feed(line, 10, 0.6, 0, 8e6, {.flows = 4, .top_share = 0.4});
    bytes = feed(line, 10.6, 0.2, bytes, 1e6, {.flows = 4, .top_share = 0.4});
    bytes = feed(line, 10.8, 0.2, bytes, 15e6, {.flows = 4, .top_share = 0.4, .caught_up = true});
    EXPECT_NEAR(line.peak(), 8e6, 0.1e6);
    EXPECT_TRUE(line.few_fill());
    feed(line, 11, 0.3, bytes, 15e6, {.flows = 4, .top_share = 0.4});
    EXPECT_NEAR(line.peak(), 15e6, 0.2e6) << "and a line that carries more is not overlooked";
}

}  // namespace
}  // namespace mirrorctl::bench::line_test
