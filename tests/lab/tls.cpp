#include "lab/tls.hpp"

#include "base/strings.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace mirrorctl::lab {
namespace {

struct Free {
    void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
    void operator()(X509* p) const { X509_free(p); }
    void operator()(SSL_CTX* p) const { SSL_CTX_free(p); }
    void operator()(BIO* p) const { BIO_free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

struct Identity {
    Owned<EVP_PKEY> key;
    Owned<X509> certificate;
};

bool add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    if (!extension) return false;
    const bool added = X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

// Signed by `issuer`, or by itself when there is none.
Identity make_identity(const std::string& name, const std::string& alt_names, const Identity* issuer,
                       long serial) {
    Identity out{Owned<EVP_PKEY>(EVP_EC_gen("P-256")), Owned<X509>(X509_new())};
    X509* certificate = out.certificate.get();
    if (!out.key || !certificate) return {};
    constexpr long kDay = 24L * 3600;
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -kDay);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 30 * kDay);
    X509_set_pubkey(certificate, out.key.get());
    X509_NAME* subject = X509_get_subject_name(certificate);
    const auto* text = reinterpret_cast<const unsigned char*>(name.c_str());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, text, -1, -1, 0);
    X509* signer = issuer ? issuer->certificate.get() : certificate;
    X509_set_issuer_name(certificate, X509_get_subject_name(signer));
    bool good = add_extension(certificate, signer, NID_subject_key_identifier, "hash");
    if (issuer) {
        good = good && add_extension(certificate, signer, NID_subject_alt_name, alt_names);
    } else {
        good = good && add_extension(certificate, signer, NID_basic_constraints, "critical,CA:TRUE") &&
               add_extension(certificate, signer, NID_key_usage, "critical,keyCertSign,cRLSign");
    }
    EVP_PKEY* key = issuer ? issuer->key.get() : out.key.get();
    if (!good || X509_sign(certificate, key, EVP_sha256()) == 0) return {};
    return out;
}

std::string pem_of(X509* certificate) {
    Owned<BIO> memory(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(memory.get(), certificate);
    char* data = nullptr;
    const long length = BIO_get_mem_data(memory.get(), &data);
    return std::string(data, static_cast<std::size_t>(length));
}

// Before every operation: what another connection left in the thread's queue of errors would be taken for
// this one's (SSL_get_error(3)).
SSL* as_ssl(void* p) {
    ERR_clear_error();
    return static_cast<SSL*>(p);
}

}  // namespace

struct TlsServer::State {
    Owned<SSL_CTX> context;
};

TlsServer::~TlsServer() = default;

Result<std::unique_ptr<TlsServer>> TlsServer::make(const std::vector<std::string>& addresses) {
    const Failure failed(
        Error{.code = ErrorCode::internal, .message = "make lab certificates: openssl refused"});
    std::string alt_names = "DNS:localhost,DNS:*.lab.test";
    for (const auto& address : addresses) alt_names += ",IP:" + address;
    const Identity ca = make_identity("mirrorlab CA", "", nullptr, 1);
    if (!ca.certificate) return failed;
    const Identity server = make_identity("mirrorlab", alt_names, &ca, 2);
    if (!server.certificate) return failed;
    auto out = std::unique_ptr<TlsServer>(new TlsServer);
    out->state_ = std::make_unique<State>();
    out->state_->context.reset(SSL_CTX_new(TLS_server_method()));
    SSL_CTX* context = out->state_->context.get();
    if (!context || SSL_CTX_use_certificate(context, server.certificate.get()) != 1 ||
        SSL_CTX_use_PrivateKey(context, server.key.get()) != 1) {
        return failed;
    }
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    out->ca_pem_ = pem_of(ca.certificate.get());
    return out;
}

Channel::Channel(int fd, const TlsServer* tls) : fd_(fd) {
    if (!tls) return;
    SSL* ssl = SSL_new(tls->state_->context.get());
    SSL_set_fd(ssl, fd);
    SSL_set_accept_state(ssl);
    ssl_ = ssl;
}

Channel::~Channel() {
    if (ssl_) SSL_free(as_ssl(ssl_));
    close(fd_);
}

Io Channel::tls_result(int result) {
    const int why = SSL_get_error(static_cast<SSL*>(ssl_), result);
    return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? Io::again : Io::closed;
}

Io Channel::handshake() {
    if (!ssl_) return Io::done;
    const int result = SSL_do_handshake(as_ssl(ssl_));
    return result == 1 ? Io::done : tls_result(result);
}

Io Channel::read(std::string& out) {
    std::array<char, 16 * 1024> chunk{};
    if (ssl_) {
        const int n = SSL_read(as_ssl(ssl_), chunk.data(), static_cast<int>(chunk.size()));
        if (n <= 0) return tls_result(n);
        out.append(chunk.data(), static_cast<std::size_t>(n));
        return Io::done;
    }
    const ssize_t n = recv(fd_, chunk.data(), chunk.size(), 0);
    if (n < 0) return errno == EAGAIN || errno == EINTR ? Io::again : Io::closed;
    if (n == 0) return Io::closed;
    out.append(chunk.data(), static_cast<std::size_t>(n));
    return Io::done;
}

Io Channel::write(std::span<const char>& bytes) {
    if (bytes.empty()) return Io::done;
    if (ssl_) {
        const int n = SSL_write(as_ssl(ssl_), bytes.data(), static_cast<int>(bytes.size()));
        if (n <= 0) return tls_result(n);
        bytes = bytes.subspan(static_cast<std::size_t>(n));
        return Io::done;
    }
    const ssize_t n = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0) return errno == EAGAIN || errno == EINTR ? Io::again : Io::closed;
    bytes = bytes.subspan(static_cast<std::size_t>(n));
    return Io::done;
}

void Channel::reset_on_close() {
    const linger now{.l_onoff = 1, .l_linger = 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

}  // namespace mirrorctl::lab
