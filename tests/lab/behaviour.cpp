#include "lab/behaviour.hpp"

#include "base/digest.hpp"
#include "base/strings.hpp"

#include <algorithm>

namespace mirrorctl::lab {
namespace {

struct Act {
    const Exchange& exchange;
    const Fault& fault;
    Reply& reply;

    void html() const {
        Reply page{.subject = reply.subject, .head_only = reply.head_only};
        std::string filler;
        for (int i = 0; i < 4000; ++i) filler += "<p>Thank you for using nginx.</p>\n";
        page.set_text("text/html; charset=utf-8",
                      "<!DOCTYPE html><html><head><title>Welcome to nginx!</title></head><body>\n" + filler +
                          "</body></html>\n");
        reply = std::move(page);
    }

    void replace(Reply other) const {
        other.subject = reply.subject;
        other.head_only = reply.head_only;
        reply = std::move(other);
    }

    void status() const {
        const int code = fault.code > 0 ? fault.code : 500;
        replace(error_reply(code,
                            code == 404   ? "MANIFEST_UNKNOWN"
                            : code == 403 ? "DENIED"
                                          : "UNKNOWN",
                            "the lab says no"));
        if (code == 407) reply.set_header("Proxy-Authenticate", "Basic realm=\"lab\"");
    }

    void unauthorized() const {
        replace(error_reply(401, "UNAUTHORIZED", "authentication required"));
        if (!fault.type.empty()) reply.set_header("Www-Authenticate", fault.type);
    }

    void rate_limit() const {
        replace(error_reply(429, "TOOMANYREQUESTS", "you have reached your pull rate limit"));
        if (fault.retry_after)
            reply.set_header("Retry-After", cat(static_cast<std::int64_t>(*fault.retry_after)));
    }

    bool carries_body() const { return reply.body && (reply.status == 200 || reply.status == 206); }

    void corrupt() const {
        if (!carries_body()) return;
        // In the middle, but of what a first range request covers.
        const std::int64_t at = reply.subject == Subject::manifest
                                    ? reply.body->size() / 2
                                    : std::min<std::int64_t>(reply.body->size() / 2, 64 * 1024);
        if (reply.subject != Subject::manifest) {
            reply.body = corrupted_source(reply.body, at);
            return;
        }
        // Still valid JSON: the digit in "schemaVersion":2 stays, one hex digit of a digest changes.
        std::string text = text_of(*reply.body);
        const auto digest = text.find("sha256:");
        if (digest == std::string::npos) return;
        char& digit = text[digest + 7];
        digit = digit == '0' ? '1' : '0';
        reply.set_body(text_source(std::move(text)));
    }

    void delay() const {
        const double mib = reply.body ? static_cast<double>(reply.body->size()) / (1024.0 * 1024.0) : 0;
        reply.delay += fault.seconds + fault.per_mib * mib;
    }

    void redirect() const {
        const MirrorSpec* other = exchange.world.find_mirror(fault.to);
        if (!other || !carries_body()) return;
        const Asked asked = understand(exchange.world, exchange.mirror, exchange.request);
        std::string to = exchange.world.addresses.base_url(other->name) + path_at(*other, asked);
        Reply hop{.status = fault.code > 0 ? fault.code : 307};
        hop.set_header("Location", std::move(to));
        replace(std::move(hop));
    }

    void redirect_loop() const {
        Reply hop{.status = 307};
        const std::string target = exchange.request.target;
        hop.set_header("Location", cat(target, target.find('?') == std::string::npos ? "?" : "&", "again=1"));
        replace(std::move(hop));
    }

    void endless_body() const {
        if (!carries_body()) return;
        reply.status = 200;
        reply.set_body(
            endless_source(reply.subject == Subject::manifest ? "{\"schemaVersion\":2,\"x\":\"" : "",
                           "all work and no play "));
    }

    void gzip_bomb() const {
        if (!carries_body()) return;
        reply.status = 200;
        reply.set_body(gzip_bomb_source());
        reply.set_header("Content-Encoding", "gzip");
    }

    void end_with(Ending ending) const {
        if (!carries_body()) return;
        reply.ending = ending;
        reply.ends_after = fault.bytes > 0 ? fault.bytes : std::max<std::int64_t>(1, reply.length / 2);
    }

    void size_lie() const {
        if (!carries_body()) return;
        const std::int64_t delta = fault.delta != 0 ? fault.delta : 1000;
        reply.declared = std::max<std::int64_t>(0, reply.length + delta);
        reply.ending = Ending::close;
    }

    void no_range() const {
        if (reply.status != 206) return;
        reply.status = 200;
        reply.set_body(reply.body);
        std::erase_if(reply.headers,
                      [](const auto& h) { return h.first == "Content-Range" || h.first == "Accept-Ranges"; });
    }

    void bad_range() const {
        if (reply.status != 206) return;
        const std::int64_t shift =
            std::min<std::int64_t>(4096, reply.body->size() - reply.offset - reply.length);
        reply.offset += shift;
        reply.set_header("Content-Range", cat("bytes ", reply.offset, "-", reply.offset + reply.length - 1,
                                              "/", reply.body->size()));
    }

    void realm(const std::string& url) const {
        if (reply.status != 401) return;
        reply.set_header("Www-Authenticate",
                         cat("Bearer realm=\"", url, "\",service=\"", exchange.mirror.name, "\""));
    }

    void run() const;
};

void Act::run() const {
    switch (fault.kind) {
        case FaultKind::hole:
        case FaultKind::refused:
        case FaultKind::tarpit:
            return;  // the listener's business
        case FaultKind::stale_tag:
            return;  // chosen before the answer is made
        case FaultKind::token_http_realm:
            return realm(exchange.world.addresses.token_realm(exchange.mirror, true));
        case FaultKind::token_link_local:
            return realm("http://169.254.169.254/token");
        case FaultKind::empty:
            reply.silent = true;
            return;
        case FaultKind::garbage:
            reply.raw = "220 mail.example ESMTP ready\r\n";
            return;
        case FaultKind::html:
            return html();
        case FaultKind::status:
        case FaultKind::token_denied:
            return status();
        case FaultKind::unauthorized:
            return unauthorized();
        case FaultKind::rate_limit:
            return rate_limit();
        case FaultKind::wrong_digest_header:
            return reply.set_header("Docker-Content-Digest", sha256_digest("another"));
        case FaultKind::wrong_manifest:
        case FaultKind::wrong_blob:
            return corrupt();
        case FaultKind::wrong_media_type:
            return reply.set_header("Content-Type",
                                    fault.type.empty() ? "application/octet-stream" : fault.type);
        case FaultKind::delay:
            return delay();
        case FaultKind::redirect:
            return redirect();
        case FaultKind::redirect_loop:
            return redirect_loop();
        case FaultKind::burst:
            reply.burst = fault.bytes;
            reply.rate_after_burst = fault.rate;
            return;
        case FaultKind::endless_body:
            return endless_body();
        case FaultKind::endless_headers:
            reply.endless_headers = true;
            return;
        case FaultKind::gzip_bomb:
            return gzip_bomb();
        case FaultKind::reset:
            return end_with(Ending::reset);
        case FaultKind::stall:
            return end_with(Ending::stall);
        case FaultKind::size_lie:
            return size_lie();
        case FaultKind::no_range:
            return no_range();
        case FaultKind::bad_range:
            return bad_range();
        case FaultKind::token_huge:
            return reply.set_body(endless_source("{\"token\":\"", "0123456789abcdef"));
        case FaultKind::token_wrong:
            return reply.set_text("application/json", R"({"token":"lab.of-somebody-else","expires_in":300})");
    }
}

bool is_about(const Fault& fault, Subject subject) {
    return fault.on == subject || (fault.on == Subject::all && subject != Subject::token);
}

void misbehave(const Exchange& exchange, Memory& memory, Reply& reply) {
    for (const auto& fault : exchange.mirror.faults) {
        if (!is_about(fault, reply.subject)) continue;
        if (memory.matched[&fault]++ < fault.after) continue;
        Act{exchange, fault, reply}.run();
    }
}

}  // namespace

bool has_fault(const std::vector<Fault>& faults, FaultKind kind) {
    return std::any_of(faults.begin(), faults.end(), [&](const Fault& fault) { return fault.kind == kind; });
}

Reply respond(const Exchange& exchange, Memory& memory) {
    const bool stale = has_fault(exchange.mirror.faults, FaultKind::stale_tag);
    Reply reply = answer(exchange.world, exchange.mirror, exchange.request, stale);
    misbehave(exchange, memory, reply);
    return reply;
}

Reply respond_token(const World& world, const HttpRequest& request) {
    Reply reply = answer_token(world, request);
    const auto services = request.parameters("service");
    const MirrorSpec* mirror = services.empty() ? nullptr : world.find_mirror(services.front());
    if (!mirror) return reply;
    Memory memory;
    misbehave({world, *mirror, request}, memory, reply);
    return reply;
}

}  // namespace mirrorctl::lab
