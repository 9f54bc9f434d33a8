// An image as it is copied: its manifest, those below it, and the blobs of all.
#pragma once

#include "registry/content.hpp"
#include "sync/hosts.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mirrorctl::sync {

struct Tree {
    registry::Manifest manifest;
    registry::Content content;
    std::vector<std::shared_ptr<const Tree>> children = {};
};

struct FilteredTree {
    std::shared_ptr<const Tree> tree;     // nullptr: nothing is left, or a single image of another platform
    std::vector<std::string> notes = {};  // what was dropped and what is missing
    std::string read_digest = {};         // of the manifest as the source has it
};

// Reads manifests through `places` (by digest from any, by tag only from those that may resolve), children
// included; `platforms` decides which. Errors: as Repository::get; unsupported_layout.
class TreeReader {
  public:
    TreeReader(Hosts& hosts, const SyncOptions& options) : hosts_(hosts), options_(options) {}
    Result<FilteredTree> read(const Location& location, const std::string& target);

  private:
    Result<registry::Manifest> get(const Location& location, const std::string& target);
    Result<std::shared_ptr<Tree>> read_node(const Location& location, const std::string& target, int depth);
    Result<void> read_children(const Location& location, Tree& tree, int depth);
    Result<void> filter(FilteredTree& out, Tree& tree) const;
    Result<void> judge_single(const Location& location, FilteredTree& out);

    Hosts& hosts_;
    const SyncOptions& options_;
};

// How many foreign layers it has: those stay where their "urls" say, as with docker push.
std::size_t foreign_layers(const Tree& tree);

// Whether its index lists what builders attest of its images (BuildKit's provenance and SBOM).
bool has_attestations(const Tree& tree);

// Every blob of the tree once; foreign layers are left out.
std::vector<registry::Part> blobs_of(const Tree& tree);

bool wanted_platform(const std::vector<registry::Platform>& wanted, const registry::Platform& have);

}  // namespace mirrorctl::sync
