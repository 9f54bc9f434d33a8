// libcurl, found when it is first needed: linking Debian's would cost every start of the program several
// milliseconds and some thirty libraries. Handles and numbers are those of <curl/curl.h>, which only the .cpp
// files of this folder include.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace mirrorctl::net {

struct CurlFunctions;

// Decides about addresses on behalf of one transfer.
class AddressGuard {
  public:
    virtual ~AddressGuard() = default;
    // `text` is a literal without brackets. False: do not connect, do not send.
    virtual bool permits(const std::string& text) = 0;
};

// Learns which sockets libcurl waits for.
class SocketWatch {
  public:
    virtual ~SocketWatch() = default;
    // From now on, on behalf of `easy`; neither: no longer.
    virtual void watch(void* easy, int socket, bool reading, bool writing) = 0;
};

struct SocketState {
    bool readable = false;
    bool writable = false;
    bool failed = false;
};

struct FinishedTransfer {
    void* easy = nullptr;
    int code = 0;  // CURLcode
};

class CurlApi {
  public:
    // The library, found and initialised once per process and never unloaded. Errors: not_found (not
    // installed, or too old), with the package as hint.
    static Result<const CurlApi*> load();

    using Sink = std::size_t (*)(char* bytes, std::size_t size, std::size_t count, void* user);

    void* easy_init() const;
    void easy_cleanup(void* easy) const;
    // curl_easy_setopt; true if this libcurl took it.
    bool set(void* easy, int option, long value) const;
    bool set(void* easy, int option, const std::string& value) const;        // libcurl copies it
    bool set_bytes(void* easy, int option, const std::string& bytes) const;  // a curl_blob, copied
    bool set(void* easy, int option, void* pointer) const;
    bool set(void* easy, int option, Sink sink) const;
    bool set_size(void* easy, int option, std::int64_t value) const;  // of a ..._LARGE option
    // Every new socket and every reused connection asks the guard.
    bool set_guard(void* easy, AddressGuard& guard) const;

    // Receiving rests while `receiving_held`; sending goes on as soon as there is something to send.
    void pause(void* easy, bool receiving_held) const;

    long info_long(void* easy, int info) const;
    double info_seconds(void* easy, int info) const;  // of a CURLINFO_..._T time
    std::string info_text(void* easy, int info) const;
    std::string describe(int code) const;  // curl_easy_strerror

    // A new list if `list` is null; nullptr when out of memory, the old list stays then.
    void* append(void* list, const std::string& line) const;
    void free_list(void* list) const;

    void* multi_init(long kept_connections, SocketWatch& watch) const;
    void multi_cleanup(void* multi) const;
    bool multi_add(void* multi, void* easy) const;
    void multi_remove(void* multi, void* easy) const;
    // Does what can be done at a socket that the watch was told of.
    void multi_act(void* multi, int socket, SocketState state) const;
    // Milliseconds until multi_act_on_time is due; -1: nothing waits for a time.
    int multi_timeout(void* multi) const;
    void multi_act_on_time(void* multi) const;
    std::optional<FinishedTransfer> multi_next_finished(void* multi) const;

  private:
    explicit CurlApi(const CurlFunctions& functions) : functions_(&functions) {}
    const CurlFunctions* functions_;
};

}  // namespace mirrorctl::net
