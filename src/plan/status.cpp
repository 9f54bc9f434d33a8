#include "plan/status.hpp"

#include "base/digest.hpp"
#include "base/url.hpp"
#include "plan/observe.hpp"

#include <algorithm>
#include <set>

namespace mirrorctl::plan {

namespace {

// Secrets are recorded as digests.
bool holds(const std::vector<std::string>& values, const std::string& recorded) {
    return std::any_of(values.begin(), values.end(), [&](const std::string& value) {
        return value == recorded || sha256_digest(value) == recorded;
    });
}

// The keys of ours that no longer stand in the file as we wrote them.
std::vector<std::string> drifted_keys(const Values& now, const Values& ours) {
    std::vector<std::string> drifted;
    for (const auto& [key, recorded] : ours) {
        auto it = now.find(key);
        bool all = it != now.end() && std::all_of(recorded.begin(), recorded.end(), [&](const auto& value) {
                       return holds(it->second, value);
                   });
        if (!all) drifted.push_back(key);
    }
    return drifted;
}

struct Looking {
    const sys::FsReader& fs;
    const NodeFacts& node;
    const Ownership& owned;
};

FileStatus file_status(const Looking& at, const targets::Target& target, const targets::Codec& codec,
                       const TargetPath& path) {
    const auto& owned = at.owned;
    FileStatus status{.target = std::string(target.name), .path = path};
    auto ours = owned.files.find(path);
    bool is_ours = ours != owned.files.end() && !ours->second.values.empty();
    auto owner = owner_of_home(at.node, path);
    auto observed = observe_file(at.fs, path, owner ? &*owner : nullptr);
    if (!observed) {
        status.standing = is_ours ? Standing::drifted : Standing::foreign;
        status.detail = to_string(observed.error());
        return status;
    }
    if (!observed->state.present) {
        status.standing = is_ours ? Standing::drifted : Standing::absent;
        if (is_ours) status.detail = "the file is gone";
        return status;
    }
    auto values = codec.read(observed->state.bytes);
    if (!values) {
        status.standing = is_ours ? Standing::drifted : Standing::foreign;
        status.detail = to_string(values.error());
        return status;
    }
    if (auto list = values->find(std::string(codec.mirrors_key)); list != values->end())
        for (const auto& mirror : list->second) status.mirrors.push_back(mask_secrets(mirror));
    if (is_ours) {
        auto drifted = drifted_keys(*values, ours->second.values);
        status.standing = drifted.empty() ? Standing::ours : Standing::drifted;
        if (!drifted.empty()) status.detail = "changed since: " + join(drifted, ", ");
    } else {
        status.standing = values->empty()                           ? Standing::absent
                          : target.is_marked(observed->state.bytes) ? Standing::ours
                                                                    : Standing::foreign;
    }
    return status;
}

}  // namespace

std::vector<FileStatus> make_status(const sys::FsReader& fs, const NodeFacts& node, const Ownership& owned) {
    std::vector<FileStatus> all;
    for (const auto* target : targets::catalog()) {
        std::set<TargetPath> paths;
        for (const auto& path : target->survey(node, fs)) paths.insert(path);
        for (const auto& [path, file] : owned.files)
            if (file.target == target->name) paths.insert(path);
        for (const auto& path : paths)
            if (const auto* codec = target->codec_for(node, path))
                all.push_back(file_status({fs, node, owned}, *target, *codec, path));
        if (paths.empty() && target->detect(node).detected)
            all.push_back({.target = std::string(target->name)});
    }
    return all;
}

std::vector<std::string> our_mirrors(const sys::FsReader& fs, const targets::Codec& codec,
                                     const TargetPath& path, const Ownership& owned) {
    auto ours = owned.files.find(path);
    if (ours == owned.files.end()) return {};
    auto observed = observe_file(fs, path);
    if (!observed || !observed->state.present) return {};
    auto values = codec.read(observed->state.bytes);
    if (!values) return {};
    auto now = values->find(std::string(codec.mirrors_key));
    auto recorded = ours->second.values.find(std::string(codec.mirrors_key));
    if (now == values->end() || recorded == ours->second.values.end()) return {};
    // The user's own entries between ours are part of the order that stands there.
    std::vector<std::string> mirrors;
    std::size_t last = 0;
    for (const auto& mirror : now->second) {
        mirrors.push_back(mirror);
        if (holds(recorded->second, mirror)) last = mirrors.size();
    }
    mirrors.resize(last);
    return mirrors;
}

std::string_view name_of(Standing standing) {
    switch (standing) {
        case Standing::ours:
            return "ours";
        case Standing::drifted:
            return "drifted";
        case Standing::foreign:
            return "foreign";
        case Standing::absent:
            return "absent";
    }
    return "absent";
}

}  // namespace mirrorctl::plan
