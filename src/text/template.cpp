#include "text/template.hpp"

#include "base/strings.hpp"

#include <kainjow/mustache.hpp>

#include <algorithm>
#include <optional>

namespace mirrorctl::text {

namespace {

Failure wrong(std::string_view why, std::string_view tag) {
    return Failure(Error{.code = ErrorCode::internal,
                         .message = cat("wrong template: ", why, ": ", printable_line(tag))});
}

struct Tag {
    char kind = 'v';  // 'v' value, '#' section, '^' inverted section, '/' end of a section
    std::string name = {};
    std::size_t end = 0;  // of a section: index of its '/' tag
};

Result<Tag> read_tag(std::string_view content) {
    auto inner = trim(content);
    Tag tag;
    if (!inner.empty() && std::string_view("{&>=!#^/").find(inner[0]) != std::string_view::npos) {
        tag.kind = inner[0];
        inner = trim(inner.substr(1));
    }
    if (tag.kind == '!') return tag;
    if (tag.kind == '{' || tag.kind == '&') return wrong("an unescaped tag", inner);
    if (tag.kind == '>' || tag.kind == '=')
        return wrong("partials and other delimiters are not used here", inner);
    bool named = !inner.empty() &&
                 inner.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") ==
                     std::string_view::npos;
    if (!named) return wrong("not a name", inner);
    tag.name = std::string(inner);
    return tag;
}

// All tags but comments, sections matched.
Result<std::vector<Tag>> read_tags(std::string_view source) {
    std::vector<Tag> tags;
    std::vector<std::size_t> open;
    for (std::size_t at = 0; (at = source.find("{{", at)) != std::string_view::npos;) {
        auto end = source.find("}}", at);
        if (end == std::string_view::npos) return wrong("a tag without end", source.substr(at, 40));
        TRY_ASSIGN(Tag tag, read_tag(source.substr(at + 2, end - at - 2)));
        at = end + 2;
        if (tag.kind == '!') continue;
        if (tag.kind == '#' || tag.kind == '^') open.push_back(tags.size());
        if (tag.kind == '/') {
            if (open.empty() || tags[open.back()].name != tag.name)
                return wrong("a section's end without its beginning", tag.name);
            tags[open.back()].end = tags.size();
            open.pop_back();
        }
        tags.push_back(std::move(tag));
    }
    if (!open.empty()) return wrong("a section without end", tags[open.back()].name);
    return tags;
}

// Mustache renders a name without value as nothing. A configuration file must not: every name is looked up
// first.
class Check {
  public:
    explicit Check(const std::vector<Tag>& tags) : tags_(tags) {}

    Result<void> run(const TemplateValues& values) { return run(values, 0, tags_.size()); }

  private:
    Result<void> run(const TemplateValues& values, std::size_t from, std::size_t to) {
        frames_.push_back(&values);
        for (auto i = from; i < to; ++i) {
            const auto& tag = tags_[i];
            if (tag.kind == 'v' && !has_string(tag.name)) return wrong("no value for", tag.name);
            if (tag.kind != '#' && tag.kind != '^') continue;
            const auto* list = find_list(tag.name);
            if (list == nullptr) return wrong("no list for", tag.name);
            static const TemplateValues kNothing;
            if (tag.kind == '^' && list->empty()) TRY(run(kNothing, i + 1, tag.end));
            if (tag.kind == '#')
                for (const auto& entry : *list) TRY(run(entry, i + 1, tag.end));
            i = tag.end;
        }
        frames_.pop_back();
        return {};
    }
    bool has_string(const std::string& name) const {
        for (auto frame = frames_.rbegin(); frame != frames_.rend(); ++frame) {
            if ((*frame)->lists.contains(name)) return false;
            if ((*frame)->strings.contains(name)) return true;
        }
        return false;
    }
    const std::vector<TemplateValues>* find_list(const std::string& name) const {
        for (auto frame = frames_.rbegin(); frame != frames_.rend(); ++frame) {
            if (auto at = (*frame)->lists.find(name); at != (*frame)->lists.end()) return &at->second;
            if ((*frame)->strings.contains(name)) return nullptr;
        }
        return nullptr;
    }

    const std::vector<Tag>& tags_;
    std::vector<const TemplateValues*> frames_ = {};
};

// Stands for a line end while kainjow's mustache renders. It handles lines that hold only a section tag in
// its own way (a section that is passed over leaves an empty line); so that is done here by the
// specification, and it sees a single line.
constexpr char kLineEnd = '\x1E';

// Takes out what the specification ("Standalone Tags" in mustache(5) and mustache/spec) takes out: the blanks
// and the line end around a section tag or comment that has its line for itself.
std::string without_standalone_lines(std::string_view source) {
    std::string out;
    while (!source.empty()) {
        auto line = source.substr(0, std::min(source.find('\n'), source.size() - 1) + 1);
        source.remove_prefix(line.size());
        auto inner = trim(line);
        bool alone = inner.size() > 4 && inner.starts_with("{{") &&
                     std::string_view("#^/!").find(inner[2]) != std::string_view::npos &&
                     inner.find("}}") == inner.size() - 2;
        out += alone ? inner : line;
    }
    std::replace(out.begin(), out.end(), '\n', kLineEnd);
    return out;
}

kainjow::mustache::data to_data(const TemplateValues& values) {
    kainjow::mustache::data out(kainjow::mustache::data::type::object);
    for (const auto& [name, value] : values.strings) out.set(name, value);
    for (const auto& [name, entries] : values.lists) {
        kainjow::mustache::data list(kainjow::mustache::data::type::list);
        for (const auto& entry : entries) list.push_back(to_data(entry));
        out.set(name, list);
    }
    return out;
}

}  // namespace

Result<std::string> render(std::string_view source, const TemplateValues& values,
                           const EscapeFunction& escape) {
    TRY_ASSIGN(auto tags, read_tags(source));
    TRY(Check(tags).run(values));
    if (source.find(kLineEnd) != std::string_view::npos) return wrong("a control character", source);
    kainjow::mustache::mustache compiled{without_standalone_lines(source)};
    if (!compiled.is_valid()) return wrong("mustache does not take it", compiled.error_message());
    std::optional<Error> refused;
    compiled.set_custom_escape([&](const std::string& value) {
        auto escaped = escape(value);
        if (escaped && escaped->find(kLineEnd) == std::string::npos) return *escaped;
        if (!refused && escaped)
            refused =
                Error{.code = ErrorCode::usage, .message = "cannot write a value: a control character in it"};
        if (!refused) refused = escaped.error();
        return std::string();
    });
    auto out = compiled.render(to_data(values));
    if (refused) return Failure(*std::move(refused));
    if (!compiled.is_valid()) return wrong("mustache cannot render it", compiled.error_message());
    std::replace(out.begin(), out.end(), kLineEnd, '\n');
    return out;
}

}  // namespace mirrorctl::text
