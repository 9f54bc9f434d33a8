"""Drives the real binary inside sandbox roots against scripted mirrors.

The binary comes from $MIRRORCTL, mirrorlab from $MIRRORLAB (ctest sets both). Every test works in its own temporary directory, its
own ports and its own root, so that test files run beside each other.
"""

import fcntl
import json
import os
import pty
import re
import select
import shutil
import stat
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lab"))
import mirrorlab  # noqa: E402
import schema  # noqa: E402
from rootfs import CONFIG_JSON, CONTAINERD_TOML, DAEMON_JSON, LIVED_IN  # noqa: E402,F401 (tests use them)

HERE = Path(__file__).resolve().parent
TIMEOUT = 60
ESCAPE = re.compile(rb"\x1b")


def binary():
    path = os.environ.get("MIRRORCTL", "")
    if not path or not os.access(path, os.X_OK):
        raise RuntimeError("MIRRORCTL must name the mirrorctl program (ctest sets it)")
    return path


class Done:
    """A finished run."""

    def __init__(self, argv, code, out, err):
        self.argv, self.code, self.out, self.err = argv, code, out, err

    @property
    def text(self):
        return self.out.decode("utf-8", "replace")

    @property
    def errors(self):
        return self.err.decode("utf-8", "replace")

    def __str__(self):
        return f"{' '.join(self.argv)}\nexit {self.code}\n--- stdout\n{self.text}\n--- stderr\n{self.errors}"


# ---- trees -------------------------------------------------------------------------------------------------

def entry(path):
    """What must be the same: type, mode, owner, bytes or link target, modification time."""
    info = os.lstat(path)
    kind = stat.S_IFMT(info.st_mode)
    content = None
    if stat.S_ISREG(kind):
        content = Path(path).read_bytes()
    elif stat.S_ISLNK(kind):
        content = os.readlink(path)
    return (kind, stat.S_IMODE(info.st_mode), info.st_uid, info.st_gid, content, info.st_mtime_ns)


def snapshot(root, skip=("var/lib/mirrorctl",)):
    """relative path -> entry, without the state directory (and what else `skip` names)."""
    out = {}
    for directory, names, files in os.walk(root):
        relative = os.path.relpath(directory, root)
        names[:] = [name for name in names if os.path.normpath(os.path.join(relative, name)) not in skip]
        for name in names + files:
            path = os.path.normpath(os.path.join(relative, name))
            if path not in skip:
                out[path] = entry(os.path.join(root, path))
    return out


def difference(before, after, times=False):
    """Human-readable differences; modification times count only with `times`. Directories' times never do without it."""
    lines = []
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path), after.get(path)
        if old is None or new is None:
            lines.append(f"{path}: {'appeared' if old is None else 'vanished'}")
            continue
        names = ("type", "mode", "uid", "gid", "content", "mtime")
        # /var/lib gets the state directory the first time a writing command takes the lock.
        for index, name in enumerate(names if times and path != "var/lib" else names[:-1]):
            if old[index] != new[index]:
                lines.append(f"{path}: {name}: {old[index]!r} -> {new[index]!r}")
    return lines


# ---- sandboxes ---------------------------------------------------------------------------------------------

class Sandbox:
    """A root to act on, with a host directory beside it for profiles, plans and caches."""

    def __init__(self, lived_in=True):
        self.base = Path(tempfile.mkdtemp(prefix="mirrorctl-flow-"))
        self.root = self.base / "root"
        self.root.mkdir()
        self.home = self.base / "home"
        self.home.mkdir()
        for directory in ("etc", "var/lib", "run", "tmp", "home/alice", "usr/lib"):
            (self.root / directory).mkdir(parents=True)
        os.symlink("usr/lib", self.root / "lib")  # as every current Debian has it
        if lived_in:
            for name, (text, mode) in LIVED_IN.items():
                self.write(name, text, mode)
            if os.geteuid() == 0:
                os.chown(self.root / "home/alice", 1000, 1000)
        else:
            for name in ("etc/passwd", "etc/group", "etc/machine-id", "etc/os-release"):
                self.write(name, *LIVED_IN[name])

    @property
    def state(self):
        return self.root / "var/lib/mirrorctl"

    def path(self, name):
        return self.root / name

    def write(self, name, text, mode=0o644):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = text.encode() if isinstance(text, str) else text
        path.write_bytes(data)
        path.chmod(mode)
        return path

    def read(self, name):
        return (self.root / name).read_text()

    def json(self, name):
        return json.loads(self.read(name))

    def beside(self, name, text, mode=0o644):
        """A host file outside the root: a profile, a proxy secret."""
        path = self.base / name
        path.write_text(text)
        path.chmod(mode)
        return path

    def snapshot(self, **options):
        return snapshot(self.root, **options)

    def environment(self, **more):
        # Nothing of the caller's own: the proxy environment of the machine must not matter.
        env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(self.home), "LANG": "C.UTF-8", "TERM": "xterm-256color"}
        env.update(more)
        return {name: value for name, value in env.items() if value is not None}

    def argv(self, arguments, root=True):
        return [binary(), *(["--root", str(self.root)] if root else []), *[str(word) for word in arguments]]

    def start(self, *arguments, env=None, root=True, stdin=subprocess.DEVNULL, **popen):
        return subprocess.Popen(self.argv(arguments, root), cwd=self.base, env=self.environment(**(env or {})),
                                stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **popen)

    def run(self, *arguments, env=None, root=True, timeout=TIMEOUT, **popen):
        process = self.start(*arguments, env=env, root=root, **popen)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise AssertionError(f"took longer than {timeout} s: {Done(process.args, None, out, err)}") from None
        return Done(process.args, process.returncode, out, err)

    def run_on_terminal(self, *arguments, width=80, height=40, env=None, stdout_too=True):
        """With stderr (and stdout) on a terminal of that size. What the terminal got is `out`; with stdout_too=False it is `err`."""
        leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        process = subprocess.Popen(self.argv(arguments), cwd=self.base, env=self.environment(**(env or {})), stdin=subprocess.DEVNULL,
                                   stdout=follower if stdout_too else subprocess.PIPE, stderr=follower, start_new_session=True)
        os.close(follower)
        streams = {leader: b""}
        if not stdout_too:
            streams[process.stdout.fileno()] = b""
        end = time.monotonic() + TIMEOUT
        open_streams = set(streams)
        while open_streams and time.monotonic() < end:
            for fd in select.select(list(open_streams), [], [], 1)[0]:
                try:
                    data = os.read(fd, 65536)
                except OSError:  # EIO: the other side of the terminal is closed
                    data = b""
                streams[fd] += data
                if not data:
                    open_streams.discard(fd)
        if open_streams:
            process.kill()
        code = process.wait()
        terminal = streams[leader].replace(b"\r\n", b"\n")
        piped = b"" if stdout_too else streams[process.stdout.fileno()]
        if process.stdout:
            process.stdout.close()
        os.close(leader)
        return Done(process.args, code, terminal if stdout_too else piped, b"" if stdout_too else terminal)

    def close(self):
        for directory, _, _ in os.walk(self.base):
            os.chmod(directory, 0o700)
        shutil.rmtree(self.base)


# ---- profiles ---------------------------------------------------------------------------------------------

def profile_for(lab, only=None, policy=None, **more):
    """A profile (as a dict) for a lab's scenario. Mirrors with `profile: {origin: R}` become origins; `only` narrows the others.

    Other keys under a mirror's `profile:` go into the profile as they are. `more` are top-level keys of the profile.
    """
    scenario = yaml.safe_load(lab.scenario.read_text())
    defaults = scenario.get("defaults") or {}
    upstreams = {}
    for name, images in lab.upstreams.items():
        image = images[0]
        upstreams[name] = {"origin": "http://127.0.0.1:1", "fallback": "origin",
                           "canary": [{"image": image["image"], "digest": image["digest"]}], "mirrors": []}
    for name, own in scenario["mirrors"].items():
        spec = {**defaults, **(own or {})}
        # `profile` of a mirror extends that of the defaults.
        keys = {**(defaults.get("profile") or {}), **((own or {}).get("profile") or {})}
        origin = keys.pop("origin", None)
        if origin:
            upstreams[origin]["origin"] = lab.urls[name]
            continue
        if only is not None and name not in only:
            continue
        mirror = {"url": lab.urls[name], "form": spec.get("form", "host"), "operator": name, "as_of": "2026-11-01",
                  "source": "tests/lab", **keys}
        if lab.urls[name].startswith("http://"):
            mirror["insecure"] = True
        else:
            mirror["ca"] = lab.ca
        for upstream in spec.get("upstreams", list(lab.upstreams)):
            upstreams[upstream]["mirrors"].append(mirror)
    for upstream in upstreams.values():
        if upstream["origin"].endswith(":1"):
            upstream["fallback"] = "none"
    profile = {"schema": "mirrorctl.profile/1", "name": "lab", "as_of": "2026-11-01", "upstreams": upstreams}
    if policy:
        profile["policy"] = policy
    profile.update(more)
    return profile


def write_profile(sandbox, profile, name="lab.yaml"):
    for upstream in profile["upstreams"].values():
        for mirror in upstream["mirrors"]:
            if mirror.get("ca"):  # a path of the node, like every path in a profile
                sandbox.write(mirror["ca"].lstrip("/"), Path(mirror["ca"]).read_bytes())
    return sandbox.beside(name, yaml.safe_dump(profile, sort_keys=False, allow_unicode=True))


# ---- test cases -------------------------------------------------------------------------------------------

class FlowCase(unittest.TestCase):
    """A sandbox for each test; `self.lab` is started on the first use and shared by the class."""

    scenario = "two.yaml"
    maxDiff = None
    _lab = None

    @classmethod
    def shared_lab(cls):
        if cls._lab is None:
            cls._lab = mirrorlab.Lab(cls.scenario)
            cls.addClassCleanup(cls._close_lab)
        return cls._lab

    @classmethod
    def _close_lab(cls):
        cls._lab.close()
        cls._lab = None

    @property
    def lab(self):
        return self.shared_lab()

    def setUp(self):
        self.box = self.sandbox()

    def sandbox(self, **options):
        box = Sandbox(**options)
        self.addCleanup(box.close)
        return box

    def own_lab(self, scenario="two.yaml"):
        """A lab of this test alone, whose mirrors may be broken."""
        lab = mirrorlab.Lab(scenario)
        self.addCleanup(lab.close)
        return lab

    def profile(self, lab=None, box=None, name="lab.yaml", **options):
        return write_profile(box or self.box, profile_for(lab or self.lab, **options), name)

    def ok(self, done, code=0):
        self.assertEqual(done.code, code, str(done))
        return done

    def document(self, done, command, code=None):
        """The one JSON document of a run, checked against its schema."""
        if code is not None:
            self.ok(done, code)
        try:
            document = json.loads(done.out)
        except ValueError as error:
            self.fail(f"not exactly one JSON document: {error}\n{done}")
        problems = schema.check(document, command)
        self.assertEqual(problems, [], str(done))
        return document

    def assertSame(self, before, after, times=False):
        self.assertEqual(difference(before, after, times), [])

    def assertPlain(self, data):
        self.assertIsNone(ESCAPE.search(data), data)
