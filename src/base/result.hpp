// Result<T>: a value or an Error. TRY passes an error on; TRY_ASSIGN also names the value.
#pragma once

#include "base/error.hpp"

#include <tl/expected.hpp>

#include <utility>

namespace mirrorctl {

template <class T>
using Result = tl::expected<T, Error>;
using Failure = tl::unexpected<Error>;

// Puts one layer's context in front of an error that passes through it.
inline Error in_context(Error error, std::string layer) {
    error.context.insert(error.context.begin(), std::move(layer));
    return error;
}

}  // namespace mirrorctl

#define MIRRORCTL_CONCAT_(a, b) a##b
#define MIRRORCTL_CONCAT(a, b) MIRRORCTL_CONCAT_(a, b)
#define TRY(expression)                                                  \
    do {                                                                 \
        if (auto try_result_ = (expression); !try_result_)               \
            return ::mirrorctl::Failure(std::move(try_result_).error()); \
    } while (false)
#define TRY_ASSIGN(declaration, expression)                                                     \
    auto MIRRORCTL_CONCAT(try_value_, __LINE__) = (expression);                                 \
    if (!MIRRORCTL_CONCAT(try_value_, __LINE__))                                                \
        return ::mirrorctl::Failure(std::move(MIRRORCTL_CONCAT(try_value_, __LINE__)).error()); \
    declaration = std::move(*MIRRORCTL_CONCAT(try_value_, __LINE__))
