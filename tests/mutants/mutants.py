#!/usr/bin/env python3
"""Builds of the program with one safety measure taken out. Each must make the unit tests fail, or these tests prove nothing.

mutants.py list: `NAME SOURCE TESTS` for each, for CMake. mutants.py write NAME FILE: the changed source. mutants.py check PROGRAM:
ends with 0 only if a test of PROGRAM fails (not if it cannot start, or hangs)."""

import subprocess
import sys
from collections import namedtuple
from pathlib import Path

SRC = Path(__file__).resolve().parents[2] / "src"
# name, the source it changes, the unit tests that must notice, and (what is there, what stands there instead)
Mutant = namedtuple("Mutant", "name source tests changes")

MUTANTS = [
    Mutant("new_file_without_dir_sync", "txn/swap.cpp", "txn", [(
        "    if (!*moved) TRY(fs.rename(slot.temp, slot.file.resolved));\n"
        "    return fs.sync_dir(slot.file.resolved.parent());\n",
        "    if (!*moved) TRY(fs.rename(slot.temp, slot.file.resolved));\n    return {};\n")]),
    Mutant("exchange_without_dir_sync", "txn/swap.cpp", "txn", [(
        "    TRY(fs.remove_file(slot.temp));\n    return fs.sync_dir(slot.temp.parent());\n",
        "    return fs.remove_file(slot.temp);\n")]),
    Mutant("staged_without_file_sync", "txn/durable.cpp", "txn", [(
        "    TRY(fs.write_new(path, bytes, meta));\n    return fs.sync_file(path);\n",
        "    return fs.write_new(path, bytes, meta);\n")]),
    Mutant("written_in_place", "txn/swap.cpp", "txn", [(
        "    auto swapped = fs.exchange(slot.temp, slot.file.resolved);\n    if (!swapped && swapped.error().code == ErrorCode::busy)",
        "    if (expected.present) {\n"
        "        TRY(fs.overwrite_in_place(slot.file.resolved, want.bytes));\n"
        "        TRY(fs.sync_file(slot.file.resolved));\n"
        "        return drop_temp(fs, slot);\n"
        "    }\n"
        "    auto swapped = fs.exchange(slot.temp, slot.file.resolved);\n    if (!swapped && swapped.error().code == ErrorCode::busy)")]),
    Mutant("active_after_the_files", "txn/executor.cpp", "txn", [
        ("    TRY(begin(context.state, entry));\n    return entry;\n", "    return entry;\n"),
        ("        TRY_ASSIGN(auto note, context_.engines.check_before(plan()));\n",
         "        TRY(begin(context_.state, entry_));\n"
         "        TRY_ASSIGN(auto note, context_.engines.check_before(plan()));\n")]),
    Mutant("active_before_the_record", "txn/journal.cpp", "txn", [(
        "    auto done = write_record(state, entry, plan);\n"
        "    if (done)\n"
        "        done = replace_durably(state.fs, names.active(), marker_text(marker_of(entry, sha256_digest(plan))));\n",
        "    auto done = replace_durably(state.fs, names.active(), marker_text(marker_of(entry, sha256_digest(plan))));\n"
        "    if (done) done = write_record(state, entry, plan);\n")]),
    Mutant("last_before_image_forgotten", "txn/journal.cpp", "txn", [(
        "    for (std::size_t i = 0; i < entry.plan.files.size(); ++i) {\n        const auto& before = entry.plan.files[i].before;\n"
        "        if (before.present)\n",
        "    for (std::size_t i = 0; i < entry.plan.files.size(); ++i) {\n        const auto& before = entry.plan.files[i].before;\n"
        "        if (before.present && i + 1 < entry.plan.files.size())\n")]),
    Mutant("record_without_sync", "txn/journal.cpp", "txn", [(
        "    TRY(state.fs.sync_dir(names.before_dir(entry.id)));\n    TRY(state.fs.sync_dir(names.transaction(entry.id)));\n", "")]),
    Mutant("end_without_sync", "txn/journal.cpp", "txn", [(
        "    auto synced = state.fs.sync_dir(names.transaction(id));\n    if (synced) synced = state.fs.sync_dir(state.dir);\n",
        "    Result<void> synced;\n")]),
    Mutant("plan_digest_unchecked", "txn/journal.cpp", "txn", [(
        "    if (sha256_digest(*text) != marker.plan_digest) return corrupt(path, \"does not match its digest\");\n", "")]),
    Mutant("before_digest_unchecked", "txn/journal.cpp", "txn", [(
        "        if (!bytes || files[i].before.digest() != stored->before_digests[i])\n", "        if (!bytes)\n")]),
    Mutant("edit_in_the_last_moment_lost", "txn/swap.cpp", "txn", [(
        "    if (!differs) return drop_temp(fs, slot);\n    TRY(bring_back(fs, slot, want));\n",
        "    if (!differs || want.present) return drop_temp(fs, slot);\n    TRY(bring_back(fs, slot, want));\n")]),
    Mutant("recovery_without_sync", "txn/swap.cpp", "txn", [(
        "        if (want.present) TRY(fs.sync_file(slot.file.resolved));\n"
        "        TRY(sync_nearest_dir(fs, slot.file.resolved.parent()));\n", "")]),
    Mutant("directory_without_sync", "txn/durable.cpp", "txn", [(
        "    TRY(fs.make_dir(path, meta));\n    TRY(fs.sync_dir(path));\n    return fs.sync_dir(path.parent());\n",
        "    return fs.make_dir(path, meta);\n")]),
    Mutant("blob_digest_unchecked", "bench/intake.cpp", "bench", [(
        "    if (!whole_ || \"sha256:\" + hash_.hex() == descriptor_.digest) return std::nullopt;\n",
        "    if (!whole_ || !hash_.hex().empty()) return std::nullopt;\n")]),
    Mutant("manifest_digest_unchecked", "bench/session_steps.cpp", "bench", [(
        "    if (!wanted_digest_.empty() && actual != wanted_digest_)\n", "    if (!wanted_digest_.empty() && actual.empty())\n")]),
]


def changed(mutant):
    text = (SRC / mutant.source).read_text()
    for old, new in mutant.changes:
        if text.count(old) != 1:
            sys.exit(f"mutant {mutant.name}: src/{mutant.source} has {text.count(old)} times, not once:\n{old}"
                     "  change tests/mutants/mutants.py together with the source")
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
            Path(path).write_text(changed(next(m for m in MUTANTS if m.name == name)))
        case ["check", program]:
            check(program)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
