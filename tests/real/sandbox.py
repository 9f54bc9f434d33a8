"""A throw-away node inside this machine: own mounts, network and process numbers, gone with the process that runs it.

The files of the machine are below overlays: what is written to /etc, /var/lib and /run never reaches the disk. The test itself is
process 1 in there, so the kernel ends every process of the sandbox when the test ends, whatever way it ends.
"""

import ctypes
import os
import shutil
import signal
import subprocess
import sys

SKIPPED = 77  # CTest's SKIP_RETURN_CODE
LAB = "/run/lab"
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": LAB + "/home", "LC_ALL": "C.UTF-8"}

CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET = 0x00020000, 0x20000000, 0x40000000
MS_REC, MS_PRIVATE = 0x4000, 1 << 18
PR_SET_PDEATHSIG = 1

libc = ctypes.CDLL(None, use_errno=True)


class Skip(Exception):
    """Why this machine cannot run the test."""


def _check(result, what):
    if result != 0:
        raise Skip(f"{what}: {os.strerror(ctypes.get_errno())}")


def _mount(source, target, kind, flags=0, options=""):
    _check(libc.mount(source.encode(), target.encode(), kind.encode() if kind else None, flags, options.encode()),
           f"cannot mount {kind or source} on {target}")


def require(programs):
    """Skips unless we are root and every program is where its Debian package puts it."""
    if os.geteuid() != 0:
        raise Skip("needs root: it starts real daemons in namespaces of their own")
    missing = [package for program, package in programs.items()
               if not (os.path.exists(program) or shutil.which(program, path=ENVIRONMENT["PATH"]))]
    if missing:
        raise Skip("packages missing: " + " ".join(sorted(set(missing))))


def _cover(path, name):
    """Writes to `path` go to memory from here on; what is on the disk shows through."""
    for part in ("upper", "work"):
        os.makedirs(f"{LAB}/{name}/{part}")
    _mount("overlay", path, "overlay", 0, f"lowerdir={path},upperdir={LAB}/{name}/upper,workdir={LAB}/{name}/work")


def _prepare_files():
    _mount("none", "/", None, MS_REC | MS_PRIVATE)
    _mount("proc", "/proc", "proc")
    _mount("tmpfs", "/run", "tmpfs", 0, "mode=0755")  # hides a systemd of the machine: nothing is activated through it
    _mount("tmpfs", "/dev/shm", "tmpfs")
    if os.path.realpath("/var/run") != "/run":
        _mount("/run", "/var/run", None, 0x1000)  # MS_BIND
    os.makedirs(LAB + "/home")
    _cover("/etc", "etc")
    _cover("/var/lib", "var-lib")
    for leftover in ("/etc/docker", "/etc/containerd", "/etc/mirrorctl", "/var/lib/mirrorctl"):
        shutil.rmtree(leftover, ignore_errors=True)


def _prepare_network(hosts):
    run = lambda *argv: subprocess.run(["ip", *argv], check=True, env=ENVIRONMENT)
    run("link", "set", "lo", "up")
    for address in sorted(set(hosts.values())):
        run("address", "add", f"{address}/32", "dev", "lo")
    run("route", "add", "default", "dev", "lo")  # Go asks for no IPv4 address where no route could use it
    with open("/etc/hosts", "w", encoding="ascii") as file:
        file.write("127.0.0.1 localhost\n" + "".join(f"{address} {name}\n" for name, address in hosts.items()))
    for name, text in (("resolv.conf", "nameserver 127.0.0.1\n"), ("nsswitch.conf", "hosts: files\npasswd: files\ngroup: files\n")):
        if os.path.lexists("/etc/" + name):
            os.unlink("/etc/" + name)
        with open("/etc/" + name, "w", encoding="ascii") as file:
            file.write(text)


def _cgroup_mounts():
    """Hierarchies that a booted node needs: the unified one, and systemd's own beside it on a hybrid host."""
    return [path for path in ("/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified", "/sys/fs/cgroup")
            if os.path.exists(path + "/cgroup.procs")]


def cgroup(name):
    """Directories of a new cgroup of this sandbox, one per hierarchy. They are removed when the sandbox ends."""
    made = [f"{mount}/mirrorctl-test-{os.environ['MIRRORCTL_SANDBOX']}/{name}" for mount in _cgroup_mounts()]
    for directory in made:
        os.makedirs(directory, exist_ok=True)
    return made


def _remove_cgroups():
    for mount in _cgroup_mounts():
        for directory, _, _ in os.walk(f"{mount}/mirrorctl-test-{os.environ['MIRRORCTL_SANDBOX']}", topdown=False):
            try:
                os.rmdir(directory)
            except OSError:
                pass


def _guarded(function, *arguments):
    """The exit status of a forked child that must not return."""
    try:
        return function(*arguments) or 0
    except Skip as reason:
        print(f"SKIP: {reason}", flush=True)
        return SKIPPED


def run(programs, hosts, story):
    """Runs `story` inside a sandbox whose /etc/hosts is `hosts` and returns the exit status for this program."""
    try:
        require(programs)
        _check(libc.unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID), "cannot make namespaces")
    except Skip as reason:
        print(f"SKIP: {reason}", flush=True)
        return SKIPPED
    os.environ["MIRRORCTL_SANDBOX"] = str(os.getpid())
    first = os.fork()
    if first == 0:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        os._exit(_first_process(story, hosts))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os.kill(first, signal.SIGKILL))
    status = os.waitstatus_to_exitcode(os.waitpid(first, 0)[1]) & 0xFF
    _remove_cgroups()
    return status


def _first_process(story, hosts):
    """Process 1: starts the story, collects what is orphaned, and takes the rest along when it ends."""
    sys.stdout.flush()
    second = os.fork()
    if second == 0:
        os._exit(_guarded(_tell, story, hosts))
    while True:
        pid, status = os.wait()
        if pid == second:
            return os.waitstatus_to_exitcode(status) & 0xFF


def _tell(story, hosts):
    _prepare_files()
    _prepare_network(hosts)
    try:
        return story()
    finally:
        sys.stdout.flush()
