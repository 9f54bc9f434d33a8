"""What a run costs when there is nothing to do: `apply` with a fresh ranking, and `--version`. --smoke: no times, few runs."""

import collections
import os
import re
import shutil
import subprocess

import figures
from figures import MIB, Board, harness
import mirrorlab

WRITING = re.compile(r"^(?:\d+ +)?(?:p?writev?2?|pwrite64|f?truncate|renameat2?|rename|unlink(?:at)?|mkdir(?:at)?|rmdir|link(?:at)?|symlink(?:at)?|"
                     r"f?chmod(?:at)?|f?chown(?:at)?|utimensat|f?setxattr|fallocate)\(")
STANDARD = re.compile(r"^(?:\d+ +)?write\([012]<")


def forbidden(trace):
    """Lines of an strace -y log that are network or change a file."""
    network, writes = [], []
    for line in trace.splitlines():
        if re.match(r"^(?:\d+ +)?(socket|connect|sendto|sendmsg)\(", line) and "AF_UNIX" not in line and "AF_NETLINK" not in line:
            network.append(line)
        elif WRITING.match(line) and not STANDARD.match(line) and " = -1 E" not in line:
            writes.append(line)
        elif re.match(r"^(?:\d+ +)?openat?\(", line) and "O_CREAT" in line and "/lock" not in line:
            writes.append(line)
    return network, writes


def trace(box, argv):
    log = box.base / "strace.log"
    subprocess.run(["strace", "-f", "-y", "-o", str(log), "-e", "trace=%network,%file,write,writev,pwrite64,ftruncate,fchmod,fchown,fallocate",
                    *map(str, argv)], env=box.environment(), cwd=box.base, capture_output=True, check=True)
    return log.read_text(errors="replace")


def measure(board, goals):
    count = 40 if board.timed else 3
    box = harness.Sandbox()
    with mirrorlab.Lab("two.yaml") as lab:
        profile = harness.write_profile(box, harness.profile_for(lab))
        argv = box.argv(["apply", "--profile", profile])
        box.run(*argv[3:])
        before = box.snapshot(skip=())
        requests = len(lab.accesses())
        noop = figures.launch(argv, count, box.environment(), box.base)
        version = figures.launch([harness.binary(), "--version"], count, box.environment(), box.base)
        nothing = figures.launch(["/bin/true"], count, box.environment(), box.base)
        board.figure("no-op apply, median wall", noop.wall * 1000, " ms", goals.noop)
        board.figure("no-op apply, peak RSS", max(noop.rss) / MIB, " MiB", 14, timed=False)
        board.figure("no-op apply / process start (/bin/true)", noop.wall / nothing.wall)
        board.figure("--version, median wall", version.wall * 1000, " ms", goals.version)
        board.figure("--version / process start (/bin/true)", version.wall / nothing.wall)
        board.figure("size of the program", os.path.getsize(harness.binary()) / MIB, " MiB", goals.size, timed=False)
        board.fact("all runs exit 0", noop.codes == [0] and version.codes == [0], str(noop.codes))
        board.fact("no request reached a mirror", len(lab.accesses()) == requests)
        changed = harness.difference(before, box.snapshot(skip=()), times=True)
        board.fact("no byte, mode or mtime changed", not changed, "; ".join(changed[:3]))
        if shutil.which("strace"):
            network, writes = forbidden(trace(box, argv))
            board.fact("no network in its system calls", not network, "; ".join(network[:2]))
            board.fact("no write in its system calls", not writes, "; ".join(writes[:2]))
        else:
            print("system calls not checked: strace is not installed")
    box.close()


# Goals: milliseconds of a no-op apply and of --version, MiB of the file.
Goals = collections.namedtuple("Goals", "noop version size")
LINKED = Goals(12, 5, None)
STATIC = Goals(8, 3, 9)


def main():
    board = Board()
    measure(board, LINKED)
    static = os.environ.get("MIRRORCTL_STATIC", "")
    if os.access(static, os.X_OK):
        print("-- the static program")
        os.environ["MIRRORCTL"] = static
        measure(board, STATIC)
    else:
        print("the static program is not built")
    board.end()


if __name__ == "__main__":
    main()
