// Units as systemd would put them together, read from files alone, so that it works in an image that is not
// running.
#pragma once

#include "sys/fs.hpp"

#include <map>
#include <string>
#include <vector>

namespace mirrorctl::engines {

// One word of the effective command line and the file to edit to be rid of it.
struct Word {
    std::string text;
    std::string where;  // "/lib/systemd/system/docker.service", "/etc/default/docker"
};

struct Unit {
    std::string name;
    std::map<std::string, std::string> environment = {};  // Environment= and EnvironmentFile= together
    bool exists = false;                                  // false for a masked unit too
    TargetPath fragment = {};
    std::vector<TargetPath> drop_ins = {};           // in the order in which they count
    std::vector<TargetPath> environment_files = {};  // that exist
    std::vector<Word> command = {};  // the last ExecStart=, prefixes (@-:+!) removed, variables expanded
    std::string kill_mode = "control-group";  // systemd.kill(5), default
    std::vector<std::string> bound_to =
        {};  // Requires=, BindsTo=, PartOf=: restarting those restarts this unit
};

// Reads fragment, drop-ins (one per base name, the highest directory wins; "service.d" of all services
// included), Environment= and EnvironmentFile=. Directories of the system manager in systemd.unit(5) order:
// /etc, /run, /usr/local/lib, /usr/lib, /lib. What cannot be read counts as absent. Specifiers (%i ...) are
// left as they are.
Unit read_unit(const sys::FsReader& fs, const std::string& name);

}  // namespace mirrorctl::engines
