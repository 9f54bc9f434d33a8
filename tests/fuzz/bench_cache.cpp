// bench.json and the report in it: whole and well-formed, or none.
#include "base/digest.hpp"
#include "bench/cache.hpp"
#include "fuzz/oracle.hpp"
#include "model/json/report_json.hpp"

namespace {

using namespace mirrorctl;

void read_report(std::string_view text) {
    auto report = report_from_json(text);
    if (!report) {
        EXPECT_ERROR(report.error(), ErrorCode::parse);
        return;
    }
    auto written = report_to_json(*report);
    auto again = report_from_json(written);
    LAW(again.has_value(), to_string(again.error()), "\n", written);
    LAW(report_to_json(*again) == written, written);
    LAW(fuzz::is_printable(written), written);
}

// The checksum as it must be, or nothing but damage would be seen behind it.
std::string repaired(std::string_view text) {
    std::string body(text.substr(0, std::min(text.rfind(",\n \"digest\""), text.size())));
    return cat(body, ",\n \"digest\": \"", sha256_digest(body), "\"\n}\n");
}

void read_cache(std::string_view text) {
    auto cache = bench::cache_from_text(text);
    if (!cache) {
        EXPECT_ERROR(cache.error(), ErrorCode::corrupt_state);
        return;
    }
    auto written = bench::cache_to_text(*cache);
    auto again = bench::cache_from_text(written);
    LAW(again.has_value(), to_string(again.error()), "\n", written);
    LAW(bench::cache_to_text(*again) == written, written);
    // Whatever stands in it can be decided upon.
    bench::FreshnessInput input{
        .upstreams = {"docker.io"}, .current = {}, .policy = {}, .now = 1'800'000'000};
    (void)bench::decide_freshness(&*cache, cache->key, input);
    (void)bench::resting(*cache, input.now);
    auto report = cache->report;
    auto merged = bench::merge(*cache, cache->key, report, Policy{});
    LAW(merged.failures.size() <= cache->failures.size() + 256 * 64);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto text = fuzz::view_of(data, size);
    read_report(text);
    read_cache(text);
    read_cache(repaired(text));
    return 0;
}
