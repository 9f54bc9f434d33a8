#include "base/strings.hpp"
#include "text/lines.hpp"
#include "text/quote.hpp"
#include "text/toml_doc.hpp"
#include "text/witness.hpp"
#include "unit/text/laws.hpp"

#include <algorithm>

namespace mirrorctl::text::toml_laws_test {
namespace {

// Random TOML documents, with everything in them that could fool a scanner.
class Generator {
  public:
    explicit Generator(unsigned seed) : random_(seed) {}
    Random& random() { return random_; }

    std::string document() {
        newline_ = random_.chance(30) ? "\r\n" : "\n";
        if (random_.chance(5)) return random_.pick<std::string>({"", "\n", "# only [this]", "\r\n"});
        std::string out = random_.chance(15) ? std::string(kBom) : "";
        if (random_.chance(40)) out += comment("");
        out += body({"root1", "root2", "d.e", "\"q.r\""}, "");
        static const std::vector<std::string> kHeaders = {
            "[a]",           "[a.b]",
            "[a.b.c]",       "[plugins.\"io.containerd.grpc.v1.cri\".registry]",
            "[ h . 'x y' ]", "[host.\"https://m:5000/v2\"]",
            "[[arr]]",       "[arr.sub]",
            "[[arr]]"};
        for (const auto& header : kHeaders) {
            if (random_.chance(50)) continue;
            if (header == "[arr.sub]" && out.find("[[arr]]") == std::string::npos) continue;
            std::string indent(random_.below(3) * 2, ' ');
            if (random_.chance(60)) out += newline_;
            if (random_.chance(30)) out += comment(indent);
            out += cat(indent, header, random_.chance(20) ? " # [c]" : "", newline_);
            out += body({"k", "config_path", "'l m'", "n.o", "capabilities"},
                        indent + std::string(random_.below(2) * 2, ' '));
        }
        while (random_.chance(30) && out.ends_with('\n')) out.resize(out.size() - (newline_.size()));
        return out;
    }

  private:
    std::string comment(const std::string& indent) {
        return cat(indent, "# ", random_.pick<std::string>({"note", "[a]", "k = \"x", "\"\"\"", "é = '"}),
                   newline_, random_.chance(30) ? newline_ : "");
    }
    std::string body(const std::vector<std::string>& keys, const std::string& indent) {
        std::string out;
        for (const auto& key : keys) {
            if (random_.chance(15)) out += comment(indent);
            if (random_.chance(50)) continue;
            out += cat(indent, key, random_.pick<std::string>({" = ", "=", "\t=  "}), value(2),
                       random_.chance(20) ? " # ] \"" : "", newline_);
        }
        return out;
    }
    std::string string() { return random_.chance(70) ? *quote_toml(random_.awkward(3)) : "'C:\\[#\"'"; }
    std::string value(int depth) {
        switch (random_.below(depth > 0 ? 10 : 6)) {
            case 0:
                return random_.pick<std::string>(
                    {"1", "-0.50", "1_000", "0xFF", "inf", "1979-05-27 07:32:00", "07:32:00"});
            case 1:
                return random_.pick<std::string>({"true", "false"});
            case 2:
                return string();
            case 3:
                return "''";
            case 4:
                return cat("\"\"\"", newline_, "[x]", newline_, "# no \\\"\"\" \"\" comment\"\"\"\"");
            case 5:
                return cat("'''", newline_, "k = ['''");
            case 6:
                return cat("{ a = ", value(0), ", \"}\" = [", value(0), "] }");
            default: {
                std::vector<std::string> items;
                for (auto n = random_.below(4); n > 0; --n)
                    items.push_back(random_.chance(85) ? string() : value(depth - 1));
                if (random_.chance(60) || items.empty()) return cat("[", join(items, ", "), "]");
                auto note = random_.chance(20) ? " # ]" : "";
                return cat("[", newline_, "  ", join(items, cat(",", note, newline_, "  ")),
                           random_.chance(50) ? "," : "", newline_, "]");
            }
        }
    }

    Random random_;
    std::string newline_;
};

Path random_path(Random& random) {
    static const std::vector<Path> kTables = {{},
                                              {"a"},
                                              {"a", "b"},
                                              {"a", "b", "c"},
                                              {"a", "n"},
                                              {"h", "x y"},
                                              {"arr"},
                                              {"arr", "sub"},
                                              {"new"},
                                              {"plugins", "io.containerd.grpc.v1.cri", "registry"},
                                              {"host", "https://m:5000/v2"},
                                              {"d"}};
    auto path = random.pick(kTables);
    path.push_back(random.pick<std::string>(
        {"k", "config_path", "l m", "n", "o", "capabilities", "root1", "e", "q.r", "n.o"}));
    return path;
}

std::ptrdiff_t lines_with(const std::string& text, char c) {
    return std::count(text.begin(), text.end(), c);
}

TEST(TomlLaws, HoldForRandomDocumentsAndEdits) {
    Generator generator(20261123);
    auto& random = generator.random();
    int done = 0;
    for (int round = 0; round < 600; ++round) {
        const auto before = generator.document();
        auto doc = TomlDoc::parse(before);
        ASSERT_TRUE(doc.has_value()) << to_string(doc.error()) << "\n" << before;
        auto path = random_path(random);
        const auto scalar = random.awkward(4);
        std::vector<std::string> list;
        for (auto n = random.below(4); n > 0; --n) list.push_back(random.awkward(2));
        if (auto old = doc->strings_at(path); old && *old && random.chance(80))
            list.insert(list.end(), (*old)->begin(), (*old)->end());
        const auto kind = random.below(5);
        if (kind == 4) path.pop_back();
        auto edit = [&](const TomlDoc& on) -> Result<std::vector<Edit>> {
            switch (kind) {
                case 0:
                    return on.set_string(path, scalar);
                case 1:
                    return on.set_strings(path, list);
                case 2:
                    return on.set_bool(path, true);
                case 3:
                    return on.remove_key(path);
                default:
                    return path.empty() ? on.remove_key({"absent"}) : on.remove_table(path);
            }
        };
        auto edits = edit(*doc);
        SCOPED_TRACE(cat("round ", round, " kind ", kind, " path ", show(path), "\n", before));
        if (!edits) {
            // Old values of the generator can hold line ends: those cannot be written again.
            ASSERT_TRUE(edits.error().code == ErrorCode::unsupported_layout ||
                        edits.error().code == ErrorCode::usage)
                << to_string(edits.error());
            continue;
        }
        ++done;
        const auto after = apply_and_check(before, *edits);
        auto next = TomlDoc::parse(after);
        ASSERT_TRUE(next.has_value()) << to_string(next.error()) << "\n" << after;
        if (kind == 0) {
            ASSERT_EQ(**next->string_at(path), scalar);
        }
        if (kind == 1) {
            ASSERT_EQ(**next->strings_at(path), list);
        }
        if (kind == 2) {
            ASSERT_TRUE(**next->bool_at(path));
        }
        if (kind == 3) {
            ASSERT_FALSE(next->has(path));
        }
        ASSERT_TRUE(edit(*next)->empty()) << after;
        auto proof = toml_same_except(before, after, {path});
        ASSERT_TRUE(proof.has_value()) << to_string(proof.error()) << after;
        ASSERT_EQ(has_bom(after), has_bom(before));
        if (!is_blank(before) && !is_blank(after)) {
            ASSERT_EQ(has_final_newline(after), has_final_newline(before)) << after;
        }
        if (newline_of(before) == "\r\n") {
            ASSERT_EQ(lines_with(after, '\n'), lines_with(after, '\r')) << after;
        }
    }
    EXPECT_GT(done, 250);
}

TEST(TomlLaws, InsertingATableAnywhereChangesNothingElse) {
    Generator generator(77);
    auto& random = generator.random();
    for (int round = 0; round < 300; ++round) {
        const auto before = generator.document();
        auto doc = TomlDoc::parse(before);
        ASSERT_TRUE(doc.has_value());
        auto index = random.below(doc->tables().size() + 1);
        auto edits = doc->insert_table("[inserted.\"x.y\"]\nk = \"v\"\n", index);
        SCOPED_TRACE(before);
        const auto after = apply_and_check(before, *edits);
        auto proof = toml_same_except(before, after, {{"inserted"}});
        ASSERT_TRUE(proof.has_value()) << to_string(proof.error()) << after;
        auto next = TomlDoc::parse(after);
        ASSERT_EQ(next->find_table({"inserted", "x.y"}), index);
    }
}

TEST(TomlLaws, RandomBytesNeverConfuseTheScanner) {
    Generator generator(5);
    auto& random = generator.random();
    for (int round = 0; round < 600; ++round) {
        auto text = generator.document();
        for (auto n = random.below(4) + 1; n > 0 && !text.empty(); --n) {
            auto at = random.below(text.size());
            if (random.chance(50))
                text.erase(at, random.below(3) + 1);
            else
                text.insert(at, random.pick<std::string>({"{", "}", "[", "]", ",", "=", "\"", "'", "\\",
                                                          "\xFF", "#", "1", "\n", "\"\"\"", "\r"}));
        }
        auto doc = TomlDoc::parse(text);
        // What toml++ accepts, the scanner must understand.
        if (!doc) {
            ASSERT_EQ(doc.error().code, ErrorCode::parse) << to_string(doc.error()) << "\n" << text;
        }
    }
}

}  // namespace
}  // namespace mirrorctl::text::toml_laws_test
