#include "net/ca_bundle.hpp"

#include "base/strings.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <fstream>

namespace mirrorctl::net {

namespace {

// The order of Go's crypto/x509 (root_linux.go), so that a certificate which the engine trusts is trusted
// here; the last one is where SUSE's ca-certificates (update-ca-certificates) puts what
// /etc/ssl/ca-bundle.pem links to.
constexpr std::array kPlaces{
    CaPlace{"/etc/ssl/certs/ca-certificates.crt", "Debian, Ubuntu, Arch, Gentoo"},
    CaPlace{"/etc/pki/tls/certs/ca-bundle.crt", "Fedora, RHEL"},
    CaPlace{"/etc/ssl/ca-bundle.pem", "SUSE"},
    CaPlace{"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "Fedora, RHEL from 7"},
    CaPlace{"/etc/ssl/cert.pem", "Alpine"},
    CaPlace{"/var/lib/ca-certificates/ca-bundle.pem", "SUSE"},
};

constexpr std::size_t kMaxBytes = 4U << 20U;

bool is_readable_file(const std::string& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) && ::access(path.c_str(), R_OK) == 0;
}

}  // namespace

std::span<const CaPlace> ca_places() {
    return kPlaces;
}

Result<std::string> find_ca_bundle(const std::string& ssl_cert_file, const IsReadable& is_readable) {
    if (!ssl_cert_file.empty()) {
        if (is_readable(ssl_cert_file)) return ssl_cert_file;
        return Failure(Error{.code = ErrorCode::not_found,
                             .message = cat("no CA bundle: ", printable_line(ssl_cert_file),
                                            ": named by SSL_CERT_FILE, not readable"),
                             .hint = "unset SSL_CERT_FILE"});
    }
    for (const auto& place : kPlaces)
        if (std::string path(place.path); is_readable(path)) return path;
    return Failure(Error{.code = ErrorCode::not_found,
                         .message = "no CA bundle on this machine",
                         .hint = "install the package ca-certificates, or name a bundle in SSL_CERT_FILE"});
}

CaBundle::CaBundle(std::string ssl_cert_file) : ssl_cert_file_(std::move(ssl_cert_file)) {
    if (ssl_cert_file_.empty() || !is_readable_file(ssl_cert_file_)) return;
    std::ifstream file(ssl_cert_file_, std::ios::binary);
    text_.resize(kMaxBytes);
    file.read(text_.data(), static_cast<std::streamsize>(text_.size()));
    text_.resize(static_cast<std::size_t>(file.gcount()));
}

const Result<Cas>& CaBundle::find() {
    if (found_) return *found_;
    auto path = find_ca_bundle(ssl_cert_file_, is_readable_file);
    if (path)
        found_ = Cas{.path = *path};
    else if (!text_.empty())
        found_ = Cas{.pem = text_};
    else
        found_ = Result<Cas>(Failure(path.error()));
    return *found_;
}

}  // namespace mirrorctl::net
