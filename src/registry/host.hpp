// One registry's host: every request to it goes through here, so that tokens, pauses and the number of
// requests under way are those of the host and not of a request.
#pragma once

#include "base/result.hpp"
#include "model/profile.hpp"
#include "net/exchange.hpp"
#include "registry/authorizer.hpp"
#include "registry/retry.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mirrorctl::registry {

struct HostSpec {
    Mirror mirror;         // where, and how names are spelled there
    std::string upstream;  // "docker.io": whose images these are
    bool may_fall_back_to_http = false;
    net::Request style = {};  // CA, certificates, proxy: every request is made from it
    std::string user_agent = {};
    int retries = 4;
    double longest_pause = 60;  // a Retry-After beyond it ends the request instead
    double patience = 30;       // seconds without a byte
};

struct Ask {
    net::Request request;
    std::string scope = {};  // "repository:a/b:pull,push"; several with blanks between
    const Account* account = nullptr;
    net::Streams streams = {};
    bool repeatable = true;          // false: the body (or what the sink has taken) cannot be given again
    bool own_authorization = false;  // the request holds it
    double fresh_for = 30;           // seconds that the token must still be good when the request begins
    int retries = -1;                // -1 = the host's
};

class Host {
  public:
    Host(net::Exchange& exchange, HostSpec spec);

    const std::string& upstream() const { return spec_.upstream; }
    const Url& url() const { return spec_.mirror.url; }
    const Mirror& mirror() const { return spec_.mirror; }
    // "hub.example.com:5000" as people write it.
    std::string name() const;

    // A request for a path below the API root ("/v2"), with the namespace query where this is a mirror.
    net::Request request(std::string_view method, std::string_view path) const;
    // "repository:team/app:pull" as this host spells the name.
    std::string scope(const std::string& repository, std::string_view actions) const;
    // The repository as this host spells it.
    std::string repository(const std::string& name) const;

    // Sends, authorises, follows redirects, waits and repeats. An answer of any status that repeating cannot
    // change is a result. Errors: network, proxy, http (redirects), permission_denied (tokens), interrupted.
    Result<net::Answer> send(const Ask& ask);

    // The referrers API answered 404 once: lists of referrers are tags there.
    bool lacks_referrers() const { return lacks_referrers_; }
    void note_no_referrers() { lacks_referrers_ = true; }

    // Before a request that counts as a pull of `user`; false: the host said that none is left, and it is not
    // to be asked. Whoever got true says end_pull() afterwards.
    bool begin_pull(const std::string& user);
    void end_pull(const std::string& user) { --pulls_[user].under_way; }
    // For people: what begin_pull() found.
    std::string pull_limit_text(const std::string& user) const;

    // For people, once each: what is odd with this host but stops nothing.
    void warn(std::string text);
    bool exhausted() const { return exhausted_; }  // its pull limit is used up
    std::vector<std::string> take_warnings();
    // Where there are other places to read, one that stalls twice or lies once is not asked again.
    void blame(int strikes) { strikes_ += strikes; }
    bool given_up() const { return strikes_ >= 2; }

  private:
    struct Pulls {
        std::optional<PullLimit> limit = {};  // as the host said it last
        std::int64_t under_way = 0;           // perhaps not counted in it
    };
    Result<net::Answer> attempt(const Ask& ask);
    Result<net::Answer> authorized(const Ask& ask);
    Result<net::Answer> redirected(const Ask& ask, net::Request request);
    bool fall_back(const net::Answer& answer);
    Error advised(Error error, const Ask& ask) const;
    std::optional<double> wish_of(const net::Answer& answer) const;  // Retry-After, in seconds
    bool should_repeat(const Ask& ask, const Result<net::Answer>& answer, int attempt);
    void wait_for_turn();
    void note(const Ask& ask, const net::Answer& answer);
    void slow_down(double seconds);

    net::Exchange& exchange_;
    HostSpec spec_;
    Authorizer authorizer_;
    bool reached_ = false;
    bool exhausted_ = false;
    bool lacks_referrers_ = false;
    std::map<std::string, Pulls> pulls_ = {};  // by user
    double resting_until_ = 0;
    double slowed_at_ = -1;
    double at_once_ = 64;  // requests; halved when the host asks for mercy, grows again
    int under_way_ = 0;
    int strikes_ = 0;
    unsigned jitter_ = 0;
    std::vector<std::string> warnings_;  // each once in a run
    std::size_t taken_ = 0;
};

}  // namespace mirrorctl::registry
