// Lists of referrers where a registry has no API for them: a tag that clients keep (distribution-spec,
// "Pushing Manifests with Subject"). Nothing stops two who change one list at the same time.
#pragma once

#include "registry/repository.hpp"
#include "sync/loop.hpp"
#include "sync/tree.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace mirrorctl::sync {

class ReferrerLists {
  public:
    explicit ReferrerLists(Loop& loop) : loop_(loop) {}

    // `tree` was pushed there and has a subject: it is in that one's list afterwards. One after another per
    // list; `repository` must outlive this.
    Result<void> note(registry::Repository& repository, const Tree& tree);
    // A source's list, copied to that tag: what the destination's own has besides stays in it. The digest of
    // what is there then: the source's, unless there was more.
    Result<std::string> copy(registry::Repository& repository, const std::string& tag,
                             const registry::Manifest& manifest);
    // At the end of a run: who read a list before us and wrote it after us has taken our entries out. They
    // are put back. What is returned are warnings: lists that others kept overwriting.
    std::vector<std::string> settle();

  private:
    struct List {
        registry::Repository* repository = nullptr;
        std::string tag;
        std::string ours = {};  // an index
        bool copied = false;    // from a source, not only made of what we pushed
        std::string media_type = {};
        std::string digest = {};  // of the list that held all of ours
        bool busy = false;
    };
    List& enter(registry::Repository& repository, const std::string& tag);
    Result<void> hold(List& list, Result<std::string> index);
    Result<bool> merge(List& list);

    Loop& loop_;
    std::map<std::pair<const registry::Repository*, std::string>, List> lists_;
};

}  // namespace mirrorctl::sync
