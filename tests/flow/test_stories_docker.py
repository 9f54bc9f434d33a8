"""The known failures around dockerd's and docker's own files, bind mounts and homes: one named test (or more) for each."""

import json
import os
import stat
import subprocess
import unittest

import harness
from stories import DAEMON, MIRROR, StoryCase, ask, mirror

UNIT = "usr/lib/systemd/system/docker.service"
DROP_IN = "etc/systemd/system/docker.service.d/override.conf"
PROXY = "http://10.9.8.7:3128"
CLIENT = "root/.docker/config.json"


class Start(StoryCase):
    """What keeps dockerd from starting."""

    FLAG = "--registry-mirror"

    def test_F01_flag_and_file(self):
        """registry-mirrors stands on dockerd's command line: written into the file too, even with equal values, dockerd exits."""
        unit, default = self.box.read(UNIT), self.box.read("etc/default/docker")
        places = {UNIT: unit.replace("$DOCKER_OPTS", f"{self.FLAG}={MIRROR}"),
                  DROP_IN: f"[Service]\nExecStart=\nExecStart=/usr/sbin/dockerd -H fd:// \\\n  {self.FLAG} {MIRROR}\n",
                  "etc/default/docker": f'DOCKER_OPTS="--debug {self.FLAG}={MIRROR}"\n'}
        for place, text in places.items():
            with self.subTest(place):
                self.box.write(place, text)
                told = self.refused("docker-daemon", "conflict", self.FLAG, "/" + DAEMON)
                self.assertIn(place.rsplit("/", 2)[1] + "/" + os.path.basename(place), told)
                self.box.path(DROP_IN).unlink(missing_ok=True)
                self.box.write(UNIT, unit)
                self.box.write("etc/default/docker", default)

    def test_F01_flag_that_does_not_count(self):
        """The flag is in the packaged unit, but a drop-in starts dockerd without it: no conflict, and ExecStart stays as it is."""
        self.box.write(UNIT, self.box.read(UNIT).replace("$DOCKER_OPTS", f"{self.FLAG}={MIRROR}"))
        self.box.write(DROP_IN, "[Service]\nExecStart=\nExecStart=/usr/sbin/dockerd -H fd://\n")
        units = {name: self.box.read(name) for name in (UNIT, DROP_IN)}
        self.apply("docker-daemon")
        self.assertEqual({name: self.box.read(name) for name in units}, units)

    def test_F01_the_real_dockerd_exits(self):
        """dockerd's own word for it, over the file that we wrote: the flag with the very same value is a conflict."""
        dockerd = self.need("dockerd")
        self.apply("docker-daemon")
        code, _, err = ask([dockerd, "--config-file", self.box.path(DAEMON), f"{self.FLAG}={MIRROR}"])
        self.assertNotEqual(code, 0)
        self.assertIn("specified both as a flag and in the configuration file: registry-mirrors", err)

    def test_F04_misspelt_key(self):
        """"registry-mirror" without the s: dockerd takes it without a word and never reads it. Said, kept, not repaired."""
        text = '{\n  "registry-mirror": ["https://old.example"]\n}\n'
        self.box.write(DAEMON, text)
        result = self.apply("docker-daemon")
        self.assertIn('"registry-mirror"', " ".join(self.warnings(result, "unknown_key")))
        after = self.box.json(DAEMON)
        self.assertEqual(after, {"registry-mirror": ["https://old.example"], "registry-mirrors": [MIRROR]})
        self.rollback()
        self.assertEqual(self.box.read(DAEMON), text)

    def test_F04_key_of_another_version(self):
        """`proxies` in daemon.json stops dockerd 20.10; proxies go into a drop-in, for that version and for every other."""
        for version in ("20.10.24", "28.0.1"):
            with self.subTest(version):
                self.versions(docker=version)
                self.apply(None, "--http-proxy", PROXY, "--https-proxy", PROXY)
                self.assertEqual(list(self.box.json(DAEMON)), list(json.loads(harness.DAEMON_JSON)))
                self.assertIn(PROXY, self.box.read("etc/systemd/system/docker.service.d/http-proxy.conf"))
                self.rollback()

    def test_F04_the_real_dockerd_knows_every_key(self):
        """dockerd names the keys that it does not know before anything else: in what we write there is none."""
        dockerd = self.need("dockerd")
        self.apply(None, "--http-proxy", PROXY)
        flags = ["--config-file", self.box.path(DAEMON), "--log-driver=json-file"]  # the conflict makes it exit in any case
        self.assertIn("specified both as a flag", ask([dockerd, *flags])[2])
        self.box.write(DAEMON, '{"log-driver": "json-file", "no-such-key": 1}')
        self.assertIn("don't match any configuration option: no-such-key", ask([dockerd, *flags])[2])

    def test_F05_invalid_entry_in_the_file(self):
        """A GUI stored [""], a person forgot https://: one such entry stops dockerd. Refused with the entry, nothing dropped."""
        for entry in ("", "mirror.example", "mirror.example:5000", "ftp://m.example", "https://m.example?x=1", "https://m.example/hub"):
            with self.subTest(entry):
                self.box.write(DAEMON, json.dumps({"registry-mirrors": ["https://good.example", entry]}))
                self.refused("docker-daemon", "unsupported_layout", "/" + DAEMON, f'"{entry}"')
        self.versions(docker="24.0.7")
        self.apply("docker-daemon")
        self.assertEqual(self.box.json(DAEMON)["registry-mirrors"], [MIRROR, "https://good.example", "https://m.example/hub"])

    def test_F05_invalid_entry_in_the_profile(self):
        """The same values in a profile: refused where they stand, before anything is written."""
        before = self.box.snapshot()
        for url in ("", "mirror.example", "ftp://m.example", "https://u:hunter2@m.example", "https://m.example?x=1"):
            with self.subTest(url):
                self.mirrors(hub=[mirror(url)])
                done = self.box.run(*self.arguments("docker-daemon"))
                self.assertNotEqual(done.code, 0, str(done))
                self.assertRegex(done.text + done.errors, r"story\.yaml:\d+")
                self.assertNotIn("hunter2", done.text + done.errors)
                self.assertSame(before, self.box.snapshot(), times=True)


class Content(StoryCase):
    """What a tool must not lose."""

    def test_F07_keys_of_others_stay(self):
        """Tools replaced daemon.json, and runtimes and storage-driver were gone: only the list's own bytes may differ."""
        heads = ('{"runtimes": {"nvidia": {"path": "nvidia-container-runtime", "args": []}},\r\n\t"registry-mirrors" : ',
                 '{\n   "features":{"buildkit":true}, "mtu": 1450.0, "big": 12345678901234567890,\n\n  "registry-mirrors":')
        tails = (', "storage-driver":"zfs" ,"labels":["caf\u00e9=\\u00e9", "a\\/b"]}', '\n}\n\n')
        for head, tail in zip(heads, tails):
            text = head + '["https://own.example"]' + tail
            with self.subTest(text):
                self.box.write(DAEMON, text.encode())
                self.apply("docker-daemon")
                after = self.box.path(DAEMON).read_bytes().decode()
                self.assertTrue(after.startswith(head) and after.endswith(tail), after)
                self.assertEqual(json.loads(after[len(head):-len(tail)]), [MIRROR, "https://own.example"])
                self.rollback()
                self.assertEqual(self.box.path(DAEMON).read_bytes().decode(), text)

    def test_F26_mirrors_of_docker_hub_only(self):
        """A mirror of ghcr.io in registry-mirrors is asked for Docker Hub's images: it stays out, and the way round is named."""
        result = self.apply(None)
        self.assertNotIn("ghcr-a.example", self.box.read(DAEMON))
        self.assertIn("ghcr.io", " ".join(self.warnings(result, "upstream_not_served")))
        self.rollback()
        before = self.box.snapshot()
        self.apply("docker-daemon", "--upstream", "ghcr.io")
        self.assertSame(before, self.box.snapshot())

    def test_F13_docker_login_rewrites_the_file(self):
        """docker login writes config.json anew: its logins stay at the rollback, our proxies go, and nothing marks what was ours."""
        self.need_root("whose file it is matters")
        home = self.box.path("home/alice/.docker")
        path = home / "config.json"
        home.mkdir(mode=0o700)
        path.write_text(harness.CONFIG_JSON)
        path.chmod(0o600)
        for one in (home, path):
            os.chown(one, 1000, 1000)
        self.apply("docker-client", "--user", "alice", "--http-proxy", PROXY)
        ours = json.loads(path.read_text())
        self.assertEqual(sorted(ours), ["auths", "detachKeys", "proxies"])
        self.assertLessEqual(set(ours["proxies"]["default"]), {"httpProxy", "httpsProxy", "noProxy", "allProxy"})
        login = {"auths": {**ours["auths"], "ghcr.io": {"auth": "YTpi"}}, "proxies": ours["proxies"]}  # unknown keys are dropped
        written = home / "config.json123"
        written.write_text(json.dumps(login, indent="\t"))
        written.chmod(0o600)
        os.chown(written, 1000, 1000)
        written.rename(path)
        self.rollback()
        self.assertEqual(json.loads(path.read_text()), {"auths": login["auths"]})
        info = path.stat()
        self.assertEqual((info.st_uid, info.st_gid, stat.S_IMODE(info.st_mode)), (1000, 1000, 0o600))
        self.assertEqual(os.listdir(home), ["config.json"])

    def test_F13_owner_and_link(self):
        """sudo docker login left a file of root's in a home, dotfiles are links: both refused, neither replaced by another kind of file."""
        self.need_root("whose file it is matters")
        home = self.box.path("home/alice/.docker")
        home.mkdir(mode=0o700)
        os.chown(home, 1000, 1000)
        (home / "config.json").write_text(harness.CONFIG_JSON)
        more = ("--user", "alice", "--http-proxy", PROXY)
        self.refused("docker-client", "unsafe_path", "/home/alice/.docker/config.json", more=more)
        (home / "config.json").rename(home / "real.json")
        os.symlink("real.json", home / "config.json")
        self.refused("docker-client", "unsafe_path", "link", more=more)


class Mounts(StoryCase):
    MOUNT = 'mount --bind "$1" "$2" && shift 2 && exec "$@"'

    def in_namespace(self, *more):
        """The run inside a mount namespace in which a file from elsewhere is mounted over daemon.json."""
        source = self.box.base / "mounted.json"
        if not source.exists():
            source.write_text(harness.DAEMON_JSON)
        unshare = [self.need("unshare"), "-m", *(["-r"] if os.geteuid() != 0 else [])]
        if ask([*unshare, "true"])[0] != 0:
            self.skipTest("no mount namespaces here")
        argv = self.box.argv(self.arguments("docker-daemon", *more))
        done = subprocess.run([*unshare, "sh", "-c", self.MOUNT, "sh", str(source), str(self.box.path(DAEMON)), *argv], check=False,
                              capture_output=True, timeout=harness.TIMEOUT, cwd=self.box.base, env=self.box.environment())
        return source, harness.Done(argv, done.returncode, done.stdout, done.stderr)

    def leftovers(self):
        return os.listdir(self.box.path("etc/docker"))

    def test_F14_file_mounted_over_it(self):
        """daemon.json is mounted into a container as a single file: rename fails with EBUSY, and then nothing has changed."""
        before = self.box.snapshot()
        source, done = self.in_namespace()
        document = self.document(done, "apply", 5)
        self.assertEqual(document["error"]["code"], "busy", str(done))
        self.assertIn("--allow-in-place", document["error"]["hint"])
        self.assertIn("not atomic", document["error"]["hint"])
        self.assertEqual(source.read_text(), harness.DAEMON_JSON)
        self.assertEqual(self.leftovers(), ["daemon.json"])
        self.assertSame(before, self.box.snapshot())

    def test_F14_in_place_with_consent(self):
        """With --allow-in-place the mounted file is written through its own inode; what lies below the mount is untouched."""
        source, done = self.in_namespace("--allow-in-place")
        inode = source.stat().st_ino
        self.document(done, "apply", 0)
        self.assertEqual(json.loads(source.read_text())["registry-mirrors"], [MIRROR, "https://mirror.corp.example"])
        self.assertEqual(source.stat().st_ino, inode)
        self.assertEqual(self.box.read(DAEMON), harness.DAEMON_JSON)
        self.assertEqual(self.leftovers(), ["daemon.json"])
        again = self.document(self.in_namespace("--allow-in-place")[1], "apply", 0)
        self.assertEqual(again["outcome"], "unchanged")


class Surroundings(StoryCase):
    """NO_PROXY, and the environment of the caller."""

    def no_proxy(self, text):
        self.apply("systemd-proxy", "--http-proxy", PROXY, "--no-proxy", text)
        lines = self.box.read("etc/systemd/system/docker.service.d/http-proxy.conf").splitlines()
        value = next(line for line in lines if "NO_PROXY=" in line).split("NO_PROXY=", 1)[1].rstrip('"')
        self.rollback()
        return value.split(",")

    def test_F34_no_proxy_means_one_thing(self):
        """Go and curl read ".corp.example", "*.corp.example" and "172.17.*" differently: written so that both read the same."""
        for written in ("corp.example", ".corp.example", "*.corp.example", "CORP.example."):
            with self.subTest(written):
                value = self.no_proxy(written)
                self.assertIn("corp.example", value)
                self.assertIn(".corp.example", value)
        self.assertEqual(self.no_proxy("10.0.0.0/8  registry.lan:5000, ,[fd00::1]")[3:6], ["10.0.0.0/8", "registry.lan:5000", "fd00::1"])
        for written, better in (("172.17.*", "172.17.0.0/16"), ("http://corp.example", "host"), ("a.*.example", "wildcard"), ("10.0.0.0/40", "CIDR")):
            with self.subTest(written):
                self.refused("systemd-proxy", "usage", better, more=("--http-proxy", PROXY, "--no-proxy", written), code=2)

    def test_F34_curl_agrees(self):
        """curl, given the NO_PROXY that we write, goes directly to the domain and to what is below it, and to nothing else."""
        curl = self.need("curl")
        value = ",".join(self.no_proxy("*.corp.example"))
        for host, direct in (("corp.example", True), ("registry.corp.example", True), ("notcorp.example", False)):
            with self.subTest(host):
                said = ask([curl, "-sS", "-v", "--max-time", "5", "--resolve", f"{host}:1:127.0.0.1", f"http://{host}:1/"],
                           env={"http_proxy": "http://127.0.0.2:9", "no_proxy": value})[2]
                self.assertEqual("127.0.0.2" not in said, direct, said)

    def test_F37_without_an_environment(self):
        """cloud-init runs us without HOME, PATH and the rest: every command works, and homes come from /etc/passwd."""
        nothing = dict.fromkeys(("PATH", "HOME", "LANG", "TERM"))
        before = self.box.snapshot()
        self.apply("docker-client", "--http-proxy", PROXY, env=nothing)
        self.assertIn("proxies", self.box.json(CLIENT))
        self.apply(None, env=nothing)
        for command in ("status", "history", "targets", "recover", "profile list", "rollback", "reset"):
            with self.subTest(command):
                self.ok(self.box.run(*command.split(), env=nothing))
        self.assertSame(before, self.box.snapshot())

    def test_F37_bench_without_a_home(self):
        """bench keeps its ranking in the caller's cache; a caller without a home gets his ranking all the same."""
        file = self.profile()
        before = self.box.snapshot()
        result = self.document(self.box.run("bench", "--profile", file, "--json", env={"HOME": None}), "bench", 0)
        self.assertEqual(result["upstreams"]["docker.io"]["ranking"][0]["verdict"], "usable")
        self.assertSame(before, self.box.snapshot(), times=True)

    def test_F37_wrong_home(self):
        """HOME says /home/root, which is nobody's home: the file goes where /etc/passwd says, for root and for --user."""
        wrong = {"HOME": "/home/root", "SUDO_USER": "nobody-here", "USER": "alice"}
        self.apply("docker-client", "--http-proxy", PROXY, env=wrong)
        self.assertIn("proxies", self.box.json(CLIENT))
        self.assertFalse(self.box.path("home/root").exists())
        if os.geteuid() == 0:
            self.box.write("etc/passwd", self.box.read("etc/passwd").replace("/home/alice", "/srv/people/alice"))
            self.box.path("srv/people").mkdir(parents=True)
            self.box.path("home/alice").rename(self.box.path("srv/people/alice"))
            self.apply("docker-client", "--user", "alice", "--http-proxy", PROXY, env=wrong)
            self.assertTrue(self.box.path("srv/people/alice/.docker/config.json").exists())


if __name__ == "__main__":
    unittest.main()
