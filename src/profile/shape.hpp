// Which keys a document may have and what stands under each: checked per file, before anything is merged or
// put in.
#pragma once

#include "profile/node.hpp"

#include <span>
#include <string_view>

namespace mirrorctl::profile {

struct Shape;
struct Field {
    std::string_view name;
    const Shape* shape;
    bool required = false;
};
struct Shape {
    Kind kind = Kind::scalar;
    std::string_view schema = {};        // of a document: what its key `schema` must say
    std::span<const Field> fields = {};  // of a mapping with known keys
    const Shape* each = nullptr;         // of a list's items, and of a mapping whose keys are the user's
    bool flag = false;                   // a scalar that must be true or false
};

extern const Shape kProfileShape;
extern const Shape kConfigShape;
extern const Shape kDeadShape;

// Adds a problem for every unknown key (with the nearest known one), wrong kind, missing key and wrong
// schema.
void check_shape(const Node& node, const Shape& shape, Problems& problems);

}  // namespace mirrorctl::profile
