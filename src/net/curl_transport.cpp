#include "net/curl_transport.hpp"

#include "net/curl_api.hpp"
#include "net/curl_multi.hpp"
#include "net/curl_transfer.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <utility>

namespace mirrorctl::net {

namespace {

constexpr long kKeptConnections = 64;
constexpr double kLongestWait = 60;

}  // namespace

CurlTransport::CurlTransport(std::string ssl_cert_file) : ca_bundle_(std::move(ssl_cert_file)) {}

CurlTransport::~CurlTransport() {
    cancelled_.clear();
    transfers_.clear();
}

RequestId CurlTransport::start(const Request& request, Handler& handler) {
    auto id = ++last_id_;
    transfers_.emplace(id, std::make_unique<CurlTransfer>(request, handler, news_));
    waiting_.push_back(id);
    if (!inside_curl_ && multi_) begin_waiting();
    return id;
}

void CurlTransport::cancel(RequestId id) {
    auto found = transfers_.find(id);
    if (found == transfers_.end()) return;
    found->second->silence();
    cancelled_.push_back(std::move(found->second));
    transfers_.erase(found);
    std::erase(waiting_, id);
    if (!inside_curl_) cancelled_.clear();
}

void CurlTransport::hold(RequestId id) {
    if (auto found = transfers_.find(id); found != transfers_.end()) found->second->hold();
}

void CurlTransport::go_on(RequestId id) {
    auto found = transfers_.find(id);
    if (found != transfers_.end() && found->second->go_on()) to_unpause_.push_back(id);
}

bool CurlTransport::turn(double seconds) {
    if (transfers_.empty()) return false;
    news_ = false;
    bool fresh = !waiting_.empty() || !to_unpause_.empty();
    begin_waiting();
    unpause();
    if (fresh) step(0);
    if (!news_ && !transfers_.empty()) step(static_cast<int>(std::clamp(seconds, 0.0, kLongestWait) * 1000));
    begin_waiting();
    return !transfers_.empty();
}

// A request that cannot be begun stays with its error and is delivered like the others.
void CurlTransport::begin_waiting() {
    for (auto id : std::exchange(waiting_, {})) {
        auto& transfer = *transfers_.at(id);
        if (transfer.failed()) continue;
        if (!api_) {
            auto api = CurlApi::load();
            if (!api) {
                transfer.fail(api.error());
                continue;
            }
            api_ = *api;
        }
        if (!multi_) multi_ = CurlMulti::create(*api_, kKeptConnections);
        if (!multi_) {
            transfer.fail({.code = ErrorCode::internal, .message = "cannot set up transfers: out of memory"});
            continue;
        }
        transfer.begin(*api_, *multi_, ca_bundle_);
    }
}

void CurlTransport::step(int milliseconds) {
    if (multi_) {
        inside_curl_ = true;
        multi_->work(milliseconds);
        inside_curl_ = false;
        cancelled_.clear();
    }
    deliver_finished();
    unpause();
}

void CurlTransport::unpause() {
    for (auto id : std::exchange(to_unpause_, {})) {
        auto found = transfers_.find(id);
        if (found == transfers_.end()) continue;
        inside_curl_ = true;
        found->second->unpause();
        inside_curl_ = false;
        news_ = true;
    }
    cancelled_.clear();
}

// Handlers called from here may start and cancel, so nothing is held across a call.
void CurlTransport::deliver_finished() {
    for (;;) {
        auto failed = std::find_if(transfers_.begin(), transfers_.end(),
                                   [](const auto& entry) { return entry.second->failed(); });
        if (failed == transfers_.end()) break;
        finish(failed->first, CURLE_OK);
    }
    while (multi_) {
        auto finished = multi_->next_finished();
        if (!finished) break;
        auto found = std::find_if(transfers_.begin(), transfers_.end(),
                                  [&](const auto& entry) { return entry.second->easy() == finished->easy; });
        if (found == transfers_.end()) continue;
        finish(found->first, finished->code);
    }
}

void CurlTransport::finish(RequestId id, int code) {
    auto transfer = std::move(transfers_.at(id));
    transfers_.erase(id);
    transfer->finish(code);
}

}  // namespace mirrorctl::net
