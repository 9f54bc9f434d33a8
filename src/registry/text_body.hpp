// A request's body that is a text in memory.
#pragma once

#include "net/transport.hpp"

#include <string>
#include <string_view>

namespace mirrorctl::registry {

class TextBody final : public net::BodySource {
  public:
    // `text` must outlive it.
    explicit TextBody(std::string_view text) : text_(text) {}
    std::size_t give(char* to, std::size_t room) override {
        auto count = text_.copy(to, room, at_);
        at_ += count;
        return count;
    }
    void rewind() override { at_ = 0; }
    std::int64_t size() const { return static_cast<std::int64_t>(text_.size()); }

  private:
    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace mirrorctl::registry
