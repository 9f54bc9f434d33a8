"""Idempotence over noise: rankings that are fresh, current mirrors that die, rankings from elsewhere, trust."""

import json
import time
import tomllib
import unittest

import harness


class ClockCase(harness.FlowCase):
    def apply(self, *more, code=0):
        return self.document(self.box.run("apply", "--profile", self.file, "--json", *more), "apply", code)

    def hub(self, result):
        return [mirror["url"].rstrip("/") for mirror in result["mirrors"]["docker.io"]]


class Recheck(ClockCase):
    def setUp(self):
        super().setUp()
        self.world = self.own_lab()
        self.file = self.profile(self.world, policy={"recheck": "1s"})
        self.apply()
        time.sleep(1.2)
        self.seen = len(self.world.accesses())

    def new_lines(self):
        return [line for line in self.world.accesses()[self.seen:] if line["method"]]

    def test_light_check(self):
        result = self.apply()
        self.assertEqual(result["outcome"], "unchanged")
        lines = self.new_lines()
        self.assertTrue(lines, "the current mirrors must be looked at")
        for name in ("fast", "second", "ghcr-fast"):
            self.assertLessEqual(len([line for line in lines if line["mirror"] == name]), 2)
        self.assertFalse([line for line in lines if line["mirror"].endswith("origin")])

    def test_dead_current_mirror_is_replaced(self):
        self.world.command("set fast fault refused")
        result = self.apply()
        self.assertEqual(result["outcome"], "committed")
        self.assertEqual(self.hub(result), [self.world.urls["second"]])
        self.assertNotIn(self.world.urls["fast"], self.box.read("etc/docker/daemon.json"))

    def test_the_users_spelling_of_a_mirror_is_looked_at_too(self):
        for targets in (("docker-daemon",), ("docker-daemon", "containerd-hosts")):
            self.box = self.sandbox()
            self.box.write("etc/docker/daemon.json", json.dumps({"registry-mirrors": [self.world.urls["fast"] + "/"]}))
            words = [word for target in targets for word in ("--target", target)]
            self.apply(*words)
            self.assertIn(self.world.urls["fast"] + "/", self.box.read("etc/docker/daemon.json"), "the spelling stays")
            time.sleep(1.2)
            self.seen = len(self.world.accesses())
            self.assertEqual(self.apply(*words)["outcome"], "unchanged")
            asked = [line["mirror"] for line in self.new_lines()]
            self.assertTrue(0 < asked.count("fast") <= 2, asked)

    def test_all_dead_changes_nothing(self):
        tree = self.box.snapshot()
        for name in self.world.urls:
            self.world.command(f"set {name} fault refused")
        self.apply(code=8)
        self.assertSame(tree, self.box.snapshot(), times=True)


class AfterTtl(ClockCase):
    def test_current_mirror_stays_unless_clearly_beaten(self):
        lab = self.own_lab()
        self.file = self.profile(lab, policy={"ttl": "1s", "recheck": "1s", "switch_margin": 0.5,
                                                  "budget": {"requests_per_operator_per_minute": 100}})
        first = self.apply()
        self.assertEqual(self.hub(first)[0], lab.urls["fast"])
        time.sleep(1.2)
        lab.command("set fast latency 20ms")  # a little worse, still ahead
        self.assertEqual(self.apply()["outcome"], "unchanged")
        time.sleep(1.2)
        lab.command("set fast rate 300KiB")
        lab.command("set fast latency 500ms")
        self.assertEqual(self.hub(self.apply())[0], lab.urls["second"])


class Bench(ClockCase):
    """Changes nothing: what apply decides from stays, too."""

    def setUp(self):
        super().setUp()
        self.world = self.own_lab()
        self.file = self.profile(self.world)

    def bench(self, *more):
        return json.loads(self.box.run("bench", "--profile", self.file, "--json", *more).out)

    def saved(self):
        known = json.loads((self.box.state / "bench.json").read_text())
        return {name: known[name] for name in ("key", "measured_at", "checks", "failures", "usual", "report")}

    def assertUntouched(self, saved):
        self.assertEqual(self.saved(), saved)
        asked = len(self.world.accesses())
        self.assertEqual(self.apply()["outcome"], "unchanged")
        self.assertEqual(len(self.world.accesses()), asked)

    def test_with_little_time(self):
        self.world.command("set second latency 250ms")
        self.apply()
        saved = self.saved()
        hub = self.bench("--budget", "600ms")["upstreams"]["docker.io"]
        late = [m for m in hub["ranking"] if m["url"].startswith(self.world.urls["second"])][0]
        self.assertEqual((late["verdict"], late["fault"]), ("rejected", "budget"), hub)
        self.assertEqual(hub["unsure"], any(m["verdict"] == "usable" for m in hub["ranking"]), hub)
        self.assertUntouched(saved)

    def test_with_another_image_profile_or_proxy(self):
        self.world.command("set second fault refused")
        self.apply()
        saved = self.saved()
        self.assertEqual([failure["url"].rstrip("/") for failure in saved["failures"]], [self.world.urls["second"]])
        self.bench("--image", "ghcr.io/lab/app:1.0")
        self.bench("--https-proxy", "http://127.0.0.1:9", "--no-proxy", "127.0.0.0/8")
        own = self.file
        self.file = self.profile(self.world, name="other.yaml", only=["fast"])
        self.bench()
        self.file = own
        self.assertUntouched(saved)


class Elsewhere(ClockCase):
    def test_ranking_of_another_node(self):
        lab = self.own_lab()
        self.file = self.profile(lab)
        ranking = self.box.beside("ranking.json", self.ok(self.box.run("bench", "--profile", self.file, "--json")).text)
        other = self.sandbox()
        seen = len(lab.accesses())
        done = other.run("apply", "--profile", self.file, "--ranking", ranking, "--json")
        result = self.document(done, "apply", 0)
        self.assertEqual(self.hub(result), [lab.urls["fast"], lab.urls["second"]])
        self.assertEqual(len(lab.accesses()), seen)

    def test_broken_ranking(self):
        self.file = self.profile()
        for text in ("", "{}", "[]", json.dumps({"schema": "mirrorctl.bench/9"})):
            ranking = self.box.beside("ranking.json", text)
            tree = self.box.snapshot()
            done = self.box.run("apply", "--profile", self.file, "--ranking", ranking, "--json")
            self.assertIn(done.code, (1, 2), str(done))
            self.assertSame(tree, self.box.snapshot(), times=True)

    def test_offline_uses_the_cache_else_the_profile(self):
        lab = self.own_lab()
        self.file = self.profile(lab)
        result = self.apply("--offline")
        self.assertEqual(lab.accesses(), [])
        self.assertEqual(self.hub(result), [lab.urls["fast"], lab.urls["second"]])
        self.assertFalse(any(mirror["measured"] for mirror in result["mirrors"]["docker.io"]))


class Trust(ClockCase):
    def capabilities(self):
        hosts = tomllib.loads(self.box.read("etc/containerd/certs.d/docker.io/hosts.toml"))["host"]
        return {url.rstrip("/"): sorted(host["capabilities"]) for url, host in hosts.items()}

    def trust(self, lab, **trusts):
        profile = harness.profile_for(lab)
        for mirror in profile["upstreams"]["docker.io"]["mirrors"]:
            mirror["trust"] = trusts.get(mirror["operator"], mirror["trust"])
        self.file = harness.write_profile(self.box, profile)

    def test_pull_only_is_not_for_daemon_json(self):
        lab = self.own_lab()
        self.trust(lab, fast="pull")
        result = self.apply()
        self.assertEqual(self.capabilities()[lab.urls["fast"]], ["pull"])
        self.assertEqual(self.capabilities()[lab.urls["second"]], ["pull", "resolve"])
        self.assertNotIn(lab.urls["fast"], self.box.read("etc/docker/daemon.json"))
        self.assertIn(lab.urls["second"], self.box.read("etc/docker/daemon.json"))
        self.assertEqual(result["outcome"], "committed")

    def test_verified_against_the_origin(self):
        lab = self.own_lab()
        self.trust(lab, fast="verify")
        self.apply()
        self.assertEqual(self.capabilities()[lab.urls["fast"]], ["pull", "resolve"])

    def test_stale_tag_may_only_be_pulled_from(self):
        lab = self.own_lab()
        lab.command("set fast fault stale_tag")
        self.trust(lab, fast="verify")
        self.apply()
        self.assertEqual(self.capabilities()[lab.urls["fast"]], ["pull"])
        self.assertNotIn(lab.urls["fast"], self.box.read("etc/docker/daemon.json"))

    def test_origin_that_wins_takes_ours_away(self):
        lab = self.own_lab()
        self.trust(lab)
        before = self.box.snapshot()
        self.apply()
        for name in ("hub-origin", "ghcr-origin"):
            lab.command(f"set {name} rate 64MiB")
            lab.command(f"set {name} latency 0ms")
        for name in ("fast", "second", "ghcr-fast"):
            lab.command(f"set {name} rate 200KiB")
            lab.command(f"set {name} latency 200ms")
        self.assertEqual(self.apply("--fresh")["outcome"], "committed")
        after = self.box.snapshot()
        for name in ("etc/docker/daemon.json",):
            self.assertEqual(before[name][4], after[name][4])
        self.assertFalse(self.box.path("etc/containerd/certs.d/docker.io/hosts.toml").exists())


if __name__ == "__main__":
    unittest.main()
