"""The results: one JSON line for every run and every truth, appended as soon as it is known, so that a long run can be cut and goes on."""

import json
from pathlib import Path

import truth
import worlds


class Book:
    def __init__(self, file, more=()):
        self.file = Path(file) if file else None
        self.runs = {}    # (family, seed, method) -> record
        self.truths = {}  # (family, seed) -> {name: {"seconds", ...}}, real pulls only
        for path in [self.file, *map(Path, more)]:
            for line in path.read_text().splitlines() if path and path.exists() else ():
                self._take(json.loads(line))

    def _take(self, record):
        key = (record["family"], record["seed"])
        if record["kind"] == "run":
            self.runs[(*key, record["method"])] = record
        else:
            self.truths.setdefault(key, {}).update(record["pulls"])

    def add(self, kind, world, **more):
        record = {"kind": kind, "family": world["family"], "seed": world["seed"], **more}
        self._take(record)
        if self.file:
            with self.file.open("a", encoding="utf-8") as out:
                out.write(json.dumps(record) + "\n")

    def run_of(self, world, method):
        return self.runs.get((world["family"], world["seed"], method))

    def pulls_of(self, world):
        return self.truths.get((world["family"], world["seed"]), {})


def judge(world, run, pulls):
    """What a run is worth: regret, whether the pick is bad, and t_total / oracle. None for the last two where nothing can be had."""
    predicted = truth.predict_all(world)
    known = {name: truth.seconds_of(world, predicted, pulls, name) for name, seconds in predicted.items()
             if seconds is not None and name != run.get("dead")}
    if not known:
        return {"regret": None, "bad": run["pick"] is not None, "total": None, "oracle": None}
    oracle = min(known.values())
    seconds = truth.seconds_of(world, predicted, pulls, run["pick"])
    mode = "" if run["pick"] is None else worlds.kind(worlds.by_name(world)[run["pick"]])
    regret = seconds / oracle
    # Throttled mirrors only count where they cost something: one of them may be the best that there is.
    bad = run["pick"] is None or mode in worlds.UNUSABLE or (mode in worlds.THROTTLED and regret > 1.3)
    return {"regret": regret, "bad": bad, "total": (run["t_sel"] + seconds) / oracle, "oracle": oracle}
