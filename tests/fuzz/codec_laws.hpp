// The laws of targets/target.hpp for one codec. Orders are the values that the file shall hold,
// "key=value,value"; a line "." begins another set.
#pragma once

#include "base/url.hpp"
#include "fuzz/edit_laws.hpp"
#include "targets/target.hpp"

namespace mirrorctl::fuzz {

struct Subject {
    const targets::Codec& codec;
    // Values that a target could propose for this codec: known keys, scalars with one value.
    bool (*can_hold)(const Values& values);
    Result<std::string> (*render)(const Values& values) = nullptr;
};

inline std::vector<Values> read_values(const Input& input) {
    std::vector<Values> sets(1);
    for (const auto& line : input.orders) {
        if (line == ".") {
            sets.emplace_back();
            continue;
        }
        auto equals = line.find('=');
        if (equals == std::string::npos) continue;
        auto& list = sets.back()[percent_decode(line.substr(0, equals))];
        list.clear();
        if (equals + 1 < line.size())
            for (const auto& one : split(line.substr(equals + 1), ',')) list.push_back(percent_decode(one));
    }
    return sets;
}

inline std::string show(const Values& values) {
    std::string out;
    for (const auto& [key, list] : values) out += cat(key, "=", join(list, "|"), "\n");
    return out;
}

inline bool has_twins(const Values& values) {
    return std::any_of(values.begin(), values.end(), [](const auto& entry) {
        auto list = entry.second;
        std::sort(list.begin(), list.end());
        return std::adjacent_find(list.begin(), list.end()) != list.end();
    });
}

// As the planner records it: in shared lists what the user had before stays the user's.
inline Values owned_values(const targets::Codec& codec, const Values& users, Values wanted) {
    for (auto& [key, list] : wanted) {
        bool shared =
            std::find(codec.shared_lists.begin(), codec.shared_lists.end(), key) != codec.shared_lists.end();
        auto had = users.find(key);
        if (shared && had != users.end())
            std::erase_if(list, [&](const std::string& value) {
                return std::find(had->second.begin(), had->second.end(), value) != had->second.end();
            });
    }
    std::erase_if(wanted, [](const auto& entry) { return entry.second.empty(); });
    return wanted;
}

// Ours in and out again leaves the user's values as they were.
inline void compose_by_law(const targets::Codec& codec, const Values& users, const Values& wanted) {
    auto with_ours = targets::compose(codec, users, {}, wanted, users);
    // Where both name a mirror, ours decided its place, and no record tells the user's order: the planner
    // keeps the user's bytes for that.
    for (const auto& key : codec.shared_lists)
        for (const auto& value :
             wanted.contains(std::string(key)) ? wanted.at(std::string(key)) : std::vector<std::string>{})
            if (auto had = users.find(std::string(key));
                had != users.end() &&
                std::find(had->second.begin(), had->second.end(), value) != had->second.end())
                return;
    auto without = targets::compose(codec, with_ours, owned_values(codec, users, wanted), {}, users);
    LAW(without == users, "ours in and out:\n", show(users), "ours:\n", show(wanted), "left:\n",
        show(without));
    std::vector<std::string> kept;
    auto undone = targets::undo(codec, users, with_ours, with_ours, kept);
    LAW(undone == users && kept.empty(), "undone:\n", show(users), "is\n", show(undone));
}

// A mirror that goes takes the keys with it that are not ours to know: only what is left can be compared.
inline bool loses_mirrors(const targets::Codec& codec, const Values& now, const Values& wanted) {
    auto before = now.find(std::string(codec.mirrors_key));
    auto after = wanted.find(std::string(codec.mirrors_key));
    if (before == now.end()) return false;
    if (after == wanted.end()) return true;
    return std::any_of(before->second.begin(), before->second.end(), [&](const std::string& mirror) {
        return std::find(after->second.begin(), after->second.end(), mirror) == after->second.end();
    });
}

inline void edit_by_law(const targets::Codec& codec, const std::string& text, const Values& now,
                        const Values& wanted) {
    auto edited = targets::edit_text(codec, text, wanted);
    if (!edited) {
        EXPECT_ERROR(edited.error(), ErrorCode::unsupported_layout, ErrorCode::usage, ErrorCode::parse);
        return;
    }
    if (now == wanted) LAW(*edited == text, *edited);
    auto edits = codec.write(text, wanted);
    LAW(edits.has_value(), to_string(edits.error()));
    if (now != wanted) LAW(apply_by_law(text, *edits) == *edited);
    auto again = targets::edit_text(codec, *edited, wanted);
    LAW(again && *again == *edited, "twice is not once:\n", *edited);
    auto quiet = codec.write(*edited, wanted);
    LAW(quiet && quiet->empty(), "an edit although nothing was to be done:\n", *edited);
    auto back = targets::edit_text(codec, *edited, now);
    if (!back) {
        EXPECT_ERROR(back.error(), ErrorCode::unsupported_layout, ErrorCode::usage);
        return;
    }
    if (loses_mirrors(codec, now, wanted)) return;
    auto proof = codec.witness(text, *back);
    LAW(proof.has_value(), to_string(proof.error()), "\n", *back);
}

inline void check_codec(const Subject& subject, std::string_view bytes) {
    auto input = read_input(bytes);
    const auto& codec = subject.codec;
    auto sets = read_values(input);
    for (const auto& wanted : sets) {
        if (subject.render == nullptr || wanted.empty() || !subject.can_hold(wanted)) continue;
        auto text = subject.render(wanted);
        if (!text) {
            EXPECT_ERROR(text.error(), ErrorCode::usage);
            continue;
        }
        auto read = codec.read(*text);
        LAW(read.has_value(), to_string(read.error()), "\n", *text);
        LAW(*read == wanted, "a new file says something else:\n", *text);
    }
    auto now = codec.read(input.text);
    if (!now) {
        EXPECT_ERROR(now.error(), ErrorCode::parse, ErrorCode::duplicate_key, ErrorCode::unsupported_layout);
        auto refused = targets::edit_text(codec, input.text, {});
        LAW(!refused, "edited although it cannot be read");
        return;
    }
    auto none = codec.write(input.text, *now);
    LAW(none.has_value(), to_string(none.error()));
    LAW(none->empty(), "writing what is there changes bytes");
    LAW(codec.witness(input.text, input.text).has_value());
    edit_by_law(codec, input.text, *now, {});
    for (const auto& wanted : sets) {
        if (!subject.can_hold(wanted)) continue;
        edit_by_law(codec, input.text, *now, wanted);
        if (!has_twins(*now)) compose_by_law(codec, *now, wanted);
        edit_by_law(codec, input.text, *now, targets::compose(codec, *now, {}, wanted, *now));
    }
}

// Every key is one of `names`, with one value.
template <class Names>
bool scalars(const Values& values, const Names& names) {
    return std::all_of(values.begin(), values.end(), [&](const auto& entry) {
        return entry.second.size() == 1 && std::any_of(std::begin(names), std::end(names),
                                                       [&](const char* name) { return entry.first == name; });
    });
}

}  // namespace mirrorctl::fuzz
