// What a registry says when it says no, in words that tell what to do.
#pragma once

#include "base/error.hpp"
#include "net/exchange.hpp"

#include <string>
#include <string_view>

namespace mirrorctl::registry {

// `Error.cause` of a destination without room; no registry has a status of its own for it.
inline constexpr int kQuotaCause = 507;
// And where a manifest is refused because blobs that it names are not there.
inline constexpr int kBlobUnknownCause = 424;
// And where it is said not to have the digest that it has.
inline constexpr int kDigestInvalidCause = 422;

struct Complaint {
    std::string code = {};     // "DENIED", "" if the body does not say
    std::string message = {};  // printable
    std::string detail = {};   // printable; a string, or the JSON of what it is
};

// The first entry of {"errors":[{code, message, detail}]}; a body that is something else (a proxy's HTML)
// gives its first words as message.
Complaint read_complaint(std::string_view body);

struct Attempt {
    std::string_view what;  // "push to hub.example.com/team/app"
    std::string host;
    std::string repository;
    std::string login;  // "auth.json, key hub.example.com", "" = anonymous
    bool push = false;
};

// Codes: not_found (404), permission_denied (401, 403), http for all others; `cause` = the status, or one of
// the two above.
Error refusal(const Attempt& attempt, const net::Answer& answer);

// Its storage is full: nothing is gained by repeating.
bool is_full(const net::Answer& answer);

// A registry that will answer the same again: nothing is gained by repeating.
bool is_pull_quota(const net::Answer& answer);

}  // namespace mirrorctl::registry
