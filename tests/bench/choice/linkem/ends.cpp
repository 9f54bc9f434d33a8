#include "ends.hpp"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <sstream>
#include <vector>

extern char** environ;

namespace linkem {
namespace {

std::string failed(const std::string& what) {
    return what + ": " + std::strerror(errno);
}

bool run(const std::string& command, std::string& why) {
    std::istringstream split(command);
    std::vector<std::string> words;
    for (std::string word; split >> word;) words.push_back(word);
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_t pid = 0;
    int status = 0;
    const int error = posix_spawnp(&pid, argv[0], nullptr, nullptr, argv.data(), environ);
    if (error == 0 && waitpid(pid, &status, 0) == pid && status == 0) return true;
    why = command + (error != 0 ? std::string(": ") + std::strerror(error) : ": failed");
    return false;
}

bool write_setting(const std::string& name, const std::string& value, std::string& why) {
    const std::string file = "/proc/sys/net/" + name;
    const int fd = open(file.c_str(), O_WRONLY | O_CLOEXEC);
    const bool good = fd >= 0 && write(fd, value.data(), value.size()) > 0;
    if (!good) why = failed(file);
    if (fd >= 0) close(fd);
    return good;
}

int open_tun(std::string& why) {
    const int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    ifreq request{};
    std::strcpy(request.ifr_name, "path");
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    if (fd >= 0 && ioctl(fd, TUNSETIFF, &request) == 0) return fd;
    why = failed("/dev/net/tun");
    if (fd >= 0) close(fd);
    return -1;
}

// What one end has in common with the other. A window's worth of packets waits in the device while this
// process is not scheduled, hence the long queue; what the kernel learnt of a path in one connection must not
// shape the next.
bool make(End& out, std::string& why) {
    if (unshare(CLONE_NEWNET) != 0) {
        why = failed("unshare");
        return false;
    }
    out.name_space = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    out.tun = open_tun(why);
    return out.tun >= 0 && run("ip link set lo up", why) &&
           run("ip link set path mtu 1500 txqueuelen 20000 up", why) &&
           write_setting("ipv4/tcp_no_metrics_save", "1", why);
}

class Return {
  public:
    Return() : home_(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)) {}
    ~Return() {
        setns(home_, CLONE_NEWNET);
        close(home_);
    }
    Return(const Return&) = delete;
    Return& operator=(const Return&) = delete;

  private:
    int home_;
};

}  // namespace

// A local route makes every address of the block ours, without naming each.
bool make_client_end(bool v6, End& out, std::string& why) {
    const Return later;
    if (!make(out, why) || !run("ip address add 198.18.0.1/15 dev path", why) ||
        !run("ip route add local 198.18.0.0/16 dev lo", why)) {
        return false;
    }
    return !v6 || (run("ip -6 address add fd18::1/64 dev path nodad", why) &&
                   run("ip -6 route add fd19::/16 dev path", why));
}

bool make_mirror_end(End& out, std::string& why) {
    const Return later;
    return make(out, why) && run("ip address add 198.19.255.254/15 dev path", why) &&
           run("ip route add local 198.19.0.0/16 dev lo", why);
}

}  // namespace linkem
