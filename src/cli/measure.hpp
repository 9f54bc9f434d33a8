// Where the ranking of a run comes from: the cache, a light check, a new race, another node's file.
#pragma once

#include "base/result.hpp"
#include "bench/cache.hpp"
#include "bench/spec.hpp"
#include "cli/node.hpp"
#include "model/report.hpp"
#include "model/warning.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace mirrorctl::cli {

struct MeasureRequest {
    const Profile& profile;
    std::vector<std::string> upstreams;  // that this run needs
    std::map<std::string, std::vector<std::string>>
        current;  // upstream -> our mirrors as they are written now
    bench::Route route = {};
    std::string image = {};
    std::optional<double> budget_seconds = {};
    bool offline = false;
    bool fresh = false;
    bool dry_run = false;  // what ranking_file says is not kept
    std::string ranking_file = {};
    std::string ranking_text = {};  // what came on standard input, where the file is "-"
    double wait_seconds = 0;        // for the network (cli/wait.hpp)
    // Asked once before a race starts: what would be refused afterwards in any case is refused before.
    std::function<Result<void>()> before_race = {};
};

struct Measured {
    Report report;
    std::string origin_of_ranking = {};  // for people: "measured 12 mirrors in 2.3 s", "ranking of 14 m ago"
    std::vector<Warning> warnings = {};
};

// Would measure() send anything to anybody? Reads the cache; true where a ranking must be fetched.
bool will_ask(Node& node, const MeasureRequest& request);

// Saves what it learnt in bench.json (the state directory, else the user's cache), another node's ranking
// too; a cache that cannot be written is a warning. Errors: proxy (it refused), parse (the ranking file),
// interrupted.
Result<Measured> measure(Node& node, const MeasureRequest& request);

// Always races; for `bench`.
Result<Measured> race(Node& node, const MeasureRequest& request);

// The certificates that a mirror's `ca` names, PEM, 1 MiB at most.
Result<std::string> read_certificates(Node& node, const std::string& path);

}  // namespace mirrorctl::cli
