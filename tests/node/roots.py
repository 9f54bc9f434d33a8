"""Debian roots with real engines: built once per suite, kept outside the tree, never written to afterwards (nodes lay an overlay on them).

  bookworm: docker 20.10, containerd 1.6, systemd 252 · trixie: 26.1, 1.7, 257 · sid: 28.5, 2.1, 262
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys

SUITES = ("bookworm", "trixie", "sid")
SKIPPED = 77
COMMON = ("systemd systemd-sysv dbus ca-certificates iproute2 procps kmod sudo curl busybox-static iptables "
          "docker.io containerd runc cloud-init openssh-server openssh-client python3").split()
EXTRA = {"bookworm": ["docker.io"], "trixie": ["docker-cli", "ansible-core"], "sid": ["docker-cli"]}
# Packages as files, so that a node without network can install an engine after it has booted.
ARCHIVE = "/var/cache/engines"
ENGINES = {"bookworm": "containerd runc docker.io", "trixie": "containerd runc docker.io docker-cli", "sid": "containerd runc docker.io docker-cli"}


class NoRoot(Exception):
    """Why a root cannot be had."""


def cache():
    return os.environ.get("MIRRORCTL_NODE_ROOTS") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "mirrorctl-nodes")


def packages(suite):
    return COMMON + EXTRA[suite]


def key(suite):
    """Changes when the root must be built anew."""
    return hashlib.sha256(" ".join([suite, *packages(suite), ENGINES[suite]]).encode()).hexdigest()[:12]


def path(suite):
    return f"{cache()}/{suite}-{key(suite)}"


def build(suite):
    """The root's directory; builds it if it is not there (about a minute). Raises NoRoot."""
    where = path(suite)
    os.makedirs(cache(), exist_ok=True)
    with open(f"{cache()}/{suite}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.isdir(where):
            return where
        if os.geteuid() != 0 or not shutil.which("mmdebstrap"):
            raise NoRoot("building a Debian root needs root and the package mmdebstrap")
        shutil.rmtree(where + ".new", ignore_errors=True)
        fetch = f'mkdir -p "$1{ARCHIVE}" && cd "$1{ARCHIVE}" && APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get download {ENGINES[suite]}'
        argv = ["mmdebstrap", "--variant=minbase", "--include=" + ",".join(packages(suite)), "--aptopt=Acquire::Check-Valid-Until \"false\"",
                "--customize-hook=" + fetch, suite, where + ".new"]
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=1200, check=False)
        if done.returncode != 0:
            shutil.rmtree(where + ".new", ignore_errors=True)
            raise NoRoot(f"mmdebstrap {suite} exits with {done.returncode}: {done.stderr.strip()[-400:]}")
        os.rename(where + ".new", where)
        return where


def find(suite):
    """The root's directory if it is built. Raises NoRoot."""
    if not os.path.isdir(path(suite)):
        raise NoRoot(f"the Debian root {suite} is not built (test node.root.{suite} builds it)")
    return path(suite)


def main(suite):
    try:
        print(f"ok: {build(suite)}")
        return 0
    except (NoRoot, subprocess.SubprocessError, OSError) as error:
        print(f"SKIP: {error}")
        return SKIPPED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
