"""Bad input, bad worlds: the right exit status, a message that helps, and nothing changed."""

import fcntl
import os
import re
import time
import unittest

import harness


class RefusalCase(harness.FlowCase):
    def setUp(self):
        super().setUp()
        self.file = self.profile()

    def refused(self, code, *arguments, error=None, says=(), **options):
        tree = self.box.snapshot()
        done = self.box.run(*arguments, "--json", **options)
        command = arguments[0] if arguments[0] in ("apply", "plan", "bench", "rollback", "status") else "apply"
        document = self.document(done, command, code)
        if error:
            self.assertEqual(document["error"]["code"], error, str(done))
        told = document["error"]["message"] + " " + document["error"]["hint"]
        for text in says:
            self.assertIn(text, told)
        self.assertSame(tree, self.box.snapshot(), times=True)
        return document

    def apply_refused(self, code, *more, **options):
        return self.refused(code, "apply", "--profile", self.file, *more, **options)


class Usage(RefusalCase):
    def test_unknown_things(self):
        for arguments, near in ((["aply"], "apply"), (["apply", "--profil", "cn"], "--profile"), (["frobnicate"], ""),
                                (["apply", "--restart", "perhaps"], ""), (["bench", "--budget", "10"], "10s"),
                                (["completion", "tcsh"], "")):
            done = self.box.run(*arguments)
            self.assertEqual(done.code, 2, str(done))
            self.assertEqual(done.out, b"")
            self.assertIn(near, done.errors)

    def test_unknown_profile_lists_those_that_exist(self):
        done = self.box.run("apply", "--profile", "chn")
        self.assertEqual(done.code, 2, str(done))
        for name in ("cn", "cn-aliyun", "global"):
            self.assertRegex(done.errors, rf"\b{re.escape(name)}\b")
        self.refused(2, "apply", "--profile", "chn", error="unknown_profile")

    def test_no_profile_at_all(self):
        done = self.box.run("apply")
        self.assertEqual(done.code, 2, str(done))
        self.assertIn("profile", done.errors)

    def test_unknown_target_and_upstream(self):
        self.apply_refused(2, "--target", "docker-deamon", says=["docker-daemon"])
        self.apply_refused(2, "--upstream", "docker.oi", says=["docker.io"])

    def test_an_image_that_nobody_would_be_measured_with(self):
        bench = ("bench", "--profile", self.file, "--image")
        self.refused(2, *bench, "Not Valid!!", error="usage", says=["--image", "Not Valid!!", "not an image reference"])
        self.refused(2, *bench, "quay.io/foo/bar:1", error="usage", says=["quay.io/foo/bar:1", "docker.io", "no upstream quay.io"])
        self.assertEqual(self.lab.accesses(), [], "nobody is asked")
        two = self.profile(self.own_lab("two.yaml"))
        self.refused(2, "bench", "--profile", two, "--upstream", "docker.io", "--image", "ghcr.io/lab/app:1.0", error="usage",
                     says=["this run measures docker.io", "--upstream ghcr.io"])

    def test_missing_root(self):
        done = self.box.run("--root", self.box.base / "nowhere", "status", root=False)
        self.assertIn(done.code, (1, 2), str(done))
        self.assertIn("nowhere", done.errors)


class BrokenProfile(RefusalCase):
    def broken(self, text, place, *says):
        path = self.box.beside("broken.yaml", text)
        for command in ("apply", "bench", "plan"):
            done = self.box.run(command, "--profile", path)
            self.assertNotEqual(done.code, 0, str(done))
            self.assertIn(f"broken.yaml:{place}", done.errors)
            for word in says:
                self.assertIn(word, done.errors)
        self.assertEqual(self.box.run("profile", "lint", path).code, 1)

    def test_unknown_key(self):
        self.broken("schema: mirrorctl.profile/1\nname: x\nmirors: {}\n", "3:1", "mirors", "upstreams")

    def test_wrong_type(self):
        self.broken("schema: mirrorctl.profile/1\nname: x\nupstreams: [docker.io]\n", "3:12", "mapping")

    def test_not_yaml(self):
        self.broken("schema: mirrorctl.profile/1\nname: [x\n", "")

    def test_plain_http(self):
        self.broken("schema: mirrorctl.profile/1\nname: x\nupstreams:\n  docker.io:\n    mirrors:\n      - url: http://m.example\n", "6:14", "insecure")


class BrokenFiles(RefusalCase):
    def test_daemon_json(self):
        for text, line in (('{\n  "log-driver": "json-file",\n}\n', 2), ('{"a": 1}{"b": 2}\n', 1), ('{\n  // comment\n  "a": 1\n}\n', 2),
                           ('{\n  "a": 1,\n  "a": 2\n}\n', 3), ("{", 1), ('["a"]\n', 1)):
            self.box.write("etc/docker/daemon.json", text)
            document = self.apply_refused(1)
            self.assertRegex(document["error"]["message"], rf"daemon\.json:{line}:\d+")
            self.assertEqual(self.box.read("etc/docker/daemon.json"), text)

    def test_config_toml(self):
        self.box.write("etc/containerd/config.toml", "version = 2\n[plugins\n")
        document = self.apply_refused(1)
        self.assertRegex(document["error"]["message"], r"config\.toml:2")

    def test_one_broken_file_refuses_all_unless_narrowed(self):
        self.box.write("etc/docker/daemon.json", "{")
        self.apply_refused(1)
        self.ok(self.box.run("apply", "--profile", self.file, "--target", "containerd-hosts"))
        self.assertEqual(self.box.read("etc/docker/daemon.json"), "{")

    def test_nothing_is_measured_for_a_broken_file(self):
        lab = self.own_lab()
        self.file = self.profile(lab)
        self.box.write("etc/docker/daemon.json", "{")
        self.apply_refused(1)
        self.assertEqual(lab.accesses(), [])

    def test_dockerd_flag_conflict(self):
        self.box.write("etc/default/docker", 'DOCKER_OPTS="--registry-mirror=https://old.example"\n')
        document = self.apply_refused(1, error="conflict", says=["registry-mirror"])
        self.assertIn("/etc/default/docker", document["error"]["message"] + document["error"]["hint"])

    def test_legacy_containerd_mirrors(self):
        text = harness.CONTAINERD_TOML.replace('      config_path = ""\n',
                                               '      [plugins."io.containerd.grpc.v1.cri".registry.mirrors."docker.io"]\n'
                                               '        endpoint = ["https://old.example"]\n')
        self.box.write("etc/containerd/config.toml", text)
        self.apply_refused(1)


class DeadWorlds(RefusalCase):
    def dead_lab(self, fault):
        lab = self.own_lab()
        for name in lab.urls:
            lab.command(f"set {name} fault {fault}")
        self.file = self.profile(lab)
        return lab

    def test_everything_refuses(self):
        self.dead_lab("refused")
        self.apply_refused(8, error="no_usable_mirror", says=["docker.io"])
        self.assertFalse(self.box.path("etc/containerd/certs.d").exists())

    def test_everything_is_black(self):
        self.dead_lab("hole")
        start = time.monotonic()
        self.apply_refused(8, error="no_usable_mirror")
        self.assertLess(time.monotonic() - start, 12)

    def test_nothing_worse_than_before(self):
        self.ok(self.box.run("apply", "--profile", self.file))
        good = self.box.snapshot()
        for name in self.lab.urls:
            self.lab.command(f"set {name} fault refused")
        try:
            done = self.box.run("apply", "--profile", self.file, "--fresh", "--json")
        finally:
            for name in self.lab.urls:
                self.lab.command(f"clear {name}")
        self.document(done, "apply", 8)
        self.assertSame(good, self.box.snapshot(), times=True)

    def test_only_the_origin_lives(self):
        lab = self.own_lab()
        for name in ("fast", "second", "ghcr-fast"):
            lab.command(f"set {name} fault refused")
        self.file = self.profile(lab)
        tree = self.box.snapshot()
        result = self.document(self.box.run("apply", "--profile", self.file, "--json"), "apply", 0)
        self.assertFalse(result["changed"])
        self.assertSame(tree, self.box.snapshot(), times=True)

    def test_allow_unmeasured(self):
        lab = self.dead_lab("refused")
        result = self.document(self.box.run("apply", "--profile", self.file, "--allow-unmeasured", "--json"), "apply", 0)
        self.assertFalse(any(mirror["measured"] for mirror in result["mirrors"]["docker.io"]))
        self.assertEqual([m["url"].rstrip("/") for m in result["mirrors"]["docker.io"]], [lab.urls["fast"], lab.urls["second"]])

    def test_who_lies_is_not_unmeasured(self):
        lab = self.dead_lab("refused")
        lab.command("set second fault wrong_blob")
        result = self.document(self.box.run("apply", "--profile", self.file, "--allow-unmeasured", "--json"), "apply", 0)
        self.assertEqual([m["url"].rstrip("/") for m in result["mirrors"]["docker.io"]], [lab.urls["fast"]])
        for name in ("fast", "ghcr-fast"):
            lab.command(f"set {name} fault wrong_blob")
        box = self.sandbox()
        tree = box.snapshot()
        error = self.document(box.run("apply", "--profile", self.file, "--allow-unmeasured", "--json"), "apply", 8)["error"]
        self.assertEqual(error["code"], "no_usable_mirror")
        self.assertSame(tree, box.snapshot(), times=True)

    def test_bench_says_what_was_tried(self):
        lab = self.dead_lab("refused")
        done = self.box.run("bench", "--profile", self.file, "--json")
        self.assertIn(done.code, (0, 8), str(done))
        ranking = self.document(done, "bench")["upstreams"]["docker.io"]["ranking"]
        self.assertEqual({one["verdict"] for one in ranking}, {"rejected"})
        self.assertEqual(len(ranking), 3)
        self.assertIn(lab.urls["hub-origin"], [one["url"].rstrip("/") for one in ranking])


class Locked(RefusalCase):
    def test_lock_held(self):
        self.ok(self.box.run("apply", "--profile", self.file))
        lock = self.box.state / "lock"
        with open(lock, "rb+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            start = time.monotonic()
            self.apply_refused(7, error="lock_held")
            self.assertLess(time.monotonic() - start, 15)
            self.document(self.box.run("status", "--json"), "status", 0)
        self.ok(self.box.run("apply", "--profile", self.file))

    def test_two_at_once(self):
        runs = [self.box.start("apply", "--profile", self.file, "--json") for _ in range(3)]
        codes = []
        for run in runs:
            run.communicate(timeout=harness.TIMEOUT)
            codes.append(run.returncode)
        self.assertLessEqual(set(codes), {0, 7}, codes)
        self.assertIn(0, codes)
        transactions = self.document(self.box.run("history", "--json"), "history", 0)["transactions"]
        self.assertEqual(len(transactions), 1)


class Rights(RefusalCase):
    def test_not_root(self):
        if os.geteuid() != 0:
            self.skipTest("needs root to become somebody else")
        lab = self.own_lab()
        self.file = self.profile(lab)
        self.box.base.chmod(0o755)
        self.box.home.chmod(0o777)
        if self.box.run("--version", user=65534, group=65534).code != 0:
            self.skipTest("the binary cannot be run by another user here")
        document = self.apply_refused(1, error="not_root", user=65534, group=65534)
        self.assertIn("/var/lib/mirrorctl", document["error"]["message"])
        self.assertEqual(lab.accesses(), [], "it must be said before anything is measured")

    def test_bench_needs_no_rights(self):
        if os.geteuid() != 0:
            self.skipTest("needs root to become somebody else")
        self.box.base.chmod(0o755)
        self.box.home.chmod(0o777)
        if self.box.run("--version", user=65534, group=65534).code != 0:
            self.skipTest("the binary cannot be run by another user here")
        tree = self.box.snapshot(skip=())
        done = self.box.run("bench", "--profile", self.file, "--json", user=65534, group=65534)
        self.document(done, "bench", 0)
        self.assertSame(tree, self.box.snapshot(skip=()), times=True)

    def test_hard_linked_config_in_a_home(self):
        if os.geteuid() != 0:
            self.skipTest("needs root: whose file it is matters")
        victim = self.box.write("etc/shadow", "secret\n", 0o600)
        home = self.box.path("home/alice/.docker")
        home.mkdir()
        os.link(victim, home / "config.json")
        os.chown(home, 1000, 1000)
        self.apply_refused(1, "--target", "docker-client", "--user", "alice", "--http-proxy", "http://10.0.0.1:3128")
        self.assertEqual(self.box.read("etc/shadow"), "secret\n")


if __name__ == "__main__":
    unittest.main()
