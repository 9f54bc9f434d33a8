#include "sync/copier.hpp"

#include "base/strings.hpp"
#include "registry/refusal.hpp"
#include "sync/referrer_source.hpp"

#include <algorithm>

namespace mirrorctl::sync {

namespace {

using Outcome = ImageResult::Outcome;
using Action = PlannedImage::Action;

constexpr double kRateWindow = 3;  // seconds
constexpr int kPuts = 4;
constexpr double kPutPause = 0.1;

std::size_t width_of(const SyncOptions& options) {
    return static_cast<std::size_t>(std::max(1, options.concurrency));
}

// docker-registry takes manifests with foreign layers only from addresses that its configuration allows; some
// clouds' registries (Huawei SWR) take no index with attestations.
Error explained(Error error, const Tree& tree) {
    if (error.cause != 400) return error;
    if (foreign_layers(tree) > 0) {
        error.message +=
            "; it has foreign layers, and the registry must allow their address (validation.manifests.urls)";
    } else if (has_attestations(tree)) {
        error.message += "; its index lists attestations, which this registry may not know";
        error.hint = "copy it without them: mirrorctl sync --attestations drop";
    }
    return error;
}

}  // namespace

Copier::Copier(Engine::State& state, const SyncPlan& plan)
    : state_(state), plan_(plan), lanes_(state.loop, width_of(state.options)), referrer_lists_(state.loop) {
    began_ = state_.loop.now();
    images_.resize(plan.images.size());
    for (std::size_t i = 0; i < plan.images.size(); ++i) {
        const auto& image = plan.images[i];
        report_.images.push_back({.rule = image.rule,
                                  .source = image.source,
                                  .destination = image.destination,
                                  .source_digest = image.source_digest,
                                  .notes = image.notes});
        images_[i].began = began_;
        if (image.action == Action::copy && state_.trees[i]) continue;
        report_.images[i].outcome = Outcome::skipped;
        report_.images[i].why = image.why;
        if (image.action == Action::up_to_date) report_.images[i].destination_digest = image.digest;
        ++done_;
    }
    make_jobs();
}

void Copier::make_jobs() {
    std::map<std::string, std::size_t> by_digest;
    auto add_once = [](auto& list, const auto& value) {
        if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(value);
    };
    for (std::size_t i = 0; i < plan_.images.size(); ++i) {
        if (!state_.trees[i]) continue;
        const auto& image = plan_.images[i];
        for (const auto& blob : blobs_of(*state_.trees[i])) {
            auto [found, fresh] = by_digest.emplace(blob.digest, jobs_.size());
            if (fresh) {
                jobs_.push_back({.blob = blob, .sources = {}, .targets = {}});
                users_.emplace_back();
            }
            auto& job = jobs_[found->second];
            add_once(job.sources, image.source.location);
            if (state_.there[{image.destination.location, blob.digest}]) {
                add_once(job.present, image.destination.location);
                continue;
            }
            auto known = std::find_if(job.targets.begin(), job.targets.end(), [&](const auto& target) {
                return target.location == image.destination.location;
            });
            if (known == job.targets.end()) job.targets.push_back({.location = image.destination.location});
            users_[found->second].push_back(i);
            ++images_[i].pending;
        }
    }
}

SyncReport Copier::run() {
    for (const auto& result : report_.images)
        if (result.outcome == Outcome::skipped) state_.context.observer.on_image(result);
    std::vector<std::size_t> ready;
    for (std::size_t i = 0; i < images_.size(); ++i)
        if (state_.trees[i] && images_[i].pending == 0) ready.push_back(i);
    lanes_.expect(plan_.source_bytes);
    for (std::size_t i = 0; i < jobs_.size(); ++i)
        if (!jobs_[i].targets.empty()) lanes_.add(i, jobs_[i].blob.size);
    auto width = width_of(state_.options);
    std::size_t next = 0;
    state_.loop.parallel(width, width, [&](std::size_t) { work(ready, next); });
    report_.warnings = referrer_lists_.settle();
    report_.bytes_read = state_.traffic.reading.bytes;
    report_.bytes_written = state_.traffic.written;
    report_.blobs_mounted = state_.traffic.mounted;
    report_.seconds = state_.loop.now() - began_;
    report_.interrupted = state_.loop.stopping();
    report_.quota_exhausted = state_.hosts.exhausted();
    for (auto& warning : state_.hosts.take_warnings()) report_.warnings.push_back(std::move(warning));
    return std::move(report_);
}

// Images that lack nothing but their manifests are done first, not after all blobs.
void Copier::work(const std::vector<std::size_t>& ready, std::size_t& next) {
    while (next < ready.size()) finish(ready[next++]);
    while (auto job = lanes_.take()) run_job(*job);
}

void Copier::run_job(std::size_t index) {
    auto& job = jobs_[index];
    running_[index] = &job;
    run_blob_job(state_.loop, state_.hosts, state_.traffic, job);
    running_.erase(index);
    lanes_.ended(index);
    settle(job, index);
}

// The images that waited for this blob; the last one to get what it needs is pushed by this very fiber.
void Copier::settle(const BlobJob& job, std::size_t index) {
    std::vector<bool> counted(job.targets.size());
    std::vector<std::size_t> complete;
    for (auto i : users_[index]) {
        auto& image = images_[i];
        auto target = std::find_if(job.targets.begin(), job.targets.end(), [&](const auto& one) {
            return one.location == plan_.images[i].destination.location;
        });
        auto at = static_cast<std::size_t>(target - job.targets.begin());
        image.wrote = image.wrote || target->state == BlobTarget::State::uploaded;
        image.mounted = image.mounted || target->state == BlobTarget::State::mounted;
        if (target->state == BlobTarget::State::failed) image.error = target->error;
        if (target->state == BlobTarget::State::uploaded && !counted[at]) {
            counted[at] = true;
            report_.images[i].bytes += job.blob.size;
        }
        if (--image.pending == 0) complete.push_back(i);
    }
    for (auto i : complete) finish(i);
}

void Copier::finish(std::size_t index) {
    auto& image = images_[index];
    auto& result = report_.images[index];
    const auto& planned = plan_.images[index];
    if (!image.error) {
        const auto& tree = *state_.trees[index];
        auto pushed = push(planned, tree);
        if (pushed)
            result.destination_digest = *pushed;
        else
            image.error = explained(pushed.error(), tree);
        if (pushed && *pushed != planned.digest && registry::is_fallback_tag(planned.destination.tag))
            result.notes.emplace_back(
                "a list of signatures and such: what the destination's had besides was kept");
    }
    if (!image.error && state_.options.referrers)
        if (auto done = push_referrers(planned); !done)
            result.notes.push_back(cat("signatures and such not copied: ", done.error().message));
    result.outcome = image.error                     ? Outcome::failed
                     : image.mounted && !image.wrote ? Outcome::mounted
                                                     : Outcome::copied;
    if (image.error) result.why = image.error->message;
    result.error = image.error;
    result.seconds = state_.loop.now() - image.began;
    state_.trees[index] = nullptr;
    ++done_;
    state_.context.observer.on_image(result);
}

Result<std::string> Copier::push(const PlannedImage& image, const Tree& tree) {
    auto& repository = state_.hosts.repository(image.destination.location);
    auto target = image.destination.tag.empty() ? tree.manifest.digest : image.destination.tag;
    bool list = registry::is_fallback_tag(target) && tree.content.index;
    auto put_all = [&]() -> Result<std::string> {
        if (!list) return push_tree(repository, tree, target);
        for (const auto& child : tree.children) TRY(push_tree(repository, *child, child->manifest.digest));
        return referrer_lists_.copy(repository, target, tree.manifest);
    };
    auto pushed = put_all();
    if (pushed || pushed.error().cause != registry::kBlobUnknownCause) return pushed;
    TRY(send_again(image, tree));
    return put_all();
}

// The registry said that it had them, and now that it has not: a cache of its own told of what a sweep took
// away.
Result<void> Copier::send_again(const PlannedImage& image, const Tree& tree) {
    for (const auto& blob : blobs_of(tree)) {
        auto there = state_.there.find({image.destination.location, blob.digest});
        if (there == state_.there.end() || !there->second) continue;
        BlobJob job{.blob = blob,
                    .sources = {image.source.location},
                    .targets = {{.location = image.destination.location}}};
        run_blob_job(state_.loop, state_.hosts, state_.traffic, job);
        if (job.targets.front().state == BlobTarget::State::failed) return Failure(job.targets.front().error);
        there->second = false;
    }
    return {};
}

// docker-registry writes the file of a manifest in place: two runs that put the same one at the same moment
// see each other's half, and one is told that its digest is wrong. We know that it is not.
Result<registry::Stored> Copier::put(registry::Repository& repository, const registry::Manifest& manifest,
                                     const std::string& target) {
    for (int attempt = 1;; ++attempt) {
        auto stored = repository.put(target, manifest);
        bool again = !stored && stored.error().cause == registry::kDigestInvalidCause;
        if (!again || attempt == kPuts) return stored;
        state_.loop.sleep(kPutPause * attempt);
    }
}

// Children before parents, the tag last: what a registry checks is there when it checks.
Result<std::string> Copier::push_tree(registry::Repository& repository, const Tree& tree,
                                      const std::string& target) {
    for (const auto& child : tree.children) TRY(push_tree(repository, *child, child->manifest.digest));
    TRY_ASSIGN(auto stored, put(repository, tree.manifest, target));
    if (!tree.content.subject.empty() && !stored.subject_noted) TRY(referrer_lists_.note(repository, tree));
    return stored.digest;
}

// What refers to the image at its source: read, and pushed with its blobs.
Result<void> Copier::push_referrers(const PlannedImage& image) {
    auto& destination = state_.hosts.repository(image.destination.location);
    TRY_ASSIGN(auto list, list_referrers(state_, image.source.location, image.source_digest));
    if (!list || image.digest != image.source_digest) return {};
    TRY_ASSIGN(auto content, registry::read_content(list->bytes, list->media_type));
    for (const auto& child : content.children) {
        SyncOptions whole;
        auto read = TreeReader(state_.hosts, whole).read(image.source.location, child.digest);
        if (!read) return Failure(read.error());
        for (const auto& blob : blobs_of(*read->tree)) {
            TRY_ASSIGN(auto has, destination.has_blob(blob.digest));
            if (has) continue;
            BlobJob job{.blob = blob,
                        .sources = {image.source.location},
                        .targets = {{.location = image.destination.location}}};
            run_blob_job(state_.loop, state_.hosts, state_.traffic, job);
            if (job.targets.front().state == BlobTarget::State::failed)
                return Failure(job.targets.front().error);
        }
        TRY(push_tree(destination, *read->tree, child.digest));
    }
    return {};
}

void Copier::tell_progress() {
    double now = state_.loop.now();
    for (const auto& [index, job] : running_)
        if (job->reader && job->reader->offset() == job->blob.size) lanes_.was_read(index);
    lanes_.note(now, state_.traffic.reading.bytes);
    history_.emplace_back(now, state_.traffic.reading.bytes);
    while (history_.size() > 1 && history_.front().first < now - kRateWindow) history_.pop_front();
    double span = now - history_.front().first;
    Progress progress{
        .phase = Progress::Phase::copying,
        .images_done = done_,
        .images_total = plan_.images.size(),
        .bytes_done = state_.traffic.reading.bytes,
        .bytes_total = plan_.source_bytes,
        .seconds = now - began_,
        .rate = span > 0 ? static_cast<double>(state_.traffic.reading.bytes - history_.front().second) / span
                         : 0};
    for (const auto& [index, job] : running_)
        if (job->reader)
            progress.streams.push_back({.digest = job->blob.digest,
                                        .from = job->reader->from(),
                                        .bytes = job->reader->offset(),
                                        .size = job->blob.size});
    state_.context.observer.on_progress(progress);
}

}  // namespace mirrorctl::sync
