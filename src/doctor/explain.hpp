// Which hosts would answer for an image, for everything on this node that pulls. Reads files, asks nobody.
#pragma once

#include "doctor/scene.hpp"
#include "registry/reference.hpp"

#include <string>
#include <vector>

namespace mirrorctl::doctor {

struct ExplainedHost {
    std::string url;       // of the manifest, as this consumer asks for it
    bool tag = false;      // is asked what the tag is; false for a reference with a digest
    bool content = false;  // is asked for manifests and blobs by digest
    std::string via;       // "direct", the proxy (masked), or whose environment decides
    std::string why;
};

struct ExplainedConsumer {
    std::string name;
    std::string file = {};                  // that decides, "" if none
    std::string note = {};                  // what is passed over and why
    std::vector<ExplainedHost> hosts = {};  // in the order in which they are asked
};

std::vector<ExplainedConsumer> explain(const Scene& scene, const registry::Reference& image);

}  // namespace mirrorctl::doctor
