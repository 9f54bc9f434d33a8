// explain: which hosts would answer for an image on this node.
#include "cli/command.hpp"
#include "cli/knowledge.hpp"
#include "cli/records.hpp"
#include "doctor/explain.hpp"

namespace mirrorctl::cli {

Result<ExitCode> run_explain(Node& node, const ExplainOptions& options) {
    auto image = registry::parse_reference(options.image);
    if (!image) {
        auto error = image.error();
        error.code = ErrorCode::usage;
        return Failure(std::move(error));
    }
    auto records = read_records(node);
    doctor::Inputs inputs{.node = node.asked_facts(),
                          .fs = node.fs(),
                          .owned = records.owned,
                          .knowledge = mirror_knowledge(),
                          .state = records.state};
    ui::ExplainDocument document{
        .image = image->str(), .registry = image->registry, .repository = image->repository};
    for (const auto& consumer : doctor::explain(doctor::look(inputs), *image)) {
        ui::ExplainConsumer entry{.name = consumer.name, .file = consumer.file, .note = consumer.note};
        for (const auto& host : consumer.hosts)
            entry.hosts.push_back({.url = host.url,
                                   .tag = host.tag,
                                   .content = host.content,
                                   .via = host.via,
                                   .why = host.why});
        document.consumers.push_back(std::move(entry));
    }
    print(node, ui::explain_json(document),
          ui::explain_text(document, ui::Term::of(1, node.global().color, node.world().env)));
    return ExitCode::done;
}

}  // namespace mirrorctl::cli
