// The registries of a run: one Host each, and every repository as the account that its name calls for.
#pragma once

#include "registry/host.hpp"
#include "registry/repository.hpp"
#include "registry/upload.hpp"
#include "sync/engine.hpp"
#include "sync/loop.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace mirrorctl::sync {

class Hosts {
  public:
    Hosts(Loop& loop, const Logins& logins, const SyncOptions& options);

    registry::Repository& repository(const Location& location);
    // Where that repository can be read, best first, the registry itself last. `resolving`: only those whose
    // word on tags counts.
    std::vector<registry::Repository> readers(const Location& location, bool resolving);
    registry::UploadStyle& style(const std::string& registry) { return styles_[registry]; }
    bool exhausted() const;
    std::vector<std::string> take_warnings();

  private:
    registry::Account account(const std::string& registry, const std::string& repository);
    registry::Host& host(const std::string& registry);
    registry::Host& mirror_host(const ReadHost& mirror, const std::string& upstream);

    Loop& loop_;
    const Logins& logins_;
    const SyncOptions& options_;
    std::map<std::string, std::unique_ptr<registry::Host>> hosts_;    // by registry
    std::map<std::string, std::unique_ptr<registry::Host>> mirrors_;  // by upstream and URL
    std::map<Location, registry::Repository> repositories_;
    std::map<std::string, registry::UploadStyle> styles_;
};

}  // namespace mirrorctl::sync
