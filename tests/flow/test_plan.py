"""plan shows what apply would do and writes nothing; a saved plan is applied as saved, or refused."""

import json
import stat
import unittest

import harness


class PlanCase(harness.FlowCase):
    def setUp(self):
        super().setUp()
        self.file = self.profile()
        self.before = self.box.snapshot(skip=())

    def plan(self, *more, code=0):
        return self.document(self.box.run("plan", "--profile", self.file, "--json", *more), "plan", code)


class Plan(PlanCase):
    def test_writes_nothing(self):
        result = self.plan()
        self.assertTrue(result["changed"])
        # The ranking may be cached; nothing else may appear.
        self.assertSame({k: v for k, v in self.before.items() if "var/lib" not in k},
                        {k: v for k, v in self.box.snapshot(skip=()).items() if "var/lib" not in k}, times=True)

    def test_diff(self):
        done = self.ok(self.box.run("plan", "--profile", self.file))
        self.assertRegex(done.text, r"(?m)^--- .*etc/docker/daemon\.json")
        self.assertRegex(done.text, r"(?m)^\+\+\+ ")
        self.assertRegex(done.text, r"(?m)^\+.*" + self.lab.urls["fast"])
        self.assertRegex(done.text, r"(?m)^\+.*config_path = \"/etc/containerd/certs\.d\"")
        self.assertPlain(done.out + done.err)

    def test_says_the_same_as_apply(self):
        planned = self.plan()
        applied = self.document(self.box.run("apply", "--profile", self.file, "--json"), "apply", 0)
        self.assertEqual(planned["files"], applied["files"])
        self.assertEqual([m["url"] for m in planned["mirrors"]["docker.io"]], [m["url"] for m in applied["mirrors"]["docker.io"]])

    def test_dry_run_of_apply(self):
        done = self.ok(self.box.run("apply", "-n", "--profile", self.file))
        self.assertIn("daemon.json", done.text)
        self.assertEqual(self.box.read("etc/docker/daemon.json"), harness.DAEMON_JSON)

    def test_exit_code(self):
        self.plan("--exit-code", code=3)
        self.ok(self.box.run("apply", "--profile", self.file))
        result = self.plan("--exit-code", code=0)
        self.assertFalse(result["changed"])
        self.assertEqual(result["diff"], "")

    def test_without_rights(self):
        if harness.os.geteuid() != 0:
            self.skipTest("needs root to become somebody else")
        self.box.base.chmod(0o755)
        self.box.home.chmod(0o777)
        done = self.box.run("plan", "--profile", self.file, "--json", user=65534, group=65534)
        if done.code == 126 or b"denied" in done.err and b"mirrorctl" not in done.err:
            self.skipTest("the binary cannot be run by another user here")
        self.document(done, "plan", 0)


class Saved(PlanCase):
    def setUp(self):
        super().setUp()
        self.saved = self.box.base / "plan.json"
        self.ok(self.box.run("plan", "--profile", self.file, "--out", self.saved))

    def test_mode(self):
        self.assertEqual(stat.S_IMODE(self.saved.stat().st_mode), 0o600)
        json.loads(self.saved.read_text())

    def test_applied_without_measuring(self):
        lines = len(self.lab.accesses())
        result = self.document(self.box.run("apply", self.saved, "--json"), "apply", 0)
        self.assertEqual(result["outcome"], "committed")
        self.assertIn(self.lab.urls["fast"], self.box.read("etc/docker/daemon.json"))
        self.assertEqual(len(self.lab.accesses()), lines)
        self.ok(self.box.run("rollback"))
        self.assertEqual(self.box.read("etc/docker/daemon.json"), harness.DAEMON_JSON)

    def stale(self):
        tree = self.box.snapshot()
        done = self.box.run("apply", self.saved, "--json")
        document = self.document(done, "apply", 4)
        self.assertEqual(document["error"]["code"], "stale_plan")
        self.assertSame(tree, self.box.snapshot(), times=True)

    def test_stale_bytes(self):
        self.box.write("etc/docker/daemon.json", harness.DAEMON_JSON.replace("10m", "11m"))
        self.stale()

    def test_stale_mode(self):
        self.box.path("etc/docker/daemon.json").chmod(0o600)
        self.stale()

    def test_stale_appeared(self):
        self.box.write("etc/containerd/certs.d/docker.io/hosts.toml", 'server = "https://registry-1.docker.io"\n')
        self.stale()

    def test_stale_vanished(self):
        self.box.path("etc/docker/daemon.json").unlink()
        self.stale()

    def test_touched_is_not_stale(self):
        path = self.box.path("etc/docker/daemon.json")
        path.touch()
        self.ok(self.box.run("apply", self.saved))

    def test_twice_is_stale_or_unchanged(self):
        self.ok(self.box.run("apply", self.saved))
        tree = self.box.snapshot()
        self.assertIn(self.box.run("apply", self.saved).code, (0, 4))
        self.assertSame(tree, self.box.snapshot(), times=True)

    def test_untrusted_paths_are_refused(self):
        text = self.saved.read_text().replace("/etc/docker/daemon.json", "/etc/passwd")
        self.saved.write_text(text)
        tree = self.box.snapshot()
        done = self.box.run("apply", self.saved, "--json")
        self.assertIn(done.code, (1, 2, 4), str(done))
        self.assertSame(tree, self.box.snapshot(), times=True)

    def test_broken_file(self):
        tree = self.box.snapshot()
        for text in ("", "{", "[]", '{"schema": "mirrorctl.plan/99"}', self.saved.read_text()[:-40]):
            self.saved.write_text(text)
            done = self.box.run("apply", self.saved, "--json")
            self.assertIn(done.code, (1, 2, 4), str(done))
            self.assertTrue(self.document(done, "apply")["error"]["message"])
        self.assertSame(tree, self.box.snapshot(), times=True)


if __name__ == "__main__":
    unittest.main()
