// The event loop: ports, connections, timers, and the failure switch on standard input.
#pragma once

#include "lab/connection.hpp"
#include "lab/listener.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace mirrorctl::lab {

class Server {
  public:
    // Opens all ports. Errors: io, parse (an address), internal (certificates).
    static Result<std::unique_ptr<Server>> start(Scenario scenario, const std::string& access_log);
    ~Server();

    Announcement announcement() const;
    const std::vector<Image>& images() const { return lab_.world.images; }
    const std::string& ca_pem() const;
    // Until `seconds` have passed or one of the signals that `signal_fd` reads arrives. Commands are read
    // from `command_fd`, one per line, and answered on standard output with "ok" or "error: why":
    //   set NAME fault FAULT     its faults are this one from now on; FAULT as in a scenario
    //   set NAME latency 20ms    set NAME rate 4MiB (for connections from now on)     clear NAME (no faults)
    Result<void> run(int signal_fd, int command_fd, double seconds);

  private:
    struct Port {
        Site site;
        std::unique_ptr<Listener> listener;
        MirrorSpec* spec = nullptr;  // nullptr: a token server
    };

    Server() = default;
    Result<void> open_ports();
    Result<void> open_port(MirrorSpec* spec, const std::string& address, bool tls);
    Result<void> open_door(Port& port);
    const Port* find_token(const std::string& address, bool tls) const;
    void watch_listener(const Port& port);
    void accept_all(Port& port, double now);
    void serve(int fd, std::uint32_t events, double now);
    void after_step(Connection& connection);
    void wake_due(double now);
    int milliseconds_to_wait(double now, double end) const;
    void read_commands(int command_fd);
    Result<void> obey(const std::string& line);
    Result<void> set_faults(Port& port, std::vector<Fault> faults);
    void drop_connections(const Port& port, FaultKind kind);

    Lab lab_;
    std::unique_ptr<TlsServer> tls_;
    std::vector<std::unique_ptr<Port>> ports_;
    std::map<int, std::unique_ptr<Connection>> connections_;
    std::uint64_t next_id_ = 1;
    int epoll_ = -1;
    std::string commands_;
};

}  // namespace mirrorctl::lab
