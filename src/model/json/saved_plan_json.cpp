#include "model/json/saved_plan_json.hpp"

#include "model/json/parts.hpp"
#include "model/json/plan_json.hpp"

#include <nlohmann/json.hpp>

namespace mirrorctl {

namespace {

using Json = nlohmann::json;
using Reader = json::Reader<Json>;

Json wish_to(const Wish& wish) {
    Json mirrors = Json::object();
    for (const auto& [upstream, list] : wish.mirrors)
        mirrors[upstream] = json::list_to<Json>(list, [](const WishedMirror& mirror) -> Json {
            return {{"url", mirror.url},
                    {"may_resolve", mirror.may_resolve},
                    {"measured", mirror.measured},
                    {"predicted_pull_seconds", mirror.predicted_pull_s}};
        });
    return {{"targets", wish.targets}, {"mirrors", std::move(mirrors)}};
}

Wish wish_from(const Reader& in) {
    Wish wish{.targets = in.texts("targets")};
    auto mirrors = in.object("mirrors");
    for (const auto& upstream : in.names("mirrors")) {
        auto& list = wish.mirrors[upstream];
        mirrors.each(upstream.c_str(), [&](const Reader& item) {
            list.push_back({.url = item.text("url"),
                            .may_resolve = item.flag("may_resolve"),
                            .measured = item.flag("measured"),
                            .predicted_pull_s = item.number("predicted_pull_seconds")});
        });
    }
    return wish;
}

}  // namespace

std::string saved_plan_to_json(const SavedPlan& saved) {
    auto document = Json::parse(plan_to_json(saved.plan), nullptr, false);
    document["wish"] = wish_to(saved.wish);
    return json::dumped(document);
}

Result<SavedPlan> saved_plan_from_json(std::string_view text) {
    TRY_ASSIGN(auto plan, plan_from_json(text));
    TRY_ASSIGN(auto wish, json::read_document<Json>(text, kPlanSchema, [](const Reader& in) {
                   return wish_from(in.object("wish"));
               }));
    return SavedPlan{.plan = std::move(plan), .wish = std::move(wish)};
}

}  // namespace mirrorctl
