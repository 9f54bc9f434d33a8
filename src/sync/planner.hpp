// From rules to a plan: which tags there are, what differs, what is lacking, and whether it may be pushed.
#pragma once

#include "sync/state.hpp"

namespace mirrorctl::sync {

class Planner {
  public:
    Planner(Engine::State& state, const std::vector<Rule>& rules) : state_(state), rules_(rules) {}
    SyncPlan run();

  private:
    // One image of a rule, before it is known what is to be done.
    struct Wish {
        std::size_t rule = 0;
        Source source;
        std::vector<Destination> destinations;
    };
    void expand(std::size_t rule);
    void add(std::size_t rule, Source source, bool only);
    void list_destinations();
    bool lacks(const Destination& destination) const;
    bool lacks_all(const Wish& wish) const;
    bool has(const PlannedImage& image);
    void look_at(const Wish& wish);
    static std::vector<PlannedImage> images_of(const Wish& wish, const std::string& source_digest);
    void compare(const Wish& wish, const std::string& source_digest);
    bool lacks_referrers(const Location& source, const std::string& digest, const Destination& destination);
    bool lists_more(const Location& source, const std::string& digest, const Destination& destination);
    void plan_copy(const Wish& wish, std::vector<PlannedImage> images);
    void refuse(std::size_t rule, Error error, const Source& source = {},
                const Destination& destination = {});
    void refuse_clashes();
    void check_pushes();
    Result<void> check_push(const Location& location);
    void look_for_blobs();
    void count_bytes();
    void keep_order();

    Engine::State& state_;
    const std::vector<Rule>& rules_;
    SyncPlan plan_;
    std::vector<Wish> wishes_;
    enum class Listing { asked_first, works, fails };
    std::map<std::string, Listing> listings_;  // of referrers, by registry
};

}  // namespace mirrorctl::sync
