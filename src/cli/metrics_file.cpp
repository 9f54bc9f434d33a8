#include "cli/metrics_file.hpp"

#include "base/strings.hpp"
#include "cli/node.hpp"
#include "ui/documents.hpp"
#include "ui/metrics.hpp"

namespace mirrorctl::cli {

namespace {

constexpr std::size_t kMaxOldFile = 1U << 20U;

std::string wanted_file(const Invocation& invocation) {
    if (const auto* apply = std::get_if<ApplyOptions>(&invocation.options))
        return apply->dry_run ? std::string() : apply->metrics_file;
    if (const auto* bench = std::get_if<BenchOptions>(&invocation.options)) return bench->metrics_file;
    return {};
}

ui::MetricsDocument document(World& world, const Invocation& invocation, const RunRecord& record,
                             const RunEnd& end) {
    ui::MetricsDocument out{.command = invocation.command, .version = MIRRORCTL_VERSION};
    out.at = world.clock.wall();
    out.duration_s = world.clock.now() - end.started;
    out.exit_code = end.exit_code;
    out.changed = record.changed;
    out.pending = record.pending;
    out.profile = record.profile;
    out.profile_as_of = record.profile_as_of;
    out.report = record.report;
    if (end.exit_code == 0) out.last_success = out.at;
    return out;
}

// The reader opens files that end in .prom: the temporary name does not.
Result<void> replace(World& world, sys::Fs& fs, const TargetPath& path, ui::MetricsDocument document) {
    auto there = fs.stat(path);
    if (there && there->type != sys::FileType::regular)
        return Failure(Error{.code = ErrorCode::unsafe_path, .message = "not a regular file"});
    if (there && !document.last_success) {
        auto old = fs.read(path, kMaxOldFile);
        if (old) document.last_success = ui::last_success_in(*old, document.command);
    }
    TRY_ASSIGN(auto parent, fs.stat(path.parent()));
    auto temp = path.parent() / ("." + path.str().substr(path.str().rfind('/') + 1) + ".new");
    (void)fs.remove_file(temp);
    TRY(fs.write_new(temp, ui::metrics_text(document),
                     {.mode = 0644, .uid = world.uid, .gid = parent.meta.gid}));
    return fs.rename(temp, path);
}

}  // namespace

void write_metrics(World& world, const Invocation& invocation, const RunRecord& record, const RunEnd& end) {
    auto file = wanted_file(invocation);
    if (file.empty()) return;
    TargetPath path(absolute_path(world.cwd, file));
    auto fs = world.open_root("/");
    auto written = fs ? replace(world, **fs, path, document(world, invocation, record, end))
                      : Result<void>(Failure(fs.error()));
    if (written) return;
    world.err(ui::warnings_text(
        {{.code = "metrics_not_written",
          .message = cat("the metrics could not be written: ", path.str(), ": ", to_string(written.error())),
          .hint = "name a file in a directory that exists, e.g. "
                  "/var/lib/prometheus/node-exporter/mirrorctl.prom"}},
        ui::Term::of(2, invocation.global.color, world.env)));
}

}  // namespace mirrorctl::cli
