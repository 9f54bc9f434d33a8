#include "sync/reader.hpp"

#include "base/strings.hpp"
#include "registry/requests.hpp"

#include <algorithm>
#include <utility>

namespace mirrorctl::sync {

namespace {

constexpr std::int64_t kRing = 256 * 1024;
constexpr std::int64_t kSlack = 128 * 1024;      // what may still come after a hold
constexpr std::int64_t kProgress = 1024 * 1024;  // bytes after which a failed place deserves another attempt
constexpr int kAttempts = 4;                     // per place, without progress
constexpr int kPatient = 8;                      // where the only place does not answer: it may be starting again
constexpr double kPause = 0.2;

std::size_t ring_size(std::int64_t blob) {
    return static_cast<std::size_t>(std::clamp<std::int64_t>(blob, 1, kRing));
}

}  // namespace

double Throttle::spend(std::size_t bytes, double now) {
    if (rate <= 0) return 0;
    free_at = std::max(free_at, now) + static_cast<double>(bytes) / static_cast<double>(rate);
    return free_at - now;
}

BlobReader::BlobReader(Loop& loop, const registry::Part& blob, Reading& reading)
    : loop_(loop),
      blob_(blob),
      reading_(reading),
      pipe_(loop, ring_size(blob.size), [this] { go_on(); }),
      check_(blob.digest) {}

// A place that only drips is the last one from then on: slow is better than nothing.
Result<void> BlobReader::run(std::vector<registry::Repository> places) {
    Error last{.code = ErrorCode::not_found, .message = cat("no place to read blob ", blob_.digest)};
    while (!places.empty() && pipe_.has_readers()) {
        auto place = std::move(places.front());
        places.erase(places.begin());
        others_.clear();
        for (const auto& other : places) others_.push_back(other.host().name());
        if (try_place(place, last)) return {};
        if (lied_ || loop_.stopping() || last.code == ErrorCode::interrupted) break;
        if (drips_) places.push_back(std::move(place));
    }
    return Failure(std::move(last));
}

// A place is left when it fails without having given anything; where it stands alone it gets several
// attempts.
bool BlobReader::try_place(registry::Repository& place, Error& last) {
    from_ = place.host().name();
    bool others = !others_.empty();
    for (int attempt = 0, most = kAttempts; attempt < most; ++attempt) {
        auto before = offset_;
        auto done = read_once(place);
        if (done) return true;
        last = std::move(done).error();
        if (drips_ || lied_ || loop_.stopping() || last.code == ErrorCode::interrupted) return false;
        bool repeat = last.code == ErrorCode::network ||
                      (last.cause && (*last.cause >= 500 || *last.cause == 429 || *last.cause == 403));
        bool stalled = last.cause == net::kStalled;
        most = last.code == ErrorCode::network && !stalled ? kPatient : kAttempts;
        if (others && stalled) place.host().blame(1);
        if (!repeat || (others && (attempt > 0 || stalled))) return false;
        if (offset_ - before >= kProgress) attempt = 0;
        loop_.sleep(kPause * (1 << attempt));
    }
    return false;
}

Result<void> BlobReader::read_once(registry::Repository& place) {
    if (offset_ == blob_.size && blob_.size > 0) return {};
    refused_.clear();
    request_ = 0;
    drips_.reset();
    pace_.begin(loop_.now());
    auto answer = place.read_blob(blob_.digest, offset_, {.sink = this});
    if (auto rate = pace_.end(loop_.now()); rate && !drips_) reading_.rates.note(from_, *rate);
    if (drips_ && reading_.rates.knows_better(*drips_, others_)) place.host().blame(1);
    request_ = 0;
    full_ = throttled_ = holding_ = false;
    if (!refused_.empty())
        return Failure(Error{.code = lied_ ? ErrorCode::digest_mismatch : ErrorCode::http,
                             .message = cat("blob not used: ", from_, ": ", blob_.digest, ": ", refused_)});
    if (offset_ == blob_.size && (answer || blob_.size > 0)) return {};
    if (!answer) return Failure(answer.error());
    return Failure(Error{.code = ErrorCode::network,
                         .message = cat("blob cut short: ", from_, ": ", blob_.digest, ": ", offset_, " of ",
                                        blob_.size, " bytes")});
}

bool BlobReader::refuse(std::string why) {
    refused_ = std::move(why);
    return false;
}

// `rate`: of this stream, over a window that has just ended.
void BlobReader::judge(double rate) {
    reading_.rates.note(from_, rate);
    if (reading_.rates.far_better(rate, others_)) drips_ = rate;
}

bool BlobReader::begin(const net::Response& response, net::RequestId id) {
    request_ = id;
    pace_.begin(loop_.now());
    skip_ = 0;
    auto length = parse_integer(response.header("Content-Length").value_or(""));
    if (response.status == 206) {
        auto range = registry::parse_content_range(response.header("Content-Range").value_or(""));
        if (!range || range->first != offset_) return refuse("it answered another range");
        if (range->total >= 0 && range->total != blob_.size)
            return refuse(cat("it has ", range->total, " bytes instead of ", blob_.size));
        return true;
    }
    if (length && *length != blob_.size)
        return refuse(cat("it has ", *length, " bytes instead of ", blob_.size));
    skip_ = offset_;
    return true;
}

bool BlobReader::take(std::string_view bytes) {
    auto came = bytes.size();
    reading_.bytes += static_cast<std::int64_t>(came);
    auto known = std::min<std::int64_t>(skip_, static_cast<std::int64_t>(came));
    skip_ -= known;
    bytes.remove_prefix(static_cast<std::size_t>(known));
    if (bytes.empty()) {
        throttle(came);
        return true;
    }
    if (static_cast<std::int64_t>(bytes.size()) > blob_.size - offset_)
        return refuse("it has more bytes than it should");
    if (givers_.empty() || givers_.back() != from_) givers_.push_back(from_);
    check_.update(bytes);
    bool last = offset_ + static_cast<std::int64_t>(bytes.size()) == blob_.size;
    if (last && !check_.matches()) {
        lied_ = true;
        return refuse("the bytes are not those of its digest");
    }
    offset_ += static_cast<std::int64_t>(bytes.size());
    pipe_.write(bytes);
    if (!pipe_.has_readers()) return refuse("nobody wants it any more");
    if (auto rate = pace_.take(bytes.size(), loop_.now())) judge(*rate);
    if (drips_ && !last) return refuse("it only drips");
    throttle(came);
    hold_if_full();
    return true;
}

void BlobReader::throttle(std::size_t bytes) {
    double now = loop_.now();
    double rest = reading_.throttle.spend(bytes, now);
    if (rest <= 0.02 || offset_ == blob_.size) return;
    throttled_ = holding_ = true;
    pace_.rest(now);
    loop_.hold(request_);
    loop_.after(rest, [this, id = request_, alive = std::weak_ptr(alive_)] {
        if (alive.expired() || id != request_) return;
        throttled_ = false;
        go_on();
    });
}

void BlobReader::hold_if_full() {
    auto room = static_cast<std::int64_t>(pipe_.room());
    if (full_ || room >= std::min(kSlack, blob_.size - offset_)) return;
    full_ = holding_ = true;
    pace_.rest(loop_.now());
    loop_.hold(request_);
}

void BlobReader::go_on() {
    if (!holding_ || throttled_) return;
    auto room = static_cast<std::int64_t>(pipe_.room());
    if (full_ && room < std::min(2 * kSlack, blob_.size - offset_)) return;
    full_ = holding_ = false;
    pace_.go_on(loop_.now());
    loop_.go_on(request_);
}

}  // namespace mirrorctl::sync
