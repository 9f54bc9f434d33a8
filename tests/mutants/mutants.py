#!/usr/bin/env python3
"""Builds of the program with one safety measure taken out. Each must make the unit tests fail, or these tests prove nothing.

mutants.py list: `NAME SOURCE TESTS` for each, for CMake. mutants.py write NAME FILE: the changed source. mutants.py check NAME
PROGRAM: ends with 0 only if a test of PROGRAM fails (not if it cannot start, or hangs); with 77 if nobody but root could notice."""

import os
import subprocess
import sys
from pathlib import Path

from measures import MUTANTS

SRC = Path(__file__).resolve().parents[2] / "src"


def changed(mutant):
    text = (SRC / mutant.source).read_text()
    for old, new in mutant.changes:
        if text.count(old) != 1:
            sys.exit(f"mutant {mutant.name}: src/{mutant.source} has {text.count(old)} times, not once:\n{old}"
                     "  change tests/mutants/measures.py together with the source")
        text = text.replace(old, new)
    # What was taken out may leave helpers that nobody calls.
    return f'#pragma GCC diagnostic ignored "-Wunused-function"\n#line 1 "{mutant.name}/{mutant.source}"\n{text}'


def check(program):
    try:
        done = subprocess.run([program, "--gtest_fail_fast", "--gtest_brief=1"], capture_output=True, text=True, timeout=300, check=False)
    except subprocess.TimeoutExpired:
        sys.exit("the tests hang")
    failed = [line for line in done.stdout.splitlines() if line.startswith("[  FAILED  ] ")]
    if done.returncode != 1 or not failed:
        sys.exit(f"not noticed: exit {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    print(f"noticed by {failed[0].removeprefix('[  FAILED  ] ')}")


def main():
    match sys.argv[1:]:
        case ["list"]:
            print("\n".join(f"{m.name} {m.source} {m.tests}" for m in MUTANTS))
        case ["write", name, path]:
            text = changed(next(m for m in MUTANTS if m.name == name))
            # What has not changed is not compiled again when another mutant has.
            if not Path(path).exists() or Path(path).read_text() != text:
                Path(path).write_text(text)
        case ["check", name, program]:
            if next(m for m in MUTANTS if m.name == name).root and os.geteuid() != 0:
                print("skipped: only tests that root runs can notice")
                sys.exit(77)
            check(program)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
