"""What servers see of us: a day of hourly runs, what they ask for, who we say we are. Counted in their own access logs."""

import collections
import hashlib
import json
import re
import time
import unittest

import harness

HOUR = 3600


class Politeness(harness.FlowCase):
    def setUp(self):
        super().setUp()
        self.world = self.own_lab()

    def apply(self, *more, code=0):
        return self.document(self.box.run("apply", "--profile", self.file, "--json", *more), "apply", code)

    def pass_time(self, seconds):
        """Makes everything that the program remembers that much older: the same as a clock that went on."""
        path = self.box.state / "bench.json"
        document = json.loads(path.read_text())
        del document["digest"]
        for entry in document["checks"] + document["failures"] + document["usual"] + document["asked"] + document["read"]:
            for key in ("at", "until"):
                if key in entry:
                    entry[key] -= seconds
        document["measured_at"] = {name: at - seconds for name, at in document["measured_at"].items()}
        document["report"]["taken_at"] -= seconds
        body = json.dumps(document, indent=1, ensure_ascii=False)[:-2]
        path.write_text(f',\n "digest": "sha256:{hashlib.sha256(body.encode()).hexdigest()}"\n}}\n'.join([body, ""]))

    def lines(self):
        return [line for line in self.world.accesses() if line.get("method")]

    def test_a_day_of_hourly_runs(self):
        self.file = self.profile(self.world)
        self.assertEqual(self.apply()["outcome"], "committed")
        raced = len(self.lines())
        for _ in range(23):
            self.pass_time(HOUR)
            self.assertEqual(self.apply()["outcome"], "unchanged")
        per_mirror = collections.Counter(line["mirror"] for line in self.lines())
        self.assertLessEqual(max(per_mirror.values()), 60, per_mirror)
        self.assertGreaterEqual(per_mirror["fast"], 24, "and the mirrors in use are looked at all day")
        self.assertGreater(len(self.lines()), raced)
        starts = self.assertNothingReadTwice()
        self.assertTrue(any(len(list_of) > 5 for list_of in starts.values()))

    def test_a_dark_run_does_not_forget_what_was_read(self):
        self.file = self.profile(self.world)
        self.apply()
        self.pass_time(HOUR)
        for name in self.world.urls:
            self.world.command(f"set {name} fault refused")
        for _ in range(2):
            self.apply(code=8)
        for name in self.world.urls:
            self.world.command(f"clear {name}")
        self.assertEqual(self.apply()["outcome"], "unchanged")
        self.assertNothingReadTwice()

    def assertNothingReadTwice(self):
        starts = collections.defaultdict(list)
        for line in self.lines():
            if "/blobs/" in line["path"]:
                wanted = re.match(r"bytes=(\d+)-", line["range"] or "")
                starts[line["mirror"], line["path"].partition("?")[0]].append(int(wanted[1]) if wanted else 0)
        for where, list_of in starts.items():
            self.assertEqual(sorted(set(list_of)), list_of, f"{where}: bytes were asked for twice")
        return starts

    def test_a_rest_that_a_server_asks_for_is_kept(self):
        self.file = self.profile(self.world)
        self.world.command("set second fault {kind: rate_limit, after: 0, retry_after: 3600}")
        self.apply()
        asked = len(self.world.accesses("second"))
        self.assertGreater(asked, 0)
        self.world.command("clear second")
        for more in ([], ["--fresh"]):
            self.apply(*more)
            self.assertEqual(len(self.world.accesses("second")), asked, "its Retry-After counts, whatever is asked of us")
        done = self.ok(self.box.run("bench", "--profile", self.file, "--json"))
        told = [m for m in json.loads(done.out)["upstreams"]["docker.io"]["ranking"] if m["url"].startswith(self.world.urls["second"])]
        self.assertEqual((told[0]["fault"], told[0]["requests"]), ("resting", 0))

    def test_a_run_without_time_teaches_nothing(self):
        self.file = self.profile(self.world)
        self.apply()
        for name in self.world.urls:
            self.world.command(f"set {name} fault refused")
        for days, code in ((2, 0), (8, 8)):  # what is known of those not asked counts for four ttl
            self.pass_time(24 * HOUR * days)
            done = self.ok(self.box.run("bench", "--profile", self.file, "--budget", "0s", "--json"), code)
            hub = json.loads(done.out)["upstreams"]["docker.io"]
            self.assertEqual(hub["unsure"], code == 0)
            self.assertIn("was not asked" if code == 0 else "nobody was asked", hub["why"])
        self.apply(code=8)

    def test_runs_without_end_change_nothing(self):
        """Measured anew at every run, by mirrors that differ by 5 %."""
        self.world.command("set fast rate 4MiB")
        self.world.command("set second rate 4MiB")
        self.world.command("set second latency 6ms")
        self.file = self.profile(self.world, policy={"ttl": "0s", "budget": {"time": "4s"}})
        self.apply()
        changes = 0
        for _ in range(8):
            self.pass_time(25 * HOUR)  # else the day's requests are soon used up
            changes += self.apply()["changed"]
        self.assertLessEqual(changes, 1)

    def asked_by(self, *more):
        """Requests per mirror that one run sends, and what it says."""
        seen = len(self.lines())
        result = self.apply(*more)
        return collections.Counter(line["mirror"] for line in self.lines()[seen:]), result

    def test_after_ttl_only_the_mirror_in_use_is_asked_while_it_is_as_fast_as_usual(self):
        for name in ("fast", "ghcr-fast"):  # so slow that a busy machine does not show
            self.world.command(f"set {name} rate 4MiB")
        self.file = self.profile(self.world, policy={"keep": 1, "ttl": "24h"})
        raced, _ = self.asked_by()
        self.assertGreaterEqual(set(raced), {"fast", "second", "hub-origin", "ghcr-fast"})
        for _ in range(2):  # what is usual needs more than one run
            self.pass_time(25 * HOUR)
            self.apply("--fresh")

        for _ in range(4):  # on a busy machine one may be slower than usual now and then, and all race, as they should
            self.pass_time(25 * HOUR)
            confirmed, result = self.asked_by()
            if set(confirmed) == {"fast", "ghcr-fast"}:
                break
        self.assertEqual(set(confirmed), {"fast", "ghcr-fast"})
        self.assertEqual(result["outcome"], "unchanged")
        self.assertLessEqual(max(confirmed.values()), 5, confirmed)
        self.assertLess(sum(confirmed.values()), sum(raced.values()) / 2)

        self.world.command("set fast rate 300KiB")
        self.world.command("set fast latency 500ms")
        self.pass_time(25 * HOUR)
        again, result = self.asked_by()
        self.assertGreaterEqual(set(again), {"fast", "second", "hub-origin"}, "it is no longer what it was: all race again")
        self.assertLessEqual(max(again.values()), 8, "one run is one run, with all its looks")
        self.assertEqual(result["outcome"], "committed")
        self.assertEqual([one["url"].rstrip("/") for one in result["mirrors"]["docker.io"]], [self.world.urls["second"]])

    def break_all(self, fault):
        for name in self.world.urls:
            self.world.command(f"set {name} fault {fault}")

    def test_who_answers_is_not_asked_again_because_of_wait(self):
        for fault in ("{kind: status, code: 403}", "{kind: rate_limit, after: 0, retry_after: 3600}"):
            self.box = self.sandbox()
            self.file = self.profile(self.world)
            self.break_all(fault)
            seen = len(self.lines())
            self.ok(self.box.run("apply", "--profile", self.file, "--wait", "20s"), 8)
            per_mirror = collections.Counter(line["mirror"] for line in self.lines()[seen:])
            self.assertEqual(set(per_mirror.values()), {1}, per_mirror)

    def test_a_rest_that_a_light_check_is_asked_for_is_kept(self):
        self.file = self.profile(self.world)
        self.apply()
        self.pass_time(HOUR)
        self.world.command("set fast fault {kind: rate_limit, after: 0, retry_after: 3600}")
        for _ in range(2):
            asked, _ = self.asked_by()
            self.assertLessEqual(asked["fast"], 1, "by the look alone, not by the race that follows")

    def test_what_another_run_learns_meanwhile_is_not_lost(self):
        self.file = self.profile(self.world)
        for name in ("ghcr-fast", "ghcr-origin"):
            self.world.command(f"set {name} fault tarpit")
        self.world.command("set second fault {kind: rate_limit, after: 0, retry_after: 3600}")
        process = self.box.start("bench", "--profile", self.file, "--upstream", "ghcr.io")
        self.apply("--upstream", "docker.io")
        process.communicate(timeout=harness.TIMEOUT)
        known = json.loads((self.box.state / "bench.json").read_text())
        self.assertEqual([entry["url"].rstrip("/") for entry in known["failures"]], [self.world.urls["second"]])
        self.assertIn("second", [entry["operator"] for entry in known["asked"]])

    def test_wait_is_for_the_network(self):
        self.file = self.profile(self.world)
        self.break_all("refused")
        process = self.box.start("apply", "--profile", self.file, "--json", "--wait", "40s")
        time.sleep(1)
        for name in self.world.urls:
            self.world.command(f"clear {name}")
        out, err = process.communicate(timeout=harness.TIMEOUT)
        self.assertEqual(process.returncode, 0, err)
        self.assertEqual(json.loads(out)["outcome"], "committed")

    def test_runs_by_hand_share_a_minute(self):
        self.file = self.profile(self.world)
        for _ in range(6):
            last = json.loads(self.ok(self.box.run("bench", "--profile", self.file, "--json")).out)
        per_mirror = collections.Counter(line["mirror"] for line in self.lines())
        self.assertLessEqual(max(per_mirror.values()), 18, per_mirror)
        for upstream in last["upstreams"].values():
            for entry in upstream["ranking"]:
                self.assertEqual((entry["verdict"], entry["probed"]), ("usable", False), entry)

    def test_who_we_say_we_are(self):
        self.file = self.profile(self.world)
        self.box.write("etc/mirrorctl/config.yaml", "contact: noc@example.org\n")
        self.apply()
        agents = {line["agent"] for line in self.lines()}
        self.assertEqual(len(agents), 1)
        self.assertRegex(agents.pop(), r"^mirrorctl/\S+ \(measures registry mirrors; contact: noc@example\.org\)$")


if __name__ == "__main__":
    unittest.main()
