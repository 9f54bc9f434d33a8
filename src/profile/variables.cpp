
#include "base/strings.hpp"
#include "base/url.hpp"
#include "profile/resolve.hpp"
#include "profile/values.hpp"

namespace mirrorctl::profile {

namespace {

struct Variable {
    bool required = false;
    std::string description = {};
    std::string value = {};                  // "" = not set
    std::vector<std::string> left_out = {};  // what needed it
};

class Substitution {
  public:
    Substitution(std::map<std::string, Variable>& variables, Problems& problems)
        : variables_(variables), problems_(problems) {}

    // Replaces in `node` and below; what may be left out and needs a variable without a value is left out.
    void apply(Node& node) {
        if (node.kind == Kind::scalar) return replace(node);
        bool droppable = node.kind == Kind::sequence || node.key == "proxy";
        std::erase_if(node.items, [&](const Node& item) {
            auto needed = droppable ? unset_in(item) : "";
            if (!needed.empty()) variables_[needed].left_out.push_back(label(item));
            return !needed.empty();
        });
        for (auto& item : node.items) apply(item);
    }

  private:
    static std::string label(const Node& node) {
        auto text = node.kind == Kind::mapping ? node.value(node.find("url") != nullptr ? "url" : "image")
                                               : node.text;
        return printable_line(mask_secrets(text));
    }

    // The first declared variable without a value that a text in `node`, lists below it excepted, needs.
    std::string unset_in(const Node& node) const {
        for (auto at = node.text.find("${"); at != std::string::npos; at = node.text.find("${", at + 2)) {
            auto it = variables_.find(node.text.substr(at + 2, node.text.find('}', at) - at - 2));
            if (it != variables_.end() && it->second.value.empty()) return it->first;
        }
        if (node.kind == Kind::mapping)
            for (const auto& item : node.items)
                if (auto needed = unset_in(item); !needed.empty()) return needed;
        return "";
    }

    void replace(Node& node) {
        std::string out;
        std::string_view rest = node.text;
        for (auto at = rest.find("${"); at != std::string_view::npos; at = rest.find("${")) {
            auto end = rest.find('}', at);
            if (end == std::string_view::npos)
                return problems_.add(node.where(), cat(node.key, ": expected a '}' after '${'"));
            auto name = std::string(rest.substr(at + 2, end - at - 2));
            auto it = variables_.find(name);
            if (it == variables_.end()) return report_undeclared(node, name);
            if (it->second.value.empty()) return report_unset(node, name);
            out.append(rest.substr(0, at)).append(it->second.value);
            rest = rest.substr(end + 1);
        }
        if (rest.size() != node.text.size()) node.text = out.append(rest);
    }

    void report_undeclared(const Node& node, const std::string& name) {
        std::vector<std::string> known;
        for (const auto& [key, variable] : variables_) known.push_back(key);
        auto near = nearest(name, known);
        problems_.add(
            node.where(),
            cat("unknown variable: ${", printable_line(name, 80), "}: it is not declared under variables"),
            near ? cat("did you mean ${", *near, "}?") : "");
    }

    void report_unset(const Node& node, const std::string& name) {
        problems_.errors.push_back(
            {.code = ErrorCode::usage,
             .message = cat(node.key, ": needs the variable ", name, ", which is not set"),
             .hint = cat("--var ", printable_line(name), "=..."),
             .location = node.where()});
    }

    std::map<std::string, Variable>& variables_;
    Problems& problems_;
};

std::map<std::string, Variable> declared(const Node& tree, const Variables& given, Problems& problems) {
    std::map<std::string, Variable> out;
    const Node* section = tree.find("variables");
    if (section == nullptr) return out;
    for (const auto& node : section->items) {
        if (!is_name(node.key)) {
            problems.add(node.where_key(),
                         cat("variables: expected a name of lower-case letters, digits and '_', found ",
                             printable_line(node.key, 80)));
            continue;
        }
        Variable variable{.required = flag_of(node, "required", false),
                          .description = node.value("description")};
        if (auto it = given.config.find(node.key); it != given.config.end()) variable.value = it->second;
        if (auto it = given.given.find(node.key); it != given.given.end()) variable.value = it->second;
        if (variable.required && variable.value.empty())
            problems.errors.push_back({.code = ErrorCode::usage,
                                       .message = cat("variable is not set: ", node.key, ": ",
                                                      printable_line(variable.description)),
                                       .hint = cat("--var ", printable_line(node.key), "=..."),
                                       .location = node.where_key()});
        out.emplace(node.key, std::move(variable));
    }
    return out;
}

void check_given(const Variables& given, const std::map<std::string, Variable>& known, Problems& problems) {
    std::vector<std::string> names;
    for (const auto& [name, variable] : known) names.push_back(name);
    for (const auto& [name, value] : given.given) {
        if (known.contains(name)) continue;
        auto near = nearest(name, names);
        auto there = names.empty() ? std::string("it has none") : cat("it has ", join(names, ", "));
        problems.errors.push_back(
            {.code = ErrorCode::usage,
             .message = cat("unknown variable: ", printable_line(name, 80),
                            ": this profile does not use it: ", there),
             .hint = near ? cat("did you mean --var ", printable_line(*near), "=...?") : ""});
    }
}

Warning unset_warning(const std::string& name, const Variable& variable) {
    auto why =
        variable.description.empty() ? std::string() : cat(" (", printable_line(variable.description), ")");
    return {
        .code = "variable_unset",
        .message = cat("left out: ", join(variable.left_out, ", "), ": variable ", name, " is not set", why),
        .hint = cat("--var ", printable_line(name), "=..., or vars in /etc/mirrorctl/config.yaml")};
}

}  // namespace

std::vector<Warning> substitute(Node& tree, const Variables& given, Problems& problems) {
    auto variables = declared(tree, given, problems);
    check_given(given, variables, problems);
    if (!problems.errors.empty()) return {};
    Substitution substitution(variables, problems);
    for (auto* name : {"upstreams", "proxy"}) {
        if (Node* section = tree.find(name)) substitution.apply(*section);
    }
    std::vector<Warning> warnings;
    for (const auto& [name, variable] : variables)
        if (!variable.left_out.empty()) warnings.push_back(unset_warning(name, variable));
    return warnings;
}

Variables stand_ins(const Node& tree) {
    Variables out;
    const Node* section = tree.find("variables");
    if (section == nullptr || section->kind != Kind::mapping) return out;
    for (const auto& node : section->items) {
        auto example = node.value("example");
        out.config[node.key] = example.empty() ? replace_all(node.key, "_", "-") : example;
    }
    return out;
}

}  // namespace mirrorctl::profile
