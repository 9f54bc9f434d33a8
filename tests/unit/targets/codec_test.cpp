// The generic part: what compose and undo keep, give and take back.
#include "targets/docker_files.hpp"
#include "targets/hosts_toml.hpp"
#include "unit/targets/scene.hpp"

namespace mirrorctl::targets::test::codec_test {
namespace {

using List = std::vector<std::string>;
const std::string kKey = kRegistryMirrors;

Values mirrors(List list) {
    return {{kKey, std::move(list)}};
}

struct ComposeCase {
    const char* what;
    Values current, ours, wanted, base, result;
};

TEST(Compose, SharedLists) {
    const ComposeCase cases[] = {
        {"ours in front",
         mirrors({"u1", "u2"}),
         {},
         mirrors({"m1", "m2"}),
         {},
         mirrors({"m1", "m2", "u1", "u2"})},
        {"old ones of ours go", mirrors({"m1", "m2", "u"}), mirrors({"m1", "m2"}), mirrors({"m3"}),
         mirrors({"u"}), mirrors({"m3", "u"})},
        {"a mirror of both stands once", mirrors({"u", "m"}), {}, mirrors({"m"}), {}, mirrors({"m", "u"})},
        {"duplicates go", mirrors({"u", "u"}), {}, mirrors({"m", "m"}), {}, mirrors({"m", "u"})},
        {"only ours are removed", mirrors({"m", "u"}), mirrors({"m"}), {}, mirrors({"u"}), mirrors({"u"})},
        {"the key goes with ours", mirrors({"m"}), mirrors({"m"}), {}, {}, {}},
        {"an empty list of the user comes back",
         mirrors({"m"}),
         mirrors({"m"}),
         {},
         mirrors({}),
         mirrors({})},
        {"an empty list of the user stays", mirrors({}), {}, {}, {}, mirrors({})},
        {"the user's own order comes back",
         mirrors({"x", "m", "a"}),
         mirrors({"m"}),
         {},
         mirrors({"a", "x"}),
         mirrors({"a", "x"})},
        {"added by the user since: stays",
         mirrors({"m", "new", "u"}),
         mirrors({"m"}),
         {},
         mirrors({"u"}),
         mirrors({"new", "u"})},
        {"nothing of ours, nothing wanted", {}, {}, {}, {}, {}},
    };
    for (const auto& c : cases)
        EXPECT_EQ(compose(daemon_json_codec(), c.current, c.ours, c.wanted, c.base), c.result) << c.what;
}

TEST(Compose, Scalars) {
    auto p = [](const char* value) { return Values{{"httpProxy", {value}}}; };
    const ComposeCase cases[] = {
        {"set", {}, {}, p("m"), {}, p("m")},
        {"replaced", p("u"), {}, p("m"), {}, p("m")},
        {"given back", p("m"), p("m"), {}, p("u"), p("u")},
        {"removed", p("m"), p("m"), {}, {}, {}},
        {"changed by the user: stays", p("x"), p("m"), {}, p("u"), p("x")},
        {"removed by the user: stays away", {}, p("m"), {}, p("u"), {}},
        {"the user's stays", p("u"), {}, {}, {}, p("u")},
        {"receipts hold secrets as digests", p("s"), p(sha256_digest("s").c_str()), {}, {}, {}},
    };
    for (const auto& c : cases)
        EXPECT_EQ(compose(docker_config_codec(), c.current, c.ours, c.wanted, c.base), c.result) << c.what;
}

TEST(Compose, AttributesGoWithTheirHost) {
    Values ours{{kHosts, {"https://m"}}, {"https://m capabilities", {"pull"}}};
    Values current{{kHosts, {"https://m", "https://u"}},
                   {"https://m capabilities", {"pull", "push"}},
                   {"https://u capabilities", {"pull"}}};
    Values left{{kHosts, {"https://u"}}, {"https://u capabilities", {"pull"}}};
    EXPECT_EQ(compose(hosts_toml_codec(), current, ours, {}, {}), left)
        << "the user changed the capabilities of our host; it goes all the same";
}

struct UndoCase {
    const char* what;
    Values before, after, now, result;
    List kept;
};

TEST(Undo, ThreeWays) {
    auto p = [](const char* value) { return Values{{"httpProxy", {value}}}; };
    const UndoCase cases[] = {
        {"back", p("u"), p("m"), p("m"), p("u"), {}},
        {"back to nothing", {}, p("m"), p("m"), {}, {}},
        {"already back", p("u"), p("m"), p("u"), p("u"), {}},
        {"changed since", p("u"), p("m"), p("x"), p("x"), {"httpProxy"}},
        {"removed since", p("u"), p("m"), {}, {}, {"httpProxy"}},
        {"never touched", p("u"), p("u"), p("x"), p("x"), {}},
    };
    for (const auto& c : cases) {
        List kept;
        EXPECT_EQ(undo(docker_config_codec(), c.before, c.after, c.now, kept), c.result) << c.what;
        EXPECT_EQ(kept, c.kept) << c.what;
    }
}

TEST(Undo, SharedLists) {
    const UndoCase lists[] = {
        {"back", mirrors({"u"}), mirrors({"m", "u"}), mirrors({"m", "u"}), mirrors({"u"}), {}},
        {"the user added one",
         mirrors({"u"}),
         mirrors({"m", "u"}),
         mirrors({"m", "u", "new"}),
         mirrors({"u", "new"}),
         {}},
        {"the user took ours out", {}, mirrors({"m", "n"}), mirrors({"n"}), {}, {}},
        {"order of the user's own",
         mirrors({"a", "b"}),
         mirrors({"b", "m", "a"}),
         mirrors({"m", "b", "a"}),
         mirrors({"a", "b"}),
         {}},
        {"removed by us, the user added one",
         mirrors({"m", "u"}),
         mirrors({"u"}),
         mirrors({"u", "new"}),
         mirrors({"u", "new", "m"}),
         {}},
    };
    for (const auto& c : lists) {
        List kept;
        EXPECT_EQ(undo(daemon_json_codec(), c.before, c.after, c.now, kept), c.result) << c.what;
        EXPECT_EQ(kept, c.kept) << c.what;
    }
}

TEST(EditText, RefusesWhatItCannotSay) {
    Codec liar = daemon_json_codec();
    liar.write = [](std::string_view, const Values&) -> Result<std::vector<Edit>> {
        return std::vector<Edit>{};
    };
    auto result = edit_text(liar, "{}", mirrors({"m"}));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::unsupported_layout);

    Codec vandal = daemon_json_codec();
    vandal.write = [](std::string_view text, const Values&) -> Result<std::vector<Edit>> {
        return std::vector<Edit>{{{0, text.size()}, "{\"registry-mirrors\": [\"m\"]}"}};
    };
    EXPECT_FALSE(edit_text(vandal, "{\"debug\": true}", mirrors({"m"}))) << "the witness sees the lost key";
}

}  // namespace
}  // namespace mirrorctl::targets::test::codec_test
