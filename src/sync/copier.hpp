// Does a plan: blobs first, each image's manifests as soon as all its blobs are there, its tag last.
#pragma once

#include "sync/lanes.hpp"
#include "sync/referrer_lists.hpp"
#include "sync/state.hpp"

#include <deque>

namespace mirrorctl::sync {

class Copier {
  public:
    Copier(Engine::State& state, const SyncPlan& plan);
    SyncReport run();
    void tell_progress();

  private:
    struct Image {
        std::size_t pending = 0;  // blobs not there yet
        bool wrote = false;       // some blob came over the wire for it
        bool mounted = false;
        double began = 0;
        std::optional<Error> error = {};
    };
    void make_jobs();
    void work(const std::vector<std::size_t>& ready, std::size_t& next);
    void run_job(std::size_t index);
    void settle(const BlobJob& job, std::size_t index);
    void finish(std::size_t image);
    Result<std::string> push(const PlannedImage& image, const Tree& tree);
    Result<void> send_again(const PlannedImage& image, const Tree& tree);
    Result<registry::Stored> put(registry::Repository& repository, const registry::Manifest& manifest,
                                 const std::string& target);
    Result<std::string> push_tree(registry::Repository& repository, const Tree& tree,
                                  const std::string& target);
    Result<void> push_referrers(const PlannedImage& image);

    Engine::State& state_;
    const SyncPlan& plan_;
    Lanes lanes_;
    ReferrerLists referrer_lists_;
    SyncReport report_;
    std::deque<BlobJob> jobs_;
    std::vector<std::vector<std::size_t>> users_;  // by job: images that wait for it
    std::vector<Image> images_;
    std::deque<std::pair<double, std::int64_t>> history_;  // for the rate
    std::map<std::size_t, const BlobJob*> running_;
    double began_ = 0;
    std::size_t done_ = 0;
};

}  // namespace mirrorctl::sync
