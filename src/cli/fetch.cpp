#include "cli/fetch.hpp"

#include "base/strings.hpp"
#include "net/no_proxy.hpp"
#include "registry/requests.hpp"
#include "sys/confined.hpp"

#include <memory>
#include <optional>

namespace mirrorctl::cli {

namespace {

constexpr char kBody = 'b';
constexpr char kError = 'e';
constexpr double kTurn = 0.1;
constexpr double kFetchGrace = 2;

class Collector final : public net::Handler {
  public:
    bool on_headers(const net::Response&) override { return true; }
    bool on_body(std::string_view bytes, double) override {
        body.append(bytes);
        return true;
    }
    void on_done(const net::Response& response) override { answer = response; }

    std::string body = {};
    std::optional<net::Response> answer = {};
};

net::Request first_request(const FetchRequest& request) {
    net::Request http{.url = request.url};
    http.headers.emplace_back("Accept", "application/json");
    http.headers.emplace_back("User-Agent", request.user_agent);
    return http;
}

Failure unusable(const Url& url, std::string_view why) {
    return Failure(Error{.code = ErrorCode::http,
                         .message = cat("not fetched: ", url.masked(), ": ", printable_line(why))});
}

// One request after another until something other than a redirect comes. In the child.
Result<std::string> fetch(net::Transport& transport, const FetchRequest& request) {
    auto http = first_request(request);
    for (int hops = 0;; ++hops) {
        http.proxy = net::proxy_for(
            http.url,
            {.http = request.route.http, .https = request.route.https, .no_proxy = request.route.no_proxy});
        http.deadline = request.seconds;
        http.max_body_bytes = static_cast<std::int64_t>(request.max_bytes) + 1;
        Collector got;
        transport.start(http, got);
        while (!got.answer && transport.turn(kTurn)) {
        }
        if (!got.answer) return unusable(request.url, "no answer");
        if (got.answer->error) return Failure(*got.answer->error);
        if (registry::is_redirect(got.answer->status)) {
            TRY_ASSIGN(http, registry::follow_redirect(http, *got.answer, request.url, hops));
            continue;
        }
        if (got.answer->status != 200)
            return unusable(request.url, cat("the server answers ", got.answer->status));
        if (got.body.size() > request.max_bytes)
            return unusable(request.url,
                            cat("more than ", format_bytes(static_cast<double>(request.max_bytes))));
        return std::move(got.body);
    }
}

}  // namespace

Result<std::string> fetch_apart(World& world, const FetchRequest& request) {
    std::shared_ptr<net::Transport> transport = world.open_transport();
    std::optional<std::string> body;
    std::optional<std::string> problem;
    TRY(sys::run_confined({.work =
                               [&](const sys::Send& send, const sys::StopRequested&) {
                                   auto result = fetch(*transport, request);
                                   send(result ? kBody + *result : kError + to_string(result.error()));
                               },
                           .receive = [&](const std::string& message) -> Result<void> {
                               auto text = message.empty() ? std::string() : message.substr(1);
                               (message.starts_with(kBody) ? body : problem) = text;
                               return {};
                           },
                           .seconds = request.seconds + kFetchGrace,
                           .max_message = request.max_bytes + 4096}));
    if (problem)
        return Failure(
            Error{.code = ErrorCode::network, .message = printable_line(mask_secrets(*problem), 400)});
    if (!body) return unusable(request.url, "no answer");
    return std::move(*body);
}

}  // namespace mirrorctl::cli
