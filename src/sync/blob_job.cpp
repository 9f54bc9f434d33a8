#include "sync/blob_job.hpp"

#include "base/strings.hpp"

#include <algorithm>

namespace mirrorctl::sync {

namespace {

constexpr int kRounds = 4;

using State = BlobTarget::State;

class Runner {
  public:
    Runner(Loop& loop, Hosts& hosts, Traffic& traffic, BlobJob& job)
        : loop_(loop), hosts_(hosts), traffic_(traffic), job_(job) {}

    void run() {
        for (int round = 0; round < kRounds && !loop_.stopping(); ++round) {
            mount_all();
            auto leads = choose_leads();
            if (leads.empty()) break;
            transfer(leads);
        }
        for (auto& target : job_.targets)
            if (target.state == State::missing) {
                target.state = State::failed;
                if (target.error.message.empty())
                    target.error = {.code = ErrorCode::interrupted, .message = "interrupted"};
            }
    }

  private:
    // A repository of the same registry that has the blob by now.
    const Location* holder(const std::string& registry) const {
        for (const auto& target : job_.targets)
            if (target.location.registry == registry &&
                (target.state == State::uploaded || target.state == State::mounted))
                return &target.location;
        for (const auto* list : {&job_.present, &job_.sources})
            for (const auto& place : *list)
                if (place.registry == registry) return &place;
        return nullptr;
    }

    void mount_all() {
        std::vector<BlobTarget*> wanted;
        for (auto& target : job_.targets)
            if (target.state == State::missing && !no_mount_.contains(target.location) &&
                holder(target.location.registry))
                wanted.push_back(&target);
        loop_.parallel(wanted.size(), 8, [&](std::size_t i) {
            auto& target = *wanted[i];
            const auto* from = holder(target.location.registry);
            auto done = hosts_.repository(target.location).mount(job_.blob.digest, from->repository);
            if (done && *done) {
                target.state = State::mounted;
                ++traffic_.mounted;
            } else {
                no_mount_.insert(target.location);
            }
        });
    }

    // One per registry, as the others can mount from it; all of those where mounting has failed.
    std::vector<BlobTarget*> choose_leads() const {
        std::vector<BlobTarget*> leads;
        std::set<std::string> registries;
        for (auto& target : job_.targets)
            if (target.state == State::missing &&
                (no_mount_.contains(target.location) || registries.insert(target.location.registry).second))
                leads.push_back(&target);
        return leads;
    }

    std::vector<registry::Repository> places() {
        std::vector<registry::Repository> out;
        for (const auto& source : job_.sources)
            for (auto& place : hosts_.readers(source, false))
                if (!liars_.contains(place.host().name())) out.push_back(std::move(place));
        // Mirrors before origins: a repository that is its own upstream goes last.
        std::stable_partition(out.begin(), out.end(), [](const auto& place) {
            return place.host().name() != place.host().upstream();
        });
        return out;
    }

    void transfer(const std::vector<BlobTarget*>& leads) {
        BlobReader reader(loop_, job_.blob, traffic_.reading);
        std::vector<std::unique_ptr<Tap>> taps;
        for (std::size_t i = 0; i < leads.size(); ++i) taps.push_back(reader.pipe().open());
        job_.reader = &reader;
        Result<void> read;
        // The reader is one of the workers: it waits for the uploads as they wait for it.
        loop_.parallel(leads.size() + 1, leads.size() + 1, [&](std::size_t i) {
            if (i > 0) return upload(*leads[i - 1], taps[i - 1]);
            read = reader.run(places());
            if (!read && reader.pipe().has_readers()) reader.pipe().fail(read.error());
        });
        job_.reader = nullptr;
        if (read) return;
        if (read.error().code == ErrorCode::digest_mismatch) blame(reader.givers());
        bool again = read.error().code == ErrorCode::digest_mismatch && !places().empty();
        for (auto* target : leads)
            if (target->state == State::missing || target->state == State::failed) {
                if (reader.pipe().was_failed()) target->error = read.error();
                if (!again && reader.pipe().was_failed()) target->state = State::failed;
                if (again) target->state = State::missing;
            }
    }

    // Of several that gave bytes nobody knows who lied; the registry itself is the last to be suspected.
    void blame(const std::vector<std::string>& givers) {
        for (auto& place : places()) {
            auto& host = place.host();
            if (std::find(givers.begin(), givers.end(), host.name()) == givers.end()) continue;
            bool origin = host.name() == host.upstream();
            if (!origin) host.blame(2);
            if (!origin || givers.size() == 1) liars_.insert(host.name());
        }
    }

    void upload(BlobTarget& target, std::unique_ptr<Tap>& tap) {
        auto& style = hosts_.style(target.location.registry);
        auto result =
            registry::upload_blob(hosts_.repository(target.location),
                                  {.digest = job_.blob.digest, .size = job_.blob.size}, *tap, style);
        tap.reset();
        if (result.done) {
            target.state = State::uploaded;
            traffic_.written += job_.blob.size;
            return;
        }
        target.error = std::move(result.error);
        bool again = result.style_changed || target.error.code == ErrorCode::network ||
                     (target.error.cause && *target.error.cause >= 500 && *target.error.cause < 505) ||
                     (target.error.cause && (*target.error.cause == 404 || *target.error.cause == 416 ||
                                             *target.error.cause == 429)) ||
                     (target.error.cause == 401 && renewed_.insert(target.location).second);
        if (!again) target.state = State::failed;
    }

    Loop& loop_;
    Hosts& hosts_;
    Traffic& traffic_;
    BlobJob& job_;
    std::set<Location> no_mount_;
    std::set<std::string> liars_;
    std::set<Location> renewed_;  // their token was refused once already
};

}  // namespace

void run_blob_job(Loop& loop, Hosts& hosts, Traffic& traffic, BlobJob& job) {
    Runner(loop, hosts, traffic, job).run();
}

}  // namespace mirrorctl::sync
