// mirrorlab: serves the mirrors of one scenario until it is told to stop. `mirrorlab --help` says how;
// scenario.hpp has the file's format.
#include "base/strings.hpp"
#include "lab/server.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace mirrorctl::lab {
namespace {

constexpr const char* kHelp =
    "usage: mirrorlab [--ports FILE] [--log FILE] [--max-seconds N] SCENARIO\n"
    "       mirrorlab --print-images SCENARIO\n"
    "Serves the mirrors of SCENARIO (YAML) and prints one JSON line when all ports are open: names, URLs,\n"
    "images with their digests, and the CA file if a mirror speaks TLS.\n"
    "  --ports FILE       write that line to FILE too\n"
    "  --log FILE         append one JSON line per request\n"
    "  --max-seconds N    stop after N seconds (default 600)\n"
    "It stops on SIGTERM and SIGINT, and when its parent dies. Commands on standard input, answered by "
    "\"ok\":\n"
    "  set NAME fault FAULT | set NAME latency 20ms | set NAME rate 4MiB | clear NAME\n";

struct Options {
    std::string scenario, ports, log;
    double max_seconds = 600;
    bool print_images = false;
    bool help = false;
};

Result<Options> read_options(const std::vector<std::string>& arguments) {
    Options out;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string& word = arguments[i];
        const std::string value = i + 1 < arguments.size() ? arguments[i + 1] : "";
        if (word == "--help") {
            out.help = true;
        } else if (word == "--print-images") {
            out.print_images = true;
        } else if (word == "--ports") {
            out.ports = value, ++i;
        } else if (word == "--log") {
            out.log = value, ++i;
        } else if (word == "--max-seconds") {
            const auto seconds = parse_integer(value);
            if (!seconds)
                return Failure(
                    Error{.code = ErrorCode::usage, .message = "--max-seconds: a number is needed"});
            out.max_seconds = static_cast<double>(*seconds), ++i;
        } else if (word.starts_with("-") || !out.scenario.empty()) {
            return Failure(Error{.code = ErrorCode::usage, .message = cat("unknown argument: ", word)});
        } else {
            out.scenario = word;
        }
    }
    if (out.scenario.empty() && !out.help)
        return Failure(Error{.code = ErrorCode::usage, .message = "a scenario is needed"});
    return out;
}

Result<void> write_file(const std::string& file, const std::string& text) {
    // Under another name first: a reader that waits for the file never sees half of it.
    const std::string part = file + ".part";
    const int fd = open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) return Failure(errno_error(errno, "write", part));
    const bool good = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    close(fd);
    if (!good || rename(part.c_str(), file.c_str()) != 0) return Failure(errno_error(errno, "write", file));
    return {};
}

// A directory with the CA file that goes away with the process.
class CaDirectory {
  public:
    ~CaDirectory() {
        if (path_.empty()) return;
        unlink((path_ + "/ca.pem").c_str());
        rmdir(path_.c_str());
    }
    Result<std::string> keep(const std::string& pem) {
        if (pem.empty()) return "";
        const char* base = getenv("TMPDIR");
        std::string name = cat(base ? base : "/tmp", "/mirrorlab-XXXXXX");
        if (!mkdtemp(name.data())) return Failure(errno_error(errno, "create", name));
        path_ = name;
        TRY(write_file(path_ + "/ca.pem", pem));
        return path_ + "/ca.pem";
    }

  private:
    std::string path_;
};

Result<void> serve(const Options& options) {
    const pid_t parent = getppid();
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) return {};
    signal(SIGPIPE, SIG_IGN);
    sigset_t stops;
    sigemptyset(&stops);
    sigaddset(&stops, SIGTERM);
    sigaddset(&stops, SIGINT);
    sigprocmask(SIG_BLOCK, &stops, nullptr);
    const int signal_fd = signalfd(-1, &stops, SFD_CLOEXEC);

    TRY_ASSIGN(Scenario scenario, load_scenario(options.scenario));
    TRY_ASSIGN(auto server, Server::start(std::move(scenario), options.log));
    CaDirectory directory;
    Announcement announcement = server->announcement();
    TRY_ASSIGN(announcement.ca, directory.keep(server->ca_pem()));
    const std::string line = ready_json(announcement, server->images()) + "\n";
    if (!options.ports.empty()) TRY(write_file(options.ports, line));
    std::fputs(line.c_str(), stdout);
    std::fflush(stdout);
    const auto result = server->run(signal_fd, STDIN_FILENO, options.max_seconds);
    close(signal_fd);
    return result;
}

Result<void> run(const Options& options) {
    if (options.help) {
        std::fputs(kHelp, stdout);
        return {};
    }
    if (!options.print_images) return serve(options);
    TRY_ASSIGN(const Scenario scenario, load_scenario(options.scenario));
    std::puts(images_json(make_images(scenario)).c_str());
    return {};
}

}  // namespace
}  // namespace mirrorctl::lab

int main(int argc, char** argv) {
    using namespace mirrorctl;
    const auto options = lab::read_options(std::vector<std::string>(argv + 1, argv + argc));
    const Result<void> result = options ? lab::run(*options) : Failure(options.error());
    if (result) return 0;
    std::fprintf(stderr, "mirrorlab: %s\n", to_string(result.error()).c_str());
    return result.error().code == ErrorCode::usage ? 2 : 1;
}
