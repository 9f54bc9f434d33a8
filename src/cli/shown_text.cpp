#include "cli/shown_text.hpp"

#include "base/strings.hpp"
#include "text/env_doc.hpp"
#include "text/ini_doc.hpp"
#include "text/json_doc.hpp"
#include "text/quote.hpp"
#include "text/toml_doc.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace mirrorctl::cli {

namespace {

constexpr std::string_view kMask = "***";
constexpr std::string_view kOurHeader = "# Managed by mirrorctl";

template <class List>
bool has(const List& list, std::string_view word) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

// docs.docker.com/reference/cli/dockerd, "Daemon configuration file". Not here: what carries words of the
// user's own (labels, runtimes, log-opts, proxies, node-generic-resources).
constexpr std::array<std::string_view, 60> kDaemonKeys{"registry-mirrors",
                                                       "insecure-registries",
                                                       "allow-nondistributable-artifacts",
                                                       "features",
                                                       "builder",
                                                       "containerd",
                                                       "containerd-namespace",
                                                       "containerd-snapshotter",
                                                       "data-root",
                                                       "exec-root",
                                                       "pidfile",
                                                       "storage-driver",
                                                       "log-driver",
                                                       "log-level",
                                                       "log-format",
                                                       "debug",
                                                       "experimental",
                                                       "live-restore",
                                                       "bip",
                                                       "bridge",
                                                       "mtu",
                                                       "ip",
                                                       "ip-forward",
                                                       "ip-masq",
                                                       "iptables",
                                                       "ip6tables",
                                                       "ipv6",
                                                       "fixed-cidr",
                                                       "fixed-cidr-v6",
                                                       "default-gateway",
                                                       "default-gateway-v6",
                                                       "default-address-pools",
                                                       "dns",
                                                       "dns-opts",
                                                       "dns-search",
                                                       "icc",
                                                       "userland-proxy",
                                                       "userland-proxy-path",
                                                       "exec-opts",
                                                       "cgroup-parent",
                                                       "default-cgroupns-mode",
                                                       "default-ipc-mode",
                                                       "default-runtime",
                                                       "default-shm-size",
                                                       "default-ulimits",
                                                       "group",
                                                       "hosts",
                                                       "init",
                                                       "init-path",
                                                       "max-concurrent-downloads",
                                                       "max-concurrent-uploads",
                                                       "max-download-attempts",
                                                       "metrics-addr",
                                                       "no-new-privileges",
                                                       "oom-score-adjust",
                                                       "seccomp-profile",
                                                       "selinux-enabled",
                                                       "shutdown-timeout",
                                                       "swarm-default-advertise-addr",
                                                       "userns-remap"};
constexpr std::array<std::string_view, 5> kLogOptions{"max-size", "max-file", "mode", "compress",
                                                      "max-buffer-size"};
// containerd docs/hosts.md
constexpr std::array<std::string_view, 8> kHostsKeys{
    "server", "capabilities", "ca", "client", "skip_verify", "override_path", "dial_timeout", "rewrite"};
// containerd docs/man/containerd-config.toml.5.md and docs/cri/config.md
constexpr std::array<std::string_view, 38> kContainerdKeys{"version",
                                                           "root",
                                                           "state",
                                                           "temp",
                                                           "imports",
                                                           "oom_score",
                                                           "disabled_plugins",
                                                           "required_plugins",
                                                           "plugin_dir",
                                                           "address",
                                                           "uid",
                                                           "gid",
                                                           "max_recv_message_size",
                                                           "max_send_message_size",
                                                           "level",
                                                           "format",
                                                           "path",
                                                           "config_path",
                                                           "endpoint",
                                                           "sandbox_image",
                                                           "sandbox",
                                                           "pinned_images",
                                                           "snapshotter",
                                                           "default_runtime_name",
                                                           "runtime_type",
                                                           "runtime_engine",
                                                           "runtime_root",
                                                           "SystemdCgroup",
                                                           "BinaryName",
                                                           "bin_dir",
                                                           "bin_dirs",
                                                           "conf_dir",
                                                           "conf_template",
                                                           "max_conf_num",
                                                           "enable_selinux",
                                                           "enable_cdi",
                                                           "max_concurrent_downloads",
                                                           "discard_unpacked_layers"};
constexpr std::array<std::string_view, 4> kProxyVariables{"http_proxy", "https_proxy", "all_proxy",
                                                          "no_proxy"};

bool is_proxy_variable(std::string_view name) {
    return has(kProxyVariables, lower(name));
}

// ---- JSON: token by token; a string holds no line end

class JsonShown {
  public:
    explicit JsonShown(std::string_view text) : text_(text) {}

    std::string run() {
        while (at_ < text_.size()) step();
        return std::move(out_);
    }

  private:
    struct Level {
        bool object = false;
        bool awaits_key = false;
    };

    void step() {
        char c = text_[at_];
        if (std::string_view("{[").find(c) != std::string_view::npos) {
            levels_.push_back({.object = c == '{', .awaits_key = c == '{'});
            path_.emplace_back();
        } else if (std::string_view("}]").find(c) != std::string_view::npos && !levels_.empty()) {
            levels_.pop_back();
            path_.pop_back();
        } else if (c == ',' && !levels_.empty()) {
            levels_.back().awaits_key = levels_.back().object;
        } else if (std::string_view(" \t\r\n:,\xEF\xBB\xBF").find(c) == std::string_view::npos) {
            return scalar();
        }
        out_ += c;
        ++at_;
    }

    void scalar() {
        auto token = text_.substr(at_, token_length());
        at_ += token.size();
        if (!levels_.empty() && levels_.back().awaits_key) {
            path_.back() = token.size() < 2 ? "" : std::string(token.substr(1, token.size() - 2));
            levels_.back().awaits_key = false;
            out_ += token;
            return;
        }
        out_ += is_shown() ? token : kMask;
    }

    std::size_t token_length() const {
        auto rest = text_.substr(at_);
        if (rest[0] != '"') return std::min(rest.find_first_of(",]} \t\r\n", 1), rest.size());
        for (std::size_t i = 1; i < rest.size(); ++i) {
            if (rest[i] == '\\')
                ++i;
            else if (rest[i] == '"')
                return i + 1;
        }
        return rest.size();
    }

    bool is_shown() const {
        if (path_.empty()) return false;
        if (path_[0] == "log-opts") return path_.size() == 2 && has(kLogOptions, path_[1]);
        return has(kDaemonKeys, path_[0]);
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::vector<Level> levels_;
    std::vector<std::string> path_;  // one key per level, "" in arrays
    std::string out_;
};

// ---- the others: line by line, hidden but for what is known

class Lines {
  public:
    explicit Lines(std::string_view text) : text_(text), shown_(text.size(), false) {}

    void show(Span span) {
        std::fill(shown_.begin() + static_cast<std::ptrdiff_t>(span.begin),
                  shown_.begin() + static_cast<std::ptrdiff_t>(std::min(span.end, shown_.size())), true);
    }

    // What of each line is shown comes first; a mask stands for the rest.
    std::string str() {
        show_our_header();
        std::string out;
        for (std::size_t begin = 0; begin < text_.size();) {
            auto end = std::min(text_.find('\n', begin), text_.size());
            out += line({begin, end});
            if (end < text_.size()) out += '\n';
            begin = end + 1;
        }
        return out;
    }

  private:
    std::string line(Span span) const {
        auto whole = text_.substr(span.begin, span.end - span.begin);
        if (trim(whole).empty()) return std::string(whole);
        auto hidden = std::find(shown_.begin() + static_cast<std::ptrdiff_t>(span.begin + indent(whole)),
                                shown_.begin() + static_cast<std::ptrdiff_t>(span.end), false) -
                      shown_.begin();
        auto head = text_.substr(span.begin, static_cast<std::size_t>(hidden) - span.begin);
        auto rest =
            text_.substr(static_cast<std::size_t>(hidden), span.end - static_cast<std::size_t>(hidden));
        if (trim(rest).empty()) return std::string(whole);
        bool comment = trim(rest)[0] == '#' || trim(rest)[0] == ';';
        return cat(head, rest.starts_with(' ') ? " " : "", comment ? "# " : "", kMask);
    }

    static std::size_t indent(std::string_view line) { return line.find_first_not_of(" \t"); }

    // Two lines at most, see templates/.
    void show_our_header() {
        if (!text_.starts_with(kOurHeader)) return;
        auto first = text_.find('\n');
        show({0, std::min(first, text_.size())});
        if (first != std::string_view::npos && text_.substr(first + 1).starts_with("# "))
            show({first, std::min(text_.find('\n', first + 1), text_.size())});
    }

    std::string_view text_;
    std::vector<bool> shown_;
};

bool is_shown_in_hosts(const text::Path& path) {
    if (path.size() == 1) return has(kHostsKeys, path[0]);
    if (path[0] != "host" || path.size() < 3) return false;
    return has(kHostsKeys, path[2]) && (path.size() == 3 || path[2] == "rewrite");
}

// Headers and credentials of registries lie in tables of these names, under any key.
constexpr std::array<std::string_view, 5> kClosed{"headers", "header", "auth", "auths", "env"};

bool is_shown_in_config(const text::Path& path) {
    return has(kContainerdKeys, path.back()) &&
           std::none_of(path.begin(), path.end() - 1, [](const auto& part) { return has(kClosed, part); });
}

std::string shown_toml(std::string_view text, bool hosts_file) {
    Lines lines(text);
    auto scan = text::TomlDoc::parse(text) ? text::scan_toml(text) : Failure(Error{});
    if (!scan) return lines.str();
    for (const auto& table : scan->tables) lines.show(table.header);
    for (const auto& entry : scan->assignments) {
        lines.show({entry.lines.begin, entry.value.begin});
        auto value = text.substr(entry.value.begin, entry.value.end - entry.value.begin);
        if (entry.path.empty() || entry.below_array || text::scan_toml_value(value).has_comment) continue;
        if (hosts_file ? is_shown_in_hosts(entry.path) : is_shown_in_config(entry.path))
            lines.show(entry.value);
    }
    return lines.str();
}

bool is_shown_in_unit(const text::IniEntry& entry) {
    if (entry.key == "EnvironmentFile") return true;
    auto words = entry.key == "Environment" ? text::split_unit_words(entry.value)
                                            : Result<std::vector<std::string>>(Failure(Error{}));
    return words && std::all_of(words->begin(), words->end(), [](const std::string& word) {
               return is_proxy_variable(word.substr(0, word.find('=')));
           });
}

std::string shown_unit(std::string_view text) {
    Lines lines(text);
    auto doc = text::IniDoc::parse(text);
    if (!doc) return lines.str();
    for (std::size_t begin = 0; begin < text.size();) {
        auto end = std::min(text.find('\n', begin), text.size());
        auto line = trim(text.substr(begin, end - begin));
        if (line.starts_with('[') && line.ends_with(']')) lines.show({begin, end});
        begin = end + 1;
    }
    for (const auto& entry : doc->entries()) {
        auto equals = text.find('=', entry.span.begin);
        lines.show(is_shown_in_unit(entry) ? entry.span : Span{entry.span.begin, equals + 1});
    }
    return lines.str();
}

std::string shown_env(std::string_view text, text::EnvGrammar grammar) {
    Lines lines(text);
    auto doc = text::EnvDoc::parse(text, grammar);
    if (!doc) return lines.str();
    for (const auto& entry : doc->entries()) {
        auto equals = text.find('=', entry.span.begin);
        bool shown = is_proxy_variable(entry.name) && entry.literal;
        lines.show(shown ? entry.span : Span{entry.span.begin, equals + 1});
    }
    return lines.str();
}

}  // namespace

std::string shown_text(const TargetPath& path, std::string_view text) {
    auto name = path.name();
    if (name.ends_with(".json") && text::JsonDoc::parse(text)) return JsonShown(text).run();
    if (name.ends_with(".toml")) return shown_toml(text, name == "hosts.toml");
    if (name.ends_with(".conf")) return shown_unit(text);
    if (name.ends_with(".env")) return shown_env(text, text::EnvGrammar::systemd);
    if (name.ends_with(".sh")) return shown_env(text, text::EnvGrammar::shell);
    return Lines(text).str();
}

}  // namespace mirrorctl::cli
