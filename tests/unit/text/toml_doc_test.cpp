#include "text/toml_doc.hpp"

#include "unit/text/laws.hpp"

namespace mirrorctl::text::toml_doc_test {
namespace {

TomlDoc parsed(std::string_view text) {
    auto doc = TomlDoc::parse(text);
    EXPECT_TRUE(doc.has_value()) << to_string(doc.error()) << "\n" << text;
    return doc.value_or(TomlDoc{});
}

const Path kRegistry = {"plugins", "io.containerd.grpc.v1.cri", "registry"};
const Path kConfigPath = {"plugins", "io.containerd.grpc.v1.cri", "registry", "config_path"};

// As `containerd config default` of 1.7 writes it, shortened.
constexpr std::string_view kDefault17 = R"(disabled_plugins = []
imports = []
oom_score = 0
root = "/var/lib/containerd"
version = 2

[cgroup]
  path = ""

[plugins]

  [plugins."io.containerd.gc.v1.scheduler"]
    deletion_threshold = 0
    startup_delay = "100ms"

  [plugins."io.containerd.grpc.v1.cri"]
    device_ownership_from_security_context = false

    [plugins."io.containerd.grpc.v1.cri".registry]
      config_path = ""

      [plugins."io.containerd.grpc.v1.cri".registry.auths]

      [plugins."io.containerd.grpc.v1.cri".registry.mirrors]

    [plugins."io.containerd.grpc.v1.cri".x509_key_pair_streaming]
      tls_cert_file = ""

[timeouts]
  "io.containerd.timeout.bolt.open" = "0s"
)";

TEST(TomlDoc, ReadsValuesInEveryNotation) {
    auto doc = parsed(R"(
s = "x\u00e9" # comment with "quotes" and [brackets]
'lit' = 'C:\x'
i = 1_000
b = true
list = [ "a", # one ]
  'b',
]
dotted.key."with.dot" = "d"
inline = { k = "v", n = { m = ["z"] } }
multi = """
[not.a.table]
# not a comment
x = 1"""
date = 1979-05-27 07:32:00
[t.'a b'."c.d"]
x = 0.5
[[arr]]
y = 1
[arr.sub]
z = 2
)");
    EXPECT_EQ(**doc.string_at({"s"}), "xé");
    EXPECT_EQ(**doc.string_at({"lit"}), "C:\\x");
    EXPECT_EQ(**doc.integer_at({"i"}), 1000);
    EXPECT_TRUE(**doc.bool_at({"b"}));
    EXPECT_EQ(**doc.strings_at({"list"}), (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(**doc.string_at({"dotted", "key", "with.dot"}), "d");
    EXPECT_EQ(**doc.strings_at({"inline", "n", "m"}), std::vector<std::string>{"z"});
    EXPECT_EQ(**doc.string_at({"multi"}), "[not.a.table]\n# not a comment\nx = 1");
    EXPECT_TRUE(doc.is_table({"t", "a b", "c.d"}));
    EXPECT_TRUE(doc.is_table({"t"}));
    EXPECT_FALSE(doc.has({"arr", "y"}));
    EXPECT_FALSE(doc.string_at({"none", "x"})->has_value());
    EXPECT_EQ(doc.string_at({"arr", "y"}).error().code, ErrorCode::unsupported_layout);
    EXPECT_EQ(doc.string_at({"i"}).error().message, "cannot use i: it is an integer, not a string");
    EXPECT_EQ(doc.string_at({"i"}).error().location->line, 4);
    EXPECT_EQ(doc.keys_of({}), (std::vector<std::string>{"s", "lit", "i", "b", "list", "dotted", "inline",
                                                         "multi", "date", "t", "arr"}));
    EXPECT_EQ(doc.keys_of({"inline"}), (std::vector<std::string>{"k", "n"}));
    ASSERT_EQ(doc.tables().size(), 3U);
    EXPECT_EQ(doc.tables()[0].path, (Path{"t", "a b", "c.d"}));
    EXPECT_TRUE(doc.tables()[1].array);
    EXPECT_EQ(doc.find_table({"t", "a b", "c.d"}), 0U);
    EXPECT_EQ(doc.find_table({"arr"}), std::nullopt);
    EXPECT_EQ(doc.find_table({"arr", "sub"}), std::nullopt);
}

TEST(TomlDoc, RefusesWithThePlace) {
    struct Case {
        std::string text;
        int line;
    };
    const std::vector<Case> cases = {
        {"a = ", 1},           {"a = 1\na = 2\n", 2}, {"[t]\n[t]\n", 2},           {"\n\nx y = 1", 3},
        {"a = \"\\q\"", 1},    {"a = [1, 2", 1},      {"a = {b = 1,\n c = 2}", 1}, {"a = 01", 1},
        {"a = 'x\n'", 1},      {"a = \"\xFF\"", 1},   {"ok = 1\n= 2", 2},          {"a.b = 1\n[a]\n", 2},
        {"a = 1\n[a.b]\n", 2}, {"[t\n", 1},           {"a = \"\x01\"", 1},
    };
    for (const auto& c : cases) {
        auto doc = TomlDoc::parse(c.text);
        ASSERT_FALSE(doc.has_value()) << c.text;
        EXPECT_EQ(doc.error().code, ErrorCode::parse);
        ASSERT_TRUE(doc.error().location.has_value()) << c.text;
        EXPECT_EQ(doc.error().location->line, c.line) << c.text << ": " << doc.error().message;
        EXPECT_GT(doc.error().location->column, 0);
    }
    EXPECT_FALSE(TomlDoc::parse("a = " + std::string(100000, '[')).has_value());
}

TEST(TomlDoc, BodiesOfTables) {
    const std::string text =
        "# the file's own comment\nx = 1\n# about a\n# more about a\n[a]\ny = 1\n\n# loose\n\n# about b\n[b] "
        "# here\nz = \"\"\"\n# no comment\"\"\"\n"
        "[c]\n";
    auto doc = parsed(text);
    std::vector<std::string> bodies;
    for (const auto& table : doc.tables())
        bodies.push_back(text.substr(table.body.begin, table.body.end - table.body.begin));
    EXPECT_EQ(bodies,
              (std::vector<std::string>{"# about a\n# more about a\n[a]\ny = 1\n\n# loose\n\n",
                                        "# about b\n[b] # here\nz = \"\"\"\n# no comment\"\"\"\n", "[c]\n"}));
    auto first = parsed("# ours\n[a]\n");
    EXPECT_EQ(first.tables()[0].body.begin, 7U);
}

TEST(TomlDoc, SetStringReplacesOnlyTheValue) {
    struct Case {
        std::string before, after;
    };
    const Path path = {"t", "k"};
    const std::vector<Case> cases = {
        {"[t]\nk = \"\"", "[t]\nk = \"new\""},
        {"[t]\r\n  k\t=  'old'   # 'why'\r\nz = 1\r\n", "[t]\r\n  k\t=  'new'   # 'why'\r\nz = 1\r\n"},
        {"t.k = \"old\"\n", "t.k = \"new\"\n"},
        {"[t]\nk = \"\"\"\n[x]\n\"quoted\"\"\"\"\nm = 1\n", "[t]\nk = \"new\"\nm = 1\n"},
        {"[t]\nk = '''it's'''\n", "[t]\nk = \"new\"\n"},
        {"[t]\nk = \"new\" # same\n", "[t]\nk = \"new\" # same\n"},
        {"[t]\nk = 'new'\n", "[t]\nk = 'new'\n"},
        {"[\"t\"]\n'k' = \"\\\"]#\\\\\"\n", "[\"t\"]\n'k' = \"new\"\n"},
        // a line of its own
        {"[t]\n", "[t]\nk = \"new\"\n"},
        {"[t]", "[t]\nk = \"new\""},
        {"[t] # c\n\n[u]\n", "[t] # c\nk = \"new\"\n\n[u]\n"},
        {"[t]\n    a = 1 # c\n    # tail\n\n[u]\n",
         "[t]\n    a = 1 # c\n    k = \"new\"\n    # tail\n\n[u]\n"},
        {"[t]\na = [\n  1, # ]\n]\n[u]\n", "[t]\na = [\n  1, # ]\n]\nk = \"new\"\n[u]\n"},
        {"[u]\n  a = 1\n[t]", "[u]\n  a = 1\n[t]\n  k = \"new\""},
        // a table of its own
        {"", "[t]\nk = \"new\"\n"},
        {"\xEF\xBB\xBF", "\xEF\xBB\xBF[t]\nk = \"new\"\n"},
        {"a = 1\n", "a = 1\n\n[t]\nk = \"new\"\n"},
        {"a = 1\r\n\r\n", "a = 1\r\n\r\n[t]\r\nk = \"new\"\r\n"},
        {"# only a comment", "# only a comment\n\n[t]\nk = \"new\""},
        {"[t.sub]\na = 1\n[v]\n", "[t.sub]\na = 1\n\n[t]\nk = \"new\"\n\n[v]\n"},
    };
    for (const auto& c : cases) {
        auto after = edited(c.before, parsed(c.before).set_string(path, "new"));
        EXPECT_EQ(after, c.after);
        EXPECT_EQ(**parsed(after).string_at(path), "new");
        EXPECT_TRUE(parsed(after).set_string(path, "new")->empty());
    }
}

TEST(TomlDoc, RootKeysStandBeforeTheFirstTable) {
    struct Case {
        std::string before, after;
    };
    const std::vector<Case> cases = {
        {"", "server = \"u\"\n"},
        {"# c\n", "# c\nserver = \"u\"\n"},
        {"a = 1\n\n[h]\n", "a = 1\nserver = \"u\"\n\n[h]\n"},
        {"# c\n[h]\n", "# c\nserver = \"u\"\n\n[h]\n"},
        {"# c\n\n# about h\n[h]\n", "# c\n\nserver = \"u\"\n\n# about h\n[h]\n"},
    };
    for (const auto& c : cases)
        EXPECT_EQ(edited(c.before, parsed(c.before).set_string({"server"}, "u")), c.after);
}

TEST(TomlDoc, EditsContainerdsDefaultConfiguration) {
    std::string expected(kDefault17);
    expected.replace(expected.find("config_path = \"\""), 16, "config_path = \"/etc/containerd/certs.d\"");
    EXPECT_EQ(edited(kDefault17, parsed(kDefault17).set_string(kConfigPath, "/etc/containerd/certs.d")),
              expected);

    // without the registry table: put among its relatives, indented like them
    std::string bare(kDefault17);
    auto from = bare.find("    [plugins.\"io.containerd.grpc.v1.cri\".registry]\n");
    bare.erase(from, bare.find("    [plugins.\"io.containerd.grpc.v1.cri\".x509") - from);
    auto after = edited(bare, parsed(bare).set_string(kConfigPath, "/etc/containerd/certs.d"));
    EXPECT_NE(
        after.find("      tls_cert_file = \"\"\n\n    [plugins.\"io.containerd.grpc.v1.cri\".registry]\n"
                   "      config_path = \"/etc/containerd/certs.d\"\n\n[timeouts]\n"),
        std::string::npos)
        << after;

    // version 3 as containerd 2 writes it
    const std::string v3 =
        "version = 3\n\n[plugins]\n  [plugins.'io.containerd.cri.v1.images']\n    snapshotter = "
        "'overlayfs'\n\n"
        "    [plugins.'io.containerd.cri.v1.images'.registry]\n      config_path = ''\n";
    EXPECT_EQ(edited(v3, parsed(v3).set_string(
                             {"plugins", "io.containerd.cri.v1.images", "registry", "config_path"}, "/x")),
              v3.substr(0, v3.size() - 3) + "'/x'\n");

    // Debian's and Docker's short files
    const std::string short_file = "disabled_plugins = [\"cri\"]\n";
    EXPECT_EQ(edited(short_file,
                     parsed(short_file).set_string({"plugins", "cri", "registry", "config_path"}, "/x")),
              "disabled_plugins = [\"cri\"]\n\n[plugins.cri.registry]\nconfig_path = \"/x\"\n");
    EXPECT_EQ(edited(short_file, parsed(short_file).set_string(kConfigPath, "/x")),
              "disabled_plugins = [\"cri\"]\n\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path "
              "= \"/x\"\n");
}

TEST(TomlDoc, SetStringsAndBools) {
    struct Case {
        std::string before, after;
    };
    const std::vector<Case> cases = {
        {"", "k = [\"pull\", \"resolve\"]\n"},
        {"k = []\n", "k = [\"pull\", \"resolve\"]\n"},
        {"k = ['pull'] # c\n", "k = ['pull', 'resolve'] # c\n"},
        {"k = [ \"push\",\"pull\" ]\n", "k = [ \"pull\",\"resolve\" ]\n"},
        {"k = [\n  \"resolve\",\n]\n", "k = [\n  \"pull\",\n  \"resolve\",\n]\n"},
        {"k = [\"pull\", \"resolve\"] # [\n", "k = [\"pull\", \"resolve\"] # [\n"},
        {"k = [\"pull\", # c\n\"resolve\"]\n", "k = [\"pull\", # c\n\"resolve\"]\n"},
    };
    for (const auto& c : cases)
        EXPECT_EQ(edited(c.before, parsed(c.before).set_strings({"k"}, {"pull", "resolve"})), c.after);
    EXPECT_EQ(edited("k = [\"a\"]\n", parsed("k = [\"a\"]\n").set_strings({"k"}, {})), "k = []\n");
    auto commented = parsed("k = [\"pull\", # c\n\"push\"]\n").set_strings({"k"}, {"pull"});
    ASSERT_FALSE(commented.has_value());
    EXPECT_EQ(commented.error().code, ErrorCode::unsupported_layout);
    EXPECT_EQ(edited("a = false", parsed("a = false").set_bool({"a"}, true)), "a = true");
    EXPECT_EQ(edited("a = 1\n", parsed("a = 1\n").set_bool({"b"}, true)), "a = 1\nb = true\n");
    EXPECT_FALSE(parsed("a = 'x'").set_bool({"a"}, true).has_value());
}

TEST(TomlDoc, RefusesWhatItCannotEdit) {
    struct Case {
        std::string text;
        Path path;
    };
    const std::vector<Case> cases = {
        {"t = { k = \"x\" }\n", {"t", "k"}},
        {"t = { a = 1 }\n", {"t", "k"}},
        {"t.a = 1\n", {"t", "k"}},
        {"[p]\nt.a = 1\n", {"p", "t", "k"}},
        {"t = 1\n", {"t", "k"}},
        {"[[t]]\na = 1\n", {"t", "k"}},
        {"[[t]]\nk = 'x'\n", {"t", "k"}},
        {"[[t]]\n[t.u]\nk = 'x'\n", {"t", "u", "k"}},
        {"t = [{ k = 'x' }]\n", {"t", "k"}},
        {"[t.k]\n", {"t", "k"}},
        {"[t]\nk = 1\n", {"t", "k"}},
    };
    for (const auto& c : cases) {
        auto edits = parsed(c.text).set_string(c.path, "new");
        ASSERT_FALSE(edits.has_value()) << c.text;
        EXPECT_EQ(edits.error().code, ErrorCode::unsupported_layout) << c.text;
    }
    EXPECT_EQ(parsed("").set_string({"a"}, "x\ny").error().code, ErrorCode::usage);
    EXPECT_EQ(parsed("").set_string({"a", "b"}, "\xFF").error().code, ErrorCode::usage);
    // but a table beside dotted keys is fine
    EXPECT_EQ(edited("[p]\nt.a = 1\n", parsed("[p]\nt.a = 1\n").set_string({"p", "u", "k"}, "x")),
              "[p]\nt.a = 1\n\n[p.u]\nk = \"x\"\n");
}

TEST(TomlDoc, RemoveKey) {
    struct Case {
        std::string before, after;
    };
    const std::vector<Case> cases = {
        {"[t]\nk = 1 # c\nb = 2\n", "[t]\nb = 2\n"},
        {"[t]\n# about k\nk = [\n 1, # ]\n]\nb = 2", "[t]\n# about k\nb = 2"},
        {"[t]\r\nk = 1", "[t]"},
        {"[t]\nk = 1\n", "[t]\n"},
        {"t.k = 1\n", ""},
        {"[t]\nx = 1\n", "[t]\nx = 1\n"},
    };
    for (const auto& c : cases) EXPECT_EQ(edited(c.before, parsed(c.before).remove_key({"t", "k"})), c.after);
    EXPECT_EQ(parsed("[t.k]\n").remove_key({"t", "k"}).error().code, ErrorCode::unsupported_layout);
    EXPECT_EQ(parsed("t = {k = 1}\n").remove_key({"t", "k"}).error().code, ErrorCode::unsupported_layout);
}

TEST(TomlDoc, InsertTable) {
    const std::string table = "[n]\nx = 1\n";
    struct Case {
        std::string before;
        std::size_t index;
        std::string after;
    };
    const std::vector<Case> cases = {
        {"", 0, "[n]\nx = 1\n"},
        {"a = 1", 0, "a = 1\n\n[n]\nx = 1"},
        {"a = 1\r\n", 0, "a = 1\r\n\r\n[n]\r\nx = 1\r\n"},
        {"[a]\n[b]\n", 0, "[n]\nx = 1\n\n[a]\n[b]\n"},
        {"[a]\n\n# about b\n[b]\n", 1, "[a]\n\n[n]\nx = 1\n\n# about b\n[b]\n"},
        {"[a]\n[b]\n", 1, "[a]\n\n[n]\nx = 1\n\n[b]\n"},
        {"[a]\n[b]\n", 2, "[a]\n[b]\n\n[n]\nx = 1\n"},
        {"\xEF\xBB\xBF[a]\n", 0, "\xEF\xBB\xBF[n]\nx = 1\n\n[a]\n"},
    };
    for (const auto& c : cases) {
        auto after = edited(c.before, parsed(c.before).insert_table(table, c.index));
        EXPECT_EQ(after, c.after);
        EXPECT_EQ(**parsed(after).integer_at({"n", "x"}), 1);
    }
    auto editor = TomlEditor::open("[n]\n");
    EXPECT_EQ(editor->apply(editor->doc().insert_table(table, 0)).error().code, ErrorCode::parse);
    EXPECT_EQ(editor->text(), "[n]\n");
}

TEST(TomlDoc, RemoveTable) {
    const Path path = {"host", "https://a"};
    struct Case {
        std::string before, after;
    };
    const std::vector<Case> cases = {
        {"server = 'x'\n\n[host.\"https://a\"]\n  k = 1\n", "server = 'x'\n"},
        {"server = 'x'\n\n# ours\n[host.\"https://a\"]\n  k = 1\n  [host.\"https://a\".header]\n  h = "
         "1\n\n[host.\"https://b\"]\nk = 2",
         "server = 'x'\n\n[host.\"https://b\"]\nk = 2"},
        {"[host.\"https://b\"]\nk = 2\n\n[host.'https://a']\nk = 1", "[host.\"https://b\"]\nk = 2"},
        {"[host.\"https://a\"]\n# k = 1\n\n# loose\n\n[host.\"https://b\"]\n",
         "# loose\n\n[host.\"https://b\"]\n"},
        {"[host.\"https://a\".header]\nh = 1\n[b]\n[host.\"https://a\"]\nk = 1\n", "[b]\n"},
        {"# mine\n[host.\"https://a\"]\nk = 1\n", "# mine\n"},
        {"[host]\n", "[host]\n"},
    };
    for (const auto& c : cases) EXPECT_EQ(edited(c.before, parsed(c.before).remove_table(path)), c.after);
    for (std::string text :
         {"host.\"https://a\".k = 1\n", "host = {\"https://a\" = {k = 1}}\n", "[host]\n'https://a' = 1\n",
          "[[host.\"https://a\"]]\nk = 1\n", "[host]\n'https://a'.k = 1\n"})
        EXPECT_EQ(parsed(text).remove_table(path).error().code, ErrorCode::unsupported_layout) << text;
}

TEST(TomlDoc, InsertedTablesCanBeTakenOutAgain) {
    const std::string before =
        "server = \"https://registry-1.docker.io\"\n\n[host.\"https://mine\"]\n  ca = \"/etc/ca.pem\"\n";
    auto editor = TomlEditor::open(before);
    ASSERT_TRUE(
        editor->apply(editor->doc().insert_table("[host.\"https://a\"]\n  capabilities = [\"pull\"]\n", 0))
            .has_value());
    ASSERT_TRUE(editor->apply(editor->doc().insert_table("[host.\"https://b\"]\n", 1)).has_value());
    EXPECT_EQ(editor->doc().keys_of({"host"}),
              (std::vector<std::string>{"https://a", "https://b", "https://mine"}));
    EXPECT_EQ(apply_and_check(before, editor->edits()), editor->text());
    ASSERT_TRUE(editor->apply(editor->doc().remove_table({"host", "https://a"})).has_value());
    ASSERT_TRUE(editor->apply(editor->doc().remove_table({"host", "https://b"})).has_value());
    EXPECT_EQ(editor->text(), before);
    EXPECT_TRUE(editor->edits().empty());
}

}  // namespace
}  // namespace mirrorctl::text::toml_doc_test
