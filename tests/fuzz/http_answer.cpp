// An answer on a daemon's socket: it comes in pieces, and every beginning of it is either not yet an answer
// or the same one.
#include "sys/http_answer.hpp"

#include "fuzz/oracle.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace mirrorctl;
    auto text = fuzz::view_of(data, size);
    auto whole = sys::parse_http_answer(text, true);
    if (!whole) {
        EXPECT_ERROR(whole.error(), ErrorCode::parse);
    } else {
        LAW(*whole, "closed, and still waiting");
        LAW((*whole)->status >= 100 && (*whole)->status <= 999);
        LAW((*whole)->body.size() <= text.size());
    }
    for (std::size_t length = 0; length <= text.size(); length += 1 + text.size() / 64) {
        auto part = sys::parse_http_answer(text.substr(0, length), false);
        if (!part || !*part) continue;
        LAW(whole && *whole, "an answer in a beginning, and none in all of it");
        LAW((*part)->status == (*whole)->status && (*part)->body == (*whole)->body);
    }
    return 0;
}
