// ACTIVE as text: one field per line, the last line the digest of all before it. No JSON: the record that
// decides about recovery is short enough to be checked by eye, and its reader small enough to be checked at
// every truncation and bit flip.
#include "base/digest.hpp"
#include "base/strings.hpp"
#include "model/json/plan_json.hpp"
#include "txn/journal.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace mirrorctl::txn {
namespace {

constexpr std::string_view kHead = "mirrorctl.active/1";
constexpr std::int64_t kLatest = 253402300799;  // the end of the year 9999
constexpr std::array<std::string_view, 3> kPhases = {"writing", "activating", "verified"};

Failure broken(std::string_view why) {
    return Failure(Error{.code = ErrorCode::corrupt_state, .message = std::string(why)});
}

// Lines "key value" in a fixed order.
class Lines {
  public:
    explicit Lines(std::string_view text) : rest_(text) {}
    bool next_is(std::string_view key) const { return rest_.starts_with(cat(key, " ")); }
    std::optional<std::string> take(std::string_view key) {
        auto end = rest_.find('\n');
        if (!next_is(key) || end == std::string_view::npos) return std::nullopt;
        std::string value(rest_.substr(key.size() + 1, end - key.size() - 1));
        rest_.remove_prefix(end + 1);
        return value;
    }
    bool empty() const { return rest_.empty(); }

  private:
    std::string_view rest_;
};

Result<Marker> read_fields(Lines lines) {
    auto head = lines.take("format");
    auto id = lines.take("id");
    auto at = lines.take("at");
    auto actor = lines.take("actor");
    auto phase = lines.take("phase");
    auto plan = lines.take("plan");
    if (!head || !id || !at || !actor || !phase || !plan) return broken("a field is missing");
    if (*head != kHead) return broken(cat("unknown format ", printable_line(*head)));
    auto seconds = parse_integer(*at);
    auto known = std::find(kPhases.begin(), kPhases.end(), *phase);
    if (!is_transaction_id(*id) || !seconds || *seconds > kLatest || *seconds < -kLatest ||
        known == kPhases.end() || !is_sha256_digest(*plan))
        return broken("a field makes no sense");
    Marker marker{.id = *id,
                  .at = static_cast<double>(*seconds),
                  .actor = *actor,
                  .phase = static_cast<Phase>(known - kPhases.begin()),
                  .plan_digest = *plan};
    while (auto temp = lines.take("temp")) {
        if (!is_plain_path(*temp)) return broken("a temp name makes no sense");
        marker.temps.emplace_back(*temp);
    }
    if (!lines.empty()) return broken("an unknown field");
    return marker;
}

}  // namespace

std::string marker_text(const Marker& marker) {
    auto text =
        cat("format ", kHead, "\nid ", marker.id, "\nat ", static_cast<std::int64_t>(std::floor(marker.at)),
            "\nactor ", printable_line(marker.actor), "\nphase ",
            kPhases.at(static_cast<std::size_t>(marker.phase)), "\nplan ", marker.plan_digest, "\n");
    for (const auto& temp : marker.temps) text += cat("temp ", temp.str(), "\n");
    return cat(text, "end ", sha256_digest(text), "\n");
}

Result<Marker> parse_marker(std::string_view text) {
    auto end = text.rfind("end ");
    if (end == std::string_view::npos || (end > 0 && text[end - 1] != '\n')) return broken("cut off");
    auto body = text.substr(0, end);
    if (text.substr(end) != cat("end ", sha256_digest(body), "\n"))
        return broken("does not match its checksum");
    return read_fields(Lines(body));
}

}  // namespace mirrorctl::txn
