#include "doctor/catalog.hpp"

#include "doctor/checks.hpp"

#include <algorithm>
#include <array>

namespace mirrorctl::doctor {

namespace {

constexpr auto kChecks = std::to_array<CheckRow>({
    {"daemon_json_invalid", Severity::error, "daemon.json is not what dockerd reads", daemon_json_invalid},
    {"config_file_missing", Severity::error, "--config-file names a file that is not there",
     config_file_missing},
    {"daemon_json_trailing", Severity::warning, "daemon.json goes on behind its document",
     daemon_json_trailing},
    {"daemon_json_duplicate", Severity::warning, "daemon.json has a key twice", daemon_json_duplicate},
    {"daemon_json_empty", Severity::error, "daemon.json is empty, before Engine 23.0", daemon_json_empty},
    {"daemon_json_bom", Severity::error, "daemon.json begins with a byte order mark, before Engine 23.0",
     daemon_json_bom},
    {"daemon_json_misspelt_key", Severity::error, "daemon.json has a misspelt key", daemon_json_misspelt_key},
    {"daemon_json_unknown_key", Severity::warning, "daemon.json has a key that no known Engine has",
     daemon_json_unknown_key},
    {"daemon_json_unused_key", Severity::warning,
     "a key of daemon.json that dockerd takes and never looks at", daemon_json_unused_key},
    {"daemon_json_key_early", Severity::error, "a key of daemon.json that is younger than this dockerd",
     daemon_json_key_early},
    {"flag_conflict", Severity::error, "a key of daemon.json is also given as a flag", flag_conflict},
    {"mirror_invalid", Severity::error, "a mirror that dockerd refuses", mirror_invalid},
    {"mirror_path", Severity::error, "a mirror with a path, before Engine 24.0", mirror_path},
    {"mirror_prefix_form", Severity::warning, "a mirror whose form daemon.json cannot express",
     mirror_prefix_form},
    {"mirror_duplicate", Severity::note, "a mirror that stands twice", mirror_duplicate},
    {"mirrors_hidden", Severity::warning, "registry-mirrors outranked by a hosts.toml of dockerd",
     mirrors_hidden},
    {"docker_hosts_unread", Severity::warning, "hosts.toml files of dockerd that it does not read",
     docker_hosts_unread},
    {"mirrors_not_live", Severity::warning, "mirrors in daemon.json that the running dockerd lacks",
     mirrors_not_live},
    {"mirrors_still_live", Severity::warning,
     "mirrors of the running dockerd that daemon.json no longer names", mirrors_still_live},
    {"mirror_dead", Severity::warning, "a mirror that is known to be closed", mirror_dead},
    {"mirror_restricted", Severity::note, "a mirror that serves only some", mirror_restricted},
    {"not_a_mirror", Severity::warning, "a registry of many owners used as a mirror", not_a_mirror},
    {"mirror_wrong_registry", Severity::warning, "a mirror of another registry", mirror_wrong_registry},
    {"plain_http", Severity::warning, "a mirror on the internet without TLS", plain_http},
    {"containerd_config_invalid", Severity::error,
     "config.toml, or a file that it imports, is not what containerd reads", containerd_config_invalid},
    {"containerd_config_version", Severity::error,
     "config.toml of a version that this containerd does not know", containerd_config_version},
    {"config_path_unset", Severity::warning, "hosts.toml files that the CRI plugin does not read",
     config_path_unset},
    {"config_path_legacy", Severity::error, "config_path beside registry.mirrors", config_path_legacy},
    {"config_path_list", Severity::warning, "config_path with a list, from containerd 2.1 on",
     config_path_list},
    {"config_path_missing", Severity::warning, "config_path names a directory that does not exist",
     config_path_missing},
    {"config_path_table", Severity::warning, "config_path in the table of another config version",
     config_path_table},
    {"cri_is_disabled", Severity::note, "hosts.toml files, and the CRI plugin is disabled", cri_is_disabled},
    {"cri_not_loaded", Severity::error, "the CRI plugin failed to load", cri_not_loaded},
    {"import_replaces_cri", Severity::warning,
     "an imported file that replaces the CRI section, before containerd 2.0", import_replaces_cri},
    {"import_version", Severity::warning, "imported files of another config version, containerd 2.0 to 2.2",
     import_version},
    {"conf_d_not_imported", Severity::warning, "files in conf.d that config.toml does not import",
     conf_d_not_imported},
    {"k3s_ignores_certs_d", Severity::warning, "hosts.toml files that k3s or rke2 do not read",
     k3s_ignores_certs_d},
    {"k3s_overwrites", Severity::warning, "hosts.toml files that k3s or rke2 make anew", k3s_overwrites},
    {"spegel_backup", Severity::note, "Spegel, which clears certs.d", spegel_backup},
    {"hosts_dir_empty", Severity::warning, "an empty directory that hides _default", hosts_dir_empty},
    {"default_hidden", Severity::note, "registries for which _default does not hold", default_hidden},
    {"both_port_dirs", Severity::warning, "two directories for one registry with a port", both_port_dirs},
    {"never_looked_up", Severity::warning, "a directory under another name of Docker Hub", never_looked_up},
    {"hosts_toml_invalid", Severity::error, "a hosts.toml that the engine passes over", hosts_toml_invalid},
    {"hosts_toml_empty", Severity::warning, "an empty hosts.toml", hosts_toml_empty},
    {"hosts_toml_no_host", Severity::error, "a hosts.toml without [host], before containerd 2.0",
     hosts_toml_no_host},
    {"host_no_scheme", Severity::error, "a host that is no URL", host_no_scheme},
    {"server_web_page", Severity::error, "a front page used as registry", server_web_page},
    {"host_path", Severity::warning, "a path behind which the engine puts another /v2", host_path},
    {"override_path_without_v2", Severity::warning, "override_path without /v2 in the path",
     override_path_without_v2},
    {"override_path_early", Severity::warning, "override_path, before containerd 1.6", override_path_early},
    {"tls_on_http", Severity::warning, "TLS keys on a plain http host", tls_on_http},
    {"ca_missing", Severity::error, "a CA or client file that is not there", ca_missing},
    {"nothing_resolves", Severity::error, "no host that may resolve tags", nothing_resolves},
    {"host_scattered", Severity::warning, "hosts that containerd 2 asks twice or never", host_scattered},
    {"hosts_secret_readable", Severity::warning, "an Authorization header that everybody can read",
     hosts_secret_readable},
    {"unit_percent", Severity::error, "a % in a unit's proxy variable that is not doubled", unit_percent},
    {"unit_environment", Severity::warning, "words of Environment= that systemd drops", unit_environment},
    {"drop_in_invalid", Severity::error, "a unit file or drop-in that systemd does not take",
     drop_in_invalid},
    {"drop_in_section", Severity::warning, "a drop-in without [Service]", drop_in_section},
    {"proxy_cleared", Severity::warning, "an empty Environment= behind proxies", proxy_cleared},
    {"proxy_overridden", Severity::warning, "a proxy variable that is set again elsewhere", proxy_overridden},
    {"unit_kill_mode", Severity::warning, "a unit whose restart stops the containers", unit_kill_mode},
    {"unit_failed", Severity::error, "a unit that has failed", unit_failed},
    {"unit_start_limit", Severity::error, "a unit that systemd no longer starts", unit_start_limit},
    {"daemon_reload_needed", Severity::warning, "unit files that systemd has not read", daemon_reload_needed},
    {"environment_stale", Severity::warning, "a process with other proxies than its unit", environment_stale},
    {"no_proxy_entry", Severity::warning, "an entry of NO_PROXY that Go does not understand", no_proxy_entry},
    {"proxy_invalid", Severity::error, "a proxy that is no URL", proxy_invalid},
    {"proxy_password_readable", Severity::warning, "a proxy's password that others can read",
     proxy_password_readable},
    {"https_proxy_missing", Severity::warning, "HTTP_PROXY without HTTPS_PROXY", https_proxy_missing},
    {"loopback_proxy", Severity::warning, "a loopback proxy for containers", loopback_proxy},
    {"config_json_invalid", Severity::warning, "a docker client configuration that does not parse",
     config_json_invalid},
    {"config_json_readable", Severity::warning, "registry logins that everybody can read",
     config_json_readable},
    {"recovery_needed", Severity::error, "a run of ours that was cut short", recovery_needed},
    {"activation_pending", Severity::warning, "written, but not live", activation_pending},
    {"file_drifted", Severity::warning, "values of ours that somebody changed", file_drifted},
    {"state_corrupt", Severity::error, "records of ours that make no sense", state_corrupt},
    {"state_dir_open", Severity::error, "a state directory that others can use", state_dir_open},
    {"profile_unusable", Severity::error, "a profile in use that cannot be loaded", profile_unusable},
    {"profile_stale", Severity::warning, "a profile in use that is older than 90 days", profile_stale},
    {"config_yaml_invalid", Severity::error, "config.yaml does not load", config_yaml_invalid},
    {"builder_not_covered", Severity::note, "a builder without mirrors", builder_not_covered},
    {"builder_mirror_url", Severity::warning, "a URL where BuildKit wants a host", builder_mirror_url},
});

}  // namespace

std::span<const CheckRow> all_checks() {
    return kChecks;
}

std::vector<Finding> examine(const Scene& scene) {
    std::vector<Finding> findings;
    for (const auto& check : kChecks) {
        Sink sink(check.code, check.severity, findings);
        check.run(scene, sink);
    }
    std::stable_sort(findings.begin(), findings.end(),
                     [](const Finding& a, const Finding& b) { return a.severity < b.severity; });
    return findings;
}

std::string_view name_of(Severity severity) {
    switch (severity) {
        case Severity::error:
            return "error";
        case Severity::warning:
            return "warning";
        case Severity::note:
            break;
    }
    return "note";
}

}  // namespace mirrorctl::doctor
