#include "base/digest.hpp"

#include "base/digest_check.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>

namespace mirrorctl {

namespace {

// Ends the computation.
std::string finish_hex(EVP_MD_CTX* context) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> raw{};
    unsigned int length = 0;
    EVP_DigestFinal_ex(context, raw.data(), &length);
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out;
    for (unsigned int i = 0; i < length; ++i) {
        out += kDigits[raw[i] >> 4];
        out += kDigits[raw[i] & 15];
    }
    return out;
}

}  // namespace

void start_crypto() {
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
}

struct Sha256::State {
    EVP_MD_CTX* context = nullptr;
    State() {
        start_crypto();
        context = EVP_MD_CTX_new();
        EVP_DigestInit_ex(context, EVP_sha256(), nullptr);
    }
    ~State() { EVP_MD_CTX_free(context); }
    State(const State&) = delete;
    State& operator=(const State&) = delete;
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::string_view bytes) {
    EVP_DigestUpdate(state_->context, bytes.data(), bytes.size());
}

std::string Sha256::hex() {
    return finish_hex(state_->context);
}

struct DigestCheck::Context {
    EVP_MD_CTX* context = nullptr;
    explicit Context(const EVP_MD* algorithm) {
        start_crypto();
        context = EVP_MD_CTX_new();
        EVP_DigestInit_ex(context, algorithm, nullptr);
    }
    ~Context() { EVP_MD_CTX_free(context); }
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;
};

DigestCheck::DigestCheck(std::string_view digest) {
    auto colon = digest.find(':');
    auto algorithm = digest.substr(0, colon);
    if (colon != std::string_view::npos) wanted_ = std::string(digest.substr(colon + 1));
    if (algorithm == "sha256") context_ = std::make_unique<Context>(EVP_sha256());
    if (algorithm == "sha512") context_ = std::make_unique<Context>(EVP_sha512());
}
DigestCheck::~DigestCheck() = default;

void DigestCheck::update(std::string_view bytes) {
    if (context_) EVP_DigestUpdate(context_->context, bytes.data(), bytes.size());
}

bool DigestCheck::matches() {
    return context_ && finish_hex(context_->context) == wanted_;
}

bool digest_matches(std::string_view bytes, std::string_view digest) {
    DigestCheck check(digest);
    check.update(bytes);
    return check.matches();
}

std::string sha256_hex(std::string_view bytes) {
    Sha256 hash;
    hash.update(bytes);
    return hash.hex();
}

std::string sha256_digest(std::string_view bytes) {
    return "sha256:" + sha256_hex(bytes);
}

bool is_sha256_digest(std::string_view text) {
    constexpr std::string_view kPrefix = "sha256:";
    if (text.size() != kPrefix.size() + 64 || !text.starts_with(kPrefix)) return false;
    return std::all_of(text.begin() + kPrefix.size(), text.end(),
                       [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace mirrorctl
