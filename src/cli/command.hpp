// One function per command: options in, exit status out. Each prints exactly one document with --json.
#pragma once

#include "base/result.hpp"
#include "cli/exit_code.hpp"
#include "cli/node.hpp"
#include "cli/options.hpp"
#include "ui/documents.hpp"

namespace mirrorctl::cli {

Result<ExitCode> run_apply(Node& node, const ApplyOptions& options);
Result<ExitCode> run_saved_plan(Node& node, const ApplyOptions& options);
Result<ExitCode> run_bench(Node& node, const BenchOptions& options);
Result<ExitCode> run_status(Node& node, const StatusOptions& options);
Result<ExitCode> run_doctor(Node& node, const DoctorOptions& options);
Result<ExitCode> run_explain(Node& node, const ExplainOptions& options);
Result<ExitCode> run_rollback(Node& node, const RollbackOptions& options);
Result<ExitCode> run_reset(Node& node, const ResetOptions& options);
Result<ExitCode> run_recover(Node& node, const RecoverOptions& options);
Result<ExitCode> run_history(Node& node);
Result<ExitCode> run_targets(Node& node);
Result<ExitCode> run_profile_list(Node& node);
Result<ExitCode> run_profile_show(Node& node, const ProfileShowOptions& options);
Result<ExitCode> run_profile_lint(Node& node, const ProfileLintOptions& options);
Result<ExitCode> run_sync(Node& node, const SyncOptions& options);
Result<ExitCode> run_completion(Node& node, const CompletionOptions& options);
Result<ExitCode> run_overview(Node& node);

// For --metrics.
void note_profile(Node& node, const Profile& profile);
// Prints a run (apply, plan, rollback, reset, recover) and says how the program ends.
ExitCode finish_run(Node& node, const ui::RunDocument& document);
ui::Term stdout_term(Node& node);
// The document on stdout, the text too unless --quiet; what belongs to stderr is written by the caller.
void print(Node& node, const std::string& json, const std::string& text);

}  // namespace mirrorctl::cli
