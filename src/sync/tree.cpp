#include "sync/tree.hpp"

#include "base/digest.hpp"
#include "base/strings.hpp"

#include <algorithm>
#include <set>

namespace mirrorctl::sync {

namespace {

constexpr int kMaxNesting = 4;

std::string_view variant_of(const registry::Platform& platform) {
    if (!platform.variant.empty()) return platform.variant;
    if (platform.architecture == "arm64") return "v8";
    if (platform.architecture == "arm") return "v7";
    return "";
}

std::string text_of(const registry::Platform& platform) {
    return cat(platform.os, "/", platform.architecture,
               platform.variant.empty() ? "" : "/" + platform.variant);
}

bool matches(const registry::Platform& wanted, const registry::Platform& have) {
    auto same = [](const std::string& wish, const std::string& is) { return wish.empty() || wish == is; };
    bool variant = wanted.variant.empty() || variant_of(wanted) == variant_of(have);
    return same(wanted.os, have.os) && same(wanted.architecture, have.architecture) && variant &&
           same(wanted.os_version, have.os_version);
}

// A sparse index: some registries keep one whose other platforms were never copied.
Error lacking(const Location& location, const registry::Part& child) {
    auto platform = child.has_platform ? cat(" (", printable_line(text_of(child.platform), 60), ")") : "";
    return {.code = ErrorCode::not_found,
            .message = cat("the index is not whole: ", location.str(), " has no ", child.digest, platform),
            .hint = "copy what is there with --arch and --os, or take the image from where it was published",
            .cause = 404};
}

void collect(const Tree& tree, std::set<std::string>& seen, std::vector<registry::Part>& out) {
    for (const auto& blob : tree.content.blobs)
        if (!blob.external && seen.insert(blob.digest).second) out.push_back(blob);
    for (const auto& child : tree.children) collect(*child, seen, out);
}

}  // namespace

bool wanted_platform(const std::vector<registry::Platform>& wanted, const registry::Platform& have) {
    return wanted.empty() ||
           std::any_of(wanted.begin(), wanted.end(), [&](const auto& one) { return matches(one, have); });
}

std::vector<registry::Part> blobs_of(const Tree& tree) {
    std::set<std::string> seen;
    std::vector<registry::Part> out;
    collect(tree, seen, out);
    return out;
}

std::size_t foreign_layers(const Tree& tree) {
    const auto& blobs = tree.content.blobs;
    auto count = static_cast<std::size_t>(
        std::count_if(blobs.begin(), blobs.end(), [](const auto& blob) { return blob.external; }));
    for (const auto& child : tree.children) count += foreign_layers(*child);
    return count;
}

bool has_attestations(const Tree& tree) {
    const auto& children = tree.content.children;
    return std::any_of(children.begin(), children.end(),
                       [](const auto& child) { return !child.attests.empty(); });
}

Result<registry::Manifest> TreeReader::get(const Location& location, const std::string& target) {
    bool by_tag = target.find(':') == std::string::npos;
    auto places = hosts_.readers(location, by_tag);
    Result<registry::Manifest> got;
    for (auto& place : places) {
        got = place.get(target);
        if (got) break;
    }
    return got;
}

Result<FilteredTree> TreeReader::read(const Location& location, const std::string& target) {
    FilteredTree out;
    TRY_ASSIGN(auto manifest, get(location, target));
    TRY_ASSIGN(auto content, registry::read_content(manifest.bytes, manifest.media_type));
    out.read_digest = manifest.digest;
    auto tree = std::make_shared<Tree>(Tree{std::move(manifest), std::move(content), {}});
    if (tree->content.index && options_.filters()) TRY(filter(out, *tree));
    TRY(read_children(location, *tree, 1));
    bool empty = tree->content.index && tree->content.children.empty();
    if (!(empty && options_.filters())) out.tree = tree;
    if (!tree->content.index && !options_.platforms.empty()) TRY(judge_single(location, out));
    if (auto count = foreign_layers(*tree); out.tree && count > 0)
        out.notes.push_back(
            cat(count, " foreign layer(s) not copied: nodes fetch them from the address in the manifest"));
    return out;
}

Result<std::shared_ptr<Tree>> TreeReader::read_node(const Location& location, const std::string& target,
                                                    int depth) {
    TRY_ASSIGN(auto manifest, get(location, target));
    TRY_ASSIGN(auto content, registry::read_content(manifest.bytes, manifest.media_type));
    auto tree = std::make_shared<Tree>(Tree{std::move(manifest), std::move(content), {}});
    TRY(read_children(location, *tree, depth + 1));
    return tree;
}

Result<void> TreeReader::read_children(const Location& location, Tree& tree, int depth) {
    if (depth > kMaxNesting)
        return Failure(Error{.code = ErrorCode::unsupported_layout, .message = "indexes nested too deeply"});
    for (const auto& child : tree.content.children) {
        auto node = read_node(location, child.digest, depth);
        // An index may list what is no manifest; then it is a blob.
        bool blob = !node && node.error().code == ErrorCode::not_found &&
                    !registry::is_manifest_type(child.media_type);
        if (blob) {
            tree.content.blobs.push_back(child);
            continue;
        }
        if (!node && node.error().code == ErrorCode::not_found) return Failure(lacking(location, child));
        if (!node) return Failure(in_context(node.error(), cat("child ", child.digest)));
        tree.children.push_back(*node);
    }
    return {};
}

// What is kept stays byte for byte; when nothing is dropped, so does the index.
Result<void> TreeReader::filter(FilteredTree& out, Tree& tree) const {
    const auto& children = tree.content.children;
    std::set<std::string> kept;
    for (const auto& child : children)
        if (child.attests.empty() &&
            (!child.has_platform || wanted_platform(options_.platforms, child.platform)))
            kept.insert(child.digest);
    for (const auto& child : children)
        if (options_.keep_attestations && kept.contains(child.attests)) kept.insert(child.digest);
    for (const auto& wish : options_.platforms) {
        bool there = std::any_of(children.begin(), children.end(), [&](const auto& child) {
            return child.has_platform && matches(wish, child.platform);
        });
        if (!there) out.notes.push_back(cat("the index has no ", text_of(wish)));
    }
    std::vector<registry::Part> rest;
    std::copy_if(children.begin(), children.end(), std::back_inserter(rest),
                 [&](const auto& child) { return kept.contains(child.digest); });
    if (rest.size() == children.size()) return {};
    TRY_ASSIGN(tree.manifest.bytes, registry::filter_index(tree.manifest.bytes, [&](std::size_t i) {
                   return i < children.size() && kept.contains(children[i].digest);
               }));
    tree.manifest.digest = sha256_digest(tree.manifest.bytes);
    out.notes.push_back(
        cat("digest changed by the filter: ", rest.size(), " of ", children.size(), " manifests are kept"));
    tree.content.children = std::move(rest);
    return {};
}

Result<void> TreeReader::judge_single(const Location& location, FilteredTree& out) {
    const auto& content = out.tree->content;
    bool image = !content.blobs.empty() &&
                 content.blobs.front().media_type.find("image") != std::string::npos &&
                 content.blobs.front().media_type.find("json") != std::string::npos;
    if (!image || content.blobs.front().size > registry::kMaxManifestBytes) return {};
    Result<std::string> config;
    for (auto& place : hosts_.readers(location, false)) {
        config = place.small_blob(content.blobs.front().digest, content.blobs.front().size);
        if (config) break;
    }
    if (!config) return Failure(config.error());
    TRY_ASSIGN(auto platform, registry::read_config_platform(*config));
    if (wanted_platform(options_.platforms, platform)) return {};
    out.notes.push_back(cat("the image is for ", printable_line(text_of(platform), 60)));
    out.tree = nullptr;
    return {};
}

}  // namespace mirrorctl::sync
