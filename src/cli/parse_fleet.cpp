#include "cli/parse_fleet.hpp"

#include <CLI/CLI.hpp>

namespace mirrorctl::cli {

void add_ranking(CLI::App& command, std::string& file) {
    command
        .add_option(
            "--ranking", file,
            "use the `bench --json` of another node of this site, and probe nothing: a file, - (standard "
            "input), or https://...#sha256=HEX")
        ->type_name("FILE|URL");
}

void add_splay(CLI::App& command, std::string& time) {
    command
        .add_option(
            "--splay", time,
            "before measuring, wait a part of this that differs from node to node, e.g. 10m; a run that "
            "measures nothing (or -n) does not wait")
        ->type_name("TIME");
}

void add_metrics(CLI::App& command, std::string& file) {
    command
        .add_option(
            "--metrics", file,
            "write what the run did to FILE, for node_exporter's textfile collector; also when it fails, "
            "not with -n")
        ->type_name("FILE");
}

}  // namespace mirrorctl::cli
