"""The main job through the binary: apply, apply again, status, history, rollback, reset; in a root that people live in."""

import json
import os
import shutil
import stat
import tomllib
import unittest

import harness

HOSTS = "etc/containerd/certs.d/{}/hosts.toml"


def mirrors_of(box):
    return [url.rstrip("/") for url in box.json("etc/docker/daemon.json").get("registry-mirrors", [])]


class ApplyCase(harness.FlowCase):
    def apply(self, *more, box=None, code=0, **options):
        box = box or self.box
        done = box.run("apply", "--profile", box.base / "lab.yaml", "--json", *more, **options)
        return self.document(done, "apply", code)

    def setUp(self):
        super().setUp()
        self.profile()
        self.before = self.box.snapshot()


class First(ApplyCase):
    def test_document(self):
        result = self.apply()
        self.assertTrue(result["changed"])
        self.assertEqual(result["outcome"], "committed")
        self.assertIsNone(result["error"])
        self.assertRegex(result["transaction"], r"^\d{8}T\d{6}Z-[0-9a-f]+$")
        urls = [mirror["url"].rstrip("/") for mirror in result["mirrors"]["docker.io"]]
        self.assertEqual(urls, [self.lab.urls["fast"], self.lab.urls["second"]])
        for mirror in result["mirrors"]["docker.io"]:
            self.assertTrue(mirror["measured"])
            self.assertGreater(mirror["predicted_pull_seconds"], 0)
        files = {file["path"]: (file["target"], file["action"]) for file in result["files"]}
        self.assertEqual(files["/etc/docker/daemon.json"], ("docker-daemon", "update"))
        self.assertEqual(files["/etc/containerd/config.toml"], ("containerd-hosts", "update"))
        for upstream in ("docker.io", "ghcr.io"):
            self.assertEqual(files["/" + HOSTS.format(upstream)], ("containerd-hosts", "create"))

    def test_another_root_is_never_activated(self):
        result = self.apply()
        self.assertEqual({one["result"] for one in result["activations"]} | {"deferred"}, {"deferred"})

    def test_daemon_json(self):
        self.apply()
        self.assertEqual(mirrors_of(self.box), [self.lab.urls["fast"], self.lab.urls["second"], "https://mirror.corp.example"])
        after = self.box.read("etc/docker/daemon.json")
        kept = [line for line in harness.DAEMON_JSON.splitlines() if "registry-mirrors" not in line]
        for line in kept:
            self.assertIn(line, after)
        old, new = json.loads(harness.DAEMON_JSON), json.loads(after)
        self.assertEqual(list(old), list(new))
        self.assertEqual({k: v for k, v in old.items() if k != "registry-mirrors"}, {k: v for k, v in new.items() if k != "registry-mirrors"})

    def test_hosts_toml(self):
        self.apply()
        hub = tomllib.loads(self.box.read(HOSTS.format("docker.io")))
        self.assertEqual([url.rstrip("/") for url in hub["host"]], [self.lab.urls["fast"], self.lab.urls["second"]])
        for host in hub["host"].values():
            self.assertEqual(sorted(host["capabilities"]), ["pull", "resolve"])
            self.assertFalse(set(host) & {"skip_verify", "ca", "client"}, "TLS keys on a plain http host")
            self.assertNotIn("dial_timeout", host, "containerd 1.6 does not know it")
        ghcr = tomllib.loads(self.box.read(HOSTS.format("ghcr.io")))
        self.assertEqual([url.rstrip("/") for url in ghcr["host"]], [self.lab.urls["ghcr-fast"]])

    def test_config_toml(self):
        self.apply()
        after = self.box.read("etc/containerd/config.toml")
        registry = tomllib.loads(after)["plugins"]["io.containerd.grpc.v1.cri"]["registry"]
        self.assertEqual(registry["config_path"], "/etc/containerd/certs.d")
        for line in harness.CONTAINERD_TOML.splitlines():
            if "config_path" not in line:
                self.assertIn(line, after)

    def test_modes(self):
        self.apply()
        self.assertEqual(stat.S_IMODE(self.box.path("etc/docker/daemon.json").stat().st_mode), 0o644)
        self.assertEqual(stat.S_IMODE(self.box.path(HOSTS.format("docker.io")).stat().st_mode), 0o644)
        self.assertEqual(stat.S_IMODE(self.box.state.stat().st_mode), 0o700)
        for directory, names, files in os.walk(self.box.state):
            for name in files:
                mode = stat.S_IMODE(os.lstat(os.path.join(directory, name)).st_mode)
                self.assertEqual(mode, 0o600, os.path.join(directory, name))
            for name in names:
                self.assertEqual(stat.S_IMODE(os.lstat(os.path.join(directory, name)).st_mode) & 0o077, 0)

    def test_nothing_else_changes(self):
        result = self.apply()
        written = {file["path"].lstrip("/") for file in result["files"]}
        changed = {line.split(":")[0] for line in harness.difference(self.before, self.box.snapshot())}
        directories = {name for name in changed if self.box.path(name).is_dir()}
        self.assertEqual(changed - directories, written)
        self.assertFalse([name for name in changed if "tmp" in os.path.basename(name)])

    def test_human_output(self):
        done = self.ok(self.box.run("apply", "--profile", self.box.base / "lab.yaml"))
        self.assertIn(self.lab.urls["fast"], done.text + done.errors)
        self.assertIn("/etc/docker/daemon.json", done.text + done.errors)
        self.assertPlain(done.out + done.err)

    def test_forced_target_on_a_bare_node(self):
        box = self.sandbox(lived_in=False)
        self.profile(box=box)
        result = self.apply("--target", "docker-daemon", box=box)
        self.assertEqual([file["path"] for file in result["files"]], ["/etc/docker/daemon.json"])
        self.assertEqual(mirrors_of(box)[0], self.lab.urls["fast"])

    def test_config_toml_is_not_created_before_containerd_is(self):
        box = self.sandbox(lived_in=False)
        self.profile(box=box)
        result = self.apply("--target", "containerd-hosts", box=box)
        self.assertTrue(box.path(HOSTS.format("docker.io")).exists())
        self.assertFalse(box.path("etc/containerd/config.toml").exists())
        self.assertTrue(result["pending"])

    def test_only_one_upstream(self):
        result = self.apply("--upstream", "ghcr.io")
        self.assertEqual(set(result["mirrors"]), {"ghcr.io"})
        self.assertEqual(self.box.read("etc/docker/daemon.json"), harness.DAEMON_JSON)

    def test_config_yaml_gives_the_defaults(self):
        self.box.write("etc/mirrorctl/profiles/lab.yaml", (self.box.base / "lab.yaml").read_text())
        self.box.write("etc/mirrorctl/config.yaml", "profile: lab\ntargets: [docker-daemon]\n")
        result = self.document(self.box.run("apply", "--json"), "apply", 0)
        self.assertEqual([file["path"] for file in result["files"]], ["/etc/docker/daemon.json"])

    def test_linked_file_stays_a_link(self):
        real = self.box.path("etc/docker/daemon.real.json")
        self.box.path("etc/docker/daemon.json").rename(real)
        os.symlink("daemon.real.json", self.box.path("etc/docker/daemon.json"))
        self.apply("--target", "docker-daemon")
        self.assertTrue(self.box.path("etc/docker/daemon.json").is_symlink())
        self.assertEqual(mirrors_of(self.box)[0], self.lab.urls["fast"])
        self.ok(self.box.run("rollback"))
        self.assertTrue(self.box.path("etc/docker/daemon.json").is_symlink())
        self.assertEqual(real.read_text(), harness.DAEMON_JSON)


class Second(ApplyCase):
    def setUp(self):
        super().setUp()
        self.first = self.apply()

    def test_unchanged(self):
        lines = len(self.lab.accesses())
        everything = self.box.snapshot(skip=())
        result = self.apply()
        self.assertFalse(result["changed"])
        self.assertEqual(result["outcome"], "unchanged")
        self.assertEqual(result["files"], [])
        self.assertSame(everything, self.box.snapshot(skip=()), times=True)
        self.assertEqual(len(self.lab.accesses()), lines, "a fresh ranking needs no network")

    def test_fresh_measures_but_changes_nothing(self):
        lines = len(self.lab.accesses())
        tree = self.box.snapshot()
        result = self.apply("--fresh")
        self.assertEqual(result["outcome"], "unchanged")
        self.assertGreater(len(self.lab.accesses()), lines)
        self.assertSame(tree, self.box.snapshot(), times=True)

    def test_hand_edit_elsewhere_is_no_reason_to_fail(self):
        text = self.box.read("etc/docker/daemon.json").replace('"max-size": "10m"', '"max-size": "50m"')
        self.box.write("etc/docker/daemon.json", text)
        self.assertEqual(self.apply()["outcome"], "unchanged")
        self.assertEqual(self.box.read("etc/docker/daemon.json"), text)

    def test_removed_mirror_comes_back(self):
        self.box.write("etc/docker/daemon.json", harness.DAEMON_JSON)
        result = self.apply()
        self.assertEqual([file["path"] for file in result["files"]], ["/etc/docker/daemon.json"])
        self.assertEqual(mirrors_of(self.box)[0], self.lab.urls["fast"])


class Status(ApplyCase):
    def states(self):
        done = self.box.run("status", "--json")
        return {(one["target"], one["path"]): one for one in self.document(done, "status", 0)["targets"]}

    def test_before(self):
        everything = self.box.snapshot(skip=())
        states = self.states()
        self.assertFalse([one for one in states.values() if one["state"] in ("ours", "drifted")])
        self.assertSame(everything, self.box.snapshot(skip=()), times=True)
        self.assertFalse(self.box.state.exists())

    def test_after(self):
        self.apply()
        states = self.states()
        daemon = states["docker-daemon", "/etc/docker/daemon.json"]
        self.assertEqual(daemon["state"], "ours")
        self.assertIn(self.lab.urls["fast"], [url.rstrip("/") for url in daemon["mirrors"]])
        self.assertEqual(states["containerd-hosts", "/" + HOSTS.format("docker.io")]["state"], "ours")

    def test_drift(self):
        self.apply()
        text = self.box.read("etc/docker/daemon.json").replace(self.lab.urls["fast"], "http://somebody.example")
        self.box.write("etc/docker/daemon.json", text)
        self.assertEqual(self.states()["docker-daemon", "/etc/docker/daemon.json"]["state"], "drifted")
        self.ok(self.box.run("status", "--exit-code"), 3)

    def test_human(self):
        self.apply()
        done = self.ok(self.box.run("status"))
        self.assertIn("/etc/docker/daemon.json", done.text)
        self.assertPlain(done.out + done.err)

    def test_bare_call_says_where_the_node_stands(self):
        done = self.ok(self.box.run())
        self.assertIn("docker.io", done.text)
        self.assertIn("mirrorctl apply", done.text)


class History(ApplyCase):
    def transactions(self):
        return self.document(self.box.run("history", "--json"), "history", 0)["transactions"]

    def test_empty(self):
        self.assertEqual(self.transactions(), [])
        self.assertFalse(self.box.state.exists())

    def test_newest_first(self):
        first = self.apply("--target", "docker-daemon")["transaction"]
        second = self.apply("--target", "containerd-hosts")["transaction"]
        listed = self.transactions()
        self.assertEqual([one["id"] for one in listed], [second, first])
        self.assertEqual(listed[0]["command"], "apply")
        self.assertEqual(listed[0]["profile"]["name"], "lab")
        self.assertTrue(listed[0]["actor"])

    def test_unchanged_runs_leave_no_trace(self):
        self.apply()
        self.apply()
        self.assertEqual(len(self.transactions()), 1)


class Rollback(ApplyCase):
    def rollback(self, *more, code=0):
        return self.document(self.box.run("rollback", "--json", *more), "rollback", code)

    def test_byte_identical(self):
        self.apply()
        result = self.rollback()
        self.assertTrue(result["changed"])
        self.assertSame(self.before, self.box.snapshot())

    def test_created_directories_go_too(self):
        box = self.sandbox(lived_in=False)
        self.profile(box=box)
        before = box.snapshot()
        self.apply("--target", "docker-daemon", "--target", "containerd-hosts", box=box)
        self.ok(box.run("rollback"))
        self.assertSame(before, box.snapshot())

    def test_dry_run(self):
        self.apply()
        everything = self.box.snapshot(skip=())
        self.rollback("-n")
        self.assertSame(everything, self.box.snapshot(skip=()), times=True)

    def test_twice_has_nothing_to_do(self):
        self.apply()
        self.rollback()
        tree = self.box.snapshot()
        done = self.box.run("rollback", "--json")
        self.assertIn(done.code, (0, 1), str(done))
        self.assertSame(tree, self.box.snapshot(), times=True)

    def test_to_an_older_transaction(self):
        first = self.apply("--target", "docker-daemon")["transaction"]
        self.apply("--target", "containerd-hosts")
        self.rollback(first)
        self.assertSame(self.before, self.box.snapshot())

    def test_only_the_last(self):
        self.apply("--target", "docker-daemon")
        middle = self.box.snapshot()
        self.apply("--target", "containerd-hosts")
        self.rollback()
        self.assertSame(middle, self.box.snapshot())

    def test_unknown_transaction(self):
        self.apply()
        tree = self.box.snapshot()
        done = self.box.run("rollback", "20200101T000000Z-0000", "--json")
        self.assertIn(done.code, (1, 2), str(done))
        self.assertSame(tree, self.box.snapshot(), times=True)

    def test_own_edits_stay(self):
        self.apply()
        text = self.box.read("etc/docker/daemon.json").replace('"max-size": "10m"', '"max-size": "50m"')
        self.box.write("etc/docker/daemon.json", text)
        self.rollback()
        after = self.box.json("etc/docker/daemon.json")
        self.assertEqual(after["log-opts"]["max-size"], "50m")
        self.assertEqual(mirrors_of(self.box), ["https://mirror.corp.example"])

    def test_value_that_somebody_changed_is_left_and_reported(self):
        self.apply()
        text = self.box.read("etc/docker/daemon.json").replace(self.lab.urls["second"], "http://mine.example")
        self.box.write("etc/docker/daemon.json", text)
        result = self.rollback()
        self.assertIn("http://mine.example", mirrors_of(self.box))
        self.assertNotIn(self.lab.urls["fast"], mirrors_of(self.box))
        self.assertIsNone(result["error"])


class Reset(ApplyCase):
    def test_after_one_apply(self):
        self.apply()
        self.document(self.box.run("reset", "--json"), "reset", 0)
        self.assertSame(self.before, self.box.snapshot())

    def test_dry_run(self):
        self.apply()
        everything = self.box.snapshot(skip=())
        self.document(self.box.run("reset", "-n", "--json"), "reset", 0)
        self.assertSame(everything, self.box.snapshot(skip=()), times=True)

    def test_without_the_state_directory(self):
        self.box.write("etc/mirrorctl/profiles/lab.yaml", (self.box.base / "lab.yaml").read_text())
        self.apply()
        shutil.rmtree(self.box.state)
        self.document(self.box.run("reset", "--json"), "reset", 0)
        self.assertEqual(mirrors_of(self.box), ["https://mirror.corp.example"])
        self.assertFalse(self.box.path(HOSTS.format("docker.io")).parent.exists(), "an empty one hides _default")

    def test_nothing_of_ours(self):
        result = self.document(self.box.run("reset", "--json"), "reset", 0)
        self.assertFalse(result["changed"])
        self.assertSame(self.before, self.box.snapshot())


class Recover(ApplyCase):
    def test_nothing_to_do(self):
        self.apply()
        everything = self.box.snapshot(skip=())
        result = self.document(self.box.run("recover", "--json"), "recover", 0)
        self.assertFalse(result["changed"])
        self.assertSame(everything, self.box.snapshot(skip=()), times=True)


if __name__ == "__main__":
    unittest.main()
