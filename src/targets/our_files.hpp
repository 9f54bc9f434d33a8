// Reading files that may be absent, and telling files that are ours as a whole from those of other people.
#pragma once

#include "base/result.hpp"
#include "model/receipt.hpp"
#include "sys/fs.hpp"
#include "targets/target.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace mirrorctl::targets {

// The first words of every template of a file that is ours as a whole.
inline constexpr std::string_view kMarker = "# Managed by mirrorctl";

// nullopt if there is no such file. Errors: those of FsReader::read but not_found.
Result<std::optional<std::string>> read_if_present(const sys::FsReader& fs, const TargetPath& path);
bool exists(const sys::FsReader& fs, const TargetPath& path);

// Values of a file that may be absent; errors carry the file's name.
Result<Values> read_values(const Codec& codec, const std::optional<std::string>& text,
                           const TargetPath& path);

// How a file that is ours alone looks with these values.
using Render = Result<std::string> (*)(const Values& values);

// The text starts with our marker and, comments and blank lines apart, is what the template makes of its
// values: nobody has added anything.
bool is_pristine(const Codec& codec, Render render, std::string_view text);

// May the file be re-rendered and removed as a whole? Yes if it is absent, or pristine and (where receipts
// exist) without values that are not ours.
bool is_wholly_ours(const Codec& codec, Render render, const std::optional<std::string>& text,
                    const Ownership::File* owned);

// Do the receipts say that this value in this file is ours? They hold secrets as digests.
bool owns(const Ownership& owned, const TargetPath& path, const std::string& key, const std::string& value);

// Could the text hold credentials that a diff would show: passwords, tokens, Authorization headers, URLs with
// user and password?
bool may_hold_secrets(std::string_view text);

const Ownership::File* find_owned(const Ownership& owned, const TargetPath& path);

}  // namespace mirrorctl::targets
