// hosts.toml of containerd and dockerd: hosts in the order in which they are asked, with their attributes.
#include "fuzz/codec_laws.hpp"
#include "targets/hosts_toml.hpp"

namespace {

using namespace mirrorctl;
using targets::host_key;
using targets::kHosts;
using targets::kServer;

bool is_good_attribute(std::string_view name, const std::vector<std::string>& value) {
    if (name == "capabilities") return true;
    if (name == "ca") return !value.empty();
    if (value.size() != 1) return false;
    return name == "dial_timeout" || (name == "override_path" && (value[0] == "true" || value[0] == "false"));
}

// A list of hosts without doubles, and attributes of nobody else.
bool can_hold(const Values& values) {
    if (fuzz::has_twins(values)) return false;
    std::vector<std::string> subjects{kServer};
    if (auto hosts = values.find(kHosts); hosts != values.end()) {
        if (hosts->second.empty()) return false;
        subjects.insert(subjects.end(), hosts->second.begin(), hosts->second.end());
    }
    return std::all_of(values.begin(), values.end(), [&](const auto& entry) {
        if (entry.first == kHosts) return true;
        if (entry.first == kServer) return entry.second.size() == 1;
        return std::any_of(subjects.begin(), subjects.end(), [&](const std::string& subject) {
            for (const char* name : {"capabilities", "override_path", "ca", "dial_timeout"})
                if (entry.first == host_key(subject, name)) return is_good_attribute(name, entry.second);
            return false;
        });
    });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::check_codec({targets::hosts_toml_codec(), can_hold}, fuzz::view_of(data, size));
    return 0;
}
