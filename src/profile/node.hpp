// A YAML document as a plain tree that knows where everything stood. Comments and style are gone; order is
// kept.
#pragma once

#include "base/result.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mirrorctl::profile {

enum class Kind { null, scalar, sequence, mapping };

struct Place {
    int line = 0;  // 1-based; column counts code points
    int column = 0;
    bool operator==(const Place&) const = default;
};

struct Node {
    Kind kind = Kind::null;
    bool quoted = false;
    std::string text = {};  // of a scalar
    std::string key = {};   // under which it stands in a mapping
    Place place = {};       // of the value
    Place key_place = {};   // of the key; of the value where there is no key
    std::vector<Node> items = {};
    std::shared_ptr<const std::string> file = {};  // shared by all nodes of a document

    const Node* find(std::string_view name) const;
    Node* find(std::string_view name);
    std::string value(std::string_view name) const;  // text of a scalar child, "" if there is none
    Location where() const { return {file ? *file : "", place.line, place.column}; }
    Location where_key() const { return {file ? *file : "", key_place.line, key_place.column}; }
};

// For messages: "a list", "nothing", "\"text\"" (printable, secrets masked, short).
std::string describe(const Node& node);

// What is wrong with a document; reading goes on after a problem so that one run shows all.
struct Problems {
    std::vector<Error> errors = {};
    void add(const Location& at, std::string message, std::string hint = {});
    // The first one, with a hint that there are more.
    Error first() const;
};

}  // namespace mirrorctl::profile
