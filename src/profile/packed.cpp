#include "base/strings.hpp"
#include "profile/embedded.hpp"

#include <charconv>

namespace mirrorctl::profile {

namespace {

// One node: kind, then numbers and texts, each number ended by ',', each text as LENGTH ':' BYTES.
void put(std::string& out, int number) {
    out += cat(number, ',');
}
void put(std::string& out, const std::string& text) {
    out += cat(text.size(), ':', text);
}

void pack_into(std::string& out, const Node& node) {
    constexpr std::string_view kKinds = "nslm";
    out += node.kind == Kind::scalar && node.quoted ? 'q' : kKinds[static_cast<std::size_t>(node.kind)];
    for (int number : {node.place.line, node.place.column, node.key_place.line, node.key_place.column})
        put(out, number);
    put(out, node.key);
    put(out, node.text);
    put(out, static_cast<int>(node.items.size()));
    for (const auto& item : node.items) pack_into(out, item);
}

class Unpacker {
  public:
    Unpacker(std::string_view bytes, const std::string& file)
        : rest_(bytes), file_(std::make_shared<const std::string>(file)) {}

    bool read(Node& node, int depth = 0) {
        constexpr std::string_view kKinds = "nslmq";
        if (rest_.empty() || depth > 64) return false;
        auto kind = kKinds.find(rest_[0]);
        if (kind == std::string_view::npos) return false;
        rest_.remove_prefix(1);
        node.quoted = kind == 4;
        node.kind = node.quoted ? Kind::scalar : static_cast<Kind>(kind);
        node.file = file_;
        int count = 0;
        if (!number(node.place.line) || !number(node.place.column) || !number(node.key_place.line) ||
            !number(node.key_place.column) || !text(node.key) || !text(node.text) || !number(count))
            return false;
        if (static_cast<std::size_t>(count) > rest_.size()) return false;
        node.items.resize(static_cast<std::size_t>(count));
        for (auto& item : node.items)
            if (!read(item, depth + 1)) return false;
        return true;
    }
    bool finished() const { return rest_.empty(); }

  private:
    bool number(int& value, char end = ',') {
        auto [stop, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
        auto length = static_cast<std::size_t>(stop - rest_.data());
        if (error != std::errc{} || value < 0 || length >= rest_.size() || rest_[length] != end) return false;
        rest_.remove_prefix(length + 1);
        return true;
    }
    bool text(std::string& value) {
        int length = 0;
        if (!number(length, ':') || static_cast<std::size_t>(length) > rest_.size()) return false;
        value = rest_.substr(0, static_cast<std::size_t>(length));
        rest_.remove_prefix(static_cast<std::size_t>(length));
        return true;
    }

    std::string_view rest_;
    std::shared_ptr<const std::string> file_;
};

}  // namespace

std::string pack(const Node& node) {
    std::string out;
    pack_into(out, node);
    return out;
}

Result<Node> unpack(std::string_view packed, const std::string& file) {
    Node node;
    Unpacker unpacker(packed, file);
    if (unpacker.read(node) && unpacker.finished()) return node;
    return Failure(
        Error{.code = ErrorCode::internal, .message = cat("cannot read an embedded document: ", file)});
}

Result<Node> embedded_document(std::string_view name) {
    for (const auto& file : embedded_files())
        if (file.name == name) return unpack(file.packed, cat(name, ".yaml (embedded)"));
    return Failure(Error{.code = ErrorCode::not_found,
                         .message = cat("no such embedded document: ", printable_line(name))});
}

}  // namespace mirrorctl::profile
