// Bytes that exist only when they are asked for: a layer of any size costs no memory, and every part of it
// can be made alone.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>

namespace mirrorctl::lab {

constexpr std::int64_t kEndless = std::numeric_limits<std::int64_t>::max() / 2;

class Source {
  public:
    virtual ~Source() = default;
    virtual std::int64_t size() const = 0;
    // Fills `out` with the bytes from `offset` on; offset + out.size() <= size().
    virtual void read(std::int64_t offset, std::span<char> out) const = 0;
};
using SourcePtr = std::shared_ptr<const Source>;

SourcePtr text_source(std::string text);
// An uncompressed tar of one file of incompressible bytes. `bytes` is rounded up to whole 512-byte blocks, at
// least 2 KiB.
SourcePtr layer_source(std::uint64_t seed, std::int64_t bytes);
// `start`, then `pattern` for ever.
SourcePtr endless_source(std::string start, std::string pattern);
// A gzip stream (RFC 1952) that unpacks to zeros for ever, 158 bytes for one.
SourcePtr gzip_bomb_source();
// As `base`, but one bit differs at `at`.
SourcePtr corrupted_source(SourcePtr base, std::int64_t at);

std::string digest_of(const Source& source);  // "sha256:..."
std::string text_of(const Source& source);    // all bytes; for small sources

}  // namespace mirrorctl::lab
