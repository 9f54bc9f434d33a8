// A JSON value with the place of every token: what the parser of json_doc makes.
#pragma once

#include "base/result.hpp"
#include "model/edit.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mirrorctl::text {

enum class JsonKind { null, boolean, number, string, array, object };
std::string_view name_of(JsonKind kind);

struct JsonMember;

struct JsonNode {
    JsonKind kind = JsonKind::null;
    Span span = {};                    // from the first to the last byte of the value
    std::string text = {};             // decoded, of a string
    std::vector<JsonNode> items = {};  // of an array
    std::vector<JsonMember> members;   // of an object, in file order

    const JsonMember* find(std::string_view key) const;
};

struct JsonMember {
    std::string key;  // decoded
    Span key_span;    // with the quotes
    JsonNode value;
};

// Strict RFC 8259, UTF-8, one value, at most 200 levels deep; a byte order mark in front is passed over.
// Errors: parse (comments, trailing commas, a second document, NaN, bad escapes, unpaired surrogates, invalid
// UTF-8), duplicate_key; all with location.
Result<JsonNode> parse_json(std::string_view text);

// `value` as a JSON string with quotes; '/' and non-ASCII characters stay as they are. Errors: usage, for
// invalid UTF-8.
Result<std::string> quote_json(std::string_view value);

}  // namespace mirrorctl::text
