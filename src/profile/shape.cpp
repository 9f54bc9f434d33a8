#include "profile/shape.hpp"

#include "base/strings.hpp"

namespace mirrorctl::profile {

namespace {

constexpr Shape kText{};
constexpr Shape kFlag{.flag = true};
constexpr Shape kTexts{.kind = Kind::sequence, .each = &kText};
constexpr Shape kTextMap{.kind = Kind::mapping, .each = &kText};

constexpr Field kVariableFields[] = {{"required", &kFlag}, {"description", &kText}, {"example", &kText}};
constexpr Shape kVariable{.kind = Kind::mapping, .fields = kVariableFields};
constexpr Shape kVariables{.kind = Kind::mapping, .each = &kVariable};

constexpr Field kCanaryFields[] = {{"image", &kText, true}, {"digest", &kText}};
constexpr Shape kCanary{.kind = Kind::mapping, .fields = kCanaryFields};
constexpr Shape kCanaries{.kind = Kind::sequence, .each = &kCanary};

constexpr Field kMirrorFields[] = {{"url", &kText, true}, {"form", &kText},     {"trust", &kText},
                                   {"operator", &kText},  {"insecure", &kFlag}, {"ca", &kText},
                                   {"auth", &kText},      {"canary", &kCanary}, {"priority", &kText},
                                   {"as_of", &kText},     {"source", &kText},   {"limits", &kText}};
constexpr Shape kMirror{.kind = Kind::mapping, .fields = kMirrorFields};
constexpr Shape kMirrors{.kind = Kind::sequence, .each = &kMirror};

constexpr Field kUpstreamFields[] = {
    {"origin", &kText}, {"fallback", &kText}, {"canary", &kCanaries}, {"mirrors", &kMirrors}};
constexpr Shape kUpstream{.kind = Kind::mapping, .fields = kUpstreamFields};
constexpr Shape kUpstreams{.kind = Kind::mapping, .each = &kUpstream};

constexpr Field kProxyFields[] = {
    {"http", &kText}, {"https", &kText}, {"all", &kText}, {"no_proxy", &kTexts}, {"targets", &kTexts}};
constexpr Shape kProxy{.kind = Kind::mapping, .fields = kProxyFields};

constexpr Field kBudgetFields[] = {{"time", &kText},
                                   {"bytes", &kText},
                                   {"bytes_per_mirror", &kText},
                                   {"requests_per_mirror", &kText},
                                   {"requests_per_operator_per_minute", &kText}};
constexpr Shape kBudget{.kind = Kind::mapping, .fields = kBudgetFields};
constexpr Field kPolicyFields[] = {{"keep", &kText},    {"switch_margin", &kText}, {"ttl", &kText},
                                   {"recheck", &kText}, {"failure_ttl", &kText},   {"budget", &kBudget}};
constexpr Shape kPolicy{.kind = Kind::mapping, .fields = kPolicyFields};

constexpr Field kProfileFields[] = {
    {"schema", &kText, true}, {"name", &kText, true}, {"description", &kText},    {"as_of", &kText},
    {"example", &kFlag},      {"extends", &kTexts},   {"variables", &kVariables}, {"upstreams", &kUpstreams},
    {"proxy", &kProxy},       {"policy", &kPolicy}};

constexpr Field kConfigFields[] = {{"schema", &kText},   {"profile", &kText}, {"vars", &kTextMap},
                                   {"targets", &kTexts}, {"restart", &kText}, {"site", &kText},
                                   {"spread", &kFlag},   {"contact", &kText}};

constexpr Field kDeadFields[] = {{"host", &kText, true}, {"upstreams", &kTexts},   {"status", &kText, true},
                                 {"since", &kText},      {"source", &kText, true}, {"note", &kText}};
constexpr Shape kDeadEntry{.kind = Kind::mapping, .fields = kDeadFields};
constexpr Shape kDeadEntries{.kind = Kind::sequence, .each = &kDeadEntry};
constexpr Field kDeadListFields[] = {
    {"schema", &kText, true}, {"as_of", &kText, true}, {"mirrors", &kDeadEntries, true}};

void check_unknown_key(const Node& item, const Shape& shape, Problems& problems) {
    std::vector<std::string> known;
    for (const auto& field : shape.fields) known.emplace_back(field.name);
    auto hint = nearest(item.key, known);
    problems.add(item.where_key(),
                 cat("unknown key: ", printable_line(item.key, 80), ": expected one of ", join(known, ", ")),
                 hint ? cat("did you mean ", *hint, "?") : "");
}

void check_mapping(const Node& node, const Shape& shape, Problems& problems) {
    for (const auto& item : node.items) {
        const Shape* wanted = shape.each;
        for (const auto& field : shape.fields)
            if (field.name == item.key) wanted = field.shape;
        if (wanted == nullptr)
            check_unknown_key(item, shape, problems);
        else
            check_shape(item, *wanted, problems);
    }
    for (const auto& field : shape.fields)
        if (field.required && node.find(field.name) == nullptr)
            problems.add(node.where(), cat("missing key: ", field.name));
}

void check_schema(const Node& node, const Shape& shape, Problems& problems) {
    const Node* schema = node.find("schema");
    if (schema == nullptr || schema->kind != Kind::scalar || schema->text == shape.schema) return;
    problems.add(schema->where(), cat("schema: expected ", shape.schema, ", found ", describe(*schema)),
                 "a file with another schema is for another version of mirrorctl");
}

}  // namespace

const Shape kProfileShape{.kind = Kind::mapping, .schema = "mirrorctl.profile/1", .fields = kProfileFields};
const Shape kConfigShape{.kind = Kind::mapping, .schema = "mirrorctl.config/1", .fields = kConfigFields};
const Shape kDeadShape{.kind = Kind::mapping, .schema = "mirrorctl.dead/1", .fields = kDeadListFields};

void check_shape(const Node& node, const Shape& shape, Problems& problems) {
    auto subject = [&] { return node.key.empty() ? std::string() : cat(printable_line(node.key, 80), ": "); };
    if (shape.flag && node.kind == Kind::scalar &&
        (node.quoted || (node.text != "true" && node.text != "false")))
        return problems.add(node.where(), cat(subject(), "expected true or false, found ", describe(node)));
    if (node.kind != shape.kind) {
        constexpr std::string_view kNames[] = {"nothing", "text", "a list", "a mapping"};
        auto wanted = shape.flag ? "true or false" : kNames[static_cast<std::size_t>(shape.kind)];
        return problems.add(node.where(), cat(subject(), "expected ", wanted, ", found ", describe(node)));
    }
    if (!shape.schema.empty()) check_schema(node, shape, problems);
    if (node.kind == Kind::mapping) check_mapping(node, shape, problems);
    if (node.kind == Kind::sequence)
        for (const auto& item : node.items) check_shape(item, *shape.each, problems);
}

}  // namespace mirrorctl::profile
