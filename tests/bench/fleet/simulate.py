#!/usr/bin/env python3
"""10,000 nodes of one site follow one ranking and pull an image: how loads spread, and what pulls cost.

A mirror of finite capacity shares it equally among the pulls under way (processor sharing), none faster than a node's own link. "fastest":
every node takes the first of the ranking. "spread": mirrorctl's rule, near-equals (10 %) by a hash of machine-id and host. Seeded; --smoke is
smaller and compares the rule with what the program itself decides.
"""

import argparse
import hashlib
import heapq
import json
import os
import random
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
IMAGE = 30 * 2**20
LINK = 12.5e6       # bytes per second of one node
CAPACITY = 125e6    # of one mirror
NEAR = 0.10
# host -> predicted pull time in the ranking
RANKING = {"m1.test": 3.00, "m2.test": 3.05, "m3.test": 3.12, "m4.test": 3.20, "m5.test": 3.28, "m6.test": 3.29, "m7.test": 3.60, "m8.test": 6.00}


def fastest(_machine_id):
    return min(RANKING, key=RANKING.get)


def spread(machine_id, ranking=None):
    ranking = ranking or RANKING
    limit = min(ranking.values()) * (1 + NEAR)
    near = [host for host, seconds in ranking.items() if seconds <= limit]
    return min(near, key=lambda host: hashlib.sha256(f"{machine_id}\n{host}".encode()).hexdigest())


def pull_times(arrivals):
    """Seconds that each pull takes at one mirror. `virtual` = bytes that every pull under way has got since the beginning."""
    now = virtual = 0.0
    active, times = [], []
    pending = sorted(arrivals)
    index = 0
    while index < len(pending) or active:
        rate = min(LINK, CAPACITY / len(active)) if active else 0
        ends = now + (active[0][0] - virtual) / rate if active else float("inf")
        comes = pending[index] if index < len(pending) else float("inf")
        step = min(ends, comes)
        virtual += rate * (step - now)
        now = step
        if comes <= ends:
            heapq.heappush(active, (virtual + IMAGE, now))
            index += 1
        else:
            times.append(now - heapq.heappop(active)[1])
    return times


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def run(nodes, window, choose, seed):
    dice = random.Random(seed)
    arrivals = {host: [] for host in RANKING}
    for _ in range(nodes):
        machine_id = f"{dice.getrandbits(128):032x}"
        arrivals[choose(machine_id)].append(dice.uniform(0, window))
    times = [seconds for times in map(pull_times, arrivals.values()) for seconds in times]
    return {"median": percentile(times, 0.5), "p99": percentile(times, 0.99), "busiest": max(map(len, arrivals.values())) / nodes}


def check_program():
    """The rule above is the program's: for some machine-ids, what `apply --ranking` would write first."""
    sys.path.insert(0, str(HERE.parent.parent / "flow"))
    import harness
    box = harness.Sandbox()
    try:
        digest = "sha256:" + "a" * 64
        mirrors = [{"url": f"https://{host}", "form": "host", "trust": "resolve", "operator": host, "as_of": "2026-11-01", "source": "tests"}
                   for host in RANKING]
        profile = {"schema": "mirrorctl.profile/1", "name": "fleet", "as_of": "2026-11-01", "upstreams": {"docker.io": {
            "origin": "https://origin.test", "fallback": "none", "canary": [{"image": "library/busybox:1.36", "digest": digest}],
            "mirrors": mirrors}}}
        file = harness.write_profile(box, profile)
        # The digest of the profile as the program sees it stands in a report of its own; nothing answers there.
        made = json.loads(box.run("bench", "--profile", file, "--json", "--budget", "1s").out)
        entry = {"verdict": "usable", "reason": "", "samples": 1, "form": "host", "trust": "resolve", "fault": "none", "probed": True}
        made["taken_at"] = time.time()
        made["proxy_failed"] = False
        made["upstreams"]["docker.io"]["ranking"] = [
            {**entry, "url": f"https://{host}", "predicted_pull_seconds": seconds} for host, seconds in RANKING.items()]
        ranking = box.beside("ranking.json", json.dumps(made))
        dice = random.Random(3)
        for _ in range(8):
            machine_id = f"{dice.getrandbits(128):032x}"
            box.write("etc/machine-id", machine_id + "\n")
            done = box.run("plan", "--profile", file, "--ranking", ranking, "--json")
            first = json.loads(done.out)["mirrors"]["docker.io"][0]["url"].removeprefix("https://").rstrip("/")
            if first != spread(machine_id):
                raise SystemExit(f"the program puts {first} first, the simulation {spread(machine_id)}\n{done}")
    finally:
        box.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true")
    options = parser.parse_args()
    nodes = 1000 if options.smoke else 10000
    print(f"{nodes} nodes, an image of 30 MiB, {len(RANKING)} mirrors of 1 Gbit/s, six of them within 10 %; pull alone: {IMAGE / LINK:.1f} s")
    print(f"{'all pull within':>16}  {'rule':8} {'busiest mirror':>14} {'median':>9} {'p99':>9}")
    for minutes in (1, 3) if options.smoke else (10, 30, 60):
        figures = {}
        for rule in (fastest, spread):
            got = figures[rule] = run(nodes, minutes * 60, rule, seed=minutes)
            print(f"{minutes:>12} min  {rule.__name__:8} {got['busiest']:>13.0%} {got['median']:>7.1f} s {got['p99']:>7.1f} s")
        if figures[spread]["busiest"] > 1.25 / 6 or figures[spread]["p99"] > figures[fastest]["p99"]:
            raise SystemExit("the loads do not spread")
    if options.smoke and os.environ.get("MIRRORCTL"):
        check_program()


if __name__ == "__main__":
    main()
