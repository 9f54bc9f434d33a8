#include "sync/rules.hpp"

#include "base/strings.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace mirrorctl::sync {

namespace {

Error at(Error error, const mirrorctl::Location& where) {
    error.location = where;
    return error;
}

Error mistake(const mirrorctl::Location& where, std::string message, std::string hint) {
    return {
        .code = ErrorCode::parse, .message = std::move(message), .hint = std::move(hint), .location = where};
}

constexpr const char* kForms =
    "allowed: NAME, NAME:TAG, NAME:TAG,TAG, NAME:/REGEX/, NAME@DIGEST; its value: a destination or a list of "
    "them";

// Selects this rule one image, whatever the registry has?
std::size_t images_of(const Selector& selector) {
    if (selector.kind == Selector::Kind::digest) return 1;
    return selector.kind == Selector::Kind::tags ? selector.tags.size() : 0;
}

// One entry of a rule file on its way to rules.
class EntryReader {
  public:
    EntryReader(const Value& entry, const ReadVariable& variable, RuleList& list)
        : entry_(entry), variable_(variable), list_(list) {}

    void read() {
        auto source = parse_source(entry_.key);
        if (!source) return list_.errors.push_back(at(source.error(), entry_.where_key));
        source_ = std::move(*source);
        if (entry_.kind == Value::Kind::text) {
            add_destination(entry_);
        } else if (entry_.kind == Value::Kind::list && !entry_.items.empty()) {
            for (const auto& item : entry_.items) add_destination(item);
        } else {
            list_.errors.push_back(
                mistake(entry_.where,
                        cat("no destination for ", printable_line(entry_.key, 100),
                            ": expected a text or a list of "
                            "texts, found ",
                            entry_.kind == Value::Kind::list ? "an empty list" : describe(entry_)),
                        kForms));
        }
        if (!destinations_.empty()) make_rules();
    }

  private:
    void add_destination(const Value& value) {
        if (value.kind != Value::Kind::text)
            return list_.errors.push_back(
                mistake(value.where, cat("not a destination: found ", describe(value)), kForms));
        auto parsed = parse_destination(value.text, variable_);
        if (!parsed) return list_.errors.push_back(at(parsed.error(), value.where));
        if (auto error = check(*parsed)) return list_.errors.push_back(at(*error, value.where));
        bool known = std::any_of(destinations_.begin(), destinations_.end(), [&](const auto& other) {
            return other.location == parsed->location && other.tags == parsed->tags;
        });
        if (!known) destinations_.push_back(std::move(*parsed));
    }

    std::optional<Error> check(const DestinationText& destination) const {
        const auto& selector = source_.selector;
        auto refused = [](std::string message, std::string hint) {
            return Error{.code = ErrorCode::parse, .message = std::move(message), .hint = std::move(hint)};
        };
        if (!destination.digest.empty() && destination.digest != selector.digest)
            return refused("the digest of the destination is not that of the source",
                           "a copy keeps its digest: leave it out");
        auto images = images_of(selector);
        if (!destination.tags.empty() && destination.tags.size() != images)
            return refused(cat("the tags do not match: the source selects ",
                               images == 0 ? std::string("any number of images") : std::to_string(images),
                               ", the destination names ", destination.tags.size()),
                           "name as many tags as the source, or none to keep them");
        return check_not_itself(destination);
    }

    std::optional<Error> check_not_itself(const DestinationText& destination) const {
        const auto& selector = source_.selector;
        if (destination.location != source_.location) return std::nullopt;
        auto own = selector.kind == Selector::Kind::digest && !selector.tag.empty()
                       ? std::vector<std::string>{selector.tag}
                       : selector.tags;
        // By digest, under a name of its own: that is a new tag for the same image.
        bool new_name = !destination.tags.empty() && selector.kind == Selector::Kind::digest;
        bool renamed = !destination.tags.empty() && selector.kind == Selector::Kind::tags;
        for (std::size_t i = 0; renamed && i < own.size(); ++i) renamed = destination.tags[i] != own[i];
        if (new_name || renamed) return std::nullopt;
        return Error{.code = ErrorCode::conflict,
                     .message = cat("source and destination are the same: ", source_.location.str()),
                     .hint = "name another repository, or another tag"};
    }

    void make_rules() {
        auto& tags = source_.selector.tags;
        bool renames = std::any_of(destinations_.begin(), destinations_.end(),
                                   [](const auto& destination) { return !destination.tags.empty(); });
        if (!renames || tags.size() < 2) return add_rule(source_.selector, 0);
        for (std::size_t i = 0; i < tags.size(); ++i) {
            auto one = source_.selector;
            one.tags = {tags[i]};
            add_rule(one, i);
        }
    }

    void add_rule(const Selector& selector, std::size_t tag) {
        Rule rule{
            .source = source_.location, .selector = selector, .destinations = {}, .where = entry_.where_key};
        for (const auto& destination : destinations_)
            rule.destinations.push_back(
                {.location = destination.location,
                 .tag = destination.tags.empty() ? std::string() : destination.tags[tag]});
        rule.text = source_text(rule);
        list_.rules.push_back(std::move(rule));
    }

    const Value& entry_;
    const ReadVariable& variable_;
    RuleList& list_;
    SourceText source_;
    std::vector<DestinationText> destinations_ = {};
};

std::string place(const Rule& rule) {
    return rule.where.file.empty() ? printable_line(rule.text, 100)
                                   : cat(printable_line(rule.text, 100), " (line ", rule.where.line, ")");
}

// What is known of the names at the destination: {source, tag or digest there}.
std::vector<std::pair<std::string, std::string>> names_of(const Rule& rule) {
    const auto& selector = rule.selector;
    std::vector<std::pair<std::string, std::string>> names;
    for (const auto& tag : selector.tags) names.emplace_back(rule.source.str() + ":" + tag, tag);
    if (selector.kind == Selector::Kind::digest)
        names.emplace_back(rule.source.str() + "@" + selector.digest, selector.tag);
    return names;
}

}  // namespace

std::string source_text(const Rule& rule) {
    const auto& selector = rule.selector;
    auto name = rule.source.str();
    switch (selector.kind) {
        case Selector::Kind::tags:
            return cat(name, ":", join(selector.tags, ","));
        case Selector::Kind::pattern:
            return cat(name, ":/", selector.pattern, "/");
        case Selector::Kind::digest:
            return cat(name, selector.tag.empty() ? "" : ":" + selector.tag, "@", selector.digest);
        case Selector::Kind::all:
            break;
    }
    return name;
}

RuleList read_rules(const Value& document, const ReadVariable& variable) {
    RuleList list;
    if (document.kind != Value::Kind::object) {
        list.errors.push_back(mistake(
            document.where,
            cat("not a rule file: expected \"source\": \"destination\" pairs, found ", describe(document)),
            kForms));
        return list;
    }
    for (const auto& entry : document.items) EntryReader(entry, variable, list).read();
    auto collisions = find_collisions(list.rules);
    list.errors.insert(list.errors.end(), collisions.begin(), collisions.end());
    return list;
}

std::vector<Error> find_collisions(const std::vector<Rule>& rules) {
    std::map<std::string, std::pair<std::string, const Rule*>> taken;  // name -> source
    std::vector<Error> errors;
    for (const auto& rule : rules)
        for (const auto& destination : rule.destinations)
            for (const auto& [source, own_tag] : names_of(rule)) {
                auto tag = destination.tag.empty() ? own_tag : destination.tag;
                if (tag.empty()) continue;  // by digest only: no name that two could want
                auto name = cat(destination.location.str(), ":", tag);
                auto [it, is_new] = taken.emplace(name, std::pair(source, &rule));
                if (is_new || it->second.first == source) continue;
                Error error{.code = ErrorCode::conflict,
                            .message = cat("two sources for one name: ", name, ": ",
                                           place(*it->second.second), " and ", place(rule)),
                            .hint =
                                "give one of them another destination or tag (--keep-path on the command "
                                "line keeps them apart)"};
                if (!rule.where.file.empty()) error.location = rule.where;
                errors.push_back(std::move(error));
            }
    return errors;
}

}  // namespace mirrorctl::sync
