// no_proxy: one canonical form, which Go's rules read as they read what was written, as far as both can say
// it. A URL, a line end, a list.
#include "net/no_proxy.hpp"

#include "fuzz/oracle.hpp"
#include "targets/no_proxy_list.hpp"

namespace {

using namespace mirrorctl;

void check_list(std::string_view list) {
    auto canonical = targets::canonical_no_proxy(list);
    if (!canonical) {
        EXPECT_ERROR(canonical.error(), ErrorCode::usage);
        return;
    }
    auto again = targets::canonical_no_proxy(*canonical);
    LAW(again.has_value(), *canonical, ": ", to_string(again.error()));
    LAW(*again == *canonical, *canonical, "\n", *again);
    LAW(fuzz::is_printable(*canonical) && canonical->find_first_of(" \t\n\"'$`\\") == std::string::npos,
        *canonical);
    auto local = *parse_url("https://localhost:5000");
    LAW(!net::uses_proxy(local, *canonical));
}

void check_url(const Url& url, std::string_view list) {
    auto canonical = targets::canonical_no_proxy(list);
    // What was excepted stays so. The other way around does not hold: the canonical form adds the domain to
    // its subdomains, for curl.
    // A dot at the end of a host name is dropped, for curl does not know it.
    if (canonical && !url.host.ends_with('.') && list.find(' ') == std::string_view::npos &&
        !net::uses_proxy(url, list))
        LAW(!net::uses_proxy(url, *canonical), url.str(), " in ", list, " but not in ", *canonical);
    for (const char* proxy : {"http://p:3128", "p:3128", ""}) {
        auto used = net::proxy_for(url, {.http = proxy, .https = proxy, .no_proxy = std::string(list)});
        if (!used.empty()) LAW(net::uses_proxy(url, list) && used.ends_with("p:3128"), used);
    }
    LAW(!net::uses_proxy(url, "*"), url.str());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto input = fuzz::view_of(data, size);
    auto line = input.substr(0, input.find('\n'));
    auto list = line.size() < input.size() ? input.substr(line.size() + 1) : std::string_view();
    check_list(list);
    if (auto url = parse_url(line)) check_url(*url, list);
    return 0;
}
