// A predicted pull as what happens in it, one after the other: what bars are made of.
#pragma once

#include "model/report.hpp"

#include <array>
#include <string_view>

namespace mirrorctl::ui {

enum class PullPart { dns, connect, tls, token, manifest, first_byte, transfer };
inline constexpr int kPullParts = 7;

std::string_view id_of(PullPart part);     // "first_byte"
std::string_view label_of(PullPart part);  // "first byte"

// Seconds of each part; those that did not happen are 0. Their sum is the predicted time (all 0 where that is
// not known).
struct PullParts {
    std::array<double, kPullParts> seconds = {};
    double of(PullPart part) const { return seconds.at(static_cast<std::size_t>(part)); }
    double before_bytes() const;  // all but the transfer
    double total() const { return before_bytes() + of(PullPart::transfer); }
};

PullParts parts_of(const Measurement& measurement);

}  // namespace mirrorctl::ui
