// TLS for the lab: a CA and one server certificate, made at start and forgotten at the end; and the channel
// that connections read and write.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace mirrorctl::lab {

class TlsServer {
  public:
    // A certificate for these IP addresses (and "localhost", and names below lab.test), valid from yesterday
    // for 30 days. Errors: internal.
    static Result<std::unique_ptr<TlsServer>> make(const std::vector<std::string>& addresses);
    ~TlsServer();
    TlsServer(const TlsServer&) = delete;
    TlsServer& operator=(const TlsServer&) = delete;
    const std::string& ca_pem() const { return ca_pem_; }

  private:
    friend class Channel;
    TlsServer() = default;
    struct State;
    std::unique_ptr<State> state_;
    std::string ca_pem_;
};

// Result of one step on a non-blocking connection.
enum class Io { done, again, closed };

// A connected socket, with or without TLS. Owns the descriptor.
class Channel {
  public:
    Channel(int fd, const TlsServer* tls);
    ~Channel();
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;
    int fd() const { return fd_; }
    Io handshake();
    // Appends what is there to `out`.
    Io read(std::string& out);
    // Takes what was written off the front of `bytes`.
    Io write(std::span<const char>& bytes);
    // RST in place of FIN when the descriptor is closed.
    void reset_on_close();

  private:
    Io tls_result(int result);
    int fd_;
    void* ssl_ = nullptr;
};

}  // namespace mirrorctl::lab
