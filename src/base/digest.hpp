// SHA-256 (OpenSSL EVP) as registries write it: "sha256:" and 64 lower-case hex digits.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace mirrorctl {

// Starts this program's libcrypto without the machine's openssl.cnf: that names plugins and rules for other
// programs, the engines (Go) do not read it, and parsing it takes time. Digests call it themselves; TLS by
// the same libcrypto must come after it. May be called again.
void start_crypto();

class Sha256 {
  public:
    Sha256();
    ~Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;
    void update(std::string_view bytes);
    // 64 hex digits; the object must not be used afterwards.
    std::string hex();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

std::string sha256_hex(std::string_view bytes);
std::string sha256_digest(std::string_view bytes);  // "sha256:..."
// True for "sha256:" and exactly 64 lower-case hex digits (OCI image-spec descriptor.md, "Registered
// Algorithms").
bool is_sha256_digest(std::string_view text);

}  // namespace mirrorctl
