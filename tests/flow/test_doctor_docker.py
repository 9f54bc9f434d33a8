"""doctor: exactly the planted fault in daemon.json and in unit files."""

import json
import unittest

import rootfs
from doctor_case import GOOD_HOSTS, CONFIG_V3, packages, DoctorCase


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


if __name__ == "__main__":
    unittest.main()
