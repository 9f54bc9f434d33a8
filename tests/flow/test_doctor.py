"""doctor: nothing to say on a healthy node of each generation, and exactly the planted fault on a broken one."""

import base64
import datetime
import json
import os
import re
import time
import unittest
from pathlib import Path

import harness
import rootfs

TODAY = datetime.date.today().isoformat()
HOSTS = "etc/containerd/certs.d/docker.io/hosts.toml"
DROP_IN = "etc/systemd/system/docker.service.d/http-proxy.conf"
GOOD_HOSTS = 'server = "https://registry-1.docker.io"\n\n[host."https://mirror.corp.example"]\n  capabilities = ["pull", "resolve"]\n'

CONFIG_V2 = 'version = 2\n[plugins."io.containerd.grpc.v1.cri".registry]\n  config_path = "/etc/containerd/certs.d"\n'
CONFIG_V3 = 'version = 3\n[plugins."io.containerd.cri.v1.images".registry]\n  config_path = "/etc/containerd/certs.d"\n'


def packages(docker, containerd, names=("docker-ce", "containerd.io")):
    return "".join(f"Package: {name}\nStatus: install ok installed\nVersion: {version}\n\n"
                   for name, version in zip(names, (docker, containerd)))


class DoctorCase(harness.FlowCase):
    def node(self, docker="20.10.24", containerd="1.6.20", config=CONFIG_V2, hosts=GOOD_HOSTS):
        """A node that works, of that generation."""
        box = self.box
        box.write("var/lib/dpkg/status", packages(docker, containerd))
        box.write("etc/containerd/config.toml", config)
        box.write("etc/docker/daemon.json", '{"log-driver": "json-file", "registry-mirrors": ["https://mirror.corp.example"]}\n')
        if hosts:
            box.write(HOSTS, hosts)
        return box

    def findings(self, *more, code=0):
        done = self.box.run("doctor", "--json", *more)
        return self.document(done, "doctor", code)["findings"]

    def healthy(self):
        self.assertEqual(self.findings("--exit-code"), [])
        self.assertRegex(self.ok(self.box.run("doctor")).text, r"^no problems found \(\d+ checks\)\n$")

    def found(self, *codes, says=""):
        """Exactly these, once each, and nothing else."""
        tree = self.box.snapshot()
        findings = self.findings()
        self.assertEqual(sorted(f["code"] for f in findings), sorted(codes), json.dumps(findings, indent=1))
        self.assertSame(tree, self.box.snapshot(), times=True)
        for finding in findings:
            self.assertTrue(finding["hint"], finding)
        self.assertIn(says, " ".join(f["subject"] + " " + f["message"] for f in findings))
        bad = any(f["severity"] != "note" for f in findings)
        self.assertEqual(self.box.run("doctor", "--exit-code").code, 3 if bad else 0)
        return findings


class Healthy(DoctorCase):
    def test_debian_12(self):
        self.node()
        self.healthy()

    def test_engine_26(self):
        self.node("26.1.4", "1.7.22")
        self.healthy()

    def test_engine_28(self):
        self.node("28.5.1", "2.1.4", CONFIG_V3)
        self.healthy()

    def test_a_bare_root_and_a_docker_only_node(self):
        self.box = self.sandbox(lived_in=False)
        self.healthy()
        self.node("28.5.1", "1.7.28", 'disabled_plugins = ["cri"]\n', hosts="")
        self.healthy()

    def test_lived_in(self):
        self.healthy()

    def test_after_our_own_apply(self):
        for docker, containerd, config in (("20.10.24", "1.6.20", "version = 2\n"), ("26.1.4", "1.7.22", "version = 2\n"),
                                           ("28.5.1", "2.1.4", "version = 3\n")):
            with self.subTest(docker):
                self.box = self.sandbox()
                self.node(docker, containerd, config, hosts="")
                profile = harness.profile_for(self.lab)
                profile["as_of"] = TODAY
                file = harness.write_profile(self.box, profile)
                self.ok(self.box.run("apply", "--profile", file, "--https-proxy", "http://proxy.corp.example:3128",
                                     "--http-proxy", "http://proxy.corp.example:3128"))
                self.healthy()

    def test_as_an_ordinary_user(self):
        if os.geteuid() != 0:
            self.skipTest("needs root to become somebody else")
        self.node()
        self.ok(self.box.run("apply", "--profile", self.profile(), "--offline", "--allow-unmeasured"))
        self.box.base.chmod(0o755)
        if self.box.run("--version", user=65534, group=65534).code != 0:
            self.skipTest("the binary cannot be run by another user here")
        self.box.write(HOSTS, "")
        found = lambda: self.document(self.box.run("doctor", "--json", user=65534, group=65534), "doctor", 0)  # noqa: E731
        document = found()
        self.assertEqual([f["code"] for f in document["findings"]], ["hosts_toml_empty"])
        self.assertEqual([w["code"] for w in document["warnings"]], ["state_not_readable"])
        for name in ("etc/docker/daemon.json", "etc/containerd/config.toml", HOSTS):
            self.box.path(name).chmod(0o600)
        document = found()
        self.assertEqual(document["findings"], [], "what cannot be read is no fault")
        self.assertEqual([w["code"] for w in document["warnings"]], ["state_not_readable", "file_not_readable"])
        for command in (["status"], ["explain", "nginx"]):
            self.assertIn("cannot be read as this user", self.ok(self.box.run(*command, user=65534, group=65534)).text)


class DaemonJson(DoctorCase):
    def setUp(self):
        super().setUp()
        self.node()

    def daemon(self, text, docker=None):
        if docker:
            self.box.write("var/lib/dpkg/status", packages(docker, "1.6.20"))
        self.box.write("etc/docker/daemon.json", text if isinstance(text, (str, bytes)) else json.dumps(text))

    def mirrors(self, *mirrors, docker=None):
        self.daemon({"registry-mirrors": list(mirrors)}, docker)

    def test_broken(self):
        self.daemon('{\n  "debug": true,\n}\n')
        self.found("daemon_json_invalid", says="daemon.json:2:")

    def test_a_named_file_that_is_not_there(self):
        self.box.write("etc/default/docker", 'DOCKER_OPTS="--config-file=/etc/docker/other.json"\n')
        self.found("config_file_missing", says="/etc/docker/other.json")
        self.box.write("etc/docker/other.json", "{}")
        self.found()
        self.box.write("etc/default/docker", "")
        self.box.path("etc/docker/daemon.json").unlink()
        self.found()

    def test_trailing_data(self):
        self.daemon('{"debug": true}\n{"debug": false}\n')
        self.found("daemon_json_trailing")
        self.daemon('{"debug": true}\n{"debug": false}\n', "24.0.7")
        self.found("daemon_json_invalid")

    def test_duplicate_key(self):
        self.daemon('{"debug": true, "debug": false}')
        self.found("daemon_json_duplicate")

    def test_empty(self):
        self.daemon("\n")
        self.found("daemon_json_empty")
        self.daemon("\n", "24.0.7")
        self.found()

    def test_byte_order_mark(self):
        self.daemon(b'\xef\xbb\xbf{"debug": true}')
        self.found("daemon_json_bom")
        self.daemon(b'\xef\xbb\xbf{"debug": true}', "23.0.0")
        self.found()

    def test_misspelt_keys(self):
        for key, meant in (("registry_mirrors", "registry-mirrors"), ("insecure_registry", "insecure-registries"),
                           ("Registry-Mirrors", "registry-mirrors"), ("log-drivers", "log-driver")):
            self.daemon({key: []})
            finding, = self.found("daemon_json_misspelt_key", says=key)
            self.assertIn(f'"{meant}"', finding["hint"])

    def test_unknown_key(self):
        self.daemon({"speedup": "yes"})
        self.found("daemon_json_unknown_key", says="speedup")

    def test_unused_keys(self):
        for key, meant in (("registry-mirror", "registry-mirrors"), ("insecure-registry", "insecure-registries")):
            self.daemon({key: []})
            finding, = self.found("daemon_json_unused_key", says=key)
            self.assertIn(f'"{meant}"', finding["hint"])
        self.daemon({"http-proxy": "http://proxy.corp.example:3128"}, "24.0.7")
        self.found("daemon_json_unused_key")

    def test_proxies_too_early(self):
        self.daemon({"proxies": {"https-proxy": "http://proxy.corp.example:3128"}})
        self.found("daemon_json_key_early", says="20.10.24")
        self.daemon({"proxies": {"https-proxy": "http://proxy.corp.example:3128"}}, "23.0.1")
        self.found()
        self.daemon({"log-format": "json"}, "20.10.24")
        self.found("daemon_json_key_early", says="log-format")

    def test_flag_conflict(self):
        self.box.write("etc/default/docker", 'DOCKER_OPTS="--registry-mirror=https://mirror.corp.example"\n')
        self.found("flag_conflict", says="/etc/default/docker")

    def test_hosts_beside_the_flag_of_the_unit(self):
        self.daemon({"hosts": ["unix:///var/run/docker.sock"]})
        self.found("flag_conflict", says="-H")

    def test_refused_mirrors(self):
        for mirror in ("", "mirror.corp.example", "https://u:p@mirror.corp.example", "https://mirror.corp.example/?a=b",
                       "https://mirror.corp.example/#x"):
            self.mirrors(mirror)
            findings = self.found("mirror_invalid")
            self.assertNotIn("u:p", json.dumps(findings))
        self.daemon({"registry-mirrors": "https://mirror.corp.example"})
        self.found("mirror_invalid")

    def test_mirror_with_a_path(self):
        self.mirrors("https://mirror.corp.example/hub")
        self.found("mirror_path")
        self.mirrors("https://mirror.corp.example/hub", docker="24.0.7")
        self.found()

    def test_prefix_form(self):
        self.mirrors("https://mirror.corp.example/v2/docker.io", docker="26.1.4")
        self.found("mirror_prefix_form")

    def test_dead_restricted_and_confused(self):
        for host, code in (("docker.mirrors.ustc.edu.cn", "mirror_dead"), ("hub-mirror.c.163.com", "mirror_dead"),
                           ("dockerhub.azk8s.cn", "mirror_restricted"), ("registry.cn-hangzhou.aliyuncs.com", "not_a_mirror")):
            self.mirrors(f"https://{host}")
            self.found(code, says=host)

    def test_mirror_of_another_registry(self):
        self.mirrors("https://ghcr.nju.edu.cn")
        self.found("mirror_wrong_registry", says="ghcr.io")

    def test_plain_http(self):
        self.mirrors("http://mirror.example.org")
        self.found("plain_http")
        self.mirrors("http://10.1.2.3:5000", "http://127.0.0.1:5000", "http://mirror")
        self.found()

    def test_twice(self):
        self.mirrors("https://mirror.corp.example", "https://mirror.corp.example/")
        self.found("mirror_duplicate")

    def test_hidden_by_hosts_toml(self):
        self.node("28.5.1", "2.1.4", CONFIG_V3)
        self.box.write("etc/docker/certs.d/docker.io/hosts.toml", GOOD_HOSTS)
        self.daemon({"registry-mirrors": ["https://mirror.corp.example"], "features": {"containerd-snapshotter": True}})
        self.found("mirrors_hidden", says="/etc/docker/certs.d/docker.io")
        self.box.write("etc/docker/certs.d/docker.io/hosts.toml", 'server = "https://registry-1.docker.io"\n')
        self.found()


class ContainerdConfig(DoctorCase):
    def config(self, text, containerd="1.7.22"):
        self.node("26.1.4", containerd, text)

    def test_broken(self):
        self.config("version = 2\n[plugins\n")
        self.found("containerd_config_invalid", says="config.toml:2:")

    def test_version_of_the_future(self):
        self.config(CONFIG_V3)
        self.found("containerd_config_version")

    def test_config_path_unset(self):
        self.config("version = 2\n")
        self.found("config_path_unset")
        self.config("version = 3\n", "2.2.1")
        self.found("config_path_unset")

    def test_legacy_mirrors(self):
        self.config(CONFIG_V2 + '[plugins."io.containerd.grpc.v1.cri".registry.mirrors."docker.io"]\n  endpoint = ["https://m"]\n')
        self.found("config_path_legacy")

    def test_list(self):
        two = CONFIG_V3.replace('certs.d"', 'certs.d:/etc/docker/certs.d"')
        self.box.write("etc/docker/certs.d/.keep", "")
        self.config(two, "2.1.4")
        self.found("config_path_list")
        self.config(two.replace("version = 3", "version = 3"), "2.0.1")
        self.found()

    def test_the_default_of_2_2_written_out(self):
        self.box.path("etc/containerd").joinpath("config.toml").unlink()
        self.node("26.1.4", "2.2.1", CONFIG_V3.replace('certs.d"', 'certs.d:/etc/docker/certs.d"'), hosts="")
        self.found()
        self.box.write(HOSTS, GOOD_HOSTS)
        self.found("config_path_list", "config_path_missing")

    def test_missing_directory(self):
        self.config(CONFIG_V2.replace("/etc/containerd/certs.d", "/etc/containerd/hosts.d"))
        self.found("config_path_missing", says="hosts.d")

    def test_wrong_table(self):
        self.config(CONFIG_V2.replace("version = 2\n", ""))
        self.found("config_path_table", "config_path_unset")

    def test_cri_disabled(self):
        self.config('version = 2\ndisabled_plugins = ["cri"]\n')
        self.found("cri_is_disabled")

    def test_import_replaces_cri(self):
        self.box.write("etc/containerd/conf.d/99-nvidia.toml",
                       'version = 2\n[plugins."io.containerd.grpc.v1.cri".containerd]\n  default_runtime_name = "nvidia"\n')
        self.config('imports = ["/etc/containerd/conf.d/*.toml"]\n' + CONFIG_V2)
        self.found("import_replaces_cri")

    def test_import_of_another_version(self):
        self.box.write("etc/containerd/conf.d/99-nvidia.toml",
                       'version = 3\n[plugins."io.containerd.cri.v1.runtime".containerd]\n  default_runtime_name = "nvidia"\n')
        self.config('imports = ["/etc/containerd/conf.d/*.toml"]\n' + CONFIG_V2, "2.0.2")
        self.found("import_version")

    def test_not_imported(self):
        self.box.write("etc/containerd/conf.d/99-nvidia.toml", "version = 2\n")
        self.config(CONFIG_V2)
        self.found("conf_d_not_imported")

    def test_k3s(self):
        for name in ("usr/bin/containerd", "usr/lib/systemd/system/containerd.service", "etc/containerd/config.toml"):
            self.box.path(name).unlink()
        self.box.write("var/lib/dpkg/status", packages("26.1.4", "1", names=("docker-ce", "other")))
        generated = "var/lib/rancher/k3s/agent/etc/containerd/certs.d/docker.io/hosts.toml"
        self.box.write("var/lib/rancher/k3s/agent/containerd/.keep", "")
        self.box.write(generated, "# File generated by k3s. DO NOT EDIT.\n" + GOOD_HOSTS)
        self.found()
        self.box.write(HOSTS, GOOD_HOSTS)
        self.found("k3s_ignores_certs_d")
        self.box.write(generated, GOOD_HOSTS)
        self.found("k3s_ignores_certs_d", "k3s_overwrites")

    def test_spegel(self):
        self.config(CONFIG_V2)
        self.box.write("etc/containerd/certs.d/_backup/docker.io/hosts.toml", GOOD_HOSTS)
        self.found("spegel_backup")


class HostsFiles(DoctorCase):
    def setUp(self):
        super().setUp()
        self.node("26.1.4", "1.7.22")

    def hosts(self, text, name="docker.io", containerd=None):
        if containerd:
            config = CONFIG_V3 if containerd.startswith("2") else CONFIG_V2
            self.node("26.1.4", containerd, config)
        self.box.write(f"etc/containerd/certs.d/{name}/hosts.toml", text)

    def host(self, url="https://mirror.corp.example", keys="", name="docker.io", **more):
        self.hosts(f'[host."{url}"]\n{keys}\n', name, **more)

    def test_ignored_files(self):
        for text in ('[host."https://m.corp.example"\n', '[host."https://m.corp.example"]\n[host."https://m.corp.example"]\n',
                     '[host."https://m.corp.example"]\n  capabilities = ["pull", "fly"]\n',
                     '[host."https://m.corp.example"]\n  capabilities = "pull"\n',
                     '[host."https://m.corp.example"]\n  capabilities = ["pull", "referrers"]\n',
                     '[host."https://m.corp.example"]\n  skip_verify = "yes"\n', 'server = 1\n[host."https://m.corp.example"]\n'):
            self.hosts(text)
            self.found("hosts_toml_invalid")
        self.host(keys='dial_timeout = "soon"')
        self.found()
        self.host(keys='dial_timeout = "soon"', containerd="2.1.4")
        self.found("hosts_toml_invalid", says="soon")
        self.host(keys='dial_timeout = "1.5s"', containerd="2.1.4")
        self.found()

    def test_empty(self):
        self.hosts("")
        self.found("hosts_toml_empty")

    def test_no_host(self):
        self.hosts('server = "https://mirror.corp.example"\n')
        self.found("hosts_toml_no_host")
        self.hosts('server = "https://mirror.corp.example"\n', containerd="2.1.4")
        self.found()

    def test_empty_directory_hides_default(self):
        self.hosts(GOOD_HOSTS, "_default")
        self.box.path(HOSTS).unlink()
        self.found("hosts_dir_empty")
        self.box.write("etc/containerd/certs.d/docker.io/ca.crt", "x")
        self.found()

    def test_default_is_hidden(self):
        self.hosts(GOOD_HOSTS, "_default")
        self.found("default_hidden", says="docker.io")

    def test_two_directories_for_one_port(self):
        self.host(name="registry.corp.example:5000")
        self.found()
        self.host(name="registry.corp.example_5000_")
        self.found("both_port_dirs")

    def test_other_names_of_the_hub(self):
        for name in ("registry-1.docker.io", "index.docker.io"):
            self.hosts(GOOD_HOSTS, name)
            self.found("never_looked_up", says=name)
            self.box.path(f"etc/containerd/certs.d/{name}/hosts.toml").unlink()
            self.box.path(f"etc/containerd/certs.d/{name}").rmdir()

    def test_no_scheme(self):
        self.host("httpmirror.corp.example")
        self.found("host_no_scheme")

    def test_web_page(self):
        self.hosts(GOOD_HOSTS.replace("registry-1.docker.io", "docker.io"))
        self.found("server_web_page")

    def test_paths(self):
        self.host("https://mirror.corp.example/v2/docker.io")
        self.found("host_path", says="/v2/docker.io/v2/...")
        self.host("https://mirror.corp.example/docker.io")
        self.found("host_path")
        self.host("https://mirror.corp.example/v2/docker.io", "override_path = true")
        self.found()
        self.host("https://mirror.corp.example/docker.io", "override_path = true")
        self.found("override_path_without_v2")

    def test_override_path_early(self):
        self.host("https://mirror.corp.example/hub/v2", "override_path = true", containerd="1.5.9")
        self.found("override_path_early")

    def test_tls_on_http(self):
        self.host("http://10.0.0.1:5000", "skip_verify = false")
        self.found("tls_on_http")

    def test_ca(self):
        self.host(keys='ca = "/etc/ssl/corp.pem"')
        self.found("ca_missing", says="/etc/ssl/corp.pem")
        self.box.write("etc/ssl/corp.pem", "x")
        self.found()
        self.host(keys='ca = "corp.crt"')
        self.found("ca_missing", says="certs.d/docker.io/corp.crt")

    def test_nobody_resolves(self):
        self.hosts('server = "https://mirror.corp.example"\ncapabilities = ["pull"]\n'
                   '[host."https://mirror.corp.example"]\n  capabilities = ["pull"]\n')
        self.found("nothing_resolves")
        self.host(keys='capabilities = ["pull"]')
        self.found()

    def test_scattered(self):
        self.hosts('[host."https://a.corp.example"]\n[host."https://b.corp.example"]\n'
                   '[host."https://a.corp.example".header]\n  x-a = "b"\n')
        self.found("host_scattered")
        self.hosts('host = { "https://a.corp.example" = { capabilities = ["pull"] } }\n')
        self.found("host_scattered")

    def test_readable_secret(self):
        self.hosts('[host."https://a.corp.example"]\n[host."https://a.corp.example".header]\n  Authorization = "Basic eDp5"\n')
        findings = self.found("hosts_secret_readable")
        self.assertNotIn("eDp5", json.dumps(findings))
        self.box.path(HOSTS).chmod(0o600)
        self.found()

    def test_mirrors_that_do_not_fit(self):
        self.host("https://ghcr.nju.edu.cn")
        self.found("mirror_wrong_registry")
        self.host("https://m.daocloud.io/v2/ghcr.io", "override_path = true")
        self.found("mirror_wrong_registry")
        self.host("https://quay.mirrors.ustc.edu.cn", name="quay.io")
        self.found("mirror_dead", "mirror_wrong_registry")

    def test_dockers_own_directory(self):
        self.node("28.5.1", "2.1.4", CONFIG_V3)
        self.box.write("etc/docker/daemon.json", '{"features": {"containerd-snapshotter": true}}')
        self.box.write("etc/docker/certs.d/ghcr.io/hosts.toml", "[host\n")
        self.found("hosts_toml_invalid", says="/etc/docker/certs.d/ghcr.io")
        self.box.write("etc/docker/certs.d/ghcr.io/hosts.toml", GOOD_HOSTS)
        self.found()
        self.box.write("etc/docker/daemon.json", '{}')
        self.found("docker_hosts_unread", says="containerd's store")
        self.box.write("var/lib/dpkg/status", packages("26.1.4", "2.1.4"))
        self.found("docker_hosts_unread", says="28.0")
        self.box.write("usr/local/bin/nerdctl", "", 0o755)
        self.found()


class Units(DoctorCase):
    def setUp(self):
        super().setUp()
        self.node()

    def drop_in(self, *lines, name="http-proxy.conf", section="[Service]"):
        self.box.write(f"etc/systemd/system/docker.service.d/{name}", "\n".join([section, *lines]) + "\n")

    def both(self, value):
        return f'Environment="HTTP_PROXY={value}"', f'Environment="HTTPS_PROXY={value}"'

    def test_good(self):
        self.drop_in(*self.both("http://proxy.corp.example:3128"), 'Environment="NO_PROXY=10.0.0.0/8,.corp.example,*.svc,h:80"')
        self.found()

    def test_percent(self):
        self.drop_in('Environment="HTTPS_PROXY=http://proxy.corp.example:3128/%40x"')
        self.found("unit_percent")
        self.drop_in('Environment="HTTPS_PROXY=http://proxy.corp.example:3128/%%40x"')
        self.found()

    def test_words(self):
        self.drop_in("Environment=NO_PROXY=a.example, b.example")
        self.found("unit_environment", says="b.example")
        self.drop_in('Environment="HTTPS_PROXY=http://proxy.corp.example:3128')
        self.found("unit_environment")

    def test_not_taken(self):
        self.drop_in('Environment="HTTPS_PROXY=http://proxy.corp.example:3128"', section="[Service")
        self.found("drop_in_invalid")

    def test_section(self):
        self.drop_in('Environment="HTTPS_PROXY=http://proxy.corp.example:3128"', section="[Unit]")
        self.found("drop_in_section")

    def test_cleared_and_overridden(self):
        self.drop_in('Environment="HTTPS_PROXY=http://proxy.corp.example:3128"')
        self.drop_in("Environment=", name="zz.conf")
        self.found("proxy_cleared")
        self.drop_in('Environment="HTTPS_PROXY=http://other.corp.example:3128"', name="zz.conf")
        self.found("proxy_overridden", says="zz.conf")
        self.box.path("etc/systemd/system/docker.service.d/zz.conf").unlink()
        self.box.write("etc/default/docker", "HTTPS_PROXY=http://third.corp.example:3128\n")
        self.found("proxy_overridden", says="/etc/default/docker")

    def test_kill_mode(self):
        self.box.write("usr/lib/systemd/system/containerd.service", rootfs.CONTAINERD_UNIT.replace("KillMode=process\n", ""))
        self.found("unit_kill_mode", says="containerd.service")

    def test_no_proxy(self):
        for entry in ("https://registry.corp.example", "172.17.*", "10.0.0.0/40", "a.example b.example"):
            self.drop_in('Environment="HTTPS_PROXY=http://proxy.corp.example:3128"', f'Environment="NO_PROXY=localhost,{entry}"')
            self.found("no_proxy_entry")

    def test_invalid_proxy(self):
        self.drop_in('Environment="HTTPS_PROXY=http://proxy corp:3128"')
        self.found("proxy_invalid")

    def test_password(self):
        self.drop_in(*self.both("http://u:s3cret@proxy.corp.example:3128"))
        findings = self.findings()
        self.assertEqual({f["code"] for f in findings}, {"proxy_password_readable"})
        self.assertNotIn("s3cret", json.dumps(findings))
        self.assertNotIn("s3cret", self.box.run("doctor", "-v").text)

    def test_only_http(self):
        self.drop_in('Environment="HTTP_PROXY=http://proxy.corp.example:3128"')
        self.found("https_proxy_missing")


class Clients(DoctorCase):
    def setUp(self):
        super().setUp()
        self.node()

    def client(self, data, mode=0o600):
        self.box.write("root/.docker/config.json", data if isinstance(data, str) else json.dumps(data), mode)

    def test_loopback(self):
        self.client({"proxies": {"default": {"httpsProxy": "http://127.0.0.1:3128"}}})
        self.found("loopback_proxy")

    def test_broken(self):
        self.client("{")
        self.found("config_json_invalid")

    def test_readable(self):
        self.client({"auths": {"r.corp.example": {"auth": "eDp5"}}}, 0o644)
        self.found("config_json_readable")
        self.client({"proxies": {"default": {"httpsProxy": "http://u:s3cret@proxy.corp.example:3128"}}}, 0o644)
        self.found("proxy_password_readable")

    def test_a_home_leads_nowhere(self):
        if os.geteuid() != 0:
            self.skipTest("needs root: whose file it is matters")
        secret = self.box.write("etc/secret", "{ s3cret", 0o600)
        home = self.box.path("home/alice/.docker")
        (home / "buildx/instances").mkdir(parents=True)
        os.symlink(secret, home / "config.json")
        os.link(secret, home / "buildx/instances/trap")
        for path in (home, home / "config.json"):
            os.chown(path, 1000, 1000, follow_symlinks=False)
        self.found()

    def test_builders(self):
        def builder(name, driver="docker-container", toml=None):
            files = {"buildkitd.toml": base64.b64encode(toml.encode()).decode()} if toml else None
            self.box.write(f"root/.docker/buildx/instances/{name}",
                           json.dumps({"Name": name, "Driver": driver, "Nodes": [{"Name": name + "0", "Files": files}]}))
        builder("plain", "docker")
        builder("fast", toml='[registry."docker.io"]\n  mirrors = ["mirror.corp.example"]\n')
        self.found()
        builder("slow")
        self.found("builder_not_covered", says="slow")
        builder("slow", toml='[registry."docker.io"]\n  mirrors = ["https://mirror.corp.example"]\n')
        self.found("builder_mirror_url")


class Ourselves(DoctorCase):
    def applied(self):
        self.node(hosts="", config="version = 2\n")
        profile = harness.profile_for(self.lab)
        profile["as_of"] = TODAY
        self.file = harness.write_profile(self.box, profile)
        self.ok(self.box.run("apply", "--profile", self.file))

    def test_drifted(self):
        self.applied()
        text = self.box.read("etc/docker/daemon.json")
        self.box.write("etc/docker/daemon.json", re.sub(r'"http://127[^"]*"', '"https://else.corp.example"', text, count=1))
        self.found("file_drifted")

    def test_forgotten_activation(self):
        self.applied()
        pending = self.box.state / "pending.json"
        document = json.loads(pending.read_text())
        self.assertTrue(document["pending"])
        for entry in document["pending"]:
            entry["since"] = time.time() - 3 * 86400
        pending.write_text(json.dumps(document))
        self.assertEqual({f["code"] for f in self.findings()}, {"activation_pending"})

    def test_cut_short(self):
        self.applied()
        (self.box.state / "ACTIVE").write_text("half a rec")
        self.assertIn("recovery_needed", {f["code"] for f in self.findings()})

    def test_corrupt_state(self):
        self.applied()
        (self.box.state / "pending.json").write_text("{")
        self.found("state_corrupt")

    def test_open_state_directory(self):
        self.applied()
        self.box.state.chmod(0o777)
        self.found("state_dir_open")

    def test_profiles(self):
        self.node()
        self.box.write("etc/mirrorctl/config.yaml", "profile: nowhere\n")
        self.found("profile_unusable", says="nowhere")
        self.box.write("etc/mirrorctl/profiles/old.yaml", "schema: mirrorctl.profile/1\nname: old\nas_of: 2024-01-01\nupstreams: {}\n")
        self.box.write("etc/mirrorctl/config.yaml", "profile: old\n")
        self.found("profile_stale")

    def test_broken_config_yaml(self):
        self.node()
        self.box.write("etc/mirrorctl/config.yaml", "profil: cn\n")
        self.assertEqual(self.box.run("status").code, 1)
        self.found("config_yaml_invalid")


class Inventory(DoctorCase):
    def test_every_check_is_exercised(self):
        """A check that no test makes fire may be one that cannot."""
        listed = {c["code"] for c in self.document(self.box.run("doctor", "--list", "--json"), "doctor-list", 0)["checks"]}
        here = Path(__file__)
        tests = [here, *(here.parents[1] / "unit/doctor").glob("*_test.cpp")]
        named = set(re.findall(r'"([a-z0-9_]+)"', "\n".join(path.read_text() for path in tests)))
        self.assertEqual(listed - named, set())
        self.assertGreater(len(listed), 60)
        self.assertIn("mirror_dead", self.ok(self.box.run("doctor", "--list")).text)


if __name__ == "__main__":
    unittest.main()
