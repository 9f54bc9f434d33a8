// Reading and writing the values that several of our documents share. Templates over the JSON type, so that
// only the .cpp files include the JSON library.
#pragma once

#include "base/result.hpp"
#include "base/strings.hpp"
#include "model/plan.hpp"
#include "model/warning.hpp"

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mirrorctl::json {

inline constexpr std::size_t kMaxItems = 4096;

// One object of an untrusted document. The first complaint of all readers of a document is kept in one place;
// after it every further value reads as empty, so that callers check once at the end.
template <class Json>
class Reader {
  public:
    Reader(const Json& value, std::string where, std::string& complaint)
        : value_(value), where_(std::move(where)), complaint_(complaint) {
        if (!value_.is_object()) complain("", "an object");
    }

    void complain(std::string_view key, std::string_view expected) const {
        if (complaint_.empty())
            complaint_ = cat(where_, key.empty() ? "" : ".", key, ": expected ", expected);
    }
    bool has(const char* key) const { return !member(key).is_null(); }

    std::string text(const char* key) const {
        const Json& found = member(key);
        if (found.is_string()) return found.template get<std::string>();
        complain(key, "a string");
        return {};
    }
    bool flag(const char* key) const {
        const Json& found = member(key);
        if (found.is_boolean()) return found.template get<bool>();
        complain(key, "true or false");
        return false;
    }
    double number(const char* key) const {
        const Json& found = member(key);
        if (found.is_number() && std::isfinite(found.template get<double>()))
            return found.template get<double>();
        complain(key, "a number");
        return 0;
    }
    std::uint32_t whole(const char* key,
                        std::uint32_t max = std::numeric_limits<std::uint32_t>::max()) const {
        const Json& found = member(key);
        if (found.is_number_unsigned() && found.template get<std::uint64_t>() <= max)
            return found.template get<std::uint32_t>();
        complain(key, cat("a whole number up to ", max));
        return 0;
    }
    std::string base64(const char* key) const {
        auto decoded = base64_decode(text(key));
        if (decoded) return std::move(*decoded);
        complain(key, "base64");
        return {};
    }
    // One of `all` by its name_of().
    template <class Enum>
    Enum named(const char* key, std::initializer_list<Enum> all) const {
        auto name = text(key);
        for (auto candidate : all)
            if (name_of(candidate) == name) return candidate;
        complain(key, "a known name");
        return *all.begin();
    }
    Reader object(const char* key) const { return Reader(member(key), cat(where_, ".", key), complaint_); }

    // Calls `take` with a Reader for each object of the array.
    template <class Take>
    void each(const char* key, Take take, std::size_t max = kMaxItems) const {
        for_items(key, max, [&](const Json& item, std::string where) {
            take(Reader(item, std::move(where), complaint_));
        });
    }
    std::vector<std::string> texts(const char* key) const {
        std::vector<std::string> out;
        for_items(key, kMaxItems, [&](const Json& item, const std::string&) {
            if (!item.is_string()) return complain(key, "strings");
            out.push_back(item.template get<std::string>());
        });
        return out;
    }
    std::vector<std::string> names(const char* key) const {
        std::vector<std::string> out;
        const Json& found = member(key);
        if (!found.is_object() || found.size() > kMaxItems) {
            complain(key, "an object");
            return out;
        }
        for (auto it = found.begin(); it != found.end(); ++it) out.push_back(it.key());
        return out;
    }

  private:
    const Json& member(const char* key) const {
        static const Json kNull;
        if (!complaint_.empty() || !value_.is_object()) return kNull;
        auto found = value_.find(key);
        return found == value_.end() ? kNull : *found;
    }
    template <class Take>
    void for_items(const char* key, std::size_t max, Take take) const {
        const Json& found = member(key);
        if (!found.is_array() || found.size() > max) return complain(key, cat("an array of at most ", max));
        for (std::size_t i = 0; i < found.size() && complaint_.empty(); ++i)
            take(found[i], cat(where_, ".", key, "[", i, "]"));
    }

    const Json& value_;
    std::string where_;
    std::string& complaint_;
};

// Parses a document with this schema and reads it with `read`. Errors: parse.
template <class Json, class Read>
auto read_document(std::string_view text, std::string_view schema, Read read)
    -> Result<decltype(read(std::declval<Reader<Json>>()))> {
    auto broken = [&](std::string_view why) {
        return Failure(Error{.code = ErrorCode::parse,
                             .message = cat("cannot read document: ", schema, ": ", printable_line(why))});
    };
    if (text.size() > (64U << 20U)) return broken("larger than 64 MiB");
    const auto document = Json::parse(text, nullptr, false);
    if (document.is_discarded()) return broken("not JSON");
    std::string complaint;
    Reader<Json> root(document, "document", complaint);
    if (complaint.empty() && root.text("schema") != schema) root.complain("schema", schema);
    auto value = read(root);
    if (!complaint.empty()) return broken(complaint);
    return value;
}

template <class Json>
std::string dumped(const Json& document) {
    return document.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

// ---- shared values
// -------------------------------------------------------------------------------------------------------------

template <class Json>
Json values_to(const Values& values) {
    Json out = Json::object();
    for (const auto& [key, list] : values) out[key] = list;
    return out;
}
template <class Json>
Values values_from(const Reader<Json>& in, const char* key) {
    Values out;
    for (const auto& name : in.names(key)) out[name] = in.object(key).texts(name.c_str());
    return out;
}

template <class Json>
Json meta_to(const FileMeta& meta) {
    Json xattrs = Json::array();
    for (const auto& [name, value] : meta.xattrs)
        xattrs.push_back({{"name", name}, {"value", base64_encode(value)}});
    return {{"mode", meta.mode}, {"uid", meta.uid}, {"gid", meta.gid}, {"xattrs", std::move(xattrs)}};
}
template <class Json>
FileMeta meta_from(const Reader<Json>& in) {
    FileMeta meta{.mode = in.whole("mode", 07777), .uid = in.whole("uid"), .gid = in.whole("gid")};
    in.each(
        "xattrs",
        [&](const Reader<Json>& item) { meta.xattrs.emplace_back(item.text("name"), item.base64("value")); },
        64);
    return meta;
}

// Paths in documents are absolute and plain; see is_plain_path.
bool plain_path(std::string_view path);

template <class Json>
TargetPath path_from(const Reader<Json>& in, const char* key) {
    auto path = in.text(key);
    if (!plain_path(path)) in.complain(key, "an absolute path without \"..\"");
    return TargetPath(path);
}

template <class Json>
Json state_to(const FileState& state, bool with_bytes) {
    Json out = meta_to<Json>(state.meta);
    out["present"] = state.present;
    out["digest"] = state.digest();
    if (with_bytes) out["bytes"] = base64_encode(state.bytes);
    return out;
}
template <class Json>
FileState state_from(const Reader<Json>& in) {
    FileState state{.present = in.flag("present"), .bytes = in.base64("bytes"), .meta = meta_from(in)};
    if (state.bytes.size() > (4U << 20U)) in.complain("bytes", "at most 4 MiB");
    if (!state.present && !state.bytes.empty()) in.complain("bytes", "nothing in an absent file");
    if (in.text("digest") != state.digest()) in.complain("digest", "the digest of the bytes");
    return state;
}

template <class Json>
Json dir_to(const DirChange& dir) {
    Json out = meta_to<Json>(dir.meta);
    out["path"] = dir.path.str();
    out["create"] = dir.create;
    return out;
}
template <class Json>
DirChange dir_from(const Reader<Json>& in) {
    return {.path = path_from(in, "path"), .meta = meta_from(in), .create = in.flag("create")};
}

template <class Json>
Json warning_to(const Warning& warning) {
    return {{"code", warning.code}, {"message", warning.message}, {"hint", warning.hint}};
}
template <class Json>
Warning warning_from(const Reader<Json>& in) {
    return {.code = in.text("code"), .message = in.text("message"), .hint = in.text("hint")};
}

// A code that only a newer version knows reads as `internal`: the rest must still be readable.
template <class Json>
Error error_from(const Reader<Json>& in) {
    Error error{.message = in.text("message"), .hint = in.text("hint")};
    auto name = in.text("code");
    for (int code = 0; code <= static_cast<int>(ErrorCode::internal); ++code)
        if (name_of(static_cast<ErrorCode>(code)) == name) error.code = static_cast<ErrorCode>(code);
    return error;
}

template <class Json>
Json profile_to(const ProfileRef& profile) {
    return {{"name", profile.name}, {"sha256", profile.sha256}, {"from", profile.from}};
}
template <class Json>
ProfileRef profile_from(const Reader<Json>& in) {
    return {.name = in.text("name"), .sha256 = in.text("sha256"), .from = in.text("from")};
}

inline constexpr std::initializer_list<ActivationKind> kActivationKinds = {
    ActivationKind::none, ActivationKind::reload, ActivationKind::restart, ActivationKind::daemon_reload};

template <class Json>
Json pending_item_to(const Pending& pending) {
    return {{"unit", pending.unit},     {"action", name_of(pending.kind)},
            {"reason", pending.reason}, {"boot_id", pending.boot_id},
            {"since", pending.since},   {"transaction", pending.transaction}};
}
template <class Json>
Pending pending_item_from(const Reader<Json>& in) {
    return {.unit = in.text("unit"),
            .kind = in.named("action", kActivationKinds),
            .reason = in.text("reason"),
            .boot_id = in.text("boot_id"),
            .since = in.number("since"),
            .transaction = in.text("transaction")};
}

template <class Json, class T, class Write>
Json list_to(const std::vector<T>& items, Write write) {
    Json out = Json::array();
    for (const auto& item : items) out.push_back(write(item));
    return out;
}

}  // namespace mirrorctl::json
