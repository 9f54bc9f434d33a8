"""doctor: nothing to say on a healthy node of each generation, and exactly the planted fault in a home or in our own state."""

import base64
import json
import os
import re
import time
import unittest
from pathlib import Path

import harness
from doctor_case import TODAY, HOSTS, CONFIG_V3, DoctorCase


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
        tests = [*here.parent.glob("test_doctor*.py"), *(here.parents[1] / "unit/doctor").glob("*_test.cpp")]
        named = set(re.findall(r'"([a-z0-9_]+)"', "\n".join(path.read_text() for path in tests)))
        self.assertEqual(listed - named, set())
        self.assertGreater(len(listed), 60)
        self.assertIn("mirror_dead", self.ok(self.box.run("doctor", "--list")).text)


if __name__ == "__main__":
    unittest.main()
