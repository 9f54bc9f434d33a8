#include "doctor/builders.hpp"

#include "base/strings.hpp"
#include "doctor/homes.hpp"
#include "text/toml_doc.hpp"
#include "text/tree.hpp"

namespace mirrorctl::doctor {

namespace {

constexpr const char* kStandalone = "/etc/buildkit/buildkitd.toml";

std::string text_at(const text::Tree& tree, const char* key) {
    const auto* value = tree.find({key});
    return value != nullptr && value->kind == text::TreeKind::string ? value->scalar : "";
}

void read_mirrors(const std::string& toml, Builder& builder) {
    auto doc = text::TomlDoc::parse(toml);
    if (!doc) return;
    builder.read = true;
    auto mirrors = doc->strings_at({"registry", "docker.io", "mirrors"});
    if (mirrors && *mirrors) builder.mirrors = **mirrors;
}

// The configuration travels with the first node: as file contents, or in old versions as a path.
void read_config(const text::Tree& tree, Builder& builder) {
    builder.read = true;  // without a file of its own a builder has no mirrors
    const auto* nodes = tree.find({"Nodes"});
    if (nodes == nullptr) return;
    for (const auto& node : nodes->items) {
        const auto* file = node.find({"Files", "buildkitd.toml"});
        if (file == nullptr || file->kind != text::TreeKind::string) continue;
        auto toml = base64_decode(file->scalar);
        builder.read = false;
        if (toml) read_mirrors(*toml, builder);
        return;
    }
}

// The driver "docker" uses dockerd's own BuildKit.
bool has_own_buildkitd(const std::string& driver) {
    return driver == "docker-container" || driver == "kubernetes" || driver == "remote";
}

void add_instances(const sys::FsReader& fs, const User& user, std::vector<Builder>& builders) {
    auto dir = user.home / ".docker" / "buildx" / "instances";
    auto names = fs.list(dir);
    if (!names) return;
    for (const auto& name : *names) {
        auto path = dir / name;
        if (!is_plain_file_of(fs, path, user)) continue;
        auto text = user.uid != 0 ? fs.read_of(path, user.uid) : fs.read(path, 1U << 20U);
        auto tree = text ? text::json_tree(*text) : Result<text::Tree>(Failure(text.error()));
        if (!tree) continue;
        Builder builder{.name = name, .owner = user.name, .driver = text_at(*tree, "Driver"), .file = path};
        if (auto own = text_at(*tree, "Name"); !own.empty()) builder.name = own;
        if (!has_own_buildkitd(builder.driver)) continue;
        read_config(*tree, builder);
        builders.push_back(std::move(builder));
    }
}

}  // namespace

std::vector<Builder> find_builders(const NodeFacts& node, const sys::FsReader& fs) {
    std::vector<Builder> builders;
    for (const auto& user : homes_of(node)) add_instances(fs, user, builders);
    if (!has_program(fs, "buildkitd")) return builders;
    Builder own{.name = "buildkitd", .owner = "root", .driver = "buildkitd", .file = TargetPath(kStandalone)};
    auto text = fs.read(own.file);
    if (text)
        read_mirrors(*text, own);
    else
        own.read = text.error().code == ErrorCode::not_found;
    builders.push_back(std::move(own));
    return builders;
}

}  // namespace mirrorctl::doctor
