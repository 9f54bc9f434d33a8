"""The root that is broken and mended: what stands in it, and how two of them are compared."""

import os
import re
import shutil
import stat
import struct
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "flow"))
from rootfs import CONFIG_JSON, DAEMON_JSON, LIVED_IN  # noqa: E402

STATE = "var/lib/mirrorctl"
DAEMON = "etc/docker/daemon.json"
# rw for the owner and the group of containerd's operators: an ACL is an attribute that must survive a replacement (linux/posix_acl_xattr.h).
ACL = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in (
    (0x01, 6, 0xFFFFFFFF), (0x04, 4, 0xFFFFFFFF), (0x08, 6, 4242), (0x10, 6, 0xFFFFFFFF), (0x20, 4, 0xFFFFFFFF)))

PROFILE = '''schema: mirrorctl.profile/1
name: crash
as_of: 2026-11-23
upstreams:
  docker.io:
    origin: https://registry-1.docker.io
    mirrors:
      - { url: "https://hub-a.example", form: host, trust: resolve, operator: Alpha, as_of: 2026-11-23, source: test }
      - { url: "https://hub-b.example", form: host, trust: resolve, operator: Beta, as_of: 2026-11-23, source: test }
  ghcr.io:
    origin: https://ghcr.io
    mirrors:
      - { url: "https://ghcr-a.example", form: host, trust: resolve, operator: Alpha, as_of: 2026-11-23, source: test }
proxy: { http: "http://user:word@proxy.example:3128", https: "http://user:word@proxy.example:3128", no_proxy: [localhost], targets: [systemd-proxy, docker-client] }
'''
# The second wish: other mirrors, one registry less, a proxy without a password. Files are updated and removed.
OTHER_PROFILE = PROFILE.replace("hub-b", "hub-c").split("  ghcr.io:")[0] + '''proxy: { http: "http://proxy.example:3128", targets: [systemd-proxy] }
'''


def build(root):
    """A lived-in node: daemon.json is a link, one file is a user's, attributes and an ACL are set where the file system has them."""
    files = dict(LIVED_IN)
    files["opt/conf/daemon.json"] = (DAEMON_JSON, 0o644)
    files["home/alice/.docker/config.json"] = (CONFIG_JSON, 0o600)
    del files[DAEMON]
    for name, (text, mode) in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
    (root / "etc/docker").mkdir()
    os.symlink("../../opt/conf/daemon.json", root / DAEMON)
    if os.geteuid() == 0:
        for name in ("home/alice", "home/alice/.docker", "home/alice/.docker/config.json"):
            os.chown(root / name, 1000, 1000)
    for name, attribute, value in (("opt/conf/daemon.json", "user.origin", b"by hand"), ("home/alice/.docker/config.json", "user.note", b"mine"),
                                   ("opt/conf/daemon.json", "system.posix_acl_access", ACL)):
        try:
            os.setxattr(root / name, attribute, value)
        except OSError:  # a file system without them: then nothing can be lost
            pass


def copy(source, to):
    if to.exists():
        shutil.rmtree(to)
    subprocess.run(["cp", "-a", "--", source, to], check=True)


def entry(path):
    info = os.lstat(path)
    kind = stat.S_IFMT(info.st_mode)
    content = None
    attributes = ()
    if stat.S_ISREG(kind):
        content = Path(path).read_bytes()
    if stat.S_ISLNK(kind):
        content = os.readlink(path)
    else:
        attributes = tuple((name, os.getxattr(path, name)) for name in sorted(os.listxattr(path)))
    return (kind, oct(stat.S_IMODE(info.st_mode)), info.st_uid, info.st_gid, content, attributes)


def snapshot(root):
    """path -> type, mode, owner, bytes or link, attributes; without our state directory, which is judged by state_problems."""
    out = {}
    for directory, names, files in os.walk(root):
        here = os.path.relpath(directory, root)
        if os.path.normpath(here) == os.path.dirname(STATE):
            names[:] = [name for name in names if name != os.path.basename(STATE)]
        for name in names + files:
            path = os.path.normpath(os.path.join(here, name))
            out[path] = entry(os.path.join(root, path))
    return out


def difference(want, have):
    lines = []
    for path in sorted(want.keys() | have.keys()):
        if path not in have or path not in want:
            lines.append(f"{path}: {'missing' if path in want else 'unexpected'}")
        elif want[path] != have[path]:
            lines.extend(f"{path}: {name}: {a!r} -> {b!r}" for name, a, b in
                         zip(("type", "mode", "uid", "gid", "bytes", "attributes"), want[path], have[path]) if a != b)
    return lines


def torn(root, states):
    """Files that are in none of the states they may be in, temps and half-made directories aside: an engine may start at any moment."""
    lines = []
    for path, found in snapshot(root).items():
        if os.path.basename(path).startswith(".mirrorctl-") or found[0] == stat.S_IFDIR:
            continue
        allowed = [state[path] for state in states if path in state]
        if found not in allowed:
            lines.append(f"{path}: neither old nor new: {found!r}")
    for path in set.intersection(*(set(state) for state in states)):
        if not os.path.lexists(os.path.join(root, path)):
            lines.append(f"{path}: vanished")
    return lines


def state_problems(root):
    """What must not be left when nothing is under way: ACTIVE, temps, records of transactions that never ended."""
    state = Path(root) / STATE
    if not state.exists():
        return []
    lines = [f"{STATE}/ACTIVE is there"] if (state / "ACTIVE").exists() else []
    lines += [f"{path.relative_to(root)}: left over" for path in state.rglob("*.tmp")]
    transactions = state / "transactions"
    for record in sorted(transactions.iterdir()) if transactions.exists() else []:
        if not re.fullmatch(r"\d{8}T\d{6}Z-[0-9a-f]{4}", record.name):
            lines.append(f"{record.name}: not a transaction")
        elif not (record / "committed").exists() and not (record / "rolled_back").exists():
            lines.append(f"{record.name}: never ended")
    return lines
