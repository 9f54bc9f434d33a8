// The other records of the state directory: receipts, what is ours, and what still waits.
#include "fuzz/oracle.hpp"
#include "model/json/plan_json.hpp"
#include "model/json/receipt_json.hpp"

namespace {

using namespace mirrorctl;

template <class Read, class Write>
void check(std::string_view text, Read read, Write write) {
    auto value = read(text);
    if (!value) {
        EXPECT_ERROR(value.error(), ErrorCode::parse);
        return;
    }
    auto written = write(*value);
    auto again = read(written);
    LAW(again.has_value(), to_string(again.error()), "\n", written);
    LAW(write(*again) == written, written);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto text = fuzz::view_of(data, size);
    check(text, receipt_from_json, receipt_to_json);
    check(text, ownership_from_json, ownership_to_json);
    check(text, pending_from_json, pending_to_json);
    return 0;
}
