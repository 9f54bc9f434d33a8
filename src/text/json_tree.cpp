#include "base/strings.hpp"
#include "text/lines.hpp"
#include "text/tree.hpp"

#include <nlohmann/json.hpp>

namespace mirrorctl::text {

namespace {

// Builds the tree from nlohmann's events instead of from its document: that keeps the spelling of numbers, so
// that a change in the last digit of a big one shows.
class Builder final : public nlohmann::json_sax<nlohmann::json> {
  public:
    explicit Builder(Tree& root) { open_.push_back(&root); }
    std::size_t error_at_byte() const { return error_byte_; }
    const std::string& why() const { return why_; }

    bool null() override { return put({.kind = TreeKind::null}); }
    bool boolean(bool value) override {
        return put({.kind = TreeKind::boolean, .scalar = value ? "true" : "false"});
    }
    bool number_integer(number_integer_t value) override {
        return put({.kind = TreeKind::integer, .scalar = std::to_string(value)});
    }
    bool number_unsigned(number_unsigned_t value) override {
        return put({.kind = TreeKind::integer, .scalar = std::to_string(value)});
    }
    bool number_float(number_float_t, const string_t& spelling) override {
        return put({.kind = TreeKind::number, .scalar = spelling});
    }
    bool string(string_t& value) override { return put({.kind = TreeKind::string, .scalar = value}); }
    bool binary(binary_t&) override { return false; }
    bool start_object(std::size_t) override { return open({.kind = TreeKind::table}); }
    bool key(string_t& value) override {
        key_ = value;
        return true;
    }
    bool end_object() override { return close(); }
    bool start_array(std::size_t) override { return open({.kind = TreeKind::array}); }
    bool end_array() override { return close(); }
    bool parse_error(std::size_t byte, const std::string&,
                     const nlohmann::detail::exception& error) override {
        constexpr int kNumberOverflow = 406;
        why_ = error.id == kNumberOverflow ? "invalid JSON: a number too big to be read" : "invalid JSON";
        error_byte_ = byte;
        return false;
    }

  private:
    static constexpr std::size_t kMaxDepth =
        250;  // more than json_node accepts: a tree is copied and freed by recursion

    Tree* place() {
        if (open_.size() == 1) return open_.back();
        auto& parent = *open_.back();
        if (parent.kind == TreeKind::table) return &parent.members[key_];
        parent.items.emplace_back();
        return &parent.items.back();
    }
    bool put(Tree value) {
        *place() = std::move(value);
        return true;
    }
    bool open(Tree value) {
        auto* at = place();
        *at = std::move(value);
        open_.push_back(at);
        return open_.size() <= kMaxDepth;
    }
    bool close() {
        open_.pop_back();
        return true;
    }

    std::vector<Tree*> open_;  // open_[0] is where the document goes
    std::string key_;
    std::size_t error_byte_ = 0;
    std::string why_ = "invalid JSON: nested too deep";
};

}  // namespace

Result<Tree> json_tree(std::string_view text) {
    Tree root;
    if (is_blank(text)) return root;
    Builder builder(root);
    if (nlohmann::json::sax_parse(text.begin(), text.end(), &builder)) return root;
    auto at = builder.error_at_byte();
    return Failure(error_at(ErrorCode::parse, builder.why(), text, at > 0 ? at - 1 : 0));
}

}  // namespace mirrorctl::text
