#include "ui/metrics.hpp"

#include "base/strings.hpp"
#include "unit/ui/measured.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace mirrorctl::ui::metrics_test {
namespace {

MetricsDocument run_of(const std::string& command, double seconds) {
    Report report;
    report.taken_at = 1.7e9 + seconds;
    report.upstreams.push_back(
        {.name = "docker.io",
         .ranking = {usable("https://a.example", seconds), usable("https://b.example", seconds + 1)}});
    return {.command = command,
            .version = "1.0",
            .at = 1.7e9,
            .duration_s = seconds,
            .last_success = 1.7e9,
            .changed = false,
            .pending = 0,
            .profile = "cn",
            .profile_as_of = "2026-11-23",
            .report = report};
}

// As node_exporter's textfile collector takes several files: into one registry, where a series stands once
// and a metric has one HELP and one TYPE.
TEST(Metrics, FilesOfTwoCommandsHaveNoSeriesInCommon) {
    std::set<std::string> series;
    std::map<std::string, std::set<std::string>> described;
    std::size_t lines = 0;
    for (const auto* command : {"apply", "bench"})
        for (const auto& line : split(metrics_text(run_of(command, command[0])), '\n')) {
            if (line.empty()) continue;
            if (line.starts_with("# ")) {
                auto words = split(line, ' ');
                described[cat(words[1], " ", words[2])].insert(line);
                continue;
            }
            ++lines;
            auto name = line.substr(0, line.rfind(' '));
            EXPECT_TRUE(series.insert(name).second) << name;
            EXPECT_NE(name.find(cat("{command=\"", command, "\"")), std::string::npos) << name;
        }
    EXPECT_EQ(lines, 2U * (9 + 5 * 2)) << "of the run, and of each mirror";
    for (const auto& [what, texts] : described) EXPECT_EQ(texts.size(), 1U) << what;
}

TEST(Metrics, TheLastSuccessIsReadBackForItsCommand) {
    auto text = metrics_text(run_of("apply", 2));
    EXPECT_EQ(last_success_in(text, "apply"), 1.7e9);
    EXPECT_EQ(last_success_in(text, "bench"), std::nullopt);
}

}  // namespace
}  // namespace mirrorctl::ui::metrics_test
