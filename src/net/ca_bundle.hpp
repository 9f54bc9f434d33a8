// Where the CAs are that https is checked against, unless a request names a file of its own: one file, and
// the same one that the engines (Go programs) take on this node.
#pragma once

#include "base/result.hpp"

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace mirrorctl::net {

struct CaPlace {
    std::string_view path;
    std::string_view system;  // where it is found there
};

// In the order in which they are tried.
std::span<const CaPlace> ca_places();

using IsReadable = std::function<bool(const std::string& path)>;

// SSL_CERT_FILE if it says something, else the first place that is there. Errors: not_found, with the
// remedy as hint.
Result<std::string> find_ca_bundle(const std::string& ssl_cert_file, const IsReadable& is_readable);

// CAs for one connection: a file that libcurl reads (and keeps parsed), or their text. Neither: no TLS.
struct Cas {
    std::string path = {};
    std::string pem = {};
    bool empty() const { return path.empty() && pem.empty(); }
};

// The same on this machine, looked for when it is first asked for. The file of SSL_CERT_FILE is read at once:
// whoever asks later may not be allowed to.
class CaBundle {
  public:
    explicit CaBundle(std::string ssl_cert_file);
    const Result<Cas>& find();

  private:
    std::string ssl_cert_file_;
    std::string text_;
    std::optional<Result<Cas>> found_;
};

}  // namespace mirrorctl::net
