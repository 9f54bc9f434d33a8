#include "bench/intake.hpp"

#include "base/strings.hpp"

#include <algorithm>

namespace mirrorctl::bench {

namespace {

constexpr std::int64_t kErrorBody =
    16 * 1024;  // of an answer that we do not want: read so that the connection can be kept
constexpr std::size_t kPeek = 64;
constexpr double kJudgeEvery = 0.005;  // seconds
constexpr double kUnsettled = 0.8;     // seconds for what fell to show how far
constexpr double kLongestQueue = 0.3;  // seconds; what takes longer is no queue

Verdict html_page(std::string_view what) {
    return {.fault = Fault::html, .reason = cat("answers ", what, " with an HTML page")};
}

Verdict wrong_size(std::string_view detail) {
    return {.fault = Fault::size, .reason = cat("the blob has the wrong size: ", detail)};
}

}  // namespace

Intake Intake::text(std::int64_t limit) {
    Intake intake(Kind::text);
    intake.limit_ = limit;
    return intake;
}

Intake Intake::blob(const registry::Descriptor& blob) {
    Intake intake(Kind::blob);
    intake.descriptor_ = blob;
    intake.limit_ = blob.size;
    intake.whole_ = true;
    return intake;
}

Intake Intake::sample(const registry::Descriptor& blob, const registry::ByteRange& range,
                      const SampleRule& rule) {
    Intake intake(Kind::sample);
    intake.descriptor_ = blob;
    intake.range_ = range;
    intake.rule_ = rule;
    intake.limit_ = range.last - range.first + 1;
    intake.whole_ = intake.limit_ == blob.size;
    return intake;
}

bool Intake::stop_with(Verdict verdict) {
    early_ = std::move(verdict);
    return false;
}

std::optional<Verdict> Intake::check_range(const net::Response& response) {
    ranged_ = response.status == 206;
    if (!ranged_) {
        // The whole blob comes: legal (RFC 9110 section 14.2), we stop when we have seen enough.
        range_ignored_ = range_.first > 0;
        return std::nullopt;
    }
    auto header = response.header("Content-Range");
    auto range = header ? registry::parse_content_range(*header) : std::nullopt;
    if (!range || range->first != range_.first || range->last > range_.last)
        return Verdict{.fault = Fault::protocol, .reason = "answers a range of the blob with another range"};
    if (range->total >= 0 && range->total != descriptor_.size)
        return wrong_size(cat(range->total, " bytes instead of ", descriptor_.size));
    return std::nullopt;
}

std::optional<Verdict> Intake::check_headers(const net::Response& response) {
    auto encoding = lower(trim(response.header("Content-Encoding").value_or("identity")));
    if (encoding != "identity")
        return Verdict{.fault = Fault::protocol,
                       .reason = cat("sends Content-Encoding ", printable_line(encoding, 20),
                                     ", which nobody asked for")};
    if (kind_ == Kind::text) return std::nullopt;
    if (kind_ == Kind::sample && says_html(response)) return html_page("a blob");
    if (kind_ == Kind::sample)
        if (auto verdict = check_range(response)) return verdict;
    auto length = parse_integer(trim(response.header("Content-Length").value_or("")));
    std::int64_t expected = response.status == 206 ? limit_ : descriptor_.size;
    if (!length || *length == expected) return std::nullopt;
    return says_html(response) ? html_page("a blob")
                               : wrong_size(cat(*length, " bytes announced instead of ", expected));
}

bool Intake::on_headers(const net::Response& response) {
    accepted_ = wants(response.status);
    headers_at_ = std::max(response.timing.first_byte, 0.0);
    if (!accepted_) {
        limit_ = kErrorBody;
        return true;
    }
    meter_.begin(headers_at_);
    // The answer came through the queues that the body comes through.
    const auto& timing = response.timing;
    double set_up = response.reused_connection ? 0 : std::max({timing.dns, timing.connect, timing.tls, 0.0});
    trip_ = std::clamp(headers_at_ - set_up, rule_.rtt, rule_.rtt + kLongestQueue);
    if (auto verdict = check_headers(response)) return stop_with(*verdict);
    return true;
}

const Estimate& Intake::estimate() const {
    if (estimated_ != meter_.bytes()) {
        estimate_ = meter_.estimate(trip_);
        estimated_ = meter_.bytes();
    }
    return estimate_;
}

bool Intake::seen_enough(double at) {
    double seconds = at - headers_at_;
    if (received_ >= rule_.max_bytes || seconds >= rule_.max_seconds + kUnsettled) return true;
    if (at - judged_at_ < kJudgeEvery) return false;
    judged_at_ = at;
    bool enough = seconds >= rule_.min_seconds || received_ >= rule_.enough_bytes;
    if (!enough && seconds < rule_.max_seconds) return false;
    const auto& seen = estimate();
    return (!seen.growing || seconds >= rule_.max_seconds) && seen.settled;
}

void Intake::go_on(const SampleRule& rule) {
    rule_ = rule;
    enough_ = false;
}

bool Intake::on_body(std::string_view bytes, double at, double unread) {
    received_ += static_cast<std::int64_t>(bytes.size());
    bool over = received_ > limit_;
    if (!accepted_) return !over;
    if (text_.size() < kPeek && kind_ != Kind::text) text_.append(bytes.substr(0, kPeek - text_.size()));
    if (kind_ == Kind::text) {
        if (over)
            return stop_with({.fault = Fault::size,
                              .reason = cat("its answer does not end: more than ",
                                            format_bytes(static_cast<double>(limit_)))});
        text_.append(bytes);
        return true;
    }
    meter_.add(at, static_cast<std::int64_t>(bytes.size()), unread);
    if (whole_) hash_.update(bytes);
    if (over && whole_)
        return stop_with(looks_like_html(text_) ? html_page("a blob")
                                                : wrong_size(cat("more than ", descriptor_.size, " bytes")));
    // A layer that fits is read to its end, because then its digest tells, but not for longer than the
    // others.
    bool to_its_end =
        whole_ && received_ <= limit_ && limit_ <= rule_.max_bytes && at - headers_at_ < rule_.max_seconds;
    if (kind_ == Kind::sample && !to_its_end) {
        // A range that came whole leaves a connection that can be used again.
        bool ends_itself = ranged_ && received_ == limit_;
        enough_ = !ends_itself && (received_ >= limit_ || seen_enough(at));
        return !enough_;
    }
    return true;
}

std::optional<Verdict> Intake::finish_blob(const net::Response& response) {
    if (enough_) return std::nullopt;
    bool page = says_html(response) || looks_like_html(text_);
    if (received_ < limit_)
        return page ? html_page("a blob")
                    : wrong_size(cat("it ended after ", received_, " of ", limit_, " bytes"));
    if (!whole_ || "sha256:" + hash_.hex() == descriptor_.digest) return std::nullopt;
    if (page) return html_page("a blob");
    return Verdict{
        .fault = Fault::content,
        .reason = cat("sends wrong bytes: the blob does not hash to ", descriptor_.digest.substr(0, 19))};
}

std::optional<Verdict> Intake::finish(const net::Response& response) {
    if (early_) return early_;
    if (kind_ != Kind::text) return finish_blob(response);
    if (response.truncated)
        return Verdict{
            .fault = Fault::size,
            .reason = cat("its answer does not end: more than ", format_bytes(static_cast<double>(limit_)))};
    return std::nullopt;
}

}  // namespace mirrorctl::bench
