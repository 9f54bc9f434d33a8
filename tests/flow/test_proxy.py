"""Proxies: written where daemons and shells read them, secrets where nobody else does."""

import json
import os
import stat
import subprocess
import unittest

import harness

SECRET = "s3cret%41/word"
PROXY = "http://alice:" + SECRET.replace("%", "%25").replace("/", "%2F") + "@10.9.8.7:3128"
PLAIN = "http://10.9.8.7:3128"
DOCKER = "etc/systemd/system/docker.service.d/http-proxy.conf"
CONTAINERD = "etc/systemd/system/containerd.service.d/http-proxy.conf"


class ProxyCase(harness.FlowCase):
    def setUp(self):
        super().setUp()
        self.file = self.profile()
        self.before = self.box.snapshot()

    def apply(self, *more, code=0, env=None):
        return self.document(self.box.run("apply", "--profile", self.file, "--offline", "--json", *more, env=env), "apply", code)

    def secret_free(self, done):
        for form in (SECRET, SECRET.replace("%", "%25").replace("/", "%2F")):
            self.assertNotIn(form.encode(), done.out + done.err)


class Units(ProxyCase):
    def test_plain(self):
        self.apply("--target", "systemd-proxy", "--http-proxy", PLAIN, "--https-proxy", PLAIN, "--no-proxy", "localhost,.corp.example,10.0.0.0/8")
        for name in (DOCKER, CONTAINERD):
            text = self.box.read(name)
            self.assertIn("[Service]", text)
            for variable in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"):
                self.assertIn(variable, text)
            self.assertIn(PLAIN, text)
            self.assertIn(".corp.example", text)
        self.ok(self.box.run("rollback"))
        self.assertSame(self.before, self.box.snapshot())

    def test_credentials_are_not_in_the_unit(self):
        self.apply("--target", "systemd-proxy", "--https-proxy", PROXY)
        unit = self.box.read(DOCKER)
        self.assertNotIn("alice", unit)
        self.assertIn("EnvironmentFile=", unit)
        secret = self.box.path("etc/mirrorctl/proxy-docker.env")
        self.assertEqual(stat.S_IMODE(secret.stat().st_mode), 0o600)
        self.assertIn("10.9.8.7:3128", secret.read_text())
        self.ok(self.box.run("rollback"))
        self.assertSame(self.before, self.box.snapshot())

    def test_secrets_are_nowhere_to_be_seen(self):
        arguments = ["apply", "--profile", self.file, "--offline", "--target", "systemd-proxy", "--https-proxy", PROXY]
        self.secret_free(self.ok(self.box.run("plan", *arguments[1:])))
        self.secret_free(self.ok(self.box.run("plan", *arguments[1:], "--json", "-v")))
        self.secret_free(self.ok(self.box.run(*arguments, "-v")))
        for command in (["history"], ["history", "--json"], ["status"], ["status", "--json"], ["rollback", "-n"], ["rollback", "-v"]):
            self.secret_free(self.ok(self.box.run(*command)))
        for directory, _, files in os.walk(self.box.root):
            for name in files:
                path = os.path.join(directory, name)
                info = os.lstat(path)
                if stat.S_ISREG(info.st_mode) and info.st_mode & 0o077:
                    with open(path, "rb") as file:
                        self.assertNotIn(b"s3cret", file.read(), path)

    def test_second_run_is_unchanged(self):
        arguments = ["--target", "systemd-proxy", "--https-proxy", PROXY]
        self.apply(*arguments)
        tree = self.box.snapshot()
        self.assertEqual(self.apply(*arguments)["outcome"], "unchanged")
        self.assertSame(tree, self.box.snapshot(), times=True)

    def test_from_a_file_and_from_the_environment(self):
        secret = self.box.beside("proxy.txt", PROXY + "\n", 0o600)
        self.apply("--target", "systemd-proxy", "--https-proxy", f"@{secret}")
        first = self.box.read("etc/mirrorctl/proxy-docker.env")
        self.ok(self.box.run("rollback"))
        self.apply("--target", "systemd-proxy", env={"MIRRORCTL_HTTPS_PROXY": PROXY})
        self.assertEqual(self.box.read("etc/mirrorctl/proxy-docker.env"), first)

    def test_open_secret_file_is_refused(self):
        secret = self.box.beside("proxy.txt", PROXY + "\n", 0o644)
        document = self.apply("--target", "systemd-proxy", "--https-proxy", f"@{secret}", code=1)
        self.assertIn("chmod", document["error"]["message"] + document["error"]["hint"])
        self.assertSame(self.before, self.box.snapshot())

    def test_socks_becomes_what_go_reads(self):
        self.apply("--target", "systemd-proxy", "--all-proxy", "socks5://10.9.8.7:1080")
        text = self.box.read(DOCKER)
        self.assertRegex(text, r"HTTPS_PROXY=[^\n]*socks5://10\.9\.8\.7:1080")

    def test_systemd_reads_it(self):
        if not os.path.exists("/usr/bin/systemd-analyze"):
            self.skipTest("no systemd-analyze here")
        self.apply("--target", "systemd-proxy", "--https-proxy", PLAIN)
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", f"--root={self.box.root}", "docker.service"],
                              capture_output=True, text=True, check=False)
        if "http-proxy.conf" not in done.stderr and "nknown option" in done.stderr:
            self.skipTest("this systemd-analyze has no --root")
        self.assertNotIn("http-proxy.conf", done.stderr)

    def test_the_callers_own_proxy_environment_is_ignored(self):
        dead = "http://127.0.0.1:1"
        env = {name: dead for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")}
        done = self.ok(self.box.run("bench", "--profile", self.file, "--json", env=env))
        ranking = self.document(done, "bench")["upstreams"]["docker.io"]["ranking"]
        self.assertEqual(ranking[0]["verdict"], "usable")


class Shells(ProxyCase):
    def test_shell_reads_it(self):
        self.apply("--target", "shell-proxy", "--http-proxy", PLAIN, "--all-proxy", "socks5://10.9.8.7:1080", "--no-proxy", "localhost,.corp.example")
        script = self.box.path("etc/profile.d/mirrorctl-proxy.sh")
        self.assertEqual(stat.S_IMODE(script.stat().st_mode), 0o644)
        done = subprocess.run(["sh", "-c", f'. {script}; echo "$http_proxy|$all_proxy|$no_proxy"'], capture_output=True, text=True, check=True,
                              env={"PATH": "/usr/bin:/bin"})
        http, everything, none = done.stdout.strip().split("|")
        self.assertEqual(http.rstrip("/"), PLAIN)
        self.assertEqual(everything.rstrip("/"), "socks5://10.9.8.7:1080")
        self.assertIn("corp.example", none)
        self.ok(self.box.run("rollback"))
        self.assertSame(self.before, self.box.snapshot())

    def test_password_is_refused(self):
        document = self.apply("--target", "shell-proxy", "--http-proxy", PROXY, code=1)
        self.assertNotIn("s3cret", json.dumps(document))
        self.assertSame(self.before, self.box.snapshot())


class Client(ProxyCase):
    def test_config_json(self):
        self.apply("--target", "docker-client", "--http-proxy", PLAIN, "--https-proxy", PLAIN, "--no-proxy", "localhost")
        after = self.box.json("root/.docker/config.json")
        self.assertEqual(after["proxies"]["default"]["httpProxy"].rstrip("/"), PLAIN)
        self.assertEqual(after["proxies"]["default"]["httpsProxy"].rstrip("/"), PLAIN)
        self.assertEqual({key: value for key, value in after.items() if key != "proxies"}, json.loads(harness.CONFIG_JSON))
        self.assertEqual(stat.S_IMODE(self.box.path("root/.docker/config.json").stat().st_mode), 0o600)
        self.ok(self.box.run("rollback"))
        self.assertSame(self.before, self.box.snapshot())

    def test_of_a_user(self):
        if os.geteuid() != 0:
            self.skipTest("needs root: the file must belong to that user")
        self.apply("--target", "docker-client", "--user", "alice", "--http-proxy", PLAIN)
        path = self.box.path("home/alice/.docker/config.json")
        for one, mode in ((path, 0o600), (path.parent, 0o700)):
            info = one.stat()
            self.assertEqual((info.st_uid, info.st_gid, stat.S_IMODE(info.st_mode)), (1000, 1000, mode))
        self.ok(self.box.run("rollback"))
        self.assertSame(self.before, self.box.snapshot())

    def test_loopback_gets_a_warning(self):
        result = self.apply("--target", "docker-client", "--http-proxy", "http://127.0.0.1:3128")
        self.assertTrue([one for one in result["warnings"] if "container" in one["message"]], result["warnings"])


class Broken(ProxyCase):
    def test_proxy_that_cannot_be_reached_is_its_own_error(self):
        profile = harness.profile_for(self.lab)
        for upstream in profile["upstreams"].values():  # loopback is always direct, so these must be somewhere else
            upstream["origin"] = "http://192.0.2.1:5000"
            for index, mirror in enumerate(upstream["mirrors"]):
                mirror["url"] = f"http://192.0.2.{index + 2}:5000"
        file = harness.write_profile(self.box, profile, "elsewhere.yaml")
        lab = self.own_lab("two.yaml")
        lab.command("set fast fault {kind: status, code: 407}")
        for proxy in ("http://127.0.0.1:1", lab.urls["fast"]):
            done = self.box.run("apply", "--profile", file, "--target", "docker-daemon", "--target", "systemd-proxy", "--http-proxy", proxy, "--json")
            self.assertNotEqual(done.code, 0)
            document = self.document(done, "apply")
            self.assertEqual(document["error"]["code"], "proxy", str(done))
            self.assertSame(self.before, self.box.snapshot())


if __name__ == "__main__":
    unittest.main()
