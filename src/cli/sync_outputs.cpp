#include "cli/sync_outputs.hpp"

#include "base/strings.hpp"
#include "sync/rules.hpp"
#include "text/json_node.hpp"

#include <algorithm>
#include <utility>

namespace mirrorctl::cli {

namespace {

std::string_view name_of(sync::ImageResult::Outcome outcome) {
    switch (outcome) {
        case sync::ImageResult::Outcome::copied:
            return "copied";
        case sync::ImageResult::Outcome::mounted:
            return "mounted";
        case sync::ImageResult::Outcome::skipped:
            return "skipped";
        case sync::ImageResult::Outcome::failed:
            break;
    }
    return "failed";
}

ui::SyncImage image_of(const sync::Refusal& refusal) {
    return {.source = refusal.source.str(),
            .destination = refusal.destination.location.registry.empty() ? "" : refusal.destination.str(),
            .outcome = "failed",
            .why = to_string(refusal.error),
            .error = refusal.error};
}

void add_plan(const sync::SyncPlan& plan, ui::SyncDocument& document) {
    for (const auto& refusal : plan.refusals) document.images.push_back(image_of(refusal));
    for (const auto& warning : plan.warnings)
        document.warnings.push_back({.code = "sync", .message = warning, .hint = {}});
    document.quota_exhausted = document.quota_exhausted || plan.quota_exhausted;
}

// Sources in order, each with its destinations.
class RuleWriter {
  public:
    void add(const std::string& source, const std::string& destination) {
        auto it = std::find_if(rules_.begin(), rules_.end(),
                               [&](const auto& rule) { return rule.first == source; });
        if (it == rules_.end()) it = rules_.insert(rules_.end(), {source, {}});
        auto& list = it->second;
        if (std::find(list.begin(), list.end(), destination) == list.end()) list.push_back(destination);
    }

    std::string text() const {
        if (rules_.empty()) return "{}\n";
        std::string out = "{\n";
        for (std::size_t i = 0; i < rules_.size(); ++i) {
            const auto& [source, destinations] = rules_[i];
            std::vector<std::string> quoted;
            for (const auto& destination : destinations) quoted.push_back(quote(destination));
            auto value = join(quoted, ", ");
            if (quoted.size() > 1) value = cat("[", value, "]");
            out += cat("    ", quote(source), ": ", value, i + 1 < rules_.size() ? ",\n" : "\n");
        }
        return out + "}\n";
    }

  private:
    static std::string quote(const std::string& text) { return text::quote_json(text).value_or("\"\""); }
    std::vector<std::pair<std::string, std::vector<std::string>>> rules_;
};

}  // namespace

ui::SyncImage image_of(const sync::ImageResult& result) {
    return {.source = result.source.str(),
            .destination = result.destination.str(),
            .outcome = std::string(name_of(result.outcome)),
            .why = result.why,
            .error = result.error,
            .source_digest = result.source_digest,
            .destination_digest = result.destination_digest,
            .bytes = result.bytes,
            .seconds = result.seconds,
            .notes = result.notes};
}

ui::SyncDocument planned_document(const sync::SyncPlan& plan) {
    ui::SyncDocument document{
        .dry_run = true, .bytes_read = plan.source_bytes, .bytes_written = plan.destination_bytes};
    for (const auto& image : plan.images) {
        bool copy = image.action == sync::PlannedImage::Action::copy;
        document.images.push_back({.source = image.source.str(),
                                   .destination = image.destination.str(),
                                   .outcome = copy ? "planned" : "skipped",
                                   .why = image.why,
                                   .source_digest = image.source_digest,
                                   .destination_digest = image.digest,
                                   .bytes = image.bytes,
                                   .notes = image.notes});
    }
    add_plan(plan, document);
    return document;
}

ui::SyncDocument document_of(const sync::SyncPlan& plan, const sync::SyncReport& report) {
    ui::SyncDocument document{.bytes_read = report.bytes_read,
                              .bytes_written = report.bytes_written,
                              .blobs_mounted = report.blobs_mounted,
                              .seconds = report.seconds,
                              .interrupted = report.interrupted,
                              .quota_exhausted = report.quota_exhausted};
    for (const auto& result : report.images) document.images.push_back(image_of(result));
    add_plan(plan, document);
    for (const auto& warning : report.warnings)
        if (std::find(plan.warnings.begin(), plan.warnings.end(), warning) == plan.warnings.end())
            document.warnings.push_back({.code = "sync", .message = warning, .hint = {}});
    return document;
}

FailedImages failed_images(const std::vector<sync::Rule>& rules, const sync::SyncPlan& plan,
                           const sync::SyncReport& report) {
    FailedImages failed;
    for (const auto& refusal : plan.refusals) {
        if (refusal.rule >= rules.size()) continue;
        const auto& rule = rules[refusal.rule];
        bool whole = refusal.source.target().empty();
        auto source = whole ? sync::source_text(rule) : refusal.source.str();
        if (!refusal.destination.location.registry.empty()) {
            failed.emplace_back(source, refusal.destination.str());
            continue;
        }
        for (const auto& destination : rule.destinations) failed.emplace_back(source, destination.str());
    }
    for (const auto& image : report.images)
        if (image.outcome == sync::ImageResult::Outcome::failed)
            failed.emplace_back(image.source.str(), image.destination.str());
    return failed;
}

std::string rule_file(const FailedImages& failed) {
    RuleWriter writer;
    for (const auto& [source, destination] : failed) writer.add(source, destination);
    return writer.text();
}

}  // namespace mirrorctl::cli
