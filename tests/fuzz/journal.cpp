// The journal: its marker, with the checksum as it is and repaired, and the plan beside it.
#include "txn/journal.hpp"

#include "base/digest.hpp"
#include "fuzz/oracle.hpp"
#include "model/json/plan_json.hpp"

namespace {

using namespace mirrorctl;

// The fields as they are, which nothing but a correct checksum lets through to their reader.
std::string repaired(std::string_view text) {
    std::string body(text.substr(0, std::min(text.rfind("end "), text.size())));
    return cat(body, "end ", sha256_digest(body), "\n");
}

void read_marker(std::string_view text) {
    auto marker = txn::parse_marker(text);
    if (!marker) {
        EXPECT_ERROR(marker.error(), ErrorCode::corrupt_state);
        return;
    }
    LAW(txn::is_transaction_id(marker->id), marker->id);
    LAW(is_sha256_digest(marker->plan_digest));
    for (const auto& temp : marker->temps) LAW(is_plain_path(temp.str()), temp.str());
    auto written = txn::marker_text(*marker);
    auto again = txn::parse_marker(written);
    LAW(again.has_value(), written);
    LAW(again->id == marker->id && again->at == marker->at && again->phase == marker->phase &&
            again->temps == marker->temps && again->plan_digest == marker->plan_digest,
        written);
    LAW(txn::marker_text(*again) == written, written);
}

void read_plan(std::string_view text) {
    auto stored = stored_plan_from_json(text);
    if (!stored) {
        EXPECT_ERROR(stored.error(), ErrorCode::parse);
        return;
    }
    LAW(stored->before_digests.size() == stored->plan.files.size());
    for (const auto& file : stored->plan.files)
        LAW(is_plain_path(file.path.str()) && is_plain_path(file.resolved.str()));
    // The digests of what stood before are of bytes that are not here: they are compared as far as they can
    // be.
    auto written = stored_plan_to_json(stored->plan);
    auto again = stored_plan_from_json(written);
    LAW(again.has_value(), to_string(again.error()), "\n", written);
    LAW(stored_plan_to_json(again->plan) == written, written);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto text = fuzz::view_of(data, size);
    read_marker(text);
    read_marker(repaired(text));
    read_plan(text);
    return 0;
}
