#include "sync/document.hpp"

#include "base/strings.hpp"
#include "base/url.hpp"
#include "text/json_node.hpp"

#include <algorithm>

namespace mirrorctl::sync {

namespace {

constexpr std::size_t kMaxBytes = 1U << 20U;

// Offsets must come in the order of the file: one pass finds all places.
class Places {
  public:
    Places(std::string_view text, const std::string& file) : text_(text), file_(file) {}
    mirrorctl::Location at(std::size_t offset) {
        for (; seen_ < offset && seen_ < text_.size(); ++seen_) {
            auto byte = static_cast<unsigned char>(text_[seen_]);
            if (byte == '\n') {
                ++line_;
                column_ = 1;
            } else if ((byte & 0xC0U) != 0x80) {
                ++column_;
            }
        }
        return {file_, line_, column_};
    }

  private:
    std::string_view text_;
    const std::string& file_;
    std::size_t seen_ = 0;
    int line_ = 1;
    int column_ = 1;
};

Value::Kind kind_of(text::JsonKind kind) {
    switch (kind) {
        case text::JsonKind::null:
            return Value::Kind::null;
        case text::JsonKind::boolean:
            return Value::Kind::boolean;
        case text::JsonKind::number:
            return Value::Kind::number;
        case text::JsonKind::string:
            return Value::Kind::text;
        case text::JsonKind::array:
            return Value::Kind::list;
        case text::JsonKind::object:
            return Value::Kind::object;
    }
    return Value::Kind::null;
}

Value convert(const text::JsonNode& node, std::string_view bytes, Places& places) {
    Value value{.kind = kind_of(node.kind), .text = node.text, .where = places.at(node.span.begin)};
    if (value.kind == Value::Kind::boolean)
        value.text = std::string(bytes.substr(node.span.begin, node.span.end - node.span.begin));
    value.where_key = value.where;
    for (const auto& item : node.items) value.items.push_back(convert(item, bytes, places));
    for (const auto& member : node.members) {
        auto where_key = places.at(member.key_span.begin);
        auto item = convert(member.value, bytes, places);
        item.key = member.key;
        item.where_key = where_key;
        value.items.push_back(std::move(item));
    }
    return value;
}

}  // namespace

const Value* Value::find(std::string_view name) const {
    auto it = std::find_if(items.begin(), items.end(), [&](const Value& item) { return item.key == name; });
    return kind != Kind::object || it == items.end() ? nullptr : &*it;
}

std::string describe(const Value& value) {
    switch (value.kind) {
        case Value::Kind::null:
            return "nothing";
        case Value::Kind::boolean:
            return value.text;
        case Value::Kind::number:
            return "a number";
        case Value::Kind::list:
            return "a list";
        case Value::Kind::object:
            return "an object";
        case Value::Kind::text:
            break;
    }
    return cat("\"", printable_line(mask_secrets(value.text), 80), "\"");
}

Result<Value> read_json(std::string_view bytes, const std::string& file) {
    if (bytes.size() > kMaxBytes)
        return Failure(Error{.code = ErrorCode::parse,
                             .message = "too big: more than 1 MiB",
                             .location = mirrorctl::Location{.file = file}});
    auto node = text::parse_json(bytes);
    if (!node) {
        auto error = node.error();
        if (!error.location) error.location = mirrorctl::Location{};
        error.location->file = file;
        return Failure(std::move(error));
    }
    Places places(bytes, file);
    return convert(*node, bytes, places);
}

}  // namespace mirrorctl::sync
