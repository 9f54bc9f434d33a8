// A listening port that can also refuse, or swallow every SYN.
#pragma once

#include "base/result.hpp"

#include <memory>
#include <string>

namespace mirrorctl::lab {

enum class Door {
    open,
    hole,     // the accept queue is full and stays full: connects hang
    refused,  // bound, but nobody listens
};

class Listener {
  public:
    // Binds `address` (IPv4 or IPv6) and `port` (0: any). `congestion`: TCP congestion control of its
    // connections,
    // "" for the kernel's. Errors: io, permission_denied.
    static Result<std::unique_ptr<Listener>> bind_to(const std::string& address, int port,
                                                     const std::string& congestion);
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    int fd() const { return fd_; }
    int port() const { return port_; }
    // address:port, IPv6 in brackets.
    std::string authority() const;
    // The descriptor may be another one afterwards.
    Result<void> set(Door door);
    Door door() const { return door_; }
    // The next connection, non-blocking; -1 when there is none.
    int accept_one();

  private:
    Listener() = default;
    Result<void> reopen();
    void fill_queue();
    void drop_fillers();
    int fd_ = -1;
    int port_ = 0;
    std::string address_;
    std::string congestion_;
    Door door_ = Door::refused;
    int fillers_[2] = {-1, -1};
};

}  // namespace mirrorctl::lab
