#include "base/strings.hpp"
#include "text/json_doc.hpp"
#include "text/lines.hpp"
#include "text/witness.hpp"
#include "unit/text/laws.hpp"

#include <algorithm>

namespace mirrorctl::text::json_laws_test {
namespace {

// Random JSON documents in one of many layouts.
class Generator {
  public:
    explicit Generator(unsigned seed) : random_(seed) {}
    Random& random() { return random_; }

    std::string document() {
        newline_ = random_.chance(30) ? "\r\n" : "\n";
        unit_ = random_.pick<std::string>({"  ", "    ", "\t", "   ", ""});
        colon_ = random_.pick<std::string>({": ", ":", " : "});
        inline_percent_ = random_.pick<int>({0, 20, 100});
        if (random_.chance(5)) return random_.pick<std::string>({"", "\n", " \r\n", "{}", "{ }\n", "{\n}"});
        auto out = object(0, "");
        return cat(random_.chance(15) ? kBom : "", out, random_.chance(60) ? newline_ : "");
    }

  private:
    std::string string() { return *quote_json(random_.awkward(4)); }

    std::string value(int depth, const std::string& indent) {
        switch (random_.below(depth > 3 ? 5 : 8)) {
            case 0:
                return random_.pick<std::string>(
                    {"0", "-1.50", "1e40", "123456789012345678901234567890", "1E+2"});
            case 1:
                return random_.pick<std::string>({"true", "false", "null"});
            case 2:
                return "\"\\u00e9\\/\\n\"";
            case 3:
            case 4:
                return string();
            case 5:
                return list(depth, indent);
            default:
                return object(depth + 1, indent);
        }
    }

    // Writes the parts between brackets, in one line or one a line.
    std::string between(char open, char close, const std::vector<std::string>& parts,
                        const std::string& indent, bool one_line) {
        if (parts.empty()) return {open, close};
        auto pad = random_.chance(30) ? " " : "";
        if (one_line) return cat(open, pad, join(parts, random_.chance(50) ? ", " : ","), pad, close);
        auto line = cat(newline_, indent, unit_);
        return cat(open, line, join(parts, cat(",", random_.chance(5) ? newline_ : "", line)), newline_,
                   indent, close);
    }

    std::string list(int depth, const std::string& indent) {
        std::vector<std::string> parts;
        bool strings = random_.chance(80);
        for (auto n = random_.below(4); n > 0; --n)
            parts.push_back(strings ? string() : value(depth + 1, indent + unit_));
        return between('[', ']', parts, indent, random_.chance(50));
    }

    std::string object(int depth, const std::string& indent) {
        std::vector<std::string> parts;
        static const std::vector<std::string> kKeys = {"a",       "b",       "c",   "registry-mirrors",
                                                       "proxies", "default", "x.y", "é"};
        bool one_line = random_.chance(inline_percent_);
        for (const auto& key : kKeys)
            if (random_.chance(45))
                parts.push_back(
                    cat("\"", key, "\"", colon_, value(depth, one_line ? indent : indent + unit_)));
        return between('{', '}', parts, indent, one_line);
    }

    Random random_;
    std::string newline_, unit_, colon_;
    int inline_percent_ = 0;
};

Path random_path(Random& random) {
    static const std::vector<std::string> kKeys = {"a", "b",  "registry-mirrors", "proxies", "default", "x.y",
                                                   "é", "new"};
    Path path;
    for (auto n = random.below(3) + 1; n > 0; --n) path.push_back(random.pick(kKeys));
    return path;
}

TEST(JsonLaws, HoldForRandomDocumentsAndEdits) {
    Generator generator(20261123);
    auto& random = generator.random();
    int done = 0;
    for (int round = 0; round < 800; ++round) {
        const auto before = generator.document();
        auto doc = JsonDoc::parse(before);
        ASSERT_TRUE(doc.has_value()) << to_string(doc.error()) << "\n" << before;
        const auto path = random_path(random);
        std::vector<std::string> list;
        for (auto n = random.below(4); n > 0; --n) list.push_back(random.awkward(3));
        if (auto old = doc->strings_at(path); old && *old)
            for (const auto& value : **old)
                if (random.chance(60))
                    list.insert(list.begin() + static_cast<std::ptrdiff_t>(random.below(list.size() + 1)),
                                value);
        const auto scalar = random.awkward(4);
        const auto kind = random.below(3);
        auto edit = [&](const JsonDoc& on) {
            return kind == 0   ? on.set_string(path, scalar)
                   : kind == 1 ? on.set_strings(path, list)
                               : on.remove(path);
        };
        auto edits = edit(*doc);
        if (!edits) {
            ASSERT_EQ(edits.error().code, ErrorCode::unsupported_layout);
            continue;
        }
        ++done;
        SCOPED_TRACE(cat("round ", round, " kind ", kind, " path ", show(path), "\n", before));
        const auto after = apply_and_check(before, *edits);
        auto next = JsonDoc::parse(after);
        ASSERT_TRUE(next.has_value()) << to_string(next.error()) << "\n" << after;
        if (kind == 0) {
            ASSERT_EQ(**next->string_at(path), scalar);
        }
        if (kind == 1) {
            ASSERT_EQ(**next->strings_at(path), list);
        }
        if (kind == 2) {
            ASSERT_FALSE(next->has(path));
        }
        ASSERT_TRUE(edit(*next)->empty()) << after;
        auto proof = json_same_except(before, after, {path});
        ASSERT_TRUE(proof.has_value()) << to_string(proof.error()) << after;
        ASSERT_EQ(has_bom(after), has_bom(before));
        if (!is_blank(before)) {
            ASSERT_EQ(has_final_newline(after), has_final_newline(before));
        }
        if (newline_of(before) == "\r\n") {
            ASSERT_EQ(std::count(after.begin(), after.end(), '\n'),
                      std::count(after.begin(), after.end(), '\r'));
        }
    }
    EXPECT_GT(done, 400);
}

TEST(JsonLaws, RandomBytesNeverCrash) {
    Random random(3);
    Generator generator(4);
    for (int round = 0; round < 800; ++round) {
        auto text = generator.document();
        for (auto n = random.below(4) + 1; n > 0 && !text.empty(); --n) {
            auto at = random.below(text.size());
            if (random.chance(50))
                text.erase(at, random.below(3) + 1);
            else
                text.insert(at, random.pick<std::string>(
                                    {"{", "}", "[", ",", ":", "\"", "\\", "\xFF", "//", "1", "\n"}));
        }
        // Whatever our parser accepts, the witness must accept too, and mean the same keys.
        auto doc = JsonDoc::parse(text);
        if (!doc) continue;
        auto proof = json_same_except(text, text, {});
        ASSERT_TRUE(proof.has_value()) << to_string(proof.error()) << "\n" << text;
    }
}

}  // namespace
}  // namespace mirrorctl::text::json_laws_test
