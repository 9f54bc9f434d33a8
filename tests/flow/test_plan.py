"""plan shows what apply would do and writes nothing; a saved plan is applied as saved, or refused."""

import base64
import hashlib
import json
import os
import stat
import unittest
from pathlib import Path

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


class SavedCase(PlanCase):
    ranking = None  # measured once: these tests are about what comes after

    def setUp(self):
        super().setUp()
        self.saved = self.box.base / "plan.json"
        if type(self).ranking is None:
            type(self).ranking = self.ok(self.box.run("bench", "--profile", self.file, "--json")).out
        self.box.base.joinpath("ranking.json").write_bytes(self.ranking)
        self.save()

    def save(self, *more, profile=None):
        self.ok(self.box.run("plan", "--profile", profile or self.file, "--ranking", self.box.base / "ranking.json", *more,
                             "--out", self.saved))

    def apply(self, *more):
        """Applies the saved plan. The profile is a file, so it has to be named again."""
        return self.box.run("apply", self.saved, "--profile", self.file, *more)

    def refused(self, *more, code=4, error="stale_plan"):
        tree = self.box.snapshot()
        done = self.apply(*more, "--json")
        document = self.document(done, "apply", code)
        self.assertEqual(document["error"]["code"], error)
        self.assertTrue(document["error"]["hint"], document["error"])
        self.assertSame(tree, self.box.snapshot(), times=True)
        return document["error"]["message"]


class Saved(SavedCase):
    def test_mode(self):
        self.assertEqual(stat.S_IMODE(self.saved.stat().st_mode), 0o600)
        json.loads(self.saved.read_text())

    def test_applied_without_measuring(self):
        lines = len(self.lab.accesses())
        result = self.document(self.apply("--json"), "apply", 0)
        self.assertEqual(result["outcome"], "committed")
        self.assertIn(self.lab.urls["fast"], self.box.read("etc/docker/daemon.json"))
        self.assertEqual(len(self.lab.accesses()), lines)
        self.ok(self.box.run("rollback"))
        self.assertEqual(self.box.read("etc/docker/daemon.json"), harness.DAEMON_JSON)

    def test_dry_run_shows_the_same(self):
        planned = self.plan()
        shown = self.document(self.apply("-n", "--json"), "apply", 0)
        self.assertEqual(shown["diff"], planned["diff"])
        self.assertEqual(self.box.read("etc/docker/daemon.json"), harness.DAEMON_JSON)

    def test_named_profile_of_the_node(self):
        self.box.write("etc/mirrorctl/profiles/lab.yaml", Path(self.file).read_text())
        self.save(profile="lab")
        self.ok(self.box.run("apply", self.saved))
        self.assertIn(self.lab.urls["fast"], self.box.read("etc/docker/daemon.json"))

    def test_targets_and_upstreams_are_kept(self):
        self.save("--target", "docker-daemon", "--upstream", "docker.io")
        result = self.document(self.apply("--json"), "apply", 0)
        self.assertEqual([entry["target"] for entry in result["files"]], ["docker-daemon"])

    def test_stale_bytes(self):
        self.box.write("etc/docker/daemon.json", harness.DAEMON_JSON.replace("10m", "11m"))
        self.refused()

    def test_stale_and_broken(self):
        self.box.write("etc/docker/daemon.json", "{")
        self.refused()

    def test_stale_mode(self):
        self.box.path("etc/docker/daemon.json").chmod(0o600)
        self.refused()

    def test_stale_appeared(self):
        self.box.write("etc/containerd/certs.d/docker.io/hosts.toml", 'server = "https://registry-1.docker.io"\n')
        self.refused()

    def test_stale_vanished(self):
        self.box.path("etc/docker/daemon.json").unlink()
        self.refused()

    def test_touched_is_not_stale(self):
        path = self.box.path("etc/docker/daemon.json")
        path.touch()
        self.ok(self.apply())

    def test_twice_is_stale_or_unchanged(self):
        self.ok(self.apply())
        tree = self.box.snapshot()
        self.assertIn(self.apply().code, (0, 4))
        self.assertSame(tree, self.box.snapshot(), times=True)

    def test_in_place_has_to_be_said_again(self):
        self.save("--allow-in-place")
        self.refused(code=2, error="usage")
        self.ok(self.apply("--allow-in-place"))


class Forged(SavedCase):
    """What somebody else may have put into a plan that root applies."""

    def forge(self, change):
        document = json.loads(self.saved.read_text())
        change(document)
        self.saved.write_text(json.dumps(document))

    def state(self, document, path):
        return next(entry for entry in document["files"] if entry["path"] == path)["after"]

    def fill(self, state, text):
        state["bytes"] = base64.b64encode(text.encode()).decode()
        state["digest"] = "sha256:" + hashlib.sha256(text.encode()).hexdigest()

    def content(self, change, path="/etc/docker/daemon.json"):
        def forged(document):
            state = self.state(document, path)
            self.fill(state, change(base64.b64decode(state["bytes"]).decode()))
        self.forge(forged)

    def test_another_key(self):
        self.content(lambda text: text.replace("{", '{"hosts": ["tcp://0.0.0.0:2375"],', 1))
        self.assertIn("daemon.json", self.refused())

    def test_another_mirror(self):
        self.content(lambda text: text.replace(self.lab.urls["fast"], "https://evil.example"))
        self.refused()

    def test_another_mirror_everywhere(self):
        self.content(lambda text: text.replace(self.lab.urls["fast"], "https://evil.example"))
        self.forge(lambda document: [mirror.update(url="https://evil.example")
                                     for mirror in document["wish"]["mirrors"]["docker.io"]])
        self.assertIn("evil.example", self.refused())

    def test_another_registry(self):
        self.forge(lambda document: document["wish"]["mirrors"].update({"evil.example": []}))
        self.refused()

    def test_mode_and_owner(self):
        good = self.saved.read_text()
        for key, value in (("mode", 0o4755), ("mode", 0o666), ("uid", 65534), ("gid", 65534)):
            self.saved.write_text(good)
            self.forge(lambda document: self.state(document, "/etc/docker/daemon.json").update({key: value}))
            self.refused()

    def test_another_place(self):
        good = self.saved.read_text()
        for key in ("path", "resolved"):
            for path in ("/etc/passwd", "/etc/cron.d/x"):
                self.saved.write_text(good)
                self.forge(lambda document: document["files"][0].update({key: path}))
                self.refused()

    def test_a_directory_for_everybody(self):
        self.forge(lambda document: [entry.update(mode=0o777) for entry in document["dirs"]])
        self.refused()

    def test_another_unit(self):
        self.forge(lambda document: document["activations"].append(
            {"unit": "ssh.service", "action": "restart", "reason": "", "consent": True, "blocked_by": "",
             "deferred": False}))
        self.refused()

    def test_fewer_files_than_this_node_needs(self):
        self.forge(lambda document: document["files"].pop())
        self.refused()

    def test_what_it_takes_back_is_not_believed(self):
        self.forge(lambda document: document["undoes"].append("20261123T101500Z-4f2a"))
        self.ok(self.apply())
        history = self.document(self.box.run("history", "--json"), "history", 0)
        self.assertNotIn("4f2a", json.dumps(history["transactions"][0].get("undoes", [])))

    def test_its_profile_is_not_believed(self):
        tree = self.box.snapshot()
        document = self.document(self.box.run("apply", self.saved, "--json"), "apply", 4)
        self.assertIn("--profile", document["error"]["hint"])
        self.forge(lambda plan: plan["profile"].update(name=str(self.file)))
        self.document(self.box.run("apply", self.saved, "--json"), "apply", 4)
        self.assertSame(tree, self.box.snapshot(), times=True)

    def test_nor_is_another_content_of_it(self):
        with open(self.file, "a", encoding="utf-8") as out:
            out.write("\npolicy: { keep: 1 }\n")
        self.refused()

    def test_who_may_write_it(self):
        self.saved.chmod(0o620)
        self.refused(code=1, error="unsafe_path")
        self.saved.chmod(0o600)
        self.ok(self.apply())

    def test_whose_it_is(self):
        if os.geteuid() != 0:
            self.skipTest("needs root to give a file away")
        os.chown(self.saved, 65534, 65534)
        self.refused(code=1, error="unsafe_path")
        self.ok(self.box.run("apply", self.saved, "--profile", self.file, env={"SUDO_UID": "65534"}))

    def test_link_fifo_and_size(self):
        real = self.saved.rename(self.box.base / "real.json")
        self.saved.symlink_to(real)
        self.refused(code=1, error="unsafe_path")
        self.saved.unlink()
        os.mkfifo(self.saved, 0o600)
        self.refused(code=1, error="unsafe_path")
        self.saved.unlink()
        self.saved.write_bytes(b" " * (4 << 20) + b"{}")
        self.saved.chmod(0o600)
        tree = self.box.snapshot()
        document = self.document(self.apply("--json"), "apply", 1)
        self.assertIn("larger than 4.0 MiB", document["error"]["message"])
        self.assertSame(tree, self.box.snapshot(), times=True)

    def test_broken_file(self):
        tree = self.box.snapshot()
        for text in ("", "{", "[]", '{"schema": "mirrorctl.plan/99"}', self.saved.read_text()[:-40]):
            self.saved.write_text(text)
            done = self.apply("--json")
            self.assertIn(done.code, (1, 2, 4), str(done))
            self.assertTrue(self.document(done, "apply")["error"]["message"])
        self.assertSame(tree, self.box.snapshot(), times=True)


if __name__ == "__main__":
    unittest.main()
