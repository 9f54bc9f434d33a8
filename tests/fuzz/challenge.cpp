// WWW-Authenticate headers, one a line, and what we would do about them.
#include "registry/challenge.hpp"

#include "fuzz/oracle.hpp"
#include "registry/token.hpp"

namespace {

using namespace mirrorctl;

// As a server would send it, everything quoted.
std::string print(const registry::Challenge& challenge) {
    std::vector<std::string> parameters;
    for (const auto& [name, value] : challenge.parameters)
        parameters.push_back(
            cat(name, "=\"", replace_all(replace_all(value, "\\", "\\\\"), "\"", "\\\""), "\""));
    return cat(challenge.scheme, " ", join(parameters, ", "));
}

void check_demand(const std::vector<std::string>& headers, const char* registry_url, bool have_credentials) {
    auto registry_at = *parse_url(registry_url);
    auto demand =
        registry::read_demand(headers, registry_at, "repository:library/busybox:pull", have_credentials);
    if (!demand) {
        EXPECT_ERROR(demand.error(), ErrorCode::http);
        return;
    }
    if (demand->kind == registry::Demand::Kind::basic) {
        LAW(have_credentials);
        return;
    }
    const auto& url = demand->token_url;
    LAW(url.userinfo.empty(), url.str());
    LAW(registry_at.scheme == "http" || url.scheme == "https", url.str());
    LAW(registry::may_send_to(registry_at.host, url.host), url.str());
    auto again = parse_url(url.str());
    LAW(again && *again == url, url.str());
    LAW(url.query.find("repository%3Alibrary%2Fbusybox%3Apull") != std::string::npos ||
            url.query.find("repository:library/busybox:pull") != std::string::npos,
        url.query);
    // Credentials are for the registry's own host and port, and for nobody else.
    auto request = registry::token_request(url, registry_at, "user:password");
    bool sent = false;
    for (const auto& header : request.headers) sent |= lower(header.first) == "authorization";
    LAW(!sent || registry::same_origin(url, registry_at), url.str());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto headers = split(fuzz::view_of(data, size), '\n');
    auto challenges = registry::parse_challenges(headers);
    LAW(challenges.size() <= 16);
    std::vector<std::string> printed;
    for (const auto& challenge : challenges) {
        LAW(!challenge.scheme.empty() && challenge.parameters.size() <= 16);
        printed.push_back(print(challenge));
    }
    LAW(registry::parse_challenges(printed) == challenges, join(printed, "\n"));
    for (const char* registry_url : {"https://r.example", "http://127.0.0.1:5000"})
        for (bool credentials : {false, true}) check_demand(headers, registry_url, credentials);
    if (auto token = registry::parse_token(fuzz::view_of(data, size)); token)
        LAW(fuzz::is_printable(*token) && token->find_first_of("\r\n") == std::string::npos, *token);
    else
        EXPECT_ERROR(token.error(), ErrorCode::parse);
    return 0;
}
