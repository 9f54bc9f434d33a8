#include "targets/config_imports.hpp"

#include "base/strings.hpp"
#include "targets/our_files.hpp"
#include "text/lines.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <deque>

namespace mirrorctl::targets {

namespace {

constexpr std::size_t kMostFiles = 64;

std::vector<TargetPath> expand(const sys::FsReader& fs, const TargetPath& importer,
                               const std::string& pattern) {
    auto path = pattern.starts_with('/') ? TargetPath(pattern) : importer.parent() / pattern;
    if (path.name().find_first_of("*?[") == std::string::npos) return {path};
    std::vector<TargetPath> found;
    auto names = fs.list(path.parent());
    if (!names) return found;
    for (const auto& name : *names)
        if (fnmatch(path.name().c_str(), name.c_str(), FNM_PERIOD) == 0)
            found.push_back(path.parent() / name);
    return found;
}

}  // namespace

Result<std::vector<ImportedConfig>> read_imports(const sys::FsReader& fs, const TargetPath& main_file,
                                                 const RegistryConfig& main) {
    std::vector<ImportedConfig> imports;
    std::vector<TargetPath> seen{main_file};
    std::deque<TargetPath> waiting;
    auto enqueue = [&](const TargetPath& importer, const std::vector<std::string>& patterns) {
        for (const auto& pattern : patterns)
            for (auto& path : expand(fs, importer, pattern)) {
                if (std::find(seen.begin(), seen.end(), path) != seen.end() || seen.size() > kMostFiles)
                    continue;
                seen.push_back(path);
                waiting.push_back(std::move(path));
            }
    };
    enqueue(main_file, main.imports);
    while (!waiting.empty()) {
        auto path = waiting.front();
        waiting.pop_front();
        TRY_ASSIGN(auto text, read_if_present(fs, path));
        if (!text) continue;
        auto config = read_registry_config(*text);
        if (!config) return Failure(text::in_file(config.error(), path.str()));
        enqueue(path, config->imports);
        imports.push_back({.path = path, .config = std::move(*config)});
    }
    return imports;
}

}  // namespace mirrorctl::targets
