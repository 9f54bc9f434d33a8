#include "text/apply_edits.hpp"

#include "unit/text/laws.hpp"

namespace mirrorctl::text::apply_edits_test {
namespace {

TEST(ApplyEdits, AppliesInAnyOrder) {
    struct Case {
        std::string text;
        std::vector<Edit> edits;
        std::string after;
    };
    const std::vector<Case> cases = {
        {"abc", {}, "abc"},
        {"abc", {{{0, 1}, "X"}}, "Xbc"},
        {"abc", {{{3, 3}, "d"}}, "abcd"},
        {"abc", {{{2, 3}, ""}, {{0, 1}, ""}}, "b"},
        {"abc", {{{0, 3}, ""}}, ""},
        {"", {{{0, 0}, "new"}}, "new"},
        {"abc", {{{1, 1}, "1"}, {{1, 1}, "2"}, {{1, 2}, "B"}}, "a12Bc"},
        {"abc", {{{1, 2}, "B"}, {{1, 1}, "1"}}, "a1Bc"},
        {"abc", {{{0, 1}, "x"}, {{1, 2}, "y"}}, "xyc"},
    };
    for (const auto& c : cases) EXPECT_EQ(apply_and_check(c.text, c.edits), c.after);
}

TEST(ApplyEdits, RefusesBrokenSpans) {
    const std::vector<std::vector<Edit>> cases = {
        {{{0, 2}, ""}, {{1, 3}, ""}},  // overlap
        {{{0, 4}, ""}},                // behind the end
        {{{4, 4}, "x"}},
        {{{2, 1}, ""}},                 // backwards
        {{{0, 2}, ""}, {{1, 1}, "x"}},  // an insertion inside a replaced span
        {{{1, 2}, "x"}, {{1, 2}, "y"}},
    };
    for (const auto& edits : cases) {
        auto result = apply_edits("abc", edits);
        ASSERT_FALSE(result.has_value());
        EXPECT_EQ(result.error().code, ErrorCode::internal);
    }
}

// Random edits with disjoint spans.
std::vector<Edit> random_edits(Random& random, std::size_t size) {
    std::vector<Edit> edits;
    for (std::size_t at = 0; at <= size;) {
        auto begin = at + random.below(6);
        auto end = begin + random.below(5);
        if (end > size) break;
        edits.push_back({.span = {begin, end}, .replacement = random.awkward(3)});
        at = end + 1;
    }
    for (std::size_t i = edits.size(); i > 1; --i) std::swap(edits[i - 1], edits[random.below(i)]);
    return edits;
}

TEST(EditedText, SumsUpWhatWasAppliedOneAfterTheOther) {
    Random random(1);
    for (int round = 0; round < 500; ++round) {
        auto original = random.awkward(40);
        EditedText edited(original);
        std::string plain = original;
        for (int step = 0; step < 4; ++step) {
            auto edits = random_edits(random, plain.size());
            plain = apply_and_check(plain, edits);
            ASSERT_TRUE(edited.apply(edits).has_value());
            ASSERT_EQ(edited.text(), plain);
        }
        ASSERT_EQ(apply_and_check(original, edited.edits()), plain);
    }
}

TEST(EditedText, ForgetsWhatIsTheSameAgain) {
    EditedText edited("one two three");
    ASSERT_TRUE(edited.apply({{{4, 7}, "2"}}).has_value());
    ASSERT_TRUE(edited.apply({{{4, 5}, "two"}}).has_value());
    EXPECT_TRUE(edited.edits().empty());
}

TEST(EditedText, KeepsDistantSpansApart) {
    EditedText edited("one two three");
    ASSERT_TRUE(edited.apply({{{8, 13}, "thirteen"}}).has_value());
    ASSERT_TRUE(edited.apply({{{0, 3}, "none"}}).has_value());
    const std::vector<Edit> expected = {{{0, 0}, "n"}, {{10, 11}, "irt"}};
    auto edits = edited.edits();
    ASSERT_EQ(edits.size(), 2U);
    EXPECT_EQ(edits[0], expected[0]);
    EXPECT_EQ(apply_and_check("one two three", edits), "none two thirteen");
}

TEST(EditedText, IsUnchangedByEditsThatDoNotApply) {
    EditedText edited("abc");
    EXPECT_FALSE(edited.apply({{{1, 9}, "x"}}).has_value());
    EXPECT_EQ(edited.text(), "abc");
    EXPECT_TRUE(edited.edits().empty());
}

}  // namespace
}  // namespace mirrorctl::text::apply_edits_test
