// One function per check; catalog.cpp gives each its code and severity. All are pure: a scene in, findings
// out.
#pragma once

#include "doctor/finding.hpp"
#include "doctor/scene.hpp"

namespace mirrorctl::doctor {

void daemon_json_invalid(const Scene& scene, Sink& sink);
void config_file_missing(const Scene& scene, Sink& sink);
void daemon_json_trailing(const Scene& scene, Sink& sink);
void daemon_json_duplicate(const Scene& scene, Sink& sink);
void daemon_json_empty(const Scene& scene, Sink& sink);
void daemon_json_bom(const Scene& scene, Sink& sink);
void daemon_json_misspelt_key(const Scene& scene, Sink& sink);
void daemon_json_unknown_key(const Scene& scene, Sink& sink);
void daemon_json_unused_key(const Scene& scene, Sink& sink);
void daemon_json_key_early(const Scene& scene, Sink& sink);
void flag_conflict(const Scene& scene, Sink& sink);
void mirror_invalid(const Scene& scene, Sink& sink);
void mirror_path(const Scene& scene, Sink& sink);
void mirror_prefix_form(const Scene& scene, Sink& sink);
void mirror_duplicate(const Scene& scene, Sink& sink);
void mirrors_hidden(const Scene& scene, Sink& sink);
void docker_hosts_unread(const Scene& scene, Sink& sink);
void mirrors_not_live(const Scene& scene, Sink& sink);
void mirrors_still_live(const Scene& scene, Sink& sink);
void mirror_dead(const Scene& scene, Sink& sink);
void mirror_restricted(const Scene& scene, Sink& sink);
void not_a_mirror(const Scene& scene, Sink& sink);
void mirror_wrong_registry(const Scene& scene, Sink& sink);
void plain_http(const Scene& scene, Sink& sink);
void containerd_config_invalid(const Scene& scene, Sink& sink);
void containerd_config_version(const Scene& scene, Sink& sink);
void config_path_unset(const Scene& scene, Sink& sink);
void config_path_legacy(const Scene& scene, Sink& sink);
void config_path_list(const Scene& scene, Sink& sink);
void config_path_missing(const Scene& scene, Sink& sink);
void config_path_table(const Scene& scene, Sink& sink);
void cri_is_disabled(const Scene& scene, Sink& sink);
void cri_not_loaded(const Scene& scene, Sink& sink);
void import_replaces_cri(const Scene& scene, Sink& sink);
void import_version(const Scene& scene, Sink& sink);
void conf_d_not_imported(const Scene& scene, Sink& sink);
void k3s_ignores_certs_d(const Scene& scene, Sink& sink);
void k3s_overwrites(const Scene& scene, Sink& sink);
void spegel_backup(const Scene& scene, Sink& sink);
void hosts_dir_empty(const Scene& scene, Sink& sink);
void default_hidden(const Scene& scene, Sink& sink);
void both_port_dirs(const Scene& scene, Sink& sink);
void never_looked_up(const Scene& scene, Sink& sink);
void hosts_toml_invalid(const Scene& scene, Sink& sink);
void hosts_toml_empty(const Scene& scene, Sink& sink);
void hosts_toml_no_host(const Scene& scene, Sink& sink);
void host_no_scheme(const Scene& scene, Sink& sink);
void server_web_page(const Scene& scene, Sink& sink);
void host_path(const Scene& scene, Sink& sink);
void override_path_without_v2(const Scene& scene, Sink& sink);
void override_path_early(const Scene& scene, Sink& sink);
void tls_on_http(const Scene& scene, Sink& sink);
void ca_missing(const Scene& scene, Sink& sink);
void nothing_resolves(const Scene& scene, Sink& sink);
void host_scattered(const Scene& scene, Sink& sink);
void hosts_secret_readable(const Scene& scene, Sink& sink);
void unit_percent(const Scene& scene, Sink& sink);
void unit_environment(const Scene& scene, Sink& sink);
void drop_in_invalid(const Scene& scene, Sink& sink);
void drop_in_section(const Scene& scene, Sink& sink);
void proxy_cleared(const Scene& scene, Sink& sink);
void proxy_overridden(const Scene& scene, Sink& sink);
void unit_kill_mode(const Scene& scene, Sink& sink);
void unit_failed(const Scene& scene, Sink& sink);
void unit_start_limit(const Scene& scene, Sink& sink);
void daemon_reload_needed(const Scene& scene, Sink& sink);
void environment_stale(const Scene& scene, Sink& sink);
void no_proxy_entry(const Scene& scene, Sink& sink);
void proxy_invalid(const Scene& scene, Sink& sink);
void proxy_password_readable(const Scene& scene, Sink& sink);
void https_proxy_missing(const Scene& scene, Sink& sink);
void loopback_proxy(const Scene& scene, Sink& sink);
void config_json_invalid(const Scene& scene, Sink& sink);
void config_json_readable(const Scene& scene, Sink& sink);
void recovery_needed(const Scene& scene, Sink& sink);
void activation_pending(const Scene& scene, Sink& sink);
void file_drifted(const Scene& scene, Sink& sink);
void state_corrupt(const Scene& scene, Sink& sink);
void state_dir_open(const Scene& scene, Sink& sink);
void profile_unusable(const Scene& scene, Sink& sink);
void profile_stale(const Scene& scene, Sink& sink);
void config_yaml_invalid(const Scene& scene, Sink& sink);
void builder_not_covered(const Scene& scene, Sink& sink);
void builder_mirror_url(const Scene& scene, Sink& sink);

}  // namespace mirrorctl::doctor
