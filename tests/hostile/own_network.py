"""A network and a host table of the test's own, so that a metadata address can be a real listener and nothing leaves the machine."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

INSIDE = "MIRRORCTL_HOSTILE_INSIDE"
SKIPPED = 77
GOOD, BAD, OTHER = "198.51.100.1", "198.51.100.2", "198.51.100.3"
FORBIDDEN = {"169.254.169.254": "metadata", "100.100.100.200": "metadata of another cloud", "127.0.0.1": "loopback", "::1": "loopback",
             "fd00:ec2::254": "metadata"}
NAMES = {"rebound.example": "127.0.0.1", "meta.example": "169.254.169.254", "other.example": OTHER, "bad.example": BAD}


def enter():
    """Starts this test file again inside namespaces; returns inside, exits with 77 where they are not to be had."""
    if os.environ.get(INSIDE):
        return prepare(os.environ[INSIDE])
    flags = ["-n", "-m"] if os.geteuid() == 0 else ["-r", "-n", "-m"]
    if not shutil.which("unshare") or not shutil.which("ip"):
        skip("needs unshare and ip")
    tried = subprocess.run(["unshare", *flags, "ip", "link", "set", "lo", "up"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        skip(f"no namespaces to be had here: {tried.stderr.strip()}")
    with tempfile.TemporaryDirectory(prefix="mirrorctl-hostile-") as folder:
        done = subprocess.run(["unshare", *flags, sys.executable, "-B", *sys.argv], env={**os.environ, INSIDE: folder}, check=False)
    sys.exit(done.returncode)


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIPPED)


def prepare(folder):
    run = lambda *words: subprocess.run(words, check=True)  # noqa: E731
    run("ip", "link", "set", "lo", "up")
    for address in {GOOD, BAD, OTHER, *FORBIDDEN} - {"127.0.0.1", "::1"}:
        run("ip", "addr", "add", f"{address}/{128 if ':' in address else 32}", "dev", "lo",
            *(["nodad"] if ":" in address else []))
    hosts = Path(folder) / "hosts"
    hosts.write_text("127.0.0.1 localhost\n" + "".join(f"{address} {name}\n" for name, address in NAMES.items()))
    run("mount", "--bind", str(hosts), "/etc/hosts")
