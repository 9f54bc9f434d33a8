// A Transport that plays scripted answers on a FakeClock: connect times, delays, rates, stalls, resets and
// errors happen at exact fake times, so that scheduling and deadlines can be tested without a network and
// without waiting.
#pragma once

#include "base/strings.hpp"
#include "net/transport.hpp"
#include "support/fake_clock.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mirrorctl::support {

struct Answer {
    int status = 200;
    std::vector<net::Header> headers = {};
    std::string body = {};
    double connect = 0.010;     // seconds until the connection stands; more than connect_timeout: an error
    double first_byte = 0.020;  // from there to the headers
    double rate = 0;            // body bytes per second; 0 = as fast as it comes
    std::size_t piece = 16 * 1024;  // bytes per on_body
    std::optional<std::int64_t> stall_at =
        {};  // after that many body bytes nothing comes any more (0: after the headers)
    std::optional<std::int64_t> reset_at = {};  // there the connection is reset
    std::optional<Error> error = {};            // instead of an answer, after `connect`
    bool black_hole = false;                    // never connects
    bool silent = false;                        // connects, then never answers
    std::function<double(std::int64_t)> rate_at =
        {};              // rate by bytes already sent (burst, then throttle); wins over `rate`
    bool ranges = true;  // honours "Range: bytes=A-B" of a 200 answer with 206
    std::string peer = "192.0.2.1";
};

class FakeTransport : public net::Transport {
  public:
    using Script = std::function<Answer(const net::Request&)>;

    explicit FakeTransport(FakeClock& clock) : clock_(clock) {}

    // `url` is exact, query included ("https://a.test/v2/"), or ends in '*' and is a prefix; the longest
    // match wins. A URL that nothing matches cannot be resolved.
    void on(const std::string& url, Answer answer) {
        on(url, Script([answer = std::move(answer)](const net::Request&) { return answer; }));
    }
    void on(const std::string& url, Script script) { scripts_[url] = std::move(script); }

    // All bodies together come no faster than this (the node's own line); 0 = no limit.
    double line_rate = 0;
    std::vector<net::Request> requests;  // in the order in which they were started
    std::vector<double> started_at;      // clock.now() of each
    int most_at_once = 0;

    std::size_t count(const std::string& url_prefix) const {
        return static_cast<std::size_t>(std::count_if(
            requests.begin(), requests.end(),
            [&](const net::Request& request) { return request.url.str().starts_with(url_prefix); }));
    }
    std::size_t under_way() const { return transfers_.size(); }

    net::RequestId start(const net::Request& request, net::Handler& handler) override {
        Transfer transfer{
            .request = request, .handler = &handler, .answer = find(request), .begin = clock_.now()};
        if (transfer.answer.ranges) cut_range(transfer);
        transfer.next = first_event(transfer);
        requests.push_back(request);
        started_at.push_back(clock_.now());
        auto id = ++last_id_;
        transfers_.emplace(id, std::move(transfer));
        most_at_once = std::max(most_at_once, static_cast<int>(transfers_.size()));
        return id;
    }

    void cancel(net::RequestId id) override { transfers_.erase(id); }
    void hold(net::RequestId id) override {
        if (auto found = transfers_.find(id); found != transfers_.end()) found->second.held = true;
    }
    void go_on(net::RequestId id) override {
        if (auto found = transfers_.find(id); found != transfers_.end()) found->second.held = false;
    }

    // One event, or the clock moves by `seconds`. While somebody slept events went on: those come first, all
    // of them.
    bool turn(double seconds) override {
        double now = clock_.now();
        auto soonest = transfers_.begin();
        for (;;) {
            if (transfers_.empty()) return false;
            soonest =
                std::min_element(transfers_.begin(), transfers_.end(),
                                 [](const auto& a, const auto& b) { return due(a.second) < due(b.second); });
            if (due(soonest->second) >= now) break;
            late_ = due(soonest->second);
            play(soonest->first);
            late_ = 0;
        }
        double at = due(soonest->second);
        if (at > clock_.now() + seconds) {
            clock_.advance(seconds);
            return true;
        }
        clock_.advance_to(at);
        play(soonest->first);
        return !transfers_.empty();
    }

  private:
    enum class Stage { connecting, waiting, body };
    struct Transfer {
        net::Request request;
        net::Handler* handler = nullptr;
        Answer answer;
        double begin = 0;
        double next = 0;  // clock time of the next event of the script
        Stage stage = Stage::connecting;
        bool held = false;
        std::size_t sent = 0;
        net::Response response = {};
    };
    static constexpr double kNever = std::numeric_limits<double>::infinity();

    static double limit(const Transfer& t) {
        double deadline = t.request.deadline > 0 ? t.request.deadline : kNever;
        return t.begin +
               (t.stage == Stage::connecting ? std::min(t.request.connect_timeout, deadline) : deadline);
    }
    static double due(const Transfer& t) {
        bool resting = t.held && t.stage == Stage::body;
        return std::min(resting ? kNever : t.next, limit(t));
    }
    static double first_event(const Transfer& t) {
        return t.answer.black_hole ? kNever : t.begin + t.answer.connect;
    }

    Answer find(const net::Request& request) const {
        const Script* best = nullptr;
        std::size_t length = 0;
        auto url = request.url.str();
        for (const auto& [pattern, script] : scripts_) {
            bool prefix = pattern.ends_with('*');
            auto head = pattern.substr(0, pattern.size() - (prefix ? 1 : 0));
            bool matches = prefix ? url.starts_with(head) : url == head;
            if (matches && (!best || !prefix || head.size() >= length)) {
                best = &script;
                length = prefix ? head.size() : std::numeric_limits<std::size_t>::max();
            }
        }
        if (best) return (*best)(request);
        return {.connect = 0,
                .error = Error{.code = ErrorCode::network,
                               .message = cat("could not resolve: ", request.url.host),
                               .cause = 6}};
    }

    static void cut_range(Transfer& transfer) {
        auto& answer = transfer.answer;
        auto range = std::find_if(transfer.request.headers.begin(), transfer.request.headers.end(),
                                  [](const net::Header& header) { return lower(header.first) == "range"; });
        if (answer.status != 200 || range == transfer.request.headers.end() ||
            !range->second.starts_with("bytes="))
            return;
        auto bounds = split(range->second.substr(6), '-');
        auto first = parse_integer(bounds.front());
        auto size = static_cast<std::int64_t>(answer.body.size());
        if (bounds.size() != 2 || !first || *first >= size) return;
        auto last = std::min(parse_integer(bounds.back()).value_or(size - 1), size - 1);
        answer.body =
            answer.body.substr(static_cast<std::size_t>(*first), static_cast<std::size_t>(last - *first + 1));
        answer.status = 206;
        answer.headers.emplace_back("Content-Range", cat("bytes ", *first, "-", last, "/", size));
    }

    void play(net::RequestId id) {
        auto& t = transfers_.at(id);
        if (t.next > limit(t)) return time_out(id);
        if (t.stage == Stage::connecting) return connected(id);
        if (t.stage == Stage::waiting) return headers(id);
        body(id);
    }

    void connected(net::RequestId id) {
        auto& t = transfers_.at(id);
        if (t.answer.error) return finish(id, t.answer.error);
        t.response.timing.dns = 0;
        t.response.timing.connect = t.response.timing.tls = now() - t.begin;
        t.response.peer_address = t.answer.peer;
        t.stage = Stage::waiting;
        t.next = t.answer.silent ? kNever : now() + t.answer.first_byte;
    }

    void headers(net::RequestId id) {
        auto& t = transfers_.at(id);
        t.response.status = t.answer.status;
        t.response.headers = t.answer.headers;
        t.response.timing.first_byte = now() - t.begin;
        for (const auto& [name, value] : t.answer.headers)
            t.response.header_bytes += static_cast<std::int64_t>(name.size() + value.size() + 4);
        t.stage = Stage::body;
        schedule_piece(t);
        auto response = t.response;  // the handler may cancel, which ends `t`
        bool go_on = t.handler->on_headers(response);
        if (transfers_.contains(id) && !go_on) truncate(id);
    }

    void body(net::RequestId id) {
        auto& t = transfers_.at(id);
        if (t.answer.reset_at && static_cast<std::int64_t>(t.sent) >= *t.answer.reset_at)
            return finish(
                id,
                Error{.code = ErrorCode::network, .message = "connection reset while reading", .cause = 56});
        if (t.sent >= end_of_body(t)) return finish(id, std::nullopt);
        auto size = piece_size(t);
        auto room =
            static_cast<std::size_t>(std::max<std::int64_t>(0, t.request.max_body_bytes - t.response.bytes));
        auto piece = t.answer.body.substr(t.sent, std::min(size, room));
        t.sent += size;
        t.response.bytes += static_cast<std::int64_t>(piece.size());
        schedule_piece(t);
        bool cut = room < size;
        bool go_on = piece.empty() || t.handler->on_body(piece, now() - t.begin);
        if (!transfers_.contains(id)) return;
        if (cut || !go_on) truncate(id);
    }

    static std::size_t end_of_body(const Transfer& t) {
        return t.request.method == "HEAD" ? 0 : t.answer.body.size();
    }
    static std::size_t piece_size(const Transfer& t) {
        std::size_t end = end_of_body(t);
        for (const auto& mark : {t.answer.stall_at, t.answer.reset_at})
            if (mark) end = std::min(end, static_cast<std::size_t>(*mark));
        return t.sent < end ? std::min(t.answer.piece, end - t.sent) : 0;
    }

    // When the next piece is there: its bytes at the rate of the answer, or at this transfer's share of the
    // line.
    void schedule_piece(Transfer& t) {
        if (t.answer.stall_at && static_cast<std::int64_t>(t.sent) >= *t.answer.stall_at) {
            t.next = kNever;
            return;
        }
        double rate = t.answer.rate_at ? t.answer.rate_at(static_cast<std::int64_t>(t.sent)) : t.answer.rate;
        if (rate <= 0) rate = kNever;
        auto sharing = std::count_if(transfers_.begin(), transfers_.end(), [](const auto& other) {
            return other.second.stage == Stage::body && other.second.next < kNever;
        });
        if (line_rate > 0)
            rate = std::min(rate, line_rate / static_cast<double>(std::max<std::ptrdiff_t>(1, sharing)));
        t.next = now() + static_cast<double>(piece_size(t)) / rate;
    }

    void time_out(net::RequestId id) {
        const auto& t = transfers_.at(id);
        const char* phase = t.stage == Stage::connecting ? "connecting"
                            : t.stage == Stage::waiting  ? "waiting for the first byte"
                                                         : "reading";
        finish(id,
               Error{.code = ErrorCode::network,
                     .message = cat("timed out after ", format_duration(now() - t.begin), " while ", phase),
                     .cause = 28});
    }
    void truncate(net::RequestId id) {
        transfers_.at(id).response.truncated = true;
        finish(id, std::nullopt);
    }
    void finish(net::RequestId id, std::optional<Error> error) {
        auto t = std::move(transfers_.at(id));
        transfers_.erase(id);
        t.response.timing.total = now() - t.begin;
        t.response.error = std::move(error);
        t.handler->on_done(t.response);
    }

    // When what is played now was due.
    double now() const { return late_ > 0 ? late_ : clock_.now(); }

    FakeClock& clock_;
    double late_ = 0;
    std::map<std::string, Script> scripts_;
    std::map<net::RequestId, Transfer> transfers_;
    net::RequestId last_id_ = 0;
};

}  // namespace mirrorctl::support
