"""Starts programs, with or without strace, and ends every one of them on every way out."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

TIMEOUT = 60
SKIP = 77
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "HOME": "/nonexistent"}
# System calls that change a file system or make a change durable. Which of them the program uses, an unhurt run tells.
MUTATING = set("""creat write pwrite64 writev pwritev pwritev2 fsync fdatasync sync syncfs sync_file_range rename renameat renameat2 unlink
  unlinkat rmdir mkdir mkdirat mknod mknodat link linkat symlink symlinkat chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat
  truncate ftruncate fallocate setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr utimensat futimesat utime utimes
  copy_file_range sendfile splice flock ioctl_ficlone open openat openat2""".split())
OPENING = ("open", "openat", "openat2")
READING = ("openat", "newfstatat", "fstat", "statx", "read", "getdents64", "flistxattr", "fgetxattr", "readlinkat", "faccessat2")
MAKES_OR_WRITES = re.compile(r"O_CREAT|O_TRUNC|O_WRONLY|O_RDWR")
_started = set()
_guard = threading.Lock()


def binary():
    path = os.environ.get("MIRRORCTL", "")
    if not os.access(path, os.X_OK):
        sys.exit("MIRRORCTL must name the mirrorctl program (ctest sets it)")
    return path


class Done:
    def __init__(self, argv, code, out, err):
        self.argv, self.code, self.out, self.err = argv, code, out, err

    def __str__(self):
        return f"{' '.join(self.argv)}\nexit {self.code}\n{self.out[-1500:]}\n{self.err[-1500:]}"


def start(argv, **popen):
    # A session of its own: strace and what it traces are ended together, by the id of the group that we made.
    process = subprocess.Popen([str(word) for word in argv], env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, start_new_session=True, text=True, errors="replace", **popen)
    with _guard:
        _started.add(process)
    return process


def finish(process, timeout=TIMEOUT):
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        end(process)
        raise AssertionError(f"took longer than {timeout} s: {' '.join(process.args)}") from None
    finally:
        with _guard:
            _started.discard(process)
    return Done(process.args, process.returncode, out, err)


def run(argv, **popen):
    return finish(start(argv, **popen))


def end(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.communicate()


def end_all():
    with _guard:
        left = list(_started)
        _started.clear()
    for process in left:
        end(process)


def tracing_refused():
    """Why strace cannot be used here; None if it can."""
    try:
        done = run(["strace", "-f", "--seccomp-bpf", "-o", "/dev/null", "-e", "trace=fsync", "true"])
    except FileNotFoundError:
        return "strace is not installed"
    return None if done.code == 0 else f"strace cannot trace: {done.err.strip().splitlines()[-1:]}"


class Fault:
    """What is done to the Nth call of one kind: an error instead of it, or a signal as it begins."""

    def __init__(self, name, twice=False):
        self.signal = getattr(signal, "SIG" + name, None)
        self.name = name + ("+" + name if twice else "")
        how = f"signal={name}" if self.signal else f"error={name}"
        self.rule = lambda call, n: f"inject={call}:{how}:when={n}" + (f"..{n + 1}" if twice else "")
        self.twice = twice

    @property
    def kills(self):
        return self.signal == signal.SIGKILL or self.twice


class Hurt:
    """A traced run: how it ended, and whether the fault struck."""

    def __init__(self, done, trace, fault):
        self.done = done
        lines = [line for line in trace.splitlines() if "INJECTED" in line]
        if fault.signal:
            lines = [line for line in trace.splitlines() if re.search(r"--- SIG|\+\+\+ killed by", line)]
        self.fired = len(lines) > 0 or done.code == -9
        self.line = lines[0] if lines else "?"


def hurt(argv, call, fault, n, **popen):
    with tempfile.NamedTemporaryFile("r", prefix="trace-", dir=os.environ.get("TMPDIR")) as out:
        # With a filter in the kernel strace is five times as fast, but cannot send signals then.
        quick = [] if fault.signal else ["--seccomp-bpf"]
        done = run(["strace", "-f", *quick, "-q", "-o", out.name, "-e", f"trace={call}", "-e", fault.rule(call, n), *argv], **popen)
        return Hurt(done, out.read(), fault)


class Calls:
    """The system calls of an unhurt run: kind -> the numbers (from 1) of those that are worth a fault."""

    def __init__(self, argv, **popen):
        with tempfile.NamedTemporaryFile("r", prefix="trace-") as out:
            self.done = run(["strace", "-f", "-q", "-o", out.name, "-s", "0", *argv], **popen)
            trace = out.read()
        seen, self.mutating, self.reading = {}, {}, {}
        after_start = False
        for line in trace.splitlines():
            found = re.match(r"\d+\s+(\w+)\((.*)", line)
            if not found:
                continue
            call, rest = found.groups()
            seen[call] = seen.get(call, 0) + 1
            after_start = after_start or call == "umask"  # the first thing that main does; what comes before is the loader
            if not after_start:
                continue
            # What goes to stdout and stderr is not on the file system.
            if call in MUTATING and not (call in OPENING and not MAKES_OR_WRITES.search(rest)) and not re.match(r"[12],", rest):
                self.mutating.setdefault(call, []).append(seen[call])
            elif call in READING:
                self.reading.setdefault(call, []).append(seen[call])
        self.total = seen

    def numbers(self, call, reading):
        """The numbers to try, the last one beyond the end of the run: there the fault must not strike."""
        return (self.reading if reading else self.mutating)[call] + [self.total[call] + 1]


def work_directory():
    return Path(tempfile.mkdtemp(prefix="mirrorctl-crash-"))
