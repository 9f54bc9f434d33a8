"""Families that are about what happens on the node: G, apply again with nothing changed; H, apply where every mirror is dead."""

import hashlib
import os
import time

import methods
import place as places


def fingerprint(root):
    """Every file outside the state directory: bytes, inode and modification time. A rewrite with the same bytes is a write."""
    out = {}
    for folder, names, files in os.walk(root):
        names[:] = [name for name in names if os.path.join(folder, name) != os.path.join(root, "var/lib/mirrorctl")]
        for name in files:
            path = os.path.join(folder, name)
            info = os.stat(path)
            out[path] = (hashlib.sha256(open(path, "rb").read()).hexdigest(), info.st_ino, info.st_mtime_ns)
    return out


def apply(place, name, *more):
    return methods.launched(place, ["--root", place.path / "root", "apply", "--profile", place.path / "world.yaml", "--target", "docker-daemon",
                                    "--json", *more], name)


def prepared(place):
    root = methods.root_of(place)
    file = root / "etc/docker/daemon.json"
    file.parent.mkdir(parents=True)
    file.write_text('{\n  "log-driver": "json-file"\n}\n')
    return root


def record(place, run, before, root):
    after = fingerprint(root)
    run["writes"] = sum(before.get(path) != after.get(path) for path in before.keys() | after.keys())
    run["requests"], run["pick"] = len([line for line in place.accesses() if line["method"]]), None
    run.pop("document")
    return run


def unchanged(world):
    with places.Place(world) as place:
        # Every run checks the mirrors in use: as if `recheck` had passed.
        place.profile({"recheck": "1s"})
        root = prepared(place)
        first = apply(place, "first")
        if first["exit"] != 0:
            raise RuntimeError(f"the first apply ended with {first['exit']}")
        time.sleep(1.2)
        before, bytes_before = fingerprint(root), place.received()
        place.forget()
        run = apply(place, "again")
        run["bytes"] = place.received() - bytes_before
        run["writes"] = int(bool(run["document"]["changed"]))
        return record(place, run, before, root)


def all_dead(world):
    with places.Place(world) as place:
        place.profile()
        root = prepared(place)
        before = fingerprint(root)
        run = apply(place, "dead")
        run["bytes"] = place.received()
        return record(place, run, before, root)


FAMILIES = {"G": unchanged, "H": all_dead}
