// An answer as a value: the registry makes a good one, faults change it, a connection plays it.
#pragma once

#include "lab/fault.hpp"
#include "lab/http.hpp"
#include "lab/source.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace mirrorctl::lab {

enum class Ending {
    complete,  // all of the body, then the next request
    close,     // all of the body, then the connection is closed
    reset,     // RST after `ends_after` bytes
    stall,     // nothing more after `ends_after` bytes
};

struct Reply {
    Subject subject = Subject::all;
    int status = 200;
    Headers headers = {};
    SourcePtr body = {};      // none: an empty body
    std::int64_t offset = 0;  // the part of it that is sent
    std::int64_t length = 0;
    std::optional<std::int64_t> declared =
        0;  // Content-Length; nullopt: the end of the connection ends the body
    bool head_only = false;
    double delay = 0;  // seconds before the first byte, on top of the mirror's latency
    Ending ending = Ending::complete;
    std::int64_t ends_after = 0;  // for reset and stall
    double rate_after_burst = 0;  // bytes per second after `burst` bytes, 0 = the mirror's own
    std::int64_t burst = 0;
    bool endless_headers = false;
    std::string raw = {};  // sent in place of everything above, then the connection is closed
    bool silent = false;   // nothing is sent, the connection is closed

    void set_header(std::string_view name, std::string value) {
        for (auto& [known, old] : headers) {
            if (known == name) {
                old = std::move(value);
                return;
            }
        }
        headers.emplace_back(name, std::move(value));
    }
    // The whole of `source` as body, with a true Content-Length.
    void set_body(SourcePtr source) {
        body = std::move(source);
        offset = 0;
        length = body->size();
        declared = length;
        if (length == kEndless) {
            declared.reset();
            ending = Ending::close;
        }
    }
    void set_text(std::string media_type, std::string text) {
        set_header("Content-Type", std::move(media_type));
        set_body(text_source(std::move(text)));
    }
};

// A registry error document (OCI distribution-spec v1.1, "Error Codes").
Reply error_reply(int status, std::string_view code, std::string_view message);

}  // namespace mirrorctl::lab
