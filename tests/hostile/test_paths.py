"""Paths that the command line, the configuration and --root bring in: state, plans, rankings, profiles, secrets, certificates."""

import os
import re
import shutil
import stat
import sys
import unittest

import traps
import harness  # found by way of traps
from traps import ALICE, BOB, fifo, link, listening, own, sparse

PROXY = ("--http-proxy", "http://10.9.8.7:3128", "--offline")


class Names(traps.TrapCase):
    """Names and texts that would move the cursor of a terminal: none reaches an output as it is."""

    ESCAPES = "\x1b]0;owned\x07\x1b[31m\x08\x7f\xc2\x9b"
    CONTROL = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]")

    def plant(self):
        bad, box = self.ESCAPES, self.box
        box.write(f"etc/containerd/certs.d/{bad}.io/hosts.toml", f'server = "https://a{bad}"\n[host."https://{bad}"]\n')
        box.write("etc/containerd/certs.d/x.io/hosts.toml", f'server = "https://a\n[host."https://{bad}"]\n')
        box.write("etc/containerd/config.toml", harness.CONTAINERD_TOML.replace('config_path = ""', 'config_path = "/etc/containerd/certs.d"'))
        box.write("etc/docker/daemon.json", '{"%s": 1, "registry-mirrors": ["https://%s.x", "http://a\\u001b[31m"], "x": "\n"}' % (bad, bad))
        box.write("etc/passwd", f"root:x:0:0::/root:/bin/sh\n{bad}:x:1000:1000::/home/{bad}:/bin/sh\n")
        box.write(f"home/{bad}/.docker/config.json", '{"proxies": {"%s": {}}, "credsStore": "%s"}' % (bad, bad))
        box.write(f"etc/systemd/system/docker.service.d/{bad}.conf", f'[Service]\nEnvironment="HTTP_PROXY=http://{bad}"\n')
        box.write("etc/default/docker", f'DOCKER_OPTS="--registry-mirror={bad}"\n')

    def test_names(self):
        self.plant()
        bad = self.ESCAPES
        lint = self.box.beside("bad.yaml", f'schema: mirrorctl.profile/1\nname: "x{bad}"\n"{bad}": 1\n')
        plan = ("plan", "--profile", "cn", "--offline", "--allow-unmeasured")
        for command in (("status",), ("doctor",), ("targets",), ("explain", "x.io/a"), ("explain", bad), ("plan", "--profile", lint),
                        ("profile", "lint", lint), ("profile", "show", lint), ("apply", "--profile", f"x{bad}"), ("rollback", bad), (bad,),
                        *((*plan, "--target", target, "--http-proxy", "http://h:1", "--user", bad)
                          for target in ("systemd-proxy", "docker-daemon", "containerd-hosts", "docker-client", bad)),
                        ("--state-dir", f"/nowhere{bad}", "history"), ("--root", f"/nowhere{bad}", "status"), ("apply", f"{bad}.json"),
                        (*plan, "--ranking", f"/{bad}"), ("bench", "--profile", "cn", "--image", bad), (*plan, "--http-proxy", f"@/{bad}"),
                        (*plan, "--target", "docker-client", "--out", f"/nowhere/{bad}")):
            for more in ((), ("--json",)):
                done = self.box.run(*command, *more)
                for stream in (done.out, done.err):
                    found = self.CONTROL.search(stream)
                    self.assertIsNone(found, f"{command}: {stream[max(0, found.start() - 80):found.end() + 40] if found else b''}")


class GivenFiles(traps.TrapCase):
    """Host paths on the command line, in directories where others can write."""

    def setUp(self):
        super().setUp()
        self.tmp = self.box.base / "tmp"
        self.tmp.mkdir()
        self.tmp.chmod(0o1777)
        self.alices = self.box.base / "alice"
        self.alices.mkdir()
        own(self.alices, ALICE)

    def traps_at(self, path, victim):
        yield "link", lambda: link(path, str(victim))
        yield "hard link", lambda: os.link(victim, path)
        yield "fifo", lambda: fifo(path)
        yield "directory", path.mkdir
        yield "socket", lambda: listening(path, self)
        yield "device", lambda: traps.device(path)
        yield "sparse", lambda: sparse(path)

    def reading(self, *command):
        for folder in (self.tmp, self.alices):
            path = folder / "x.yaml"

            def check(path=path):
                victims = self.watch()
                self.refused(*[str(word).replace("PATH", str(path)) for word in command], names=path, code=(1, 2, 4))
                self.unharmed(victims)
            for kind, plant in self.traps_at(path, self.beyond):
                self.with_trap(f"{kind} in {folder.name}", path, plant, check)

    def test_profile(self):
        self.reading("apply", "--profile", "PATH")

    def test_linted_profile(self):
        self.reading("profile", "lint", "PATH")

    def test_ranking(self):
        self.reading("apply", "--profile", self.file, "--ranking", "PATH", "--target", "docker-daemon")

    def test_saved_plan(self):
        self.reading("apply", "PATH")

    def test_proxy_from_a_file(self):
        self.reading("apply", "--profile", self.file, "--target", "systemd-proxy", "--http-proxy", "@PATH", "--offline")

    def check_out(self, kind, path):
        victims = self.watch()
        before = os.lstat(path)
        done = self.quick("plan", "--profile", self.file, "--target", "systemd-proxy", *PROXY, "--out", path)
        if kind == "sparse":  # a file like any other, replaced by a new one
            self.assertEqual(done.code, 0, str(done))
            self.assertEqual((stat.S_IMODE(os.lstat(path).st_mode), os.lstat(path).st_uid), (0o600, 0))
        else:
            self.assertEqual(done.code, 1, str(done))
            self.assertIn(str(path).encode(), done.err)
            self.assertEqual((os.lstat(path).st_ino, os.lstat(path).st_mode), (before.st_ino, before.st_mode))
        self.unharmed(victims)

    def test_out(self):
        for folder in (self.tmp, self.alices):
            path = folder / "plan.json"
            for kind, plant in self.traps_at(path, self.beyond):
                self.with_trap(f"{kind} in {folder.name}", path, plant, lambda kind=kind, path=path: self.check_out(kind, path))

    def test_out_through_a_linked_directory(self):
        link(self.tmp / "dir", str(self.outside))
        victims = self.watch()
        self.refused("plan", "--profile", self.file, *PROXY, "--target", "systemd-proxy", "--out", self.tmp / "dir/plan.json",
                     names=self.tmp / "dir/plan.json")
        self.unharmed(victims)


class State(traps.TrapCase):
    def refused_by_all(self, shown, *options):
        victims = self.watch()
        for command in (("apply", "--profile", self.file, *PROXY), ("plan", "--profile", self.file, *PROXY), ("status", "--json"), ("history",),
                        ("rollback",), ("rollback", "-n"), ("reset",), ("recover",), ("bench", "--profile", self.file)):
            self.refused(*options, *command, names=shown)
        self.unharmed(victims)

    def test_modes_and_owners(self):
        state = self.box.state
        state.mkdir()
        for mode, uid in ((0o770, 0), (0o707, 0), (0o777, 0), (0o1777, 0), (0o700, ALICE)):
            with self.subTest(f"{mode:o} of {uid}"):
                own(state, uid)
                state.chmod(mode)
                self.refused_by_all("/var/lib/mirrorctl")
        own(state, 0)
        state.chmod(0o700)
        self.assertEqual(self.quick("history").code, 0)

    def test_not_a_directory(self):
        state = self.box.state
        for plant in (lambda: link(state, "/root"), lambda: link(state, str(self.outside), 0), lambda: fifo(state), lambda: own(self.box.write(
                "var/lib/mirrorctl", "x"), ALICE)):
            self.with_trap("", state, plant, lambda: self.refused_by_all("/var/lib/mirrorctl"))

    def test_parent_in_other_hands(self):
        """Who owns the directory above can put another one in its place."""
        self.box.state.mkdir()
        self.box.state.chmod(0o700)
        parent = self.box.state.parent
        for mode, uid in ((0o755, ALICE), (0o777, 0), (0o775, 0)):
            with self.subTest(f"{mode:o} of {uid}"):
                own(parent, uid)
                parent.chmod(mode)
                self.refused_by_all("/var/lib")
        own(parent, 0)
        parent.chmod(0o1777)  # sticky: nobody but its owner can rename it
        self.assertEqual(self.quick("history").code, 0)

    def test_given_on_the_command_line(self):
        alices = self.box.base / "alice"
        (alices / "state").mkdir(parents=True)
        own(alices, ALICE)
        self.refused_by_all(alices, "--state-dir", alices / "state")
        link(self.box.base / "linked", str(self.outside))
        self.refused_by_all(self.box.base / "linked", "--state-dir", self.box.base / "linked")

    def test_saved_ranking_is_a_trap(self):
        state = self.box.state
        state.mkdir()
        state.chmod(0o700)
        cache = state / "bench.json"

        def check():
            victims = self.watch()
            self.quick("apply", "--profile", self.file, "--target", "docker-daemon", "--offline")
            self.quick("bench", "--profile", self.file, "--budget", "1s")
            self.unharmed(victims)
        for plant in (lambda: link(cache, "/root/secret.json", 0), lambda: link(cache, str(self.beyond), 0), lambda: fifo(cache), cache.mkdir,
                      lambda: sparse(cache)):
            self.with_trap("", cache, plant, check)

    def test_cache_of_a_user(self):
        """Without rights to the state directory the ranking is kept in the caller's own cache, and only there."""
        bobs = self.box.base / "bob"
        (bobs / "mirrorctl").mkdir(parents=True)
        for one in (bobs, bobs / "mirrorctl"):
            own(one, BOB)
        mine = self.box.base / "mine"
        mine.mkdir()
        own(mine, ALICE)
        link(mine / "mirrorctl", str(bobs / "mirrorctl"), BOB)
        victims = self.watch() + [traps.Victim(bobs / "mirrorctl")]
        for cache in (bobs, mine):
            done = self.quick("bench", "--profile", self.file, "--budget", "1s", env={"XDG_CACHE_HOME": str(cache)}, uid=ALICE)
            if done.code == 0:
                self.assertIn(b"could not be saved", done.err, str(done))
        self.unharmed(victims)


class Roots(traps.TrapCase):
    """Links inside --root that point out of it, made by root itself (an unpacked image)."""

    def setUp(self):
        super().setUp()
        for name in ("daemon.json", "config.yaml", "http-proxy.conf", "login"):
            shutil.copy(self.beyond, self.outside / name)
            (self.outside / name).chmod(0o600)
        self.before = self.marks(self.outside)

    def ways_out(self):
        up = "../" * 12 + str(self.outside).lstrip("/")
        return (str(self.outside), up, "/proc/self/root" + str(self.outside), "/.." * 9 + str(self.outside))

    def stays_inside(self, *commands):
        victims = self.watch()
        for command in commands:
            self.quick(*command)
        self.unharmed(victims)
        self.assertEqual(self.marks(self.outside), self.before)
        self.assertEqual(sorted(os.listdir(self.outside)), sorted({name.split("/")[0] for name in self.before}))

    def way_out(self, name, way):
        path = self.box.path(name)
        aside = path.with_name(path.name + ".aside")
        if os.path.lexists(path):
            path.rename(aside)
        path.parent.mkdir(parents=True, exist_ok=True)
        self.with_trap(f"{name} -> {way}", path, lambda: link(path, way, 0), lambda: self.stays_inside(
            ("apply", "--profile", self.file, "--target", "docker-daemon", "--target", "systemd-proxy", "--target", "docker-client", *PROXY),
            ("status", "--json"), ("doctor",), ("rollback",), ("reset",)))
        if os.path.lexists(aside):
            aside.rename(path)

    def test_directories(self):
        for name in ("etc/docker", "etc/mirrorctl", "etc/containerd", "etc/systemd", "root/.docker", "var/lib/mirrorctl", "usr/lib/systemd/system"):
            for way in self.ways_out():
                self.way_out(name, way)

    def test_files(self):
        for name in ("etc/docker/daemon.json", "etc/mirrorctl/config.yaml", "root/.docker/config.json", "etc/passwd", "etc/machine-id",
                     "etc/systemd/system/docker.service.d/http-proxy.conf"):
            for way in self.ways_out():
                self.way_out(name, way + "/secret.json")

    def test_secrets_and_certificates(self):
        """What a profile names by path is looked up inside the root as well."""
        login = self.outside / "login"
        login.write_text("CANARYOFROOT:word\n")
        self.before = self.marks(self.outside)
        server = self.basic_mirror()
        for way in self.ways_out():
            path = self.box.path("etc/login")
            link(path, way + "/login", 0)
            self.file = self.profile(url=server.url, auth="file:/etc/login")
            self.stays_inside(("bench", "--profile", self.file, "--budget", "2s"), ("bench", "--profile", self.file, "--budget", "2s", "--json"))
            self.assertEqual([one for one in server.requests if "authorization" in one.headers], [])
            path.unlink()
            secret = self.box.path("etc/proxy")
            link(secret, way + "/login", 0)
            text = self.file.read_text() + "proxy: {http: 'file:/etc/proxy'}\n"
            self.refused("apply", "--profile", self.box.beside("proxied.yaml", text), "--target", "systemd-proxy", "--offline", names="/etc/proxy")
            secret.unlink()

    def basic_mirror(self):
        def answer(send, _):
            send.reply(401, b"{}", [("WWW-Authenticate", 'Basic realm="x"')])
        server = traps.wire.Server(answer)
        self.addCleanup(server.close)
        return server

    def test_certificate_file_is_a_trap(self):
        ca = self.box.path("etc/ca.pem")
        self.file = self.profile(url="https://127.0.0.1:2", ca="/etc/ca.pem", insecure=False)

        def check():
            done = self.quick("bench", "--profile", self.file, "--budget", "2s")
            self.assertLess(done.seconds, 3, str(done))
            self.assertIn(b"/etc/ca.pem", done.out + done.err, str(done))
        for plant in (lambda: fifo(ca, 0), ca.mkdir, lambda: link(ca, str(self.beyond), 0), lambda: traps.device(ca), lambda: sparse(ca, 0)):
            self.with_trap("", ca, plant, check)


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("skipped: needs root, who alone has files that others cannot read")
        sys.exit(77)
    unittest.main()
