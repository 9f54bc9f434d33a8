"""`bench` of 24 candidates, 8 of them faulty, behind one access link (scenario bench24.yaml): time, bytes, memory, and the pick.

--smoke: one run, and only the pick and the bytes are judged.
"""

import json
import os
import statistics

import figures
import yaml
from figures import MIB, Board, harness
import mirrorlab

FAULTY = {"hole", "refused", "tarpit", "html", "blob-403", "rate-limited", "wrong-blob", "burst"}
IMAGE_BYTES = 30 * MIB


def pull_seconds(spec, access_rate):
    """What pulling the 30 MiB image takes at a healthy mirror: about six round trips, then the thinner of the two pipes."""
    return 6 * float(spec["rtt"].removesuffix("ms")) / 1000 + IMAGE_BYTES / min(spec["rate"], access_rate)


def main():
    board = Board()
    rounds = 5 if board.timed else 1
    scenario = yaml.safe_load((mirrorlab.SCENARIOS / "bench24.yaml").read_text())
    ideal = {name: pull_seconds(spec, scenario["access_rate"]) for name, spec in scenario["mirrors"].items()
             if name not in FAULTY and not spec.get("faults")}
    walls, rss, read, regrets, picks, requests, wrong = [], [], [], [], [], [], []
    for _ in range(rounds):
        box = harness.Sandbox()
        with mirrorlab.Lab("bench24.yaml") as lab:
            profile = harness.write_profile(box, harness.profile_for(lab))
            argv = box.argv(["bench", "--profile", profile, "--json"])
            runs = figures.launch(argv, 1, box.environment(), box.base)
            accesses = [line for line in lab.accesses() if line["method"]]
            names = {url: name for name, url in lab.urls.items()}
        ranking = json.loads(runs.output)["upstreams"]["docker.io"]["ranking"]
        pick = names[ranking[0]["url"].rstrip("/")]
        picks.append(pick)
        walls.append(runs.wall)
        rss.append(max(runs.rss))
        read.append(sum(one["bytes"] for one in ranking))
        regrets.append(ideal[pick] / min(ideal.values()) if pick in ideal else float("inf"))
        requests.append(max(sum(line["mirror"] == name for line in accesses) for name in lab.urls))
        wrong += [names[one["url"].rstrip("/")] for one in ranking if one["verdict"] == "usable" and names[one["url"].rstrip("/")] in FAULTY - {"burst"}]
        box.close()
    board.figure("bench of 24, median wall", statistics.median(walls), " s", 4)
    board.figure("bench of 24, slowest of " + str(rounds), max(walls), " s")
    board.figure("bytes read, largest", max(read) / MIB, " MiB", 48, timed=False)
    board.figure("peak RSS, largest", max(rss) / MIB, " MiB", 24, timed=False)
    board.figure("regret: pull from the pick / from the best, median", statistics.median(regrets), "", 1.1, timed=False)
    board.figure("regret, worst", max(regrets), "")
    board.figure("time to image / oracle", (statistics.median(walls) + ideal["best"] * statistics.median(regrets)) / ideal["best"])
    board.figure("requests to one mirror, most", max(requests), "", 8, timed=False)
    board.fact("no faulty mirror is called usable", not wrong, ", ".join(sorted(set(wrong))))
    print("picks: " + ", ".join(picks) + f"   ({os.cpu_count()} CPUs, {rounds} runs)")
    board.end()


if __name__ == "__main__":
    main()
