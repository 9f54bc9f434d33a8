#include "sync/pipe.hpp"

#include <algorithm>
#include <utility>

namespace mirrorctl::sync {

Pipe::Pipe(Loop& loop, std::size_t capacity, std::function<void()> on_room)
    : loop_(loop), ring_(capacity), on_room_(std::move(on_room)) {}
Pipe::~Pipe() = default;

std::unique_ptr<Tap> Pipe::open() {
    auto tap = std::make_unique<Tap>(*this);
    taps_.push_back(tap.get());
    return tap;
}

void Pipe::close(Tap& tap) {
    std::erase(taps_, &tap);
    on_room_();
}

std::int64_t Pipe::slowest() const {
    auto least = written_;
    for (const auto* tap : taps_) least = std::min(least, tap->read_);
    return least;
}

std::size_t Pipe::room() const {
    return ring_.size() - static_cast<std::size_t>(written_ - slowest());
}

void Pipe::write(std::string_view bytes) {
    auto at = static_cast<std::size_t>(written_) % ring_.size();
    auto first = std::min(bytes.size(), ring_.size() - at);
    bytes.copy(ring_.data() + at, first);
    bytes.substr(first).copy(ring_.data(), bytes.size() - first);
    written_ += static_cast<std::int64_t>(bytes.size());
    for (auto* tap : taps_) tap->tell();
}

void Pipe::fail(const Error& error) {
    failed_ = true;
    auto taps = taps_;
    for (auto* tap : taps) {
        tap->tell();
        if (tap->request_ != 0) loop_.abort(tap->request_, error);
    }
}

void Tap::tell() {
    if (waiter_) pipe_.loop_.wake(waiter_);
    if (std::exchange(resting_, false)) pipe_.loop_.go_on(request_);
}

std::size_t Tap::give(char* to, std::size_t room) {
    auto count = std::min(room, static_cast<std::size_t>(pipe_.written_ - read_));
    auto size = pipe_.ring_.size();
    auto at = static_cast<std::size_t>(read_) % size;
    auto first = std::min(count, size - at);
    std::copy_n(pipe_.ring_.data() + at, first, to);
    std::copy_n(pipe_.ring_.data(), count - first, to + first);
    read_ += static_cast<std::int64_t>(count);
    resting_ = count == 0;
    if (count > 0) pipe_.on_room_();
    return count;
}

std::size_t Tap::take(char* to, std::size_t room) {
    for (;;) {
        if (auto count = give(to, room); count > 0) return count;
        resting_ = false;  // nobody but this fiber waits
        if (pipe_.failed_) return 0;
        waiter_ = pipe_.loop_.current();
        pipe_.loop_.wait();
        waiter_ = nullptr;
    }
}

}  // namespace mirrorctl::sync
