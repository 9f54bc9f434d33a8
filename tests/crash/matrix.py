#!/usr/bin/env python3
"""Breaks the real program at its system calls, lets the next command mend what is left, and judges the tree. See scripts/crash-matrix."""

import argparse
import collections
import ctypes
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import zlib
from pathlib import Path

import places
import runner
import tree
from runner import Fault

FEWEST = 500  # a harness that tries less than this is dead
ERRORS = [Fault(name) for name in ("KILL", "ENOSPC", "EIO", "EROFS", "EINTR", "EMFILE", "EDQUOT", "INT", "TERM", "HUP")]
ERRORS += [Fault("INT", twice=True), Fault("TERM", twice=True)]
READ_ERRORS = [Fault(name) for name in ("EIO", "EMFILE", "EINTR")]
# name: where it starts, what is run, the two trees it may leave, the one that exit 0 stands for
Scenario = collections.namedtuple("Scenario", "name start argv old new done again")
Unit = collections.namedtuple("Unit", "scenario call fault reading")


class Bench:
    """One worker's place: a root that always has the same path (a journal belongs to its root), and the states it starts from."""

    def __init__(self, base):
        self.base, self.root = base, base / "root"
        (base / "states").mkdir(parents=True)
        for name, text in (("first.yaml", tree.PROFILE), ("second.yaml", tree.OTHER_PROFILE)):
            (base / name).write_text(text)
        self.trees = {}
        self.make_states()
        self.scenarios = self.make_scenarios()
        self.calls = {}
        for scenario in self.scenarios:
            self.load(scenario.start)
            calls = runner.Calls(scenario.argv)
            assert calls.done.code == 0, calls.done
            self.calls[scenario.name] = calls

    def argv(self, *words):
        return [runner.binary(), "--root", str(self.root), *words]

    def apply(self, profile="first"):
        return self.argv("apply", "--offline", "--user", "alice", "--profile", str(self.base / f"{profile}.yaml"))

    def load(self, name):
        tree.copy(self.base / "states" / name, self.root)

    def keep(self, name):
        tree.copy(self.root, self.base / "states" / name)
        self.trees[name] = tree.snapshot(self.root)

    def ok(self, argv):
        done = runner.run(argv)
        assert done.code == 0, done

    def make_states(self):
        tree.build(self.root)
        self.keep("old")
        self.ok(self.apply())
        self.keep("applied")
        changed = {path for path in self.trees["applied"] if self.trees["old"].get(path) != self.trees["applied"][path]}
        assert len(changed) >= 8 and len({os.path.dirname(path) for path in changed}) >= 3, changed
        self.ok(self.apply("second"))
        self.keep("updated")
        gone = self.trees["applied"].keys() - self.trees["updated"].keys()
        assert gone, "the second profile removes nothing"
        self.keep_killed("half", "old", self.apply(), 0.6)
        self.keep_killed("verified", "old", self.apply(), 1)
        self.keep_killed("half-back", "applied", self.argv("rollback"), 0.6)

    def keep_killed(self, name, start, argv, where):
        """The state of a run that was killed at that part of its swaps; 1 is the commit."""
        self.load(start)
        calls = runner.Calls(argv).mutating
        call = "renameat2" if where < 1 and "renameat2" in calls else "renameat"
        self.load(start)
        run = runner.hurt(argv, call, Fault("KILL"), calls[call][round((len(calls[call]) - 1) * where)])
        assert run.done.code == -signal.SIGKILL, run.done
        assert (self.root / tree.STATE / "ACTIVE").exists(), f"{name}: nothing to recover"
        self.keep(name)

    def make_scenarios(self):
        recover, rollback = self.argv("recover"), self.argv("rollback")
        return [
            Scenario("apply", "old", self.apply(), "old", "applied", "applied", self.apply()),
            Scenario("update", "applied", self.apply("second"), "applied", "updated", "updated", self.apply("second")),
            Scenario("rollback", "applied", rollback, "applied", "old", "old", self.apply()),
            Scenario("recover-undo", "half", recover, "old", "applied", "old", self.apply()),
            Scenario("recover-finish", "verified", recover, "old", "applied", "applied", self.apply()),
            Scenario("recover-rollback", "half-back", recover, "applied", "old", "applied", self.apply()),
            Scenario("apply-over-crash", "half", self.apply(), "old", "applied", "applied", self.apply()),
        ]

    # ---- one point -----------------------------------------------------------------------------------------

    def try_point(self, scenario, call, fault, n, reading):
        """Problems, None when the fault did not strike; and a name for how the run ended."""
        self.load(scenario.start)
        run = runner.hurt(scenario.argv, call, fault, n)
        if not run.fired:
            return (None if run.done.code == 0 else [f"the fault did not strike, and yet it failed: {run.done}"]), "over"
        problems = self.judge(scenario, fault, run.done, reading)
        less = reading and run.done.code == 0 and tree.snapshot(self.root) != self.trees[scenario.done]
        # What could not be read may count as absent: then less is done, never half of it, and the next apply does the rest.
        problems += self.mend(scenario, 0 if less else n)
        where = f"{scenario.name}: {fault.name} at {call} number {n} ({run.line.strip()})"
        if problems:
            problems = [f"{where}: {problem}" for problem in problems[:4]] + [str(run.done)]
        return problems, f"exit {run.done.code}" + (" with less done" if less else "")

    def judge(self, scenario, fault, done, reading):
        old, new = self.trees[scenario.old], self.trees[scenario.new]
        problems = tree.torn(self.root, (old, new))
        if fault.kills:
            expected = (-fault.signal, 0) if not fault.twice else (-fault.signal,)
            return problems + ([] if done.code in expected else [f"ended with {done.code}"])
        now = tree.snapshot(self.root)
        if fault.signal:
            problems += [] if done.code == -fault.signal else [f"the signal was not passed on: exit {done.code}"]
            # The whole of a half-done crash was there before: a recovery that is stopped early leaves it for the next one.
            if (self.root / tree.STATE / "ACTIVE").exists() and scenario.start not in ("half", "verified", "half-back"):
                problems.append("stopped, and left a transaction open")
            elif not (self.root / tree.STATE / "ACTIVE").exists() and now not in (old, new):
                problems.append("stopped between old and new")
            return problems
        if done.code == 0:
            return problems + ([] if reading else tree.difference(self.trees[scenario.done], now))
        if not re.search(r"error: .*/[\w.]+", done.err):
            problems.append("failed without an error that names a path")
        if done.code not in (1, 5, 6):
            problems.append(f"unexpected exit {done.code}")
        # One fault is never enough to be stuck, unless it met the recovery itself.
        if done.code == 6 and scenario.start not in ("half", "verified", "half-back"):
            problems.append("one fault, and it is stuck")
        # "failed, unchanged" and "rolled back": nothing is left to the next command, temps neither.
        if done.code in (1, 5) and scenario.start not in ("half", "verified", "half-back"):
            problems += tree.difference(old, now)
        return problems

    def mend(self, scenario, n):
        """The next command: `recover` or `apply`, in turn."""
        old, new = self.trees[scenario.old], self.trees[scenario.new]
        recovers = n % 2 == 1
        done = runner.run(self.argv("recover") if recovers else scenario.again)
        if done.code != 0:
            return [f"the next command fails: {done}"]
        now = tree.snapshot(self.root)
        if recovers:
            problems = [] if now in (old, new) else ["neither all old nor all new after recover", *tree.difference(old, now)]
        else:
            wanted = self.trees["updated" if scenario.name == "update" else "applied"]
            problems = [f"after apply: {line}" for line in tree.difference(wanted, now)]
        return problems + tree.state_problems(self.root)


class Matrix:
    def __init__(self, options):
        self.options = options
        self.units = queue.Queue()
        self.tried = collections.Counter()
        self.endings = collections.Counter()
        self.problems = []
        self.guard = threading.Lock()
        self.stop = threading.Event()
        self.no_mounts = "not tried"

    def fill(self, bench):
        kinds = set()
        for scenario in bench.scenarios:
            if self.options.only and scenario.name not in self.options.only:
                continue
            calls = bench.calls[scenario.name]
            kinds |= calls.mutating.keys()
            for call in calls.mutating:
                for fault in ERRORS:
                    self.units.put(Unit(scenario.name, call, fault, False))
            for call in calls.reading:
                for fault in READ_ERRORS:
                    # Only what opens can run out of descriptors, only what waits can be interrupted.
                    if fault.name == "EIO" or call == "openat":
                        self.units.put(Unit(scenario.name, call, fault, True))
        if not {"openat", "pwrite64", "fsync", "renameat", "unlinkat", "mkdirat", "fchmod"} <= kinds:
            self.problems.append(f"the unhurt runs show only {sorted(kinds)}: the trace is not read as it should be")
        return kinds

    def numbers(self, unit, numbers):
        """All of them with --all, else every few, others for every unit; always the one behind the end."""
        step = self.options.reading_step if unit.reading else self.options.step
        first = zlib.crc32(f"{unit.scenario} {unit.call} {unit.fault.name}".encode()) % step
        return numbers[:-1][first::step] + numbers[-1:]

    def work(self, bench):
        while not self.stop.is_set():
            try:
                unit = self.units.get_nowait()
            except queue.Empty:
                return
            scenario = next(s for s in bench.scenarios if s.name == unit.scenario)
            numbers = bench.calls[unit.scenario].numbers(unit.call, unit.reading)
            self.run_unit(bench, scenario, unit, self.numbers(unit, numbers))

    def run_unit(self, bench, scenario, unit, numbers):
        for n in numbers:
            if self.stop.is_set():
                return
            problems, ending = bench.try_point(scenario, unit.call, unit.fault, n, unit.reading)
            with self.guard:
                if problems is None and n != numbers[-1]:
                    problems = [f"{unit}: number {n} is in the unhurt run, but was never reached"]
                elif problems is not None and n == numbers[-1]:
                    problems = [f"{unit}: still struck at number {n}: the unhurt run did less", *problems]
                if problems is not None:
                    self.tried[(unit.scenario, unit.call + (" (reading)" if unit.reading else ""), unit.fault.name)] += 1
                    self.endings[(unit.fault.name, ending)] += 1
                self.problems += problems or []
                if len(self.problems) > 60:
                    self.stop.set()

    def guarded(self, work, *arguments):
        try:
            work(*arguments)
        except Exception as error:  # noqa: BLE001 (a worker that dies must fail the run)
            with self.guard:
                self.problems.append(f"the harness failed: {error!r}")
            self.stop.set()

    def run(self, benches, base):
        kinds = self.fill(benches[0])
        workers = [threading.Thread(target=self.guarded, args=(self.work, bench), daemon=True) for bench in benches]
        for worker in workers:
            worker.start()
        for worker in workers:
            while worker.is_alive():
                worker.join(0.2)
        if not self.options.only or "places" in self.options.only:
            self.guarded(places.run, benches[0], base, self)
        return kinds

    def report(self, kinds, seconds):
        print(f"system calls that change something: {', '.join(sorted(kinds))}")
        for title, index in (("by scenario", 0), ("by call", 1), ("by fault", 2)):
            sums = collections.Counter()
            for key, count in self.tried.items():
                sums[key[index]] += count
            print(f"{title}: " + ", ".join(f"{name} {count}" for name, count in sorted(sums.items())))
        endings = sorted(self.endings.items())
        print("endings: " + ", ".join(f"{fault} -> {ending}: {count}" for (fault, ending), count in endings))
        total = sum(self.tried.values())
        print(f"{total} points, {len(self.problems)} problems, {seconds:.0f} s")
        for problem in self.problems[:40]:
            print(f"PROBLEM {problem}")
        if total < FEWEST and not self.options.only:
            print(f"PROBLEM fewer than {FEWEST} points: the harness hits nothing")
            return 1
        return 1 if self.problems else 0


def private_mounts(base):
    """A mount namespace of our own with a tmpfs for the work: whatever way we end, the kernel unmounts. None, or why it is not so."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x00020000) != 0:  # CLONE_NEWNS, linux/sched.h
        return f"no mount namespace: {os.strerror(ctypes.get_errno())}"
    for argv in (["mount", "--make-rprivate", "/"], ["mount", "-t", "tmpfs", "-o", "size=512m,mode=700", "tmpfs", str(base)]):
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return done.stderr.strip()
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="every call that changes something, not every few; every tenth that reads")
    parser.add_argument("--only", action="append", help="a scenario, or `places` (repeatable)")
    options = parser.parse_args()
    options.step, options.reading_step = (1, 10) if options.all else (8, 199)
    runner.binary()
    refused = runner.tracing_refused()
    if refused:
        print(f"skipped: {refused}")
        return runner.SKIP
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    started = time.monotonic()
    base = runner.work_directory()
    matrix = Matrix(options)
    try:
        matrix.no_mounts = private_mounts(base)
        kinds = matrix.run([Bench(base / str(number)) for number in range(2)], base)
        return matrix.report(kinds, time.monotonic() - started)
    finally:
        matrix.stop.set()
        runner.end_all()
        if matrix.no_mounts is None:
            subprocess.run(["umount", "-l", str(base)], check=False)
        shutil.rmtree(base, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
