#include "profile/yaml.hpp"

#include "base/strings.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <sstream>
#include <unordered_map>

namespace mirrorctl::profile {

namespace {

constexpr std::size_t kMaxDepth = 12;
constexpr std::size_t kMaxNodes = 20000;

// Thrown by the handler to leave the parser; caught in parse_yaml.
struct Stop {
    Error error;
};

// yaml-cpp counts lines and columns from 0 and columns in bytes.
class Places {
  public:
    explicit Places(std::string_view text) : text_(text) {
        starts_.push_back(0);
        for (std::size_t i = 0; i < text.size(); ++i)
            if (text[i] == '\n') starts_.push_back(i + 1);
    }
    Place at(const YAML::Mark& mark) const {
        if (mark.is_null() || mark.line < 0 || static_cast<std::size_t>(mark.line) >= starts_.size())
            return {};
        auto line =
            text_.substr(starts_[static_cast<std::size_t>(mark.line)], static_cast<std::size_t>(mark.column));
        int column = 1;
        for (char c : line) column += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
        return {mark.line + 1, column};
    }

  private:
    std::string_view text_;
    std::vector<std::size_t> starts_;
};

// Builds the tree. Written because yaml-cpp's own nodes drop duplicate keys and expand aliases.
class Builder : public YAML::EventHandler {
  public:
    Builder(std::string_view text, const std::string& file)
        : places_(text), file_(std::make_shared<const std::string>(file)) {}

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (documents_++ > 0) stop(mark, "expected one document, found a second one");
    }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        add(leaf(mark, anchor, Kind::null, ""), mark);
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        stop(mark, "aliases (*name) are not supported here");
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        if (tag != "?" && tag != "!" && !tag.empty()) stop(mark, "tags (!name) are not supported here");
        Node node = leaf(mark, anchor, Kind::scalar, value);
        node.quoted = tag == "!";
        if (!node.quoted && (value == "~" || value == "null")) node.kind = Kind::null;
        add(std::move(node), mark);
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(mark, tag, anchor, Kind::sequence);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(mark, tag, anchor, Kind::mapping);
    }
    void OnMapEnd() override { close(); }

    Node take() { return std::move(root_); }
    bool empty() const { return !done_; }
    Location where(const YAML::Mark& mark) const {
        auto place = places_.at(mark);
        return {*file_, place.line, place.column};
    }

  private:
    struct Frame {
        Node node;
        bool expects_key = false;
        std::string key = {};
        Place key_place = {};
        std::unordered_map<std::string, int> seen = {};  // key -> line
    };

    [[noreturn]] void stop(const YAML::Mark& mark, std::string message, ErrorCode code = ErrorCode::parse) {
        throw Stop{{.code = code, .message = std::move(message), .location = where(mark)}};
    }

    Node leaf(const YAML::Mark& mark, YAML::anchor_t anchor, Kind kind, const std::string& text) {
        if (anchor != 0) stop(mark, "anchors (&name) are not supported here");
        if (++nodes_ > kMaxNodes) stop(mark, cat("too big: more than ", kMaxNodes, " values"));
        Node node;
        node.kind = kind;
        node.text = text;
        node.place = node.key_place = places_.at(mark);
        node.file = file_;
        return node;
    }

    void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Kind kind) {
        if (tag != "?" && !tag.empty()) stop(mark, "tags (!name) are not supported here");
        if (stack_.size() >= kMaxDepth) stop(mark, cat("nested too deep: more than ", kMaxDepth, " levels"));
        if (!stack_.empty() && stack_.back().expects_key)
            stop(mark, "expected a key, found a list or a mapping");
        stack_.push_back({.node = leaf(mark, anchor, kind, ""), .expects_key = kind == Kind::mapping});
    }

    void close() {
        Node node = std::move(stack_.back().node);
        stack_.pop_back();
        attach(std::move(node));
    }

    void add(Node node, const YAML::Mark& mark) {
        if (stack_.empty() || !stack_.back().expects_key) return attach(std::move(node));
        Frame& frame = stack_.back();
        if (node.kind != Kind::scalar) stop(mark, "expected a key, found nothing");
        auto [it, fresh] = frame.seen.emplace(node.text, node.place.line);
        if (!fresh)
            stop(mark,
                 cat("key written twice: ", printable_line(node.text, 80), ": first in line ", it->second),
                 ErrorCode::duplicate_key);
        frame.key = node.text;
        frame.key_place = node.place;
        frame.expects_key = false;
    }

    void attach(Node node) {
        if (stack_.empty()) {
            root_ = std::move(node);
            done_ = true;
            return;
        }
        Frame& frame = stack_.back();
        if (frame.node.kind == Kind::mapping) {
            node.key = frame.key;
            node.key_place = frame.key_place;
            frame.expects_key = true;
        }
        frame.node.items.push_back(std::move(node));
    }

    Places places_;
    std::shared_ptr<const std::string> file_;
    std::vector<Frame> stack_;
    Node root_;
    bool done_ = false;
    int documents_ = 0;
    std::size_t nodes_ = 0;
};

Failure refuse(const std::string& file, std::string message) {
    return Failure(
        Error{.code = ErrorCode::parse, .message = std::move(message), .location = Location{.file = file}});
}

}  // namespace

Result<Node> parse_yaml(std::string_view text, const std::string& file) {
    if (text.size() > kMaxFileBytes) return refuse(file, "too big: more than 1 MiB");
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    // yaml-cpp 0.7 takes a quote that is never closed for closed if a line break comes last.
    text = text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
    if (text.find('\0') != std::string_view::npos)
        return refuse(file, "expected UTF-8 text, found a NUL byte");
    Builder builder(text, file);
    try {
        std::istringstream stream{std::string(text)};
        YAML::Parser parser(stream);
        while (parser.HandleNextDocument(builder)) {
        }
    } catch (const Stop& stop) {
        return Failure(stop.error);
    } catch (const YAML::Exception& e) {
        return Failure(Error{.code = ErrorCode::parse,
                             .message = cat("not valid YAML: ", printable_line(e.msg)),
                             .location = builder.where(e.mark)});
    } catch (const std::exception& e) {
        return refuse(file, cat("not valid YAML: ", printable_line(e.what())));
    }
    if (builder.empty()) return refuse(file, "expected a document, found an empty file");
    return builder.take();
}

}  // namespace mirrorctl::profile
