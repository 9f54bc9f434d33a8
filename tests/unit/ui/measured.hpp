// A mirror as a bench finds it.
#pragma once

#include "base/url.hpp"
#include "model/report.hpp"

#include <string>

namespace mirrorctl::ui {

inline Measurement usable(const std::string& url, double seconds) {
    Measurement m;
    m.mirror.url = *parse_url(url);
    m.usable = true;
    m.predicted_pull_s = seconds;
    m.predicted_low_s = seconds * 0.9;
    m.predicted_high_s = seconds * 1.1;
    m.dns_s = 0.011;
    m.connect_s = 0.2;
    m.rtt_s = 0.08;
    m.token_s = 0.33;
    m.ttfb_s = 0.25;
    m.throughput_bps = 1.5e7;
    return m;
}

}  // namespace mirrorctl::ui
