// One repository at one host, as one account: what the distribution spec lets a client do with it.
#pragma once

#include "base/result.hpp"
#include "net/exchange.hpp"
#include "registry/host.hpp"
#include "registry/location.hpp"
#include "registry/refusal.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace mirrorctl::registry {

struct ManifestHead {
    std::string digest;  // "" if the registry did not say
    std::string media_type;
    std::int64_t size = -1;
};

struct Manifest {
    std::string digest;  // of these bytes
    std::string media_type;
    std::string bytes = {};
};

// What a PUT of a manifest was answered with.
struct Stored {
    std::string digest;
    bool subject_noted = false;  // OCI-Subject: the registry keeps the list of referrers itself
};

class Repository {
  public:
    Repository(Host& host, std::string name, Account account);

    Host& host() const { return *host_; }
    const std::string& name() const { return name_; }
    const Account& account() const { return account_; }

    // nullopt: there is no such manifest. HEAD only, which registries do not count as a pull.
    Result<std::optional<ManifestHead>> head(const std::string& target);
    // Bytes whose digest was checked: against `target` if that is a digest, else against what the registry
    // says.
    Result<Manifest> get(const std::string& target);
    // By tag or digest; the answer's digest is compared with `manifest.digest`.
    Result<Stored> put(const std::string& target, const Manifest& manifest);

    // False also where the registry's answer is no answer (400, 405, a signed URL for GET only): upload it
    // then.
    Result<bool> has_blob(const std::string& digest);
    // True: it is there now. False: this registry does not mount (an upload that it began instead is
    // cancelled).
    Result<bool> mount(const std::string& digest, const std::string& from);
    // From `offset` on, into the sink; statuses other than 200 and 206 are errors. The answer may be cut
    // short.
    Result<net::Answer> read_blob(const std::string& digest, std::int64_t offset,
                                  const net::Streams& streams);
    // A small one, whole and checked.
    Result<std::string> small_blob(const std::string& digest, std::int64_t size);

    // All tags, page after page. Errors: as refusal(); http when pages go in a circle or elsewhere, or there
    // are more than `most`.
    Result<std::vector<std::string>> tags(std::size_t most);
    struct ReferrersHint {
        const std::set<std::string>* tags = nullptr;  // all tags of this repository, if they are known
        int retries = -1;                             // -1 = the host's
    };
    // The index of what refers to `digest`: the referrers API, else the fallback tag. nullopt: nothing does.
    Result<std::optional<Manifest>> referrers(const std::string& digest, const ReferrersHint& hint);

    // Begins an upload and gives it up again: proves that the project exists and that pushing is allowed.
    Result<void> check_push();
    // Harbor: makes the project that this repository belongs to, private. It is no error if it is there.
    Result<void> create_project();
    Result<UploadPlace> begin_upload();
    void cancel_upload(const Url& place);
    // For requests that are built elsewhere in this folder.
    Result<net::Answer> send_push(net::Request request, const net::Streams& streams, bool repeatable);
    net::Request at(const Url& place, std::string_view method) const;
    Error refused(std::string_view what, const net::Answer& answer, bool push) const;

  private:
    net::Request request(std::string_view method, std::string_view what) const;
    Result<std::optional<Manifest>> ask_referrers(const std::string& digest, int retries);
    Result<net::Answer> pull(net::Request request, const net::Streams& streams = {}, bool repeatable = true);

    Host* host_;
    std::string name_;
    Account account_;
};

// Of a manifest of our own.
std::string digest_of(std::string_view bytes);

// "sha256-<hex>": the tag that holds the list of referrers where the registry has no API for it.
std::string fallback_tag(std::string_view digest);
bool is_fallback_tag(std::string_view tag);

}  // namespace mirrorctl::registry
