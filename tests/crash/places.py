"""Places that take no writes: a disk that is full at any page, no inodes left, directories that are mounted read-only, a file that is a
mount point. Needs a mount namespace of its own (matrix.py makes it)."""

import errno
import os
import re
import shutil
import subprocess

import runner
import tree

PAGE = os.sysconf("SC_PAGE_SIZE")
PLENTY = 64 << 20
# What is mounted read-only, one after the other; the files of one transaction lie in all of them.
READ_ONLY = ("", "etc", "etc/containerd", "etc/containerd/config.toml", "opt/conf", "opt/conf/daemon.json", "home/alice/.docker", "var/lib", tree.STATE)


def mount(*words):
    subprocess.run(["mount", *[str(word) for word in words]], check=True, capture_output=True)


def run(bench, base, matrix):
    if matrix.no_mounts:
        print(f"skipped: full disks and read-only mounts: {matrix.no_mounts}")
        return
    # Quotas: root is exempt from real ones (CAP_SYS_RESOURCE, quotactl(2)); matrix.py injects EDQUOT at every call instead.
    print("skipped: a real quota: root is exempt from it; EDQUOT is injected instead")
    judge = Judge(bench, matrix)
    for scenario in bench.scenarios:
        Disk(judge, scenario, "size").run()
        Disk(judge, scenario, "nr_inodes").run()
        for place in READ_ONLY:
            judge.read_only(scenario, place)


class Judge:
    def __init__(self, bench, matrix):
        self.bench, self.matrix = bench, matrix

    def note(self, scenario, kind, done, problems):
        self.matrix.tried[(scenario.name, "(whole disk)", kind)] += 1
        self.matrix.endings[(kind, f"exit {done.code}")] += 1
        if problems:
            self.matrix.problems += [f"{scenario.name}: {kind}: {problem}" for problem in problems] + [str(done)]

    def after(self, scenario, done):
        """While the place still takes no writes."""
        old, new = (self.bench.trees[name] for name in (scenario.old, scenario.new))
        now = tree.snapshot(self.bench.root)
        problems = tree.torn(self.bench.root, (old, new))
        if done.code == 0:
            return problems + tree.difference(self.bench.trees[scenario.done], now)
        if done.code not in (1, 4, 5, 6):
            problems.append(f"unexpected exit {done.code}")
        if not re.search(r"error: .*/[\w.]+", done.err):
            problems.append("failed without an error that names a path")
        if done.code in (1, 4, 5) and not scenario.start.startswith(("half", "verified")):
            problems += tree.difference(old, now)
        return problems

    def mended(self, scenario, n):
        """When it takes writes again."""
        return self.bench.mend(scenario, n)

    def read_only(self, scenario, place):
        bench = self.bench
        bench.load(scenario.start)
        path = bench.root / place
        if not path.exists():
            return
        mount("--bind", path, path)
        try:
            mount("-o", "remount,bind,ro", path)
            done = runner.run(scenario.argv)
            problems = self.after(scenario, done)
            if place == "" and done.code == 0:
                problems.append("nothing could be written, and yet it reports success")
        finally:
            subprocess.run(["umount", path], check=True)
        problems += self.mended(scenario, len(place))
        self.note(scenario, f"read-only {'file' if place.endswith(('.toml', '.json')) else 'directory'}", done, problems)


class Disk:
    """One scenario on a tmpfs that has room for a little more than what stands there; more with every turn, until all of it fits."""

    def __init__(self, judge, scenario, limit):
        self.judge, self.scenario, self.limit = judge, scenario, limit
        self.bench = judge.bench

    def run(self):
        root = self.bench.root
        if root.exists():
            shutil.rmtree(root)
        for spare in range(10_000):
            root.mkdir()
            mount("-t", "tmpfs", "-o", f"size={PLENTY},mode=755", "tmpfs", root)
            try:
                done = self.turn(spare)
            finally:
                subprocess.run(["umount", root], check=True)
                root.rmdir()
            if done.code == 0 and "warning: cannot" not in done.err:
                return

    def turn(self, spare):
        root = self.bench.root
        subprocess.run(["cp", "-a", "--", f"{self.bench.base / 'states' / self.scenario.start}/.", root], check=True)
        info = os.statvfs(root)
        used = (info.f_blocks - info.f_bfree) * info.f_frsize if self.limit == "size" else info.f_files - info.f_ffree
        room = used + spare * (PAGE if self.limit == "size" else 1)
        mount("-o", f"remount,{self.limit}={max(room, 1)}", root)
        done = runner.run(self.scenario.argv)
        problems = self.judge.after(self.scenario, done)
        mount("-o", f"remount,{self.limit}={PLENTY}", root)
        problems += self.judge.mended(self.scenario, spare)
        kind = "disk full" if self.limit == "size" else "no inodes"
        if done.code != 0 and os.strerror(errno.ENOSPC) not in done.err:
            problems.append("the error does not say that the disk is full")
        self.judge.note(self.scenario, kind, done, problems)
        return done
