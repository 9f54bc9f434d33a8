#!/usr/bin/env python3
"""soak.py BUILD [-s SECONDS] [-j JOBS] [TARGET...]: runs the fuzzers of tests/fuzz for so long each. What they learn stays in
BUILD/soak/corpus for the next time; inputs that break a law go to BUILD/soak/findings, and the exit status is 1 then. What took too
long is tried again alone before it counts."""
import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent


def only_the_machine_was_busy(program, finding):
    """Whether an input that took too long is quick when it is tried again, alone."""
    again = subprocess.run([program, "-timeout=10", finding], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    if again.returncode == 0:
        finding.unlink()
    return again.returncode == 0


def run(target, build, seconds):
    program = build / "tests/fuzz" / f"fuzz_{target}"
    learned = build / "soak/corpus" / target
    findings = build / "soak/findings" / target
    for folder in (learned, findings):
        folder.mkdir(parents=True, exist_ok=True)
    known = set(findings.iterdir())
    log = build / "soak" / f"{target}.log"
    seeds = HERE / "corpus" / target
    runs, end = 0, time.monotonic() + seconds
    while True:
        left = max(1, round(end - time.monotonic()))
        limits = ["-max_len=4096", "-timeout=10", "-rss_limit_mb=2048", f"-max_total_time={left}"]
        with open(log, "wb") as out:
            status = subprocess.run([program, learned, seeds, f"-artifact_prefix={findings}/", "-print_final_stats=1", *limits],
                                    stdout=out, stderr=subprocess.STDOUT, check=False).returncode
        text = log.read_text(errors="replace")
        counts = re.findall(r"stat::number_of_executed_units: (\d+)", text) or re.findall(r"^#(\d+)", text, re.M)[-1:] or ["0"]
        runs += int(counts[0])
        new = sorted(set(findings.iterdir()) - known)
        slow = bool(new) and all(path.name.startswith(("timeout-", "slow-unit-")) for path in new)
        if status == 0 or not slow or not all([only_the_machine_was_busy(program, path) for path in new]):
            return target, status, runs, sorted(set(findings.iterdir()) - known), log
        if time.monotonic() >= end:
            return target, 0, runs, [], log


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("-s", "--seconds", type=int, default=600)
    parser.add_argument("-j", "--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("targets", nargs="*")
    asked = parser.parse_intermixed_args()
    build = asked.build.resolve()
    every = sorted(p.name.removeprefix("fuzz_") for p in (build / "tests/fuzz").glob("fuzz_*") if p.is_file())
    unknown = sorted(set(asked.targets) - set(every))
    if unknown or not every:
        sys.exit(f"no such target: {' '.join(unknown)}" if unknown else f"no fuzzers in {build}/tests/fuzz")
    bad = []
    with concurrent.futures.ThreadPoolExecutor(asked.jobs) as pool:
        for target, status, runs, new, log in pool.map(lambda t: run(t, build, asked.seconds), asked.targets or every):
            print(f"{target:22}{runs:>12} runs  {'ok' if status == 0 else f'FAILED: {log}'}", flush=True)
            if status != 0:
                bad.append(target)
                print("".join(f"    {path}\n" for path in new), end="", flush=True)
    if bad:
        print(f"laws were broken by: {' '.join(bad)}\nthe inputs are in {build}/soak/findings; to see one again: "
              f"{build}/tests/fuzz/fuzz_TARGET INPUT")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
