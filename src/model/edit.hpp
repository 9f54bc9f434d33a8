// Edits of a text by byte spans of the text as it was.
#pragma once

#include <cstddef>
#include <string>

namespace mirrorctl {

struct Span {
    std::size_t begin = 0;
    std::size_t end = 0;  // one past the last byte
    bool operator==(const Span&) const = default;
};

struct Edit {
    Span span;
    std::string replacement;
    bool operator==(const Edit&) const = default;
};

}  // namespace mirrorctl
