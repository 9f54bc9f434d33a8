#include "targets/our_files.hpp"

#include "base/digest.hpp"
#include "base/strings.hpp"
#include "base/url.hpp"
#include "text/lines.hpp"

#include <algorithm>

namespace mirrorctl::targets {

namespace {

std::vector<std::string> content_lines(std::string_view text) {
    std::vector<std::string> lines;
    for (const auto& line : split(text, '\n')) {
        auto content = trim(line);
        if (!content.empty() && !content.starts_with('#')) lines.emplace_back(content);
    }
    return lines;
}

bool is_recorded(const Values& owned, const std::string& key, const std::string& value) {
    auto it = owned.find(key);
    if (it == owned.end()) return false;
    return std::any_of(it->second.begin(), it->second.end(),
                       [&](const std::string& r) { return r == value || r == sha256_digest(value); });
}

}  // namespace

Result<std::optional<std::string>> read_if_present(const sys::FsReader& fs, const TargetPath& path) {
    auto text = fs.read(path);
    if (text) return std::optional(std::move(*text));
    if (text.error().code == ErrorCode::not_found) return std::optional<std::string>();
    return Failure(text.error());
}

bool exists(const sys::FsReader& fs, const TargetPath& path) {
    return fs.stat(path).has_value();
}

Result<Values> read_values(const Codec& codec, const std::optional<std::string>& text,
                           const TargetPath& path) {
    if (!text) return Values{};
    auto values = codec.read(*text);
    if (!values) return Failure(text::in_file(values.error(), path.str()));
    return values;
}

bool is_pristine(const Codec& codec, Render render, std::string_view text) {
    if (!text.starts_with(kMarker)) return false;
    auto values = codec.read(text);
    if (!values) return false;
    auto rendered = render(*values);
    return rendered && content_lines(*rendered) == content_lines(text);
}

bool is_wholly_ours(const Codec& codec, Render render, const std::optional<std::string>& text,
                    const Ownership::File* owned) {
    if (!text) return true;
    if (!is_pristine(codec, render, *text)) return false;
    if (owned == nullptr) return true;
    auto values = codec.read(*text);
    if (!values) return false;
    return std::all_of(values->begin(), values->end(), [&](const auto& entry) {
        return std::all_of(entry.second.begin(), entry.second.end(), [&](const std::string& value) {
            return is_recorded(owned->values, entry.first, value);
        });
    });
}

bool owns(const Ownership& owned, const TargetPath& path, const std::string& key, const std::string& value) {
    const auto* file = find_owned(owned, path);
    return file != nullptr && is_recorded(file->values, key, value);
}

bool may_hold_secrets(std::string_view text) {
    auto small = lower(text);
    for (const auto* word : {"authorization", "password", "passwd", "token", "auth ="})
        if (small.find(word) != std::string::npos) return true;
    return mask_secrets(text) != text;
}

const Ownership::File* find_owned(const Ownership& owned, const TargetPath& path) {
    auto it = owned.files.find(path);
    return it == owned.files.end() ? nullptr : &it->second;
}

}  // namespace mirrorctl::targets
