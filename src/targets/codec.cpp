#include "base/digest.hpp"
#include "base/strings.hpp"
#include "targets/target.hpp"
#include "text/apply_edits.hpp"

#include <algorithm>

namespace mirrorctl::targets {

namespace {

using List = std::vector<std::string>;

bool has(const List& list, const std::string& value) {
    return std::find(list.begin(), list.end(), value) != list.end();
}

// Receipts hold secrets as digests only.
bool same_value(const std::string& value, const std::string& recorded) {
    return value == recorded || (is_sha256_digest(recorded) && sha256_digest(value) == recorded);
}

bool same_list(const List& values, const List& recorded) {
    return std::equal(values.begin(), values.end(), recorded.begin(), recorded.end(), same_value);
}

bool records(const List& recorded, const std::string& value) {
    return std::any_of(recorded.begin(), recorded.end(),
                       [&](const std::string& r) { return same_value(value, r); });
}

const List* find(const Values& values, const std::string& key) {
    auto it = values.find(key);
    return it == values.end() ? nullptr : &it->second;
}

List list_of(const Values& values, const std::string& key) {
    const auto* found = find(values, key);
    return found == nullptr ? List{} : *found;
}

bool is_shared(const Codec& codec, std::string_view key) {
    return std::find(codec.shared_lists.begin(), codec.shared_lists.end(), key) != codec.shared_lists.end();
}

std::vector<std::string> keys_of(std::initializer_list<const Values*> all) {
    std::vector<std::string> keys;
    for (const auto* values : all)
        for (const auto& entry : *values) keys.push_back(entry.first);
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    return keys;
}

void put(Values& values, const std::string& key, const List* value) {
    if (value != nullptr) values[key] = *value;
}

// Ours in front, the user's behind. When ours go and only the user's own entries are left, they get their own
// order back: an entry that both had was in front meanwhile.
void compose_shared(const std::string& key, const Values& current, const List& ours, const List& wanted,
                    const Values& base, Values& out) {
    List result;
    for (const auto& value : wanted)
        if (!has(result, value)) result.push_back(value);
    List users;
    for (const auto& value : list_of(current, key))
        if (!records(ours, value) && !has(result, value) && !has(users, value)) users.push_back(value);
    auto own = list_of(base, key);
    if (wanted.empty() && !ours.empty() &&
        std::is_permutation(users.begin(), users.end(), own.begin(), own.end()))
        users = own;
    result.insert(result.end(), users.begin(), users.end());
    bool users_key = ours.empty() ? find(current, key) != nullptr : find(base, key) != nullptr;
    if (!result.empty() || users_key) out[key] = std::move(result);
}

void compose_scalar(const std::string& key, const Values& current, const List* ours, const Values& base,
                    Values& out) {
    const auto* now = find(current, key);
    bool still_ours = ours != nullptr && now != nullptr && same_list(*now, *ours);
    put(out, key, still_ours ? find(base, key) : now);
}

// What somebody changed in a list since: our additions go, the user's removed entries come back, the rest
// stays.
void undo_shared(const std::string& key, const Values& before, const Values& after, const Values& now,
                 Values& out) {
    auto was = list_of(before, key);
    auto became = list_of(after, key);
    List result;
    for (const auto& value : list_of(now, key))
        if (has(was, value) || !has(became, value)) result.push_back(value);
    for (const auto& value : was)
        if (!has(became, value) && !has(result, value)) result.push_back(value);
    if (std::is_permutation(result.begin(), result.end(), was.begin(), was.end())) result = was;
    if (!result.empty() || find(before, key) != nullptr) out[key] = std::move(result);
}

Error not_faithful(const Codec& codec, std::string_view why) {
    return {.code = ErrorCode::unsupported_layout,
            .message = cat("cannot edit ", codec.name, ": ", why),
            .hint = "bring the file into a plainer form, or edit it by hand"};
}

}  // namespace

Result<std::string> edit_text(const Codec& codec, std::string_view text, const Values& wanted) {
    TRY_ASSIGN(auto current, codec.read(text));
    if (current == wanted) return std::string(text);
    TRY_ASSIGN(auto edits, codec.write(text, wanted));
    TRY_ASSIGN(auto after, text::apply_edits(text, std::move(edits)));
    TRY(codec.witness(text, after));
    TRY_ASSIGN(auto read_back, codec.read(after));
    if (read_back != wanted)
        return Failure(not_faithful(codec, "the edited text would not say what it should"));
    return after;
}

Values compose(const Codec& codec, const Values& current, const Values& ours_before, const Values& wanted,
               const Values& base) {
    Values out;
    for (const auto& key : keys_of({&current, &ours_before, &wanted, &base})) {
        if (is_shared(codec, key))
            compose_shared(key, current, list_of(ours_before, key), list_of(wanted, key), base, out);
        else if (const auto* value = find(wanted, key))
            out[key] = *value;
        else
            compose_scalar(key, current, find(ours_before, key), base, out);
    }
    if (codec.tidy != nullptr) codec.tidy(out);
    return out;
}

Values undo(const Codec& codec, const Values& before, const Values& after, const Values& now,
            std::vector<std::string>& kept) {
    Values out;
    for (const auto& key : keys_of({&before, &after, &now})) {
        const auto* was = find(before, key);
        const auto* became = find(after, key);
        const auto* is = find(now, key);
        auto same = [](const List* a, const List* b) {
            return a == nullptr || b == nullptr ? a == b : *a == *b;
        };
        if (same(is, became)) {
            put(out, key, was);
        } else if (same(was, became) || same(is, was)) {
            put(out, key, is);
        } else if (is_shared(codec, key)) {
            undo_shared(key, before, after, now, out);
        } else {
            put(out, key, is);
            kept.push_back(key);
        }
    }
    if (codec.tidy != nullptr) codec.tidy(out);
    return out;
}

}  // namespace mirrorctl::targets
