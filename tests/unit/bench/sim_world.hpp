// Seeded worlds of mirrors for the simulation: what there is, what a pull really takes, how a race went.
#pragma once

#include "bench/race.hpp"
#include "sim_net.hpp"

#include <string>
#include <vector>

namespace mirrorctl::bench {

struct SimMirror {
    std::string name;
    SimHost host;
    enum class Bad { no, html, blob403, corrupt, refused } bad = Bad::no;
    std::string redirect_to = {};
};

struct SimWorld {
    std::string family;
    unsigned seed = 0;
    double line = 25e6;
    double least_share = 0.7;  // of a full line: what the unluckiest flow gets of its fair share
    double budget = Budget{}.seconds;
    double pauses = 0;  // seconds
    std::vector<SimMirror> mirrors = {};
    const SimMirror& at(const std::string& name) const;
};

// 'A' 24 mirrors, 10 broken; 'B' the same behind 5 Mbit/s; 'C' long fat against short thin; 'D' healthy; 'E'
// 60, 23 broken; 'F' near ties; 'K' anything.
SimWorld sim_world(char family, unsigned seed);

struct SimRun {
    Report report;
    std::string pick;
    double seconds = 0;
    double mib = 0;     // over the line, whether the program counted it or not
    double regret = 0;  // the pull with the pick against the best one
    bool throttled = false;
    int most_requests = 0;  // to one mirror
};

SimRun sim_run(const SimWorld& world);
// Seconds of a real pull: layers of 2, 8 and 20 MiB at once. Infinite where it fails; it is not watched for
// longer than `give_up`.
double sim_pull(const SimWorld& world, const SimMirror& mirror, double give_up = 3000);

}  // namespace mirrorctl::bench
