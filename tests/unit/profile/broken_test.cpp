// Broken profiles: each says where it is broken, what was expected and what was found.
#include "world.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace mirrorctl::profile::testing::broken_test {
namespace {

struct Broken {
    const char* name;
    std::string text;
    int line;
    int column;
    std::vector<std::string> parts;  // of message and hint
    ErrorCode code = ErrorCode::parse;
};

void PrintTo(const Broken& broken, std::ostream* out) {
    *out << broken.name;
}

class BrokenProfile : public ::testing::TestWithParam<Broken> {};

TEST_P(BrokenProfile, IsRefusedWithItsPlace) {
    World world;
    auto loaded = world.load_text(GetParam().text);
    ASSERT_FALSE(loaded) << "it was accepted";
    const auto& error = loaded.error();
    ASSERT_TRUE(error.location) << error.message;
    EXPECT_EQ(error.location->file, "/p.yaml");
    EXPECT_EQ(error.location->line, GetParam().line) << to_string(error);
    EXPECT_EQ(error.location->column, GetParam().column) << to_string(error);
    EXPECT_EQ(error.code, GetParam().code) << to_string(error);
    for (const auto& part : GetParam().parts)
        EXPECT_NE((error.message + " | " + error.hint).find(part), std::string::npos)
            << part << " is not in: " << error.message << " | " << error.hint;
}

const std::string kHead = "schema: mirrorctl.profile/1\nname: t\nas_of: 2026-11-23\n";  // three lines
const std::string kUp = kHead + "upstreams:\n  docker.io:\n";                           // five lines
const std::string kMirrors = kUp + "    mirrors:\n";                                    // six lines

std::string mirror(const std::string& lines) {
    return kMirrors + "      - " + lines;
}

const std::vector<Broken> kDocuments = {
    {"empty", "", 0, 0, {"empty file"}},
    {"only_a_comment", "# nothing\n", 0, 0, {"empty file"}},
    {"a_list", "- schema\n", 1, 1, {"expected a mapping", "found a list"}},
    {"a_text", "hello\n", 1, 1, {"expected a mapping", "\"hello\""}},
    {"two_documents", kHead + "---\nname: u\n", 4, 1, {"one document"}},
    {"bad_indentation",
     kHead + "upstreams:\n  docker.io:\n   mirrors: []\n  - x\n",
     7,
     3,
     {"not valid YAML"}},
    {"unclosed_list", kHead + "extends: [cn\n", 4, 1, {"not valid YAML"}},
    {"tab_indent", kHead + "policy:\n\tkeep: 3\n", 5, 6, {"not valid YAML"}},
    {"alias", kHead + "extends: &a [cn]\npolicy: *a\n", 4, 10, {"anchors"}},
    {"alias_unknown", kHead + "policy: *a\n", 4, 9, {"anchor"}},
    {"tag", kHead + "extends: !!set [cn]\n", 4, 10, {"tags"}},
    {"too_deep", kHead + "extends: [[[[[[[[[[[[[[x]]]]]]]]]]]]]]\n", 4, 21, {"nested too deep"}},
    {"complex_key", kHead + "? [a, b]\n: c\n", 4, 3, {"expected a key"}},
    {"duplicate_key",
     kHead + "name: u\n",
     4,
     1,
     {"key written twice: name", "line 2"},
     ErrorCode::duplicate_key},
    {"duplicate_upstream",
     kUp + "    fallback: origin\n  docker.io:\n    fallback: none\n",
     7,
     3,
     {"key written twice: docker.io", "line 5"},
     ErrorCode::duplicate_key},
    {"wrong_schema",
     "schema: mirrorctl.profile/2\nname: t\n",
     1,
     9,
     {"expected mirrorctl.profile/1", "mirrorctl.profile/2"}},
    {"no_schema", "name: t\n", 1, 1, {"missing key: schema"}},
    {"no_name", "schema: mirrorctl.profile/1\n", 1, 1, {"missing key: name"}},
    {"bad_name", "schema: mirrorctl.profile/1\nname: Über Profil\n", 2, 7, {"name: expected", "Über Profil"}},
    {"unknown_key", kHead + "upstream: {}\n", 4, 1, {"unknown key: upstream", "did you mean upstreams?"}},
    {"column_counts_letters", kHead + "variables: { über: { x: 1 } }\n", 4, 22, {"unknown key: x"}},
    {"bad_date",
     "schema: mirrorctl.profile/1\nname: t\nas_of: 2026-02-30\n",
     3,
     8,
     {"a date (YYYY-MM-DD)", "2026-02-30"}},
    {"upstreams_list",
     kHead + "upstreams: [docker.io]\n",
     4,
     12,
     {"upstreams: expected a mapping, found a list"}},
    {"upstreams_nothing", kHead + "upstreams:\n", 4, 1, {"upstreams: expected a mapping, found nothing"}},
    {"extends_text", kHead + "extends: cn\n", 4, 10, {"extends: expected a list, found \"cn\""}},
    {"extends_unknown",
     kHead + "extends: [global, cnn]\n",
     4,
     19,
     {"unknown profile: cnn", "did you mean cn?"},
     ErrorCode::unknown_profile},
    {"extends_missing_file",
     kHead + "extends: [./no.yaml]\n",
     4,
     11,
     {"no such profile: /no.yaml"},
     ErrorCode::unknown_profile},
    {"example", kHead + "example: true\n", 4, 10, {"this is an example", "remove the line"}},
};

const std::vector<Broken> kUpstreams = {
    {"not_a_registry",
     kHead + "upstreams:\n  dockerhub:\n    mirrors: []\n",
     5,
     3,
     {"a registry's name", "dockerhub"}},
    {"registry_with_path",
     kHead + "upstreams:\n  docker.io/library:\n    mirrors: []\n",
     5,
     3,
     {"docker.io/library"}},
    {"unknown_upstream_key",
     kUp + "    mirors: []\n",
     6,
     5,
     {"unknown key: mirors", "did you mean mirrors?"}},
    {"bad_origin", kUp + "    origin: registry-1.docker.io\n", 6, 13, {"origin", "no scheme"}},
    {"origin_with_path",
     kUp + "    origin: https://registry-1.docker.io/v2\n",
     6,
     13,
     {"scheme://host[:port]"}},
    {"bad_fallback", kUp + "    fallback: orign\n", 6, 15, {"one of origin, none", "did you mean origin?"}},
    {"none_without_mirror", kUp + "    fallback: none\n", 6, 15, {"needs at least one mirror", "docker.io"}},
    {"mirrors_mapping",
     kUp + "    mirrors: { url: x }\n",
     6,
     14,
     {"mirrors: expected a list, found a mapping"}},
    {"mirror_text", mirror("https://m.invalid\n"), 7, 9, {"expected a mapping", "https://m.invalid"}},
    {"mirror_without_url", mirror("form: host\n"), 7, 9, {"missing key: url"}},
    {"unknown_mirror_key",
     mirror("url: https://m.invalid\n        tust: pull\n"),
     8,
     9,
     {"unknown key: tust", "did you mean trust?"}},
    {"url_without_scheme", mirror("url: m.invalid\n"), 7, 14, {"no scheme"}},
    {"url_ftp", mirror("url: ftp://m.invalid\n"), 7, 14, {"scheme must be http or https"}},
    {"url_socks", mirror("url: socks5://m.invalid\n"), 7, 14, {"expected https://"}},
    {"url_port", mirror("url: https://m.invalid:99999\n"), 7, 14, {"1 to 65535"}},
    {"url_credentials",
     mirror("url: https://bob:hunter2@m.invalid\n"),
     7,
     14,
     {"credentials", "auth: file:", "***"}},
    {"url_query", mirror("url: https://m.invalid?ns=docker.io\n"), 7, 14, {"a query has no meaning"}},
    {"url_list", mirror("url: [https://m.invalid]\n"), 7, 14, {"url: expected text, found a list"}},
    {"plain_http", mirror("url: http://m.invalid\n"), 7, 14, {"plain http", "insecure: true"}},
    {"bad_form",
     mirror("url: https://m.invalid\n        form: path\n"),
     8,
     15,
     {"host, prefix, base, flat", "path"}},
    {"host_with_path",
     mirror("url: https://m.invalid/docker.io\n        form: host\n"),
     7,
     14,
     {"form host has no path", "https://m.invalid/v2/docker.io"}},
    {"host_with_v2",
     mirror("url: https://m.invalid/v2/docker.io\n"),
     7,
     14,
     {"form host has no path", "form: prefix"}},
    {"prefix_without_v2",
     mirror("url: https://m.invalid/docker.io\n        form: prefix\n"),
     7,
     14,
     {"must begin with /v2/", "https://m.invalid/v2/docker.io"}},
    {"prefix_without_path",
     mirror("url: https://m.invalid\n        form: prefix\n"),
     7,
     14,
     {"needs a path", "form: host"}},
    {"flat_without_v2",
     mirror("url: https://m.invalid/google_containers\n        form: flat\n"),
     7,
     14,
     {"form flat", "https://m.invalid/v2/google_containers"}},
    {"base_with_v2",
     mirror("url: https://m.invalid/v2/mirror\n        form: base\n"),
     7,
     14,
     {"before /v2", "form: prefix"}},
    {"base_without_path",
     mirror("url: https://m.invalid\n        form: base\n"),
     7,
     14,
     {"form base needs the path", "form: host"}},
    {"path_dots",
     mirror("url: https://m.invalid/v2/../x\n        form: prefix\n"),
     7,
     14,
     {"no registry path has"}},
    {"bad_trust",
     mirror("url: https://m.invalid\n        trust: resolv\n"),
     8,
     16,
     {"did you mean resolve?"}},
    {"bad_insecure",
     mirror("url: https://m.invalid\n        insecure: yes\n"),
     8,
     19,
     {"true or false", "\"yes\""}},
    {"quoted_flag", mirror("url: https://m.invalid\n        insecure: \"true\"\n"), 8, 19, {"true or false"}},
    {"bad_priority", mirror("url: https://m.invalid\n        priority: 1\n"), 8, 19, {"normal, prefer"}},
    {"relative_ca",
     mirror("url: https://m.invalid\n        ca: ca.pem\n"),
     8,
     13,
     {"ca: expected the absolute path"}},
    {"mirror_date",
     mirror("url: https://m.invalid\n        as_of: yesterday\n"),
     8,
     16,
     {"a date", "yesterday"}},
    {"same_mirror_twice",
     mirror("url: https://m.invalid\n      - url: https://M.invalid:443/\n"),
     8,
     14,
     {"listed twice", "line 7"}},
    {"mirror_is_origin", mirror("url: https://registry-1.docker.io\n"), 7, 14, {"this is the origin itself"}},
    {"bad_digest",
     kUp + "    canary:\n      - image: library/a:1\n        digest: sha256:abc\n",
     8,
     17,
     {"64 lower-case hex digits", "sha256:abc"}},
    {"image_without_tag",
     kUp + "    canary:\n      - image: library/a\n",
     7,
     16,
     {"a tag is missing", "library/a:latest"}},
    {"image_with_digest",
     kUp + "    canary:\n      - image: library/a@sha256:00\n",
     7,
     16,
     {"the digest has its own key"}},
    {"image_with_registry",
     kUp + "    canary:\n      - image: docker.io/library/a:1\n",
     7,
     16,
     {"image: library/a:1"}},
    {"image_upper_case",
     kUp + "    canary:\n      - image: library/Alpine:1\n",
     7,
     16,
     {"not a valid name:tag"}},
    {"image_without_library", kUp + "    canary:\n      - image: busybox:1\n", 7, 16, {"library/busybox:1"}},
    {"canary_without_image", kUp + "    canary:\n      - digest: sha256:00\n", 7, 9, {"missing key: image"}},
    {"undeclared_variable",
     mirror("url: https://${id}.m.invalid\n"),
     7,
     14,
     {"unknown variable: ${id}", "declared"}},
    {"unclosed_variable", mirror("url: https://${id.m.invalid\n"), 7, 14, {"'}'"}},
};

const std::vector<Broken> kSettings = {
    {"proxy_url", kHead + "proxy:\n  http: proxy:3128\n", 5, 9, {"http: expected scheme://", "file:/path"}},
    {"proxy_file_relative", kHead + "proxy:\n  all: file:proxy\n", 5, 8, {"all: expected", "file:/path"}},
    {"proxy_unknown_key", kHead + "proxy:\n  noproxy: []\n", 5, 3, {"did you mean no_proxy?"}},
    {"no_proxy_text", kHead + "proxy:\n  no_proxy: a,b\n", 5, 13, {"no_proxy: expected a list"}},
    {"no_proxy_commas",
     kHead + "proxy:\n  no_proxy: [\"a,b\"]\n",
     5,
     14,
     {"one host, .domain", "one list entry"}},
    {"keep_zero", kHead + "policy:\n  keep: 0\n", 5, 9, {"a whole number from 1 to 16", "\"0\""}},
    {"keep_text", kHead + "policy:\n  keep: three\n", 5, 9, {"a whole number", "three"}},
    {"margin", kHead + "policy:\n  switch_margin: 25%\n", 5, 18, {"a number from 0 to 10", "25%"}},
    {"ttl_without_unit", kHead + "policy:\n  ttl: 3600\n", 5, 8, {"a time with its unit", "\"3600\""}},
    {"budget_bytes", kHead + "policy:\n  budget:\n    bytes: 48MB\n", 6, 12, {"a size", "48MB"}},
    {"budget_unknown",
     kHead + "policy:\n  budget: { seconds: 3 }\n",
     5,
     13,
     {"unknown key: seconds", "time"}},
    {"variable_name",
     kHead + "variables:\n  \"my id\": { required: false }\n",
     5,
     3,
     {"a name of lower-case", "my id"}},
    {"variable_unknown_key", kHead + "variables:\n  id: { default: x }\n", 5, 9, {"unknown key: default"}},
    {"variable_required",
     kHead + "variables:\n  id: { required: true, description: the account }\n",
     5,
     3,
     {"variable is not set: id: the account", "--var id="},
     ErrorCode::usage},
};

std::string name_of_case(const ::testing::TestParamInfo<Broken>& info) {
    return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(Documents, BrokenProfile, ::testing::ValuesIn(kDocuments), name_of_case);
INSTANTIATE_TEST_SUITE_P(Upstreams, BrokenProfile, ::testing::ValuesIn(kUpstreams), name_of_case);
INSTANTIATE_TEST_SUITE_P(Settings, BrokenProfile, ::testing::ValuesIn(kSettings), name_of_case);

TEST(BrokenProfiles, NeverShowASecret) {
    World world;
    for (const char* line : {"http: \"bob:hunter2@proxy:3128\"", "https: \"http://bob:hunter2@proxy/path\"",
                             "all: \"htp://bob:hunter2@proxy\"", "no_proxy: \"http://bob:hunter2@x\""}) {
        auto loaded = world.load_text(kHead + "proxy:\n  " + line + "\n");
        ASSERT_FALSE(loaded) << line;
        EXPECT_EQ(to_string(loaded.error()).find("hunter2"), std::string::npos) << to_string(loaded.error());
    }
}

TEST(BrokenProfiles, SeveralMistakesAreAllFoundByLint) {
    World world;
    auto findings =
        world.lint_text(kMirrors +
                        "      - url: m.invalid\n        form: hst\n      - url: https://n.invalid/x\n"
                        "policy: { keep: none }\n");
    ASSERT_EQ(findings.size(), 4U);
    EXPECT_EQ(findings[0].location.line, 7);
    EXPECT_EQ(findings[1].location.line, 8);
    EXPECT_EQ(findings[2].location.line, 9);
    EXPECT_EQ(findings[3].location.line, 10);
    for (const auto& finding : findings) EXPECT_EQ(finding.level, Level::error);
}

TEST(BrokenProfiles, TooBigIsRefusedBeforeItIsParsed) {
    World world;
    auto loaded = world.load_text(kHead + std::string(2U << 20U, '#'));
    ASSERT_FALSE(loaded);
}

TEST(BrokenProfiles, AFloodOfValuesEnds) {
    World world;
    std::string text = kHead + "extends: [";
    for (int i = 0; i < 200000; ++i) text += "a, ";
    auto loaded = world.load_text(text + "a]\n");
    ASSERT_FALSE(loaded);
    EXPECT_NE(loaded.error().message.find("too big"), std::string::npos) << loaded.error().message;
}

}  // namespace
}  // namespace mirrorctl::profile::testing::broken_test
