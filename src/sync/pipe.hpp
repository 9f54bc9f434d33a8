// One stream of bytes that several read, each at its own pace: a ring in memory. The slowest reader holds up
// the writer; a reader that gives up no longer counts.
#pragma once

#include "registry/upload.hpp"
#include "sync/loop.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

namespace mirrorctl::sync {

class Tap;

class Pipe {
  public:
    // `on_room`: some reader has made room (told from inside its reading).
    Pipe(Loop& loop, std::size_t capacity, std::function<void()> on_room);
    ~Pipe();
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;

    // Starts at the first byte; before anything was written only.
    std::unique_ptr<Tap> open();
    // At most room() bytes.
    void write(std::string_view bytes);
    std::size_t room() const;
    bool has_readers() const { return !taps_.empty(); }
    bool was_failed() const { return failed_; }
    // There will be no more bytes: readers that want some get none and their requests end with `error`.
    void fail(const Error& error);

  private:
    friend class Tap;
    std::int64_t slowest() const;
    void close(Tap& tap);

    Loop& loop_;
    std::vector<char> ring_;
    std::function<void()> on_room_;
    std::vector<Tap*> taps_;
    std::int64_t written_ = 0;
    bool failed_ = false;
};

// One reader, as the body of an upload.
class Tap final : public registry::UploadFeed {
  public:
    explicit Tap(Pipe& pipe) : pipe_(pipe) {}
    ~Tap() override { pipe_.close(*this); }
    Tap(const Tap&) = delete;
    Tap& operator=(const Tap&) = delete;

    std::size_t give(char* to, std::size_t room) override;
    std::size_t take(char* to, std::size_t room) override;
    void sending(net::RequestId id) override { request_ = id; }

  private:
    friend class Pipe;
    void tell();

    Pipe& pipe_;
    std::int64_t read_ = 0;
    net::RequestId request_ = 0;
    bool resting_ = false;          // its request waits for bytes
    sys::Fiber* waiter_ = nullptr;  // so does this fiber, in take()
};

}  // namespace mirrorctl::sync
