#include "profile/show.hpp"

#include "base/strings.hpp"

#include <array>
#include <cstdio>

namespace mirrorctl::profile {

namespace {

bool is_plain(std::string_view text) {
    if (text.empty() || text == "true" || text == "false" || text == "null" || text == "~") return false;
    for (char c : text) {
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!word && std::string_view("/._-").find(c) == std::string_view::npos) return false;
    }
    return text[0] != '-' && text[0] != '.';
}

// In block context a ':' inside a word is harmless; at its end or in front it is not.
bool is_plain_in_block(std::string_view text) {
    if (text.starts_with(':') || text.ends_with(':')) return false;
    return is_plain(replace_all(std::string(text), ":", "."));
}

// A plain scalar where nobody could read it otherwise, else double-quoted (YAML 1.2 section 7.3.1).
std::string scalar(std::string_view text, bool in_list = false) {
    if (in_list ? is_plain(text) : is_plain_in_block(text)) return std::string(text);
    std::string out = "\"";
    for (char c : text) {
        auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out.append({'\\', c});
        } else if (byte < 0x20 || byte == 0x7F) {
            std::array<char, 8> buffer{};
            std::snprintf(buffer.data(), buffer.size(), "\\x%02x", byte);
            out += buffer.data();
        } else {
            out += c;
        }
    }
    return out + '"';
}

std::string list(const std::vector<std::string>& items) {
    std::vector<std::string> quoted;
    for (const auto& item : items) quoted.push_back(scalar(item, true));
    return cat("[", join(quoted, ", "), "]");
}

class Writer {
  public:
    void line(int depth, std::string_view key, std::string_view value) {
        out_ += cat(std::string(static_cast<std::size_t>(depth) * 2, ' '), key, value.empty() ? ":" : ": ",
                    value, "\n");
    }
    void text(int depth, std::string_view key, std::string_view value) {
        if (!value.empty()) line(depth, key, scalar(value));
    }
    std::string take() { return std::move(out_); }

  private:
    std::string out_;
};

std::string number(double value) {
    std::array<char, 32> buffer{};
    std::snprintf(buffer.data(), buffer.size(), "%.12g", value);
    return buffer.data();
}

std::string seconds(double value) {
    auto whole = static_cast<std::int64_t>(value);
    if (static_cast<double>(whole) != value) return number(value * 1000) + "ms";
    if (whole != 0 && whole % 3600 == 0) return cat(whole / 3600, "h");
    if (whole != 0 && whole % 60 == 0) return cat(whole / 60, "m");
    return cat(whole, "s");
}

std::string bytes(std::int64_t value) {
    constexpr std::int64_t kMiB = 1 << 20;
    if (value != 0 && value % kMiB == 0) return cat(value / kMiB, "MiB");
    if (value != 0 && value % 1024 == 0) return cat(value / 1024, "KiB");
    return std::to_string(value);
}

void write_mirror(Writer& out, const Mirror& mirror) {
    out.line(3, "- url", scalar(mirror.url.masked()));
    out.line(4, "form", name_of(mirror.form));
    out.line(4, "trust", name_of(mirror.trust));
    out.text(4, "operator", mirror.operator_name);
    if (mirror.insecure) out.line(4, "insecure", "true");
    out.text(4, "ca", mirror.ca);
    if (!mirror.auth.empty()) out.text(4, "auth", "file:" + mirror.auth);
    if (mirror.prefer) out.line(4, "priority", "prefer");
    if (mirror.canary) {
        out.line(4, "canary", "");
        out.text(5, "image", mirror.canary->image);
        out.text(5, "digest", mirror.canary->digest);
    }
    out.text(4, "as_of", mirror.as_of);
    out.text(4, "source", mirror.source);
    out.text(4, "limits", mirror.limits);
}

void write_upstream(Writer& out, const Upstream& upstream) {
    out.line(1, scalar(upstream.name), "");
    out.text(2, "origin", upstream.origin.masked());
    out.line(2, "fallback", name_of(upstream.fallback));
    if (!upstream.canaries.empty()) out.line(2, "canary", "");
    for (const auto& canary : upstream.canaries) {
        out.line(3, "- image", scalar(canary.image));
        out.text(4, "digest", canary.digest);
    }
    if (!upstream.mirrors.empty()) out.line(2, "mirrors", "");
    for (const auto& mirror : upstream.mirrors) write_mirror(out, mirror);
}

void write_proxy(Writer& out, const ProxySettings& proxy) {
    out.line(0, "proxy", "");
    out.line(1, "http", scalar(mask_secrets(proxy.http)));
    out.line(1, "https", scalar(mask_secrets(proxy.https)));
    out.line(1, "all", scalar(mask_secrets(proxy.all)));
    out.line(1, "no_proxy", list(proxy.no_proxy));
    out.line(1, "targets", list(proxy.targets));
}

void write_policy(Writer& out, const Policy& policy) {
    const auto& budget = policy.budget;
    out.line(0, "policy", "");
    out.line(1, "keep", std::to_string(policy.keep));
    out.line(1, "switch_margin", number(policy.switch_margin));
    out.line(1, "ttl", seconds(policy.ttl));
    out.line(1, "recheck", seconds(policy.recheck));
    out.line(1, "failure_ttl", seconds(policy.failure_ttl));
    out.line(1, "budget", "");
    out.line(2, "time", seconds(budget.seconds));
    out.line(2, "bytes", bytes(budget.bytes));
    out.line(2, "bytes_per_mirror", bytes(budget.bytes_per_mirror));
    out.line(2, "requests_per_mirror", std::to_string(budget.requests_per_mirror));
    out.line(2, "requests_per_operator_per_minute", std::to_string(budget.requests_per_operator_per_minute));
}

}  // namespace

std::string to_yaml(const Profile& profile) {
    Writer out;
    out.line(0, "schema", "mirrorctl.profile/1");
    out.text(0, "name", profile.name);
    out.text(0, "as_of", profile.as_of);
    if (!profile.upstreams.empty()) out.line(0, "upstreams", "");
    for (const auto& upstream : profile.upstreams) write_upstream(out, upstream);
    if (profile.proxy.given) write_proxy(out, profile.proxy);
    write_policy(out, profile.policy);
    return out.take();
}

}  // namespace mirrorctl::profile
