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

BlobReader::BlobReader(Loop& loop, const registry::Part& blob, Throttle& throttle, std::int64_t& total_read)
    : loop_(loop),
      blob_(blob),
      throttle_(throttle),
      total_read_(total_read),
      pipe_(loop, ring_size(blob.size), [this] { go_on(); }),
      check_(blob.digest) {}

// A place is left when it fails without having given anything; where it stands alone it gets several
// attempts.
Result<void> BlobReader::run(std::vector<registry::Repository> places) {
    Error last{.code = ErrorCode::not_found, .message = cat("no place to read blob ", blob_.digest)};
    for (auto& place : places) {
        if (!pipe_.has_readers()) break;
        from_ = place.host().name();
        for (int attempt = 0; attempt < kAttempts; ++attempt) {
            auto before = offset_;
            auto done = read_once(place);
            if (done) return {};
            last = std::move(done).error();
            if (lied_ || loop_.stopping() || last.code == ErrorCode::interrupted)
                return Failure(std::move(last));
            bool repeat = last.code == ErrorCode::network ||
                          (last.cause && (*last.cause >= 500 || *last.cause == 429 || *last.cause == 403));
            bool others = &place != &places.back();
            bool stalled = last.cause == net::kStalled;
            if (others && stalled) place.host().blame(1);
            if (!repeat || (others && (attempt > 0 || stalled))) break;
            if (offset_ - before >= kProgress) attempt = 0;
            loop_.sleep(kPause * (1 << attempt));
        }
    }
    return Failure(std::move(last));
}

Result<void> BlobReader::read_once(registry::Repository& place) {
    if (offset_ == blob_.size && blob_.size > 0) return {};
    refused_.clear();
    request_ = 0;
    auto answer = place.read_blob(blob_.digest, offset_, {.sink = this});
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

bool BlobReader::begin(const net::Response& response, net::RequestId id) {
    request_ = id;
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
    auto known = std::min<std::int64_t>(skip_, static_cast<std::int64_t>(bytes.size()));
    skip_ -= known;
    bytes.remove_prefix(static_cast<std::size_t>(known));
    if (bytes.empty()) return true;
    total_read_ += static_cast<std::int64_t>(bytes.size());
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
    if (double rest = throttle_.spend(bytes.size(), loop_.now()); rest > 0.02 && !last) {
        throttled_ = holding_ = true;
        loop_.hold(request_);
        loop_.after(rest, [this, id = request_, alive = std::weak_ptr(alive_)] {
            if (alive.expired() || id != request_) return;
            throttled_ = false;
            go_on();
        });
    }
    hold_if_full();
    return true;
}

void BlobReader::hold_if_full() {
    auto room = static_cast<std::int64_t>(pipe_.room());
    if (full_ || room >= std::min(kSlack, blob_.size - offset_)) return;
    full_ = holding_ = true;
    loop_.hold(request_);
}

void BlobReader::go_on() {
    if (!holding_ || throttled_) return;
    auto room = static_cast<std::int64_t>(pipe_.room());
    if (full_ && room < std::min(2 * kSlack, blob_.size - offset_)) return;
    full_ = holding_ = false;
    loop_.go_on(request_);
}

}  // namespace mirrorctl::sync
