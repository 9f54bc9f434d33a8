"""Is the lab itself right? A small seeded part that judges no program's speed: the emulator's rate, delay, loss and holes are what they were
told to be, the oracle agrees with the model, mirrorctl's pick can serve, and where every mirror is dead it says so and writes nothing."""

import time

import methods
import place as places
import truth
import warm
import worlds


class Checks:
    def __init__(self):
        self.failed = 0

    def between(self, what, value, low, high):
        good = value is not None and low <= value <= high
        self.failed += not good
        print(f"{'ok  ' if good else 'FAIL'} {what}: {value if value is None else round(value, 4)} (from {low:g} to {high:g})", flush=True)

    def equal(self, what, value, wanted):
        self.failed += value != wanted
        print(f"{'ok  ' if value == wanted else 'FAIL'} {what}: {value}" + ("" if value == wanted else f", not {wanted}"), flush=True)


def small_world():
    draft = worlds.Draft("smoke", 0, 100)
    draft.add_all([("origin", 8, 80), ("quick", 60, 20), ("near", 6, 2), ("lossy", 30, 10, "ok", 0.01), ("hole", 60, 5, "hole"),
                   ("html", 90, 30, "html"), ("blob403", 90, 25, "blob403"), ("slow-hop", 90, 15, "redirect:near")])
    return draft.done()


def emulator(checks, world):
    quick = worlds.by_name(world)["quick"]
    with places.Place(world, lanes=3) as place:
        pulls = truth.pull(place, ["quick", "lossy"], 40)
        counts = place.counts()["mirrors"]
        began = time.monotonic()
        code, out, _ = place.run(["curl", "-s", "-o", "/dev/null", "-m", "0.5", "-w", "%{time_connect}", place.url(quick) + "/v2/"], 20)
        checks.equal("curl through the emulator", code, 0)
        checks.between("connect over a round trip of 20 ms", float(out), 0.0195, 0.035)
        code, _, _ = place.run(["curl", "-s", "-o", "/dev/null", "-m", "0.5", place.url(worlds.by_name(world)["hole"]) + "/v2/"], 20)
        checks.equal("curl at a hole (28: timed out)", code, 28)
        checks.between("seconds for both", time.monotonic() - began, 0.5, 5)
    predicted = truth.predict(world, quick)
    checks.between("pull at 60 Mbit/s, measured / predicted", (pulls["quick"]["seconds"] or 0) / predicted, 0.97, 1.25)
    lossy = counts[worlds.by_name(world)["lossy"]["address"]]
    checks.between("share of packets lost of 1 %", lossy["losses"] / (lossy["packets"] + lossy["losses"]), 0.006, 0.015)


def own(checks, world):
    run = methods.choose(world, methods.OWN)
    checks.equal("mirrorctl's pick is usable", worlds.kind(worlds.by_name(world)[run["pick"]]) if run["pick"] else None, "ok")
    verdicts = {one["url"].rstrip("/"): one["verdict"] for one in run["ranking"]}
    broken = [mirror for mirror in world["mirrors"] if worlds.kind(mirror) in worlds.UNUSABLE]
    checks.equal("broken mirrors that it calls usable", [one["name"] for one in broken if verdicts[places.url_in(world, one)] == "usable"], [])
    checks.between("MiB that the access link carried", run["bytes"] / (1 << 20), 0.1, 48)


def main():
    checks, world = Checks(), small_world()
    emulator(checks, world)
    own(checks, world)
    checks.equal("who looks at latency alone takes the near thin one", methods.choose(world, "v2-latency")["pick"], "near")
    checked = methods.choose(world, "gentoo-deep")["pick"]
    checks.equal("who checks bytes takes no web page", checked in ("quick", "near", "lossy", "slow-hop", "origin"), True)
    run = warm.all_dead(worlds.make("H", 0))
    checks.equal("all dead: exit, files written", (run["exit"], run["writes"]), (8, 0))
    print(f"{checks.failed} failed")
    return 1 if checks.failed else 0
