#!/usr/bin/env python3
"""Many at once: 50 runs of mirrorctl over one root beside somebody who edits daemon.json and somebody who reads; then kills of whoever holds
the lock. Nobody may see half a file, no edit may get lost, nobody may wait for the dead."""

import collections
import itertools
import json
import multiprocessing
import os
import random
import shutil
import signal
import sys
import threading
import time
import unittest
from pathlib import Path

import runner
import tree

AT_ONCE = 50
SECONDS = 14
KILLS = 40
FILES = ("etc/containerd/config.toml", "etc/containerd/certs.d/docker.io/hosts.toml", "etc/containerd/certs.d/ghcr.io/hosts.toml",
         "etc/systemd/system/docker.service.d/http-proxy.conf", "home/alice/.docker/config.json")
KEY = "x-edit"
# 0 done; 1 nothing to roll back; 4 and 5: the editor was there first; 7: the lock was held for too long.
ENDINGS = {"apply": {0, 4, 5, 7}, "rollback": {0, 1, 4, 5, 7}, "status": {0}, "recover": {0, 7}}


def bytes_of(path):
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def without_edit(text):
    document = json.loads(text)
    document.pop(KEY, None)
    return document


def without_profiles(document):
    """Without the mirrors of the profiles, each of which may be there once."""
    mirrors = document.get("registry-mirrors", [])
    theirs = [mirror for mirror in mirrors if mirror.startswith("https://hub-")]
    if len(set(theirs)) < len(theirs):
        raise ValueError("a mirror is there twice")
    return {**document, "registry-mirrors": [mirror for mirror in mirrors if mirror not in theirs]}


def may_be(document, documents):
    """What a run leaves; or, where an edit was begun before a run and saved after it, that with mirrors which the run had taken out: they
    are the editor's from then on."""
    return document in documents or without_profiles(document) in map(without_profiles, documents)


def edit(root, until, told):
    """Somebody with an editor that replaces the file, based on what it has read. Tells what got lost."""
    path = root / tree.DAEMON
    real = Path(os.path.realpath(path))
    temp = real.with_name("daemon.json.swp")
    count, lost, late = 0, [], 0
    while time.monotonic() < until:
        document = json.loads(real.read_text())
        count += 1
        document[KEY] = count
        temp.write_text(json.dumps(document, indent=4) + "\n")
        shutil.copystat(real, temp)
        os.rename(temp, real)
        # Between two sessions of work there is time for whole transactions.
        time.sleep(0.6 if count % 12 == 0 else random.random() * 0.04)
        # A swap that met the edit is taken back at once; an edit that is still missing after a while is lost.
        for wait in (0, 0.3):
            time.sleep(wait)
            seen = json.loads(real.read_text()).get(KEY)
            if seen == count:
                break
            late += 1
        else:
            lost.append(f"edit {count} is gone, {seen} is there")
    told.put(("editor", count, lost, late))


def watch(root, until, told, allowed, documents):
    """Reads all files without a pause: each must be whole, and one of those that there can be."""
    reads, wrong = 0, []
    while time.monotonic() < until and len(wrong) < 5:
        for name in FILES:
            found = bytes_of(root / name)
            reads += 1
            if found not in allowed[name]:
                wrong.append(f"{name}: {found!r}")
        text = bytes_of(root / tree.DAEMON)
        reads += 1
        try:
            if not may_be(without_edit(text), documents):
                wrong.append(f"daemon.json: {text!r}")
        except (TypeError, ValueError) as error:
            wrong.append(f"daemon.json: {error}: {text!r}")
    told.put(("reader", reads, wrong, 0))


class Concurrent(unittest.TestCase):
    def setUp(self):
        self.base = runner.work_directory()
        self.addCleanup(shutil.rmtree, self.base, ignore_errors=True)
        self.addCleanup(runner.end_all)
        self.root = self.base / "root"
        tree.build(self.root)
        for name, text in (("first", tree.PROFILE), ("second", tree.OTHER_PROFILE)):
            (self.base / f"{name}.yaml").write_text(text)
        self.helpers = []
        self.addCleanup(self.end_helpers)

    def end_helpers(self):
        for helper in self.helpers:
            if helper.is_alive():
                helper.kill()
            helper.join()

    def argv(self, *words):
        return [runner.binary(), "--root", str(self.root), *words]

    def apply(self, profile):
        return self.argv("apply", "--offline", "--user", "alice", "--profile", str(self.base / f"{profile}.yaml"))

    def ok(self, argv):
        done = runner.run(argv)
        self.assertEqual(done.code, 0, str(done))
        return done

    def states(self):
        """The contents that each file may have, and the documents that daemon.json may be, an edit aside."""
        allowed = collections.defaultdict(set)
        documents = []

        def note():
            for name in FILES:
                allowed[name].add(bytes_of(self.root / name))
            documents.append(without_edit((self.root / tree.DAEMON).read_text()))

        note()
        for argv in (self.apply("first"), self.apply("second"), self.argv("rollback"), self.argv("rollback"), self.apply("second"),
                     self.apply("first"), self.argv("rollback"), self.argv("rollback")):
            self.ok(argv)
            note()
        return allowed, documents

    def help_with(self, function, *arguments):
        helper = multiprocessing.Process(target=function, args=arguments, daemon=True)
        self.helpers.append(helper)
        helper.start()

    def crowd(self, until):
        """AT_ONCE programs at any time; their endings by command, and those that may not be."""
        endings, wrong, guard = collections.Counter(), [], threading.Lock()
        jobs = itertools.cycle([self.apply("first"), self.argv("status", "--json"), self.apply("second"), self.argv("rollback"),
                                self.argv("status"), self.argv("recover"), self.apply("first")])

        def loop():
            while time.monotonic() < until:
                with guard:
                    argv = next(jobs)
                done = runner.run(argv)
                command = argv[3]
                with guard:
                    endings[(command, done.code)] += 1
                    if done.code not in ENDINGS[command] or (done.code == 1 and "nothing" not in done.err):
                        wrong.append(str(done))

        threads = [threading.Thread(target=loop, daemon=True) for _ in range(AT_ONCE)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return endings, wrong

    def test_fifty_runs_an_editor_and_a_reader(self):
        allowed, documents = self.states()
        told = multiprocessing.Queue()
        until = time.monotonic() + SECONDS
        self.help_with(edit, self.root, until, told)
        self.help_with(watch, self.root, until, told, allowed, documents)
        endings, wrong = self.crowd(until)
        reports = [told.get(timeout=30) for _ in range(2)]
        print(", ".join(f"{command} exit {code}: {count}" for (command, code), count in sorted(endings.items())))
        for who, count, problems, late in sorted(reports):
            print(f"{who}: {count} times, {len(problems)} problems" + (f", {late} edits seen late" if late else ""))
        self.assertEqual(wrong[:3], [])
        for _, count, problems, _ in reports:
            self.assertEqual(problems[:5], [])
            self.assertGreater(count, 10, "a helper did nothing")
        for command in ENDINGS:
            self.assertGreater(endings[(command, 0)], 0, f"{command} never got through")
        self.ok(self.argv("recover"))
        self.ok(self.apply("first"))
        self.assertEqual(tree.state_problems(self.root), [])

    def test_an_edit_after_an_apply_survives_the_rollback(self):
        for count in range(1, 6):
            self.ok(self.apply("first"))
            path = Path(os.path.realpath(self.root / tree.DAEMON))
            document = json.loads(path.read_text())
            document[KEY] = count
            path.write_text(json.dumps(document))
            self.ok(self.argv("rollback"))
            self.assertEqual(json.loads(path.read_text())[KEY], count)

    def slowed_at_daemon_json(self, delays):
        """An apply under strace that rests before (or after) the call that puts daemon.json in place, and its trace."""
        trace = self.base / "trace"
        command = ["strace", "-f", "--seccomp-bpf", "-q", "-o", trace, "-e", "trace=renameat2"]
        self.ok([*command, *self.apply("first")])
        lines = trace.read_text().splitlines()
        number = next((n for n, line in enumerate(lines, 1) if '"daemon.json"' in line), None)
        if number is None:
            self.skipTest("renameat2 is not used here")
        self.ok(self.argv("rollback"))
        return runner.start([*command, "-e", f"inject=renameat2:{delays}:when={number}", *self.apply("first")])

    def save_when_config_toml_is_new(self, before):
        """What comes before daemon.json is in place: the next call is the one that rests."""
        end = time.monotonic() + 20
        while (self.root / FILES[0]).read_text() == before and time.monotonic() < end:
            time.sleep(0.001)
        time.sleep(0.15)
        document = json.loads((self.root / tree.DAEMON).read_text())
        document[KEY] = 1
        temp = self.root / "opt/conf/new"
        temp.write_text(json.dumps(document))
        temp.chmod(0o644)
        os.rename(temp, self.root / "opt/conf/daemon.json")

    def edit_meets_the_swap(self, delays):
        refused = runner.tracing_refused()
        if refused:
            self.skipTest(refused)
        before = (self.root / FILES[0]).read_text()
        process = self.slowed_at_daemon_json(delays)
        self.save_when_config_toml_is_new(before)
        return before, process

    def test_an_edit_between_the_last_look_and_the_swap_is_not_lost(self):
        before, process = self.edit_meets_the_swap("delay_enter=600000")
        done = runner.finish(process)
        self.assertEqual(done.code, 5, str(done))
        self.assertIn("somebody else changed it", done.err)
        self.assertEqual(json.loads((self.root / tree.DAEMON).read_text())[KEY], 1)
        self.assertEqual((self.root / FILES[0]).read_text(), before)
        self.assertEqual([str(path) for path in self.root.rglob(".mirrorctl-*")] + tree.state_problems(self.root), [])

    def test_nor_when_it_is_killed_right_after_the_swap(self):
        _, process = self.edit_meets_the_swap("delay_enter=600000:delay_exit=2000000")
        end = time.monotonic() + 20
        while KEY in json.loads((self.root / tree.DAEMON).read_text()) and time.monotonic() < end:
            time.sleep(0.001)
        self.assertLess(time.monotonic(), end, "it was never swapped out")
        runner.end(process)
        done = runner.run(self.argv("recover"))
        self.assertEqual(done.code, 6, str(done))
        self.assertEqual(json.loads((self.root / tree.DAEMON).read_text())[KEY], 1)
        self.ok(self.argv("recover", "--keep-current"))
        self.assertEqual(json.loads((self.root / tree.DAEMON).read_text())[KEY], 1)
        self.assertEqual([str(path) for path in self.root.rglob(".mirrorctl-*")] + tree.state_problems(self.root), [])

    def wait_until_it_writes(self, process):
        while not (self.root / tree.STATE / "ACTIVE").exists() and process.poll() is None:
            pass

    def test_the_dead_hold_no_lock(self):
        allowed, documents = self.states()
        told = multiprocessing.Queue()
        stop = time.monotonic() + 8
        self.help_with(watch, self.root, stop, told, allowed, documents)
        slowest = mended = 0
        for number in range(KILLS):
            process = runner.start(self.apply("first") if number % 2 else self.apply("second"))
            self.wait_until_it_writes(process)
            time.sleep(0.0006 * (number % 20))
            process.send_signal(signal.SIGKILL)
            runner.finish(process)
            mended += (self.root / tree.STATE / "ACTIVE").exists()
            started = time.monotonic()
            self.ok(self.argv("rollback") if number % 4 == 3 and process.returncode == 0 else self.apply("first"))
            slowest = max(slowest, time.monotonic() - started)
            self.assertEqual(tree.state_problems(self.root), [])
        print(f"{KILLS} kills, {mended} left an open transaction, the slowest run after one took {slowest:.2f} s")
        self.assertGreater(mended, 0, "no kill struck in the middle")
        self.assertLess(slowest, 2.5, "it waited for a dead holder's lock")
        self.helpers[0].join(0.1)
        self.end_helpers_after(told)

    def end_helpers_after(self, told):
        who, count, problems, _ = told.get(timeout=30)
        self.assertEqual(problems, [], who)
        self.assertGreater(count, 100)


if __name__ == "__main__":
    runner.binary()
    unittest.main(argv=sys.argv[:1], verbosity=2)
