#include "engines/images.hpp"

#include "base/strings.hpp"
#include "engines/docker.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace mirrorctl::engines {

namespace {

using Json = nlohmann::json;
constexpr double kSeconds = 10;

std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    for (const auto& line : split(text, '\n'))
        if (!trim(line).empty()) lines.emplace_back(trim(line));
    return lines;
}

void add(std::vector<std::string>& all, const std::vector<std::string>& more) {
    all.insert(all.end(), more.begin(), more.end());
}

// False if containerd does not answer.
bool ask_containerd(sys::Runner& runner, std::vector<std::string>& names) {
    auto namespaces = runner.run({.argv = {"ctr", "namespaces", "ls", "-q"}, .timeout_seconds = kSeconds});
    if (!namespaces || namespaces->exit_status != 0) return false;
    for (const auto& name : lines_of(namespaces->out)) {
        auto listed = runner.run(
            {.argv = {"ctr", "--namespace", name, "images", "ls", "-q"}, .timeout_seconds = kSeconds});
        if (listed && listed->exit_status == 0) add(names, parse_ctr_images(listed->out));
    }
    return true;
}

}  // namespace

Result<std::vector<std::string>> parse_docker_images(std::string_view json) {
    std::vector<std::string> names;
    auto document = Json::parse(json, nullptr, false);
    if (!document.is_array())
        return Failure(
            Error{.code = ErrorCode::parse, .message = "cannot read docker's list of images: not a list"});
    for (const auto& image : document) {
        if (!image.is_object() || !image.contains("RepoTags") || !image["RepoTags"].is_array()) continue;
        for (const auto& tag : image["RepoTags"])
            if (tag.is_string() && tag.get<std::string>().find("<none>") == std::string::npos)
                names.push_back(tag.get<std::string>());
    }
    return names;
}

std::vector<std::string> parse_ctr_images(std::string_view output) {
    auto names = lines_of(output);
    std::erase_if(names, [](const std::string& name) {
        return name.starts_with("sha256:") || name.find('@') != std::string::npos;
    });
    return names;
}

Result<std::vector<std::string>> list_images(const NodeFacts& node, sys::Runner& runner) {
    std::vector<std::string> names;
    auto docker = runner.get_unix(docker_socket(node.docker), "/images/json", kSeconds);
    if (docker) {
        TRY_ASSIGN(names, parse_docker_images(*docker));
    }
    bool containerd = ask_containerd(runner, names);
    if (!docker && !containerd)
        return Failure(Error{.code = ErrorCode::not_found,
                             .message = "neither docker nor containerd answers on this node",
                             .hint = "run it as root on a node whose engine runs: systemctl status docker "
                                     "containerd"});
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

}  // namespace mirrorctl::engines
