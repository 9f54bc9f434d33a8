#include "cli/parse_inspect.hpp"

#include <CLI/CLI.hpp>

namespace mirrorctl::cli {

namespace {

CLI::App* add(CLI::App& app, const char* name, const char* summary, const char* examples) {
    auto* command = app.add_subcommand(name, summary);
    command->fallthrough();
    command->footer(examples);
    return command;
}

}  // namespace

void add_inspect_commands(CLI::App& app, InspectOptions& options) {
    auto* report =
        add(app, "status", "per file and per consumer: what is read now, whose it is, live or pending",
            "Example:\n  mirrorctl status --json");
    report->add_flag("--exit-code", options.status.exit_code,
                     "exit 3 if something of ours drifted or is pending");
    auto* doctor =
        add(app, "doctor", "what keeps pulls slow or will break on restart, each with a remedy",
            "Examples:\n  sudo mirrorctl doctor\n  mirrorctl doctor --root /mnt/image --json\n"
            "Looks at files and asks the running engines; probes no mirror (`mirrorctl bench` does). "
            "As an ordinary user it sees less.");
    doctor->add_flag("--exit-code", options.doctor.exit_code, "exit 3 if there is an error or a warning");
    doctor->add_flag("--list", options.doctor.list, "print all checks instead of running them");
    auto* explain =
        add(app, "explain", "which hosts would answer for an image on this node, in which order",
            "Examples:\n  mirrorctl explain nginx\n  mirrorctl explain ghcr.io/org/app:1.2 --json\n"
            "Reads files, asks no registry.");
    explain
        ->add_option("IMAGE", options.explain.image, "as in docker pull: name, name:tag or name@sha256:...")
        ->required();
}

}  // namespace mirrorctl::cli
