"""Plants traps as another user would, and knows whether a victim was touched."""

import hashlib
import os
import shutil
import socket
import stat
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "flow")]

import harness  # noqa: E402
import wire  # noqa: E402

ALICE, BOB = 1000, 1001
CANARY = b"CANARYOFROOT"
SECONDS = 10  # "within seconds": a blocked open would take for ever, a loaded machine takes some
SECRET_JSON = b'{\n  "auths": {"CANARYOFROOT.example": {"auth": "Q0FOQVJZT0ZST09U"}},\n  "proxies": {"CANARYOFROOT": {}}\n}\n'
SECRET_TEXT = b"root:$6$CANARYOFROOT:20000:0:99999:7:::\nCANARYOFROOT: [\n"


class Victim:
    """A file or directory that nobody may change, read aloud, or replace."""

    def __init__(self, path):
        self.path, self.before = path, self.look(path)

    @staticmethod
    def look(path):
        info = os.lstat(path)
        if stat.S_ISDIR(info.st_mode):
            inside = tuple(sorted((name, os.lstat(os.path.join(path, name)).st_ino) for name in os.listdir(path)))
        else:
            inside = Path(path).read_bytes() if stat.S_ISREG(info.st_mode) else b""
        return info.st_ino, info.st_mode, info.st_uid, info.st_gid, inside

    def changes(self):
        return [] if self.look(self.path) == self.before else [f"{self.path}: {self.before} -> {self.look(self.path)}"]


def own(path, uid):
    os.lchown(path, uid, uid)
    return path


def link(path, to, uid=ALICE):
    os.symlink(to, path)
    return own(path, uid)


def fifo(path, uid=ALICE):
    os.mkfifo(path, 0o666)
    return own(path, uid)


def device(path, minor=5):
    """A character device: /dev/zero without end, /dev/null with minor 3. None where none can be made (containers)."""
    try:
        os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, minor))
    except PermissionError:
        return None
    return path


def listening(path, case):
    server = socket.socket(socket.AF_UNIX)
    case.addCleanup(server.close)
    here = os.getcwd()
    os.chdir(path.parent)  # the path of a socket is short
    try:
        server.bind(path.name)
    finally:
        os.chdir(here)
    server.listen(1)
    return own(path, ALICE)


def sparse(path, uid=ALICE):
    with open(path, "wb") as file:
        file.write(b"{")
        file.truncate(1 << 40)
    return own(path, uid)


class TrapCase(harness.FlowCase):
    """A sandbox with a root-only file inside the root and another one outside, and users alice and bob."""

    def setUp(self):
        super().setUp()
        self.box.base.chmod(0o755)
        self.box.write("etc/passwd", "root:x:0:0:root:/root:/bin/bash\nalice:x:1000:1000::/home/alice:/bin/bash\nbob:x:1001:1001::/home/bob:/bin/bash\n")
        self.home = self.box.path("home/alice")
        own(self.home, ALICE)
        bob = self.box.path("home/bob")
        bob.mkdir()
        own(bob, BOB)
        self.inside = self.box.write("root/secret.json", SECRET_JSON, 0o600)
        self.shadow = self.box.write("etc/shadow", SECRET_TEXT, 0o600)
        self.outside = self.box.base / "outside"
        self.outside.mkdir()
        self.beyond = self.outside / "secret.json"
        self.beyond.write_bytes(SECRET_JSON)
        self.beyond.chmod(0o600)
        self.bobs = own(self.box.write("home/bob/secret.json", SECRET_JSON, 0o600), BOB)
        self.file = self.profile()
        self.victims = [self.inside, self.shadow, self.beyond, self.bobs, self.outside]

    def profile(self, **more):
        mirror = {"url": "http://127.0.0.1:2", "form": "host", "operator": "nobody", "trust": "resolve", "insecure": True,
                  "as_of": "2026-11-01", "source": "tests/hostile", **more}
        profile = {"schema": "mirrorctl.profile/1", "name": "traps", "as_of": "2026-11-01", "upstreams": {"docker.io": {
            "origin": "http://127.0.0.1:1", "fallback": "none", "canary": [{"image": "library/busybox:1"}], "mirrors": [mirror]}}}
        return self.box.beside("traps.yaml", harness.yaml.safe_dump(profile))

    def quick(self, *arguments, root=True, env=None, uid=None):
        """Runs a command that may fail but must neither block nor say what it must not know."""
        words = self.box.argv(arguments, root)
        if uid is not None:
            words = ["/usr/bin/setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", *words]
        done = wire.Measured(words, self.box.environment(**(env or {})), self.box.base, SECONDS)
        self.assertNotIn(CANARY, done.out, str(done))
        self.assertNotIn(CANARY, done.err, str(done))
        if not wire.SANITIZED:
            self.assertLess(done.peak_kib, 48 * 1024, str(done))
        self.assertIn(done.code, range(0, 9), str(done))
        return done

    def refused(self, *arguments, names, code=(1,), **more):
        done = self.quick(*arguments, **more)
        self.assertIn(done.code, code, str(done))
        self.assertIn(str(names).encode(), done.out + done.err, str(done))
        return done

    def watch(self):
        return [Victim(path) for path in self.victims]

    def unharmed(self, victims, secret_in_state=False):
        changes = [line for victim in victims for line in victim.changes()]
        self.assertFalse(changes, "\n".join(changes))
        if not secret_in_state and self.box.state.is_dir() and not self.box.state.is_symlink():
            for directory, _, files in os.walk(self.box.state):
                for name in files:
                    path = os.path.join(directory, name)
                    if stat.S_ISREG(os.lstat(path).st_mode) and os.lstat(path).st_nlink == 1:
                        self.assertNotIn(CANARY, Path(path).read_bytes(), path)

    def with_trap(self, name, path, plant, check):
        """Plants, checks, clears away, as a subtest; what cannot be planted here is left out."""
        with self.subTest(name):
            try:
                plant()
                if os.path.lexists(path):
                    check()
            finally:
                if os.path.lexists(path) and stat.S_ISDIR(os.lstat(path).st_mode):
                    shutil.rmtree(path)
                elif os.path.lexists(path):
                    path.unlink()

    def marks(self, tree):
        return {str(path.relative_to(tree)): hashlib.sha256(path.read_bytes()).hexdigest()
                for path in sorted(tree.rglob("*")) if path.is_file() and not path.is_symlink()}
