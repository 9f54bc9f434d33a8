#include "lab/server.hpp"

#include "base/strings.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <set>

namespace mirrorctl::lab {
namespace {

double monotonic_seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void watch(int epoll, int operation, int fd, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    epoll_ctl(epoll, operation, fd, &event);
}

Door door_of(const std::vector<Fault>& faults) {
    if (has_fault(faults, FaultKind::hole)) return Door::hole;
    if (has_fault(faults, FaultKind::refused)) return Door::refused;
    return Door::open;
}

std::string url_of(const MirrorSpec& mirror, const Listener& listener) {
    const std::string path = mirror.form == Form::host ? "" : mirror.path;
    return cat(mirror.tls ? "https://" : "http://", listener.authority(), path);
}

}  // namespace

Result<std::unique_ptr<Server>> Server::start(Scenario scenario, const std::string& access_log) {
    auto out = std::unique_ptr<Server>(new Server);
    if (!access_log.empty()) TRY(out->lab_.log.open(access_log));
    out->lab_.access = Bucket(scenario.access_rate);
    out->lab_.world.images = make_images(scenario);
    out->lab_.world.scenario = std::move(scenario);
    out->epoll_ = epoll_create1(EPOLL_CLOEXEC);
    TRY(out->open_ports());
    Server* self = out.get();
    out->lab_.world.addresses.base_url = [self](const std::string& name) -> std::string {
        for (const auto& port : self->ports_) {
            if (port->spec && port->site.name == name) {
                return cat(port->spec->tls ? "https://" : "http://", port->listener->authority());
            }
        }
        return "";
    };
    out->lab_.world.addresses.token_realm = [self](const MirrorSpec& mirror, bool plain) -> std::string {
        const bool tls = mirror.tls && !plain;
        const Port* port = self->find_token(mirror.address, tls);
        return port ? cat(tls ? "https://" : "http://", port->listener->authority(), "/token") : "";
    };
    return out;
}

Server::~Server() {
    connections_.clear();
    if (epoll_ >= 0) close(epoll_);
}

Result<void> Server::open_ports() {
    auto& mirrors = lab_.world.scenario.mirrors;
    std::set<std::string> plain, secure;
    for (const auto& mirror : mirrors) {
        if (mirror.auth == Auth::bearer) plain.insert(mirror.address);
        if (mirror.tls) secure.insert(mirror.address);
    }
    if (!secure.empty()) {
        TRY_ASSIGN(tls_, TlsServer::make({secure.begin(), secure.end()}));
    }
    for (auto& mirror : mirrors) TRY(open_port(&mirror, mirror.address, mirror.tls));
    for (const auto& address : plain) TRY(open_port(nullptr, address, false));
    for (const auto& address : secure) TRY(open_port(nullptr, address, true));
    return {};
}

Result<void> Server::open_port(MirrorSpec* spec, const std::string& address, bool tls) {
    auto port = std::make_unique<Port>();
    port->spec = spec;
    port->site.name = spec ? spec->name : "token";
    port->site.mirror = spec;
    port->site.tls = tls ? tls_.get() : nullptr;
    port->site.shared = Bucket(spec ? spec->shared_rate : 0);
    TRY_ASSIGN(port->listener,
               Listener::bind_to(address, spec ? spec->port : 0, lab_.world.scenario.congestion));
    ports_.push_back(std::move(port));
    return open_door(*ports_.back());
}

Result<void> Server::open_door(Port& port) {
    TRY(port.listener->set(port.spec ? door_of(port.spec->faults) : Door::open));
    watch_listener(port);
    return {};
}

void Server::watch_listener(const Port& port) {
    // A closed descriptor has left the epoll set by itself.
    if (port.listener->door() == Door::open) watch(epoll_, EPOLL_CTL_ADD, port.listener->fd(), EPOLLIN);
}

const Server::Port* Server::find_token(const std::string& address, bool tls) const {
    for (const auto& port : ports_) {
        const std::string authority = port->listener->authority();
        if (!port->spec && (port->site.tls != nullptr) == tls &&
            authority.substr(0, authority.rfind(':')) == address) {
            return port.get();
        }
    }
    return nullptr;
}

Announcement Server::announcement() const {
    Announcement out;
    for (const auto& port : ports_) {
        const std::string authority = port->listener->authority();
        if (port->spec) {
            out.mirrors[port->site.name] = url_of(*port->spec, *port->listener);
        } else {
            out.token_servers[authority] = cat(port->site.tls ? "https://" : "http://", authority);
        }
    }
    return out;
}

const std::string& Server::ca_pem() const {
    static const std::string none;
    return tls_ ? tls_->ca_pem() : none;
}

Result<void> Server::run(int signal_fd, int command_fd, double seconds) {
    watch(epoll_, EPOLL_CTL_ADD, signal_fd, EPOLLIN);
    fcntl(command_fd, F_SETFL, fcntl(command_fd, F_GETFL) | O_NONBLOCK);
    watch(epoll_, EPOLL_CTL_ADD, command_fd,
          EPOLLIN);  // refused for files such as /dev/null: then there are no commands
    const double end = monotonic_seconds() + seconds;
    std::array<epoll_event, 256> events{};
    for (;;) {
        const int n = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()),
                                 milliseconds_to_wait(monotonic_seconds(), end));
        if (n < 0 && errno != EINTR) return Failure(errno_error(errno, "serve", "epoll"));
        const double now = monotonic_seconds();
        if (now >= end) return {};
        for (int i = 0; i < n; ++i) {
            const epoll_event& event = events[static_cast<std::size_t>(i)];
            if (event.data.fd == signal_fd) return {};
            if (event.data.fd == command_fd) {
                read_commands(command_fd);
            } else {
                serve(event.data.fd, event.events, now);
            }
        }
        wake_due(now);
    }
}

void Server::serve(int fd, std::uint32_t events, double now) {
    for (auto& port : ports_) {
        if (port->listener->fd() == fd) return accept_all(*port, now);
    }
    auto found = connections_.find(fd);
    if (found == connections_.end()) return;
    if (events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)) {
        found->second->hang_up();
    } else {
        found->second->advance(now);
    }
    after_step(*found->second);
}

void Server::accept_all(Port& port, double now) {
    for (int fd = port.listener->accept_one(); fd >= 0; fd = port.listener->accept_one()) {
        auto connection = std::make_unique<Connection>(fd, next_id_++, port.site, lab_);
        Connection& added = *connection;
        connections_[fd] = std::move(connection);
        watch(epoll_, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLRDHUP);
        added.advance(now);
        after_step(added);
    }
}

// Level-triggered input would spin while a connection waits with unread bytes, so only what it waits for is
// watched.
void Server::after_step(Connection& connection) {
    const int fd = connection.fd();
    if (connection.finished()) {
        connections_.erase(fd);
        return;
    }
    const std::uint32_t what = connection.wants_write() ? EPOLLOUT : connection.wants_read() ? EPOLLIN : 0U;
    watch(epoll_, EPOLL_CTL_MOD, fd, what | EPOLLRDHUP);
}

void Server::wake_due(double now) {
    std::vector<std::pair<double, int>> due;
    for (const auto& [fd, connection] : connections_) {
        if (connection->wake_at() <= now) due.emplace_back(connection->sent_lately(now), fd);
    }
    // Those with thin pipes of their own get what they can use, the others share the rest, as TCP flows on
    // one link do.
    std::sort(due.begin(), due.end());
    for (const auto& [sent, fd] : due) {
        auto& connection = *connections_.at(fd);
        connection.advance(now);
        after_step(connection);
    }
}

int Server::milliseconds_to_wait(double now, double end) const {
    double next = end;
    for (const auto& [fd, connection] : connections_) next = std::min(next, connection->wake_at());
    return static_cast<int>(std::ceil(std::clamp((next - now) * 1000.0, 0.0, 60000.0)));
}

void Server::read_commands(int command_fd) {
    std::array<char, 4096> chunk{};
    const ssize_t n = read(command_fd, chunk.data(), chunk.size());
    if (n <= 0) {
        if (n == 0) watch(epoll_, EPOLL_CTL_DEL, command_fd, 0);
        return;
    }
    commands_.append(chunk.data(), static_cast<std::size_t>(n));
    for (auto end = commands_.find('\n'); end != std::string::npos; end = commands_.find('\n')) {
        const auto result = obey(std::string(trim(commands_.substr(0, end))));
        commands_.erase(0, end + 1);
        const std::string answer = result ? "ok\n" : cat("error: ", to_string(result.error()), "\n");
        [[maybe_unused]] const ssize_t written = write(STDOUT_FILENO, answer.data(), answer.size());
    }
}

Result<void> Server::obey(const std::string& line) {
    const auto words = split(line, ' ');
    const auto bad = [&](std::string_view why) {
        return Failure(Error{.code = ErrorCode::usage, .message = cat("command: ", line, ": ", why)});
    };
    if (words.size() < 2) return bad("set NAME WHAT VALUE, or clear NAME");
    auto port = std::find_if(ports_.begin(), ports_.end(),
                             [&](const auto& p) { return p->spec && p->site.name == words[1]; });
    if (port == ports_.end()) return bad("no such mirror");
    if (words[0] == "clear") return set_faults(**port, {});
    if (words[0] != "set" || words.size() < 4) return bad("set NAME WHAT VALUE");
    const std::string value = join({words.begin() + 3, words.end()}, " ");
    if (words[2] == "fault") {
        TRY_ASSIGN(Fault fault, parse_fault(value));
        return set_faults(**port, {std::move(fault)});
    }
    if (words[2] == "latency") {
        const auto seconds = parse_duration(value);
        if (!seconds) return bad("not a duration");
        (*port)->spec->latency = *seconds;
        return {};
    }
    if (words[2] == "rate") {
        const auto bytes = parse_bytes(value);
        if (!bytes) return bad("not a size");
        (*port)->spec->rate = static_cast<double>(*bytes);
        return {};
    }
    return bad("only fault, latency and rate can be set");
}

Result<void> Server::set_faults(Port& port, std::vector<Fault> faults) {
    for (const auto& fault : faults) drop_connections(port, fault.kind);
    port.spec->faults = std::move(faults);
    port.site.memory = {};
    if (door_of(port.spec->faults) == port.listener->door()) return {};
    return open_door(port);
}

void Server::drop_connections(const Port& port, FaultKind kind) {
    std::vector<int> gone;
    for (auto& [fd, connection] : connections_) {
        if (&connection->site() != &port.site) continue;
        if (kind == FaultKind::refused) connection->reset();
        if (kind == FaultKind::hole || kind == FaultKind::tarpit) connection->freeze();
        if (connection->finished()) gone.push_back(fd);
    }
    for (int fd : gone) connections_.erase(fd);
}

}  // namespace mirrorctl::lab
