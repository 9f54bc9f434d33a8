#include <stdexcept>

namespace {

struct BrokenAssumption : std::runtime_error {
    using std::runtime_error::runtime_error;
};

[[noreturn]] void broken_assumption(const char* what) {
    throw BrokenAssumption(what);
}

}  // namespace

// toml++ 3.3 asserts things about its input that a user's file can break ("[#]" is enough), and in a release
// build tells the compiler to rely on them. Here they are checked in every build, and a broken one is an
// invalid file.
#undef NDEBUG
#define TOML_ASSERT(expression) ((expression) ? static_cast<void>(0) : broken_assumption(#expression))
#include "base/strings.hpp"
#include "text/lines.hpp"
#include "text/toml_scan.hpp"
#include "text/tree.hpp"

#include <toml++/toml.h>

#include <sstream>

namespace mirrorctl::text {

namespace {

template <class Value>
std::string spelling(const Value& value) {
    std::ostringstream out;
    out << value;
    return out.str();
}

// Floats with all their digits: two that differ must not look alike.
std::string spelling(const toml::value<double>& value) {
    std::ostringstream out;
    out.precision(17);
    out << value.get();
    return out.str();
}

Tree convert(const toml::node& node) {
    switch (node.type()) {
        case toml::node_type::boolean:
            return {.kind = TreeKind::boolean, .scalar = node.as_boolean()->get() ? "true" : "false"};
        case toml::node_type::integer:
            return {.kind = TreeKind::integer, .scalar = std::to_string(node.as_integer()->get())};
        case toml::node_type::floating_point:
            return {.kind = TreeKind::number, .scalar = spelling(*node.as_floating_point())};
        case toml::node_type::string:
            return {.kind = TreeKind::string, .scalar = node.as_string()->get()};
        case toml::node_type::date:
            return {.kind = TreeKind::date, .scalar = spelling(node.as_date()->get())};
        case toml::node_type::time:
            return {.kind = TreeKind::date, .scalar = spelling(node.as_time()->get())};
        case toml::node_type::date_time:
            return {.kind = TreeKind::date, .scalar = spelling(node.as_date_time()->get())};
        case toml::node_type::array: {
            Tree tree{.kind = TreeKind::array};
            for (const auto& item : *node.as_array()) tree.items.push_back(convert(item));
            return tree;
        }
        case toml::node_type::table: {
            Tree tree{.kind = TreeKind::table};
            for (const auto& [key, value] : *node.as_table())
                tree.members.emplace(std::string(key.str()), convert(value));
            return tree;
        }
        case toml::node_type::none:
            break;
    }
    return {.kind = TreeKind::null};
}

}  // namespace

Result<Tree> toml_tree(std::string_view text) {
    if (auto bad = find_invalid_utf8(text); bad != std::string_view::npos)
        return Failure(error_at(ErrorCode::parse, "invalid TOML: a byte that is not valid UTF-8", text, bad));
    try {
        return convert(toml::parse(text));
    } catch (const toml::parse_error& error) {
        Error out{.code = ErrorCode::parse,
                  .message = cat("invalid TOML: ", printable_line(error.description()))};
        out.location = Location{.file = {},
                                .line = static_cast<int>(error.source().begin.line),
                                .column = static_cast<int>(error.source().begin.column)};
        return Failure(std::move(out));
    } catch (const std::exception&) {
        // No place is known; our scanner stumbles over the same line.
        Error out{.code = ErrorCode::parse, .message = "invalid TOML: not a key, value or header"};
        if (auto scan = scan_toml(text); !scan) out.location = scan.error().location;
        return Failure(std::move(out));
    }
}

}  // namespace mirrorctl::text
