#include "lab/source.hpp"

#include "base/digest.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace mirrorctl::lab {
namespace {

constexpr std::int64_t kBlock = 512;
constexpr std::int64_t kTrailer =
    2 * kBlock;  // two zero blocks end a tar (POSIX.1 pax, "ustar Interchange Format")

std::size_t as_size(std::int64_t n) {
    return static_cast<std::size_t>(n);
}

// splitmix64 (Steele, Lea, Flood 2014): any word of the stream without the words before it.
std::uint64_t mix(std::uint64_t x) {
    x += 0x9e3779b97f4a7c15ULL;
    x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27U)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31U);
}

std::string tar_header(std::uint64_t seed, std::int64_t payload) {
    std::string head(as_size(kBlock), '\0');
    auto put = [&](std::size_t at, const char* format, auto... values) {
        char text[64];
        const int length = std::snprintf(text, sizeof text, format, values...);
        head.replace(at, as_size(length), text, as_size(length));
    };
    put(0, "lab-%08x.bin", static_cast<unsigned>(seed));
    put(100, "%07o", 0644U);
    put(108, "%07o", 0U);
    put(116, "%07o", 0U);
    put(124, "%011llo", static_cast<unsigned long long>(payload));
    put(136, "%011o", 0U);
    put(156, "%c", '0');
    head.replace(257, 8,
                 std::string("ustar\0"
                             "00",
                             8));
    head.replace(148, 8, std::string(8, ' '));  // the checksum counts its own field as blanks
    unsigned sum = 0;
    for (char c : head) sum += static_cast<unsigned char>(c);
    put(148, "%06o", sum);
    head[154] = '\0';
    return head;
}

class TextSource final : public Source {
  public:
    explicit TextSource(std::string text) : text_(std::move(text)) {}
    std::int64_t size() const override { return static_cast<std::int64_t>(text_.size()); }
    void read(std::int64_t offset, std::span<char> out) const override {
        std::copy_n(text_.begin() + offset, out.size(), out.begin());
    }

  private:
    std::string text_;
};

class LayerSource final : public Source {
  public:
    LayerSource(std::uint64_t seed, std::int64_t bytes)
        : seed_(mix(seed)), size_(std::max((bytes + kBlock - 1) / kBlock * kBlock, 4 * kBlock)) {
        header_ = tar_header(seed, size_ - kBlock - kTrailer);
    }
    std::int64_t size() const override { return size_; }
    void read(std::int64_t offset, std::span<char> out) const override {
        std::int64_t at = offset;
        const std::int64_t end = offset + static_cast<std::int64_t>(out.size());
        char* to = out.data();
        auto step = [&](std::int64_t limit, auto&& fill) {
            const std::int64_t n = std::min(end, limit) - at;
            if (n <= 0) return;
            fill(at, as_size(n), to);
            at += n;
            to += n;
        };
        step(kBlock, [&](std::int64_t from, std::size_t n, char* dst) {
            std::memcpy(dst, header_.data() + from, n);
        });
        step(size_ - kTrailer, [&](std::int64_t from, std::size_t n, char* dst) { payload(from, n, dst); });
        step(size_, [&](std::int64_t, std::size_t n, char* dst) { std::memset(dst, 0, n); });
    }

  private:
    void payload(std::int64_t from, std::size_t n, char* to) const {
        while (n > 0) {
            const std::uint64_t word = mix(seed_ + static_cast<std::uint64_t>(from / 8));
            const auto skip = static_cast<std::size_t>(from % 8);
            const std::size_t take = std::min(8 - skip, n);
            std::memcpy(to, reinterpret_cast<const char*>(&word) + skip, take);
            from += static_cast<std::int64_t>(take);
            to += take;
            n -= take;
        }
    }

    std::uint64_t seed_;
    std::int64_t size_;
    std::string header_;
};

class EndlessSource final : public Source {
  public:
    EndlessSource(std::string start, std::string pattern)
        : start_(std::move(start)), pattern_(std::move(pattern)) {}
    std::int64_t size() const override { return kEndless; }
    void read(std::int64_t offset, std::span<char> out) const override {
        for (char& c : out) {
            const auto at = as_size(offset++);
            c = at < start_.size() ? start_[at] : pattern_[(at - start_.size()) % pattern_.size()];
        }
    }

  private:
    std::string start_;
    std::string pattern_;
};

class CorruptedSource final : public Source {
  public:
    CorruptedSource(SourcePtr base, std::int64_t at) : base_(std::move(base)), at_(at) {}
    std::int64_t size() const override { return base_->size(); }
    void read(std::int64_t offset, std::span<char> out) const override {
        base_->read(offset, out);
        const std::int64_t index = at_ - offset;
        if (index >= 0 && index < static_cast<std::int64_t>(out.size())) out[as_size(index)] ^= 1;
    }

  private:
    SourcePtr base_;
    std::int64_t at_;
};

// Bits in the order of DEFLATE (RFC 1951 section 3.1.1): the first one is the lowest of the byte.
class BitWriter {
  public:
    void bit(bool value) {
        if (used_ % 8 == 0) bytes_ += '\0';
        if (value)
            bytes_.back() =
                static_cast<char>(static_cast<unsigned char>(bytes_.back()) | (1U << (used_ % 8)));
        ++used_;
    }
    void code(const char* bits) {
        for (; *bits != '\0'; ++bits) bit(*bits == '1');
    }
    const std::string& bytes() const { return bytes_; }

  private:
    std::string bytes_;
    std::size_t used_ = 0;
};

}  // namespace

SourcePtr text_source(std::string text) {
    return std::make_shared<TextSource>(std::move(text));
}
SourcePtr layer_source(std::uint64_t seed, std::int64_t bytes) {
    return std::make_shared<LayerSource>(seed, bytes);
}
SourcePtr endless_source(std::string start, std::string pattern) {
    return std::make_shared<EndlessSource>(std::move(start), std::move(pattern));
}
SourcePtr corrupted_source(SourcePtr base, std::int64_t at) {
    return std::make_shared<CorruptedSource>(std::move(base), at);
}

SourcePtr gzip_bomb_source() {
    // One block with fixed Huffman codes: the literal 0, then "258 bytes from distance 1" (length code 285 =
    // 11000101, distance code 0 = 00000) for ever. A match has 13 bits, so from a byte boundary on 13 bytes
    // repeat.
    constexpr const char* kMatch = "1100010100000";
    BitWriter start;
    start.code("1");         // last block
    start.code("10");        // fixed codes, lowest bit first
    start.code("00110000");  // literal 0
    start.code(kMatch);      // 3 + 8 + 13 bits: three whole bytes
    BitWriter pattern;
    for (int i = 0; i < 8; ++i) pattern.code(kMatch);
    const std::string head("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", 10);
    return endless_source(head + start.bytes(), pattern.bytes());
}

std::string digest_of(const Source& source) {
    Sha256 hash;
    std::string chunk(64 * 1024, '\0');
    for (std::int64_t at = 0; at < source.size();) {
        const auto n =
            as_size(std::min<std::int64_t>(source.size() - at, static_cast<std::int64_t>(chunk.size())));
        source.read(at, std::span(chunk.data(), n));
        hash.update(std::string_view(chunk.data(), n));
        at += static_cast<std::int64_t>(n);
    }
    return "sha256:" + hash.hex();
}

std::string text_of(const Source& source) {
    std::string out(as_size(source.size()), '\0');
    source.read(0, out);
    return out;
}

}  // namespace mirrorctl::lab
