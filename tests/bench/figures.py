"""What the programs of this folder share: running the launcher, medians, and lines that say figure, goal and verdict."""

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "flow"))
import harness  # noqa: E402


class Runs:
    """Several runs of one command."""

    def __init__(self, lines, output):
        rows = [line.split() for line in lines]
        self.walls = [float(row[0]) for row in rows]
        self.rss = [int(row[1]) * 1024 for row in rows]
        self.cpu = [float(row[2]) for row in rows]
        self.codes = sorted({int(row[3]) for row in rows})
        self.output = output

    @property
    def wall(self):
        return statistics.median(self.walls)


def launch(argv, count, env, cwd):
    with tempfile.TemporaryDirectory() as directory:
        output = os.path.join(directory, "stdout")
        done = subprocess.run([os.environ["LAUNCH"], str(count), output, *map(str, argv)], env=env, cwd=cwd, check=True,
                              capture_output=True, text=True)
        return Runs(done.stdout.splitlines(), Path(output).read_bytes())


class Board:
    """Prints figures beside their goals; `missed` counts those that were not reached."""

    def __init__(self):
        self.missed = 0
        self.timed = "--smoke" not in sys.argv[1:]

    def figure(self, name, value, unit="", goal=None, timed=True):
        verdict = ""
        if goal is not None and (self.timed or not timed):
            good = value <= goal
            self.missed += not good
            verdict = f"   goal <= {goal:g}{unit}   {'reached' if good else 'MISSED'}"
        print(f"{name:<52} {value:10.4g}{unit}{verdict}")

    def fact(self, name, good, detail=""):
        self.missed += not good
        print(f"{name:<52} {'yes' if good else 'NO'} {detail}")

    def end(self):
        sys.exit(1 if self.missed else 0)


MIB = 1024.0 * 1024.0
