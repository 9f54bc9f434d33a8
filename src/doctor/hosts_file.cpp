#include "doctor/hosts_file.hpp"

#include "base/strings.hpp"
#include "targets/version_rules.hpp"
#include "text/toml_doc.hpp"

#include <algorithm>
#include <array>

namespace mirrorctl::doctor {

namespace {

using targets::Rule;
using text::Path;
using text::TomlDoc;
using List = std::vector<std::string>;

Path below(Path path, std::string key) {
    path.push_back(std::move(key));
    return path;
}

Error refused(std::string why) {
    return {.code = ErrorCode::parse, .message = std::move(why)};
}

// time.ParseDuration: a sequence of decimal numbers with units, "0" alone too.
bool is_go_duration(std::string_view text) {
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    if (text == "0") return true;
    if (text.empty()) return false;
    while (!text.empty()) {
        auto number = std::min(text.find_first_not_of("0123456789."), text.size());
        if (number == 0) return false;
        text.remove_prefix(number);
        constexpr std::array<std::string_view, 7> kUnits{"ns", "us", "µs", "ms", "s", "m", "h"};
        auto unit = std::find_if(kUnits.begin(), kUnits.end(), [&](std::string_view u) {
            return text.starts_with(u) && (u != "m" || !text.starts_with("ms"));
        });
        if (unit == kUnits.end()) return false;
        text.remove_prefix(unit->size());
    }
    return true;
}

bool knows_capability(const std::string& word, const std::optional<Version>& version) {
    if (word == "pull" || word == "resolve" || word == "push") return true;
    return word == "referrers" && (!version || targets::holds(Rule::referrers, version));
}

Result<void> read_capabilities(const TomlDoc& doc, const Path& at, const std::optional<Version>& version,
                               HostRow& row) {
    TRY_ASSIGN(auto words, doc.strings_at(below(at, "capabilities")));
    if (!words || words->empty()) return {};
    row.pull = row.resolve = false;
    for (const auto& word : *words) {
        if (!knows_capability(word, version))
            return Failure(refused(cat("unknown capability ", printable_line(word, 40))));
        row.pull |= word == "pull";
        row.resolve |= word == "resolve";
    }
    return {};
}

// A string or a list of strings; `client` may also hold pairs, which only containerd judges.
Result<void> read_files(const TomlDoc& doc, const Path& at, const char* key, HostRow& row) {
    auto path = below(at, key);
    if (!doc.has(path)) return {};
    row.tls_keys = true;
    if (auto one = doc.string_at(path); one && *one) {
        row.files.push_back(**one);
        return {};
    }
    auto several = doc.strings_at(path);
    if (several && *several) {
        row.files.insert(row.files.end(), (*several)->begin(), (*several)->end());
        return {};
    }
    if (std::string_view(key) == "client") return {};
    return Failure(refused(cat(key, " is neither a string nor a list of strings")));
}

Result<void> read_keys(const TomlDoc& doc, const Path& at, const std::optional<Version>& version,
                       HostRow& row) {
    TRY(read_capabilities(doc, at, version, row));
    TRY_ASSIGN(auto overrides, doc.bool_at(below(at, "override_path")));
    row.override_path = overrides.value_or(false) && targets::holds(Rule::override_path, version);
    TRY_ASSIGN(auto skips, doc.bool_at(below(at, "skip_verify")));
    row.tls_keys = skips.has_value();
    TRY(read_files(doc, at, "ca", row));
    TRY(read_files(doc, at, "client", row));
    if (!targets::holds(Rule::dial_timeout, version)) return {};
    TRY_ASSIGN(auto dial, doc.string_at(below(at, "dial_timeout")));
    if (dial && !is_go_duration(*dial))
        return Failure(refused(cat("dial_timeout is no duration: ", printable_line(*dial, 40))));
    return {};
}

// parseHostConfig: "/v2" is put behind the path unless it ends so or override_path is set.
void find_root(HostRow& row) {
    auto url = parse_url(row.written.starts_with("http") ? row.written : "https://" + row.written);
    if (!url) return;
    row.url = without_trailing_slash(*url);
    row.usable = true;
    bool adds = !row.override_path && !row.url.path.ends_with("/v2");
    row.root = cat(row.url.origin(), row.url.path, adds ? "/v2" : "");
}

Result<HostRow> read_host(const TomlDoc& doc, const std::string& written, const Path& at,
                          const std::optional<Version>& version) {
    HostRow row{.written = written};
    TRY(read_keys(doc, at, version, row));
    find_root(row);
    return row;
}

// Hosts stand in the order of their headers (getSortedHosts); what has no header is decoded and forgotten.
List host_order(const TomlDoc& doc, HostsFile& file) {
    List order;
    for (const auto& table : doc.tables()) {
        if (table.path.size() < 2 || table.path[0] != "host") continue;
        const auto& host = table.path[1];
        if (!order.empty() && order.back() == host) continue;
        if (std::find(order.begin(), order.end(), host) != order.end())
            file.scattered.push_back(host);
        else
            order.push_back(host);
    }
    for (const auto& host : doc.keys_of({"host"}))
        if (std::find(order.begin(), order.end(), host) == order.end()) file.headerless.push_back(host);
    return order;
}

Result<void> read_all(const TomlDoc& doc, const std::optional<Version>& version, HostsFile& file) {
    for (const auto& host : host_order(doc, file)) {
        TRY_ASSIGN(auto row, read_host(doc, host, {"host", host}, version));
        for (const auto& header : doc.keys_of({"host", host, "header"}))
            file.sends_header |= lower(header) == "authorization";
        file.hosts.push_back(std::move(row));
    }
    TRY_ASSIGN(auto server, doc.string_at({"server"}));
    file.has_server = server && !server->empty();
    if (!file.has_server) return {};
    TRY_ASSIGN(auto row, read_host(doc, *server, {}, version));
    if (row.root.empty()) return Failure(refused(cat("server is no URL: ", printable_line(*server, 80))));
    row.is_server = true;
    file.hosts.push_back(std::move(row));
    return {};
}

HostsFile refuse(Refusal refusal, std::string why) {
    return {.refusal = refusal, .why = std::move(why)};
}

std::string with_place(const Error& error) {
    if (!error.location || error.location->line == 0) return error.message;
    return cat("line ", error.location->line, ", column ", error.location->column, ": ", error.message);
}

}  // namespace

bool has_scheme(std::string_view url) {
    return url.starts_with("http://") || url.starts_with("https://");
}

std::string default_server(const std::string& registry) {
    return "https://" + (registry == "docker.io" ? std::string("registry-1.docker.io") : registry);
}

HostsFile read_hosts_file(std::string_view text, const std::optional<Version>& version) {
    if (trim(text).empty()) return refuse(Refusal::empty, "it is empty");
    auto doc = TomlDoc::parse(text);
    if (!doc) return refuse(Refusal::invalid, with_place(doc.error()));
    bool mandatory = version && targets::holds(Rule::host_table_mandatory, version);
    if (mandatory && !doc->has({"host"})) return refuse(Refusal::no_host, "it has no [host] table");
    HostsFile file;
    if (auto read = read_all(*doc, version, file); !read)
        return refuse(Refusal::invalid, with_place(read.error()));
    return file;
}

}  // namespace mirrorctl::doctor
