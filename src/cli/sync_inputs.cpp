#include "cli/sync_inputs.hpp"

#include "base/strings.hpp"
#include "engines/images.hpp"
#include "profile/yaml.hpp"

#include <algorithm>

namespace mirrorctl::cli {

namespace {

constexpr std::size_t kMaxBytes = 1U << 20U;

sync::Value convert(const profile::Node& node) {
    using ValueKind = sync::Value::Kind;
    sync::Value value{
        .text = node.text, .key = node.key, .where = node.where(), .where_key = node.where_key()};
    switch (node.kind) {
        case profile::Kind::null:
            value.kind = ValueKind::null;
            break;
        case profile::Kind::scalar:
            value.kind = ValueKind::text;
            break;
        case profile::Kind::sequence:
            value.kind = ValueKind::list;
            break;
        case profile::Kind::mapping:
            value.kind = ValueKind::object;
            break;
    }
    for (const auto& item : node.items) value.items.push_back(convert(item));
    return value;
}

bool is_json(const std::string& path, std::string_view text) {
    if (path.ends_with(".json")) return true;
    if (path.ends_with(".yaml") || path.ends_with(".yml")) return false;
    return trim(text).starts_with('{') || trim(text).starts_with('[');
}

// Mistakes in what was written are collected; a file that is not there ends the run.
Result<std::optional<sync::Value>> try_read(Node& node, const std::string& path, SyncInputs& inputs) {
    auto document = read_document(node, path);
    if (document) return std::optional(std::move(*document));
    auto code = document.error().code;
    if (code != ErrorCode::parse && code != ErrorCode::duplicate_key) return Failure(document.error());
    inputs.errors.push_back(document.error());
    return std::optional<sync::Value>();
}

void add(std::vector<Error>& all, const std::vector<Error>& more) {
    all.insert(all.end(), more.begin(), more.end());
}

void warn_if_readable(Node& node, const std::string& path, SyncInputs& inputs) {
    auto resolved = node.host().resolve(node.host_path(path));
    auto info = resolved ? node.host().stat(*resolved) : Result<sys::FileInfo>(Failure(resolved.error()));
    if (!info || (info->meta.mode & 0044U) == 0) return;
    inputs.warnings.push_back({.code = "login_file_readable",
                               .message = cat("others can read the passwords in ", printable_line(path)),
                               .hint = "chmod 600 " + printable_line(path)});
}

Result<void> read_login_file(Node& node, const std::string& path, SyncInputs& inputs) {
    TRY_ASSIGN(auto document, try_read(node, path, inputs));
    if (!document) return {};
    auto file = sync::read_logins(*document, node.world().env);
    for (auto& entry : file.entries)
        if (!entry.ca_file.empty()) entry.ca_file = node.host_path(entry.ca_file).str();
    inputs.logins = std::move(file.entries);
    add(inputs.errors, file.errors);
    inputs.warnings.insert(inputs.warnings.end(), file.warnings.begin(), file.warnings.end());
    warn_if_readable(node, path, inputs);
    return {};
}

// docker's own logins are a help, never a condition: what is wrong there is a warning.
void read_docker_logins(Node& node, SyncInputs& inputs) {
    const auto& env = node.world().env;
    auto directory = env("DOCKER_CONFIG").value_or("");
    if (directory.empty()) {
        auto home = env("HOME").value_or("");
        if (home.empty()) return;
        directory = home + "/.docker";
    }
    auto path = node.host_path(directory + "/config.json");
    auto text = node.host().read_of(path, node.world().uid);
    if (!text && text.error().code == ErrorCode::not_found) return;
    auto warn = [&](const Error& error) {
        inputs.warnings.push_back({.code = "docker_config",
                                   .message = "docker's logins are left out: " + to_string(error),
                                   .hint = error.hint});
    };
    if (!text) return warn(text.error());
    auto document = sync::read_json(*text, path.str());
    if (!document) return warn(document.error());
    auto config = sync::read_docker_config(*document, path.str());
    if (!config) return warn(config.error());
    inputs.docker = std::move(*config);
}

// One reference per line; what follows a # is for people.
Result<std::vector<std::string>> references_of_list(Node& node) {
    TRY_ASSIGN(auto text, node.world().in(kMaxBytes));
    std::vector<std::string> references;
    for (const auto& line : split(text, '\n')) {
        auto rest = trim(std::string_view(line).substr(0, line.find('#')));
        if (!rest.empty()) references.emplace_back(rest);
    }
    return references;
}

Result<std::vector<std::string>> all_references(Node& node, const SyncOptions& options) {
    std::vector<std::string> all;
    for (const auto& reference : options.references) {
        if (reference != "-") {
            all.push_back(reference);
            continue;
        }
        TRY_ASSIGN(auto listed, references_of_list(node));
        all.insert(all.end(), listed.begin(), listed.end());
    }
    if (options.from_node) {
        TRY_ASSIGN(auto held, engines::list_images(node.asked_facts(), node.world().runner));
        // What was pulled from the destination is there already.
        auto host = sync::registry_name(options.to.substr(0, options.to.find('/'))) + "/";
        std::erase_if(held, [&](const std::string& name) { return name.starts_with(host); });
        all.insert(all.end(), held.begin(), held.end());
    }
    std::vector<std::string> once;
    for (auto& reference : all)
        if (std::find(once.begin(), once.end(), reference) == once.end())
            once.push_back(std::move(reference));
    return once;
}

Result<void> read_rule_file(Node& node, const std::string& path, SyncInputs& inputs) {
    TRY_ASSIGN(auto document, try_read(node, path, inputs));
    if (!document) return {};
    auto list = sync::read_rules(*document, node.world().env);
    inputs.rules = std::move(list.rules);
    add(inputs.errors, list.errors);
    return {};
}

}  // namespace

Result<sync::Value> read_document(Node& node, const std::string& path) {
    auto text = node.host().read(node.host_path(path), kMaxBytes);
    if (!text) return Failure(in_context(text.error(), "cannot read " + printable_line(path)));
    if (is_json(path, *text)) return sync::read_json(*text, path);
    TRY_ASSIGN(auto tree, profile::parse_yaml(*text, path));
    return convert(tree);
}

Result<SyncInputs> read_sync_inputs(Node& node, const SyncOptions& options) {
    SyncInputs inputs;
    if (auto platforms = parse_platforms(options.arch, options.os)) {
        inputs.platforms = std::move(*platforms);
    } else {
        inputs.errors.push_back(platforms.error());
    }
    if (!options.auth_file.empty()) TRY(read_login_file(node, options.auth_file, inputs));
    read_docker_logins(node, inputs);
    if (!options.images_file.empty()) TRY(read_rule_file(node, options.images_file, inputs));
    if (options.references.empty() && !options.from_node) return inputs;
    TRY_ASSIGN(auto references, all_references(node, options));
    auto list = sync::reference_rules(references, {.to = options.to, .keep_path = options.keep_path});
    add(inputs.errors, list.errors);
    bool both = !inputs.rules.empty();
    inputs.rules.insert(inputs.rules.end(), list.rules.begin(), list.rules.end());
    if (both && inputs.errors.empty()) add(inputs.errors, sync::find_collisions(inputs.rules));
    return inputs;
}

}  // namespace mirrorctl::cli
