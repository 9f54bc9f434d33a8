#include "sync/login_table.hpp"

#include "base/strings.hpp"

#include <algorithm>
#include <cctype>

namespace mirrorctl::sync {

namespace {

constexpr double kHelperSeconds = 20;
constexpr std::size_t kMaxCertificate = 1U << 20U;
constexpr const char* kCertificates = "/etc/docker/certs.d/";

// It becomes part of a program's name.
bool is_helper_name(std::string_view name) {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
    });
}

// docker stores the login of Docker Hub under the address of its first API.
std::string server_of(const std::string& host) {
    return host == "docker.io" ? "https://index.docker.io/v1/" : host;
}

bool covers(std::string_view prefix, std::string_view name) {
    return name.starts_with(prefix) && (name.size() == prefix.size() || name[prefix.size()] == '/');
}

}  // namespace

const LoginEntry* longest_prefix(const std::vector<LoginEntry>& entries, std::string_view name) {
    const LoginEntry* best = nullptr;
    for (const auto& entry : entries)
        if (!entry.login.anonymous() && covers(entry.prefix, name) &&
            (best == nullptr || entry.prefix.size() > best->prefix.size()))
            best = &entry;
    return best;
}

Login LoginTable::login(const std::string& host, const std::string& repository) const {
    auto name = cat(host, "/", repository);
    if (const auto* entry = longest_prefix(sources_.file, name)) return entry->login;
    // A helper that is named for a host stands above what docker once stored in the file.
    if (sources_.docker.helpers.contains(host)) return ask_helper(host);
    if (const auto* entry = longest_prefix(sources_.docker.entries, name)) return entry->login;
    return sources_.docker.store.empty() ? Login{} : ask_helper(host);
}

// Protocol: docker/docker-credential-helpers, README "Usage": the server on stdin, one JSON object on stdout.
Login LoginTable::ask_helper(const std::string& host) const {
    if (auto known = helper_answers_.find(host); known != helper_answers_.end()) return known->second;
    auto named = sources_.docker.helpers.find(host);
    auto name = named == sources_.docker.helpers.end() ? sources_.docker.store : named->second;
    auto program = "docker-credential-" + name;
    Login login;
    auto hint = cat("echo ", server_of(host), " | ", printable_line(program, 60), " get");
    auto warn = [&](std::string_view why) {
        warnings_.push_back(
            {.code = "credential_helper",
             .message = cat(printable_line(program, 60), " gave no login for ", host, ": ", why,
                            ": asking it anonymously"),
             .hint = hint});
    };
    if (!is_helper_name(name)) {
        warn("that is no name of a program");
        return helper_answers_[host] = login;
    }
    auto ran = sources_.runner.run(
        {.argv = {program, "get"}, .input = server_of(host), .timeout_seconds = kHelperSeconds});
    if (!ran) {
        // root's PATH has no say.
        if (ran.error().code == ErrorCode::not_found) hint = cat("install ", program, " in /usr/local/bin");
        warn(to_string(ran.error()));
    } else if (ran->timed_out) {
        warn("no answer in time");
    } else if (ran->exit_status != 0) {
        // "credentials not found in native keychain": what the helpers of docker say for a host without
        // login.
        bool unknown = ran->out.find("credentials not found") != std::string::npos;
        if (!unknown) warn(printable_line(ran->out.empty() ? ran->err : ran->out, 120));
    } else if (auto answer = read_json(ran->out, program); !answer || answer->kind != Value::Kind::object) {
        warn("its answer is not JSON");
    } else {
        const auto* user = answer->find("Username");
        const auto* secret = answer->find("Secret");
        if (user != nullptr && secret != nullptr) {
            bool token = user->text == "<token>";
            login = {.user = token ? "" : user->text,
                     .password = token ? "" : secret->text,
                     .identity_token = token ? secret->text : "",
                     .from = program};
        }
    }
    return helper_answers_[host] = login;
}

HostOptions LoginTable::options(const std::string& host) const {
    auto [it, is_new] = options_.try_emplace(host);
    if (is_new) it->second = read_options(host);
    return it->second;
}

HostOptions LoginTable::read_options(const std::string& host) const {
    HostOptions options;
    for (const auto& entry : sources_.file) {
        if (entry.prefix != host && !entry.prefix.starts_with(host + "/")) continue;
        options.insecure = options.insecure || entry.insecure;
        if (!entry.ca_file.empty()) options.ca_pem += read_file(entry.ca_file);
    }
    read_certificates(host, options);
    if (sources_.proxy_of) options.proxy = sources_.proxy_of(host);
    return options;
}

void LoginTable::read_certificates(const std::string& host, HostOptions& options) const {
    auto directory = kCertificates + host;
    auto names = sources_.fs.list(TargetPath(directory));
    if (!names) return;
    for (const auto& name : *names) {
        if (name.ends_with(".crt")) options.ca_pem += read_file(cat(directory, "/", name));
        if (!name.ends_with(".cert") || !options.cert_pem.empty()) continue;
        auto key = cat(directory, "/", name.substr(0, name.size() - 5), ".key");
        options.key_pem = read_file(key);
        if (!options.key_pem.empty()) options.cert_pem = read_file(cat(directory, "/", name));
    }
}

std::string LoginTable::read_file(const std::string& path) const {
    auto text = sources_.fs.read(TargetPath(path), kMaxCertificate);
    if (text) return *text + "\n";
    warnings_.push_back({.code = "certificate_unread",
                         .message = cat("cannot read a certificate: ", to_string(text.error())),
                         .hint = "ls -l " + path});
    return "";
}

}  // namespace mirrorctl::sync
