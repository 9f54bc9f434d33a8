"""Families that are about what happens on the node: G, apply again with nothing changed; H, apply where every mirror is dead; I, apply
again after the mirror in use died."""

import hashlib
import os
import time

import methods
import place as places
import worlds


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
    asked = [line["mirror"] for line in place.accesses() if line["method"]]
    run["requests"] = max((asked.count(name) for name in asked), default=0)
    run["pick"] = first_mirror(place, run)
    run.pop("document")
    return run


def applied(place):
    """The root after a first apply, and the mirror that stands first there. What is in use is checked by the next one."""
    place.profile({"recheck": "1s"})
    root = prepared(place)
    run = apply(place, "first")
    if run["exit"] != 0:
        raise RuntimeError(f"the first apply ended with {run['exit']}")
    time.sleep(1.2)
    return root, first_mirror(place, run)


def first_mirror(place, run):
    mirrors = run["document"].get("mirrors", {}).get("docker.io", [])
    return place.names[mirrors[0]["url"].rstrip("/")] if mirrors else None


def unchanged(world):
    with places.Place(world) as place:
        root, _ = applied(place)
        before, bytes_before = fingerprint(root), place.received()
        place.forget()
        run = apply(place, "again")
        run["bytes"] = place.received() - bytes_before
        changed = bool(run["document"]["changed"])
        out = record(place, run, before, root)
        out["writes"] += changed
        return out


def all_dead(world):
    with places.Place(world) as place:
        place.profile()
        root = prepared(place)
        before = fingerprint(root)
        run = apply(place, "dead")
        run["bytes"] = place.received()
        return record(place, run, before, root)


def dies(world):
    with places.Place(world) as place:
        root, used = applied(place)
        place.command(f"hole {worlds.by_name(world)[used]['address']} 1")
        before, bytes_before = fingerprint(root), place.received()
        place.forget()
        run = apply(place, "again")
        run["bytes"] = place.received() - bytes_before
        run["dead"], run["kept_dead"] = used, int(first_mirror(place, run) == used)
        return record(place, run, before, root)


FAMILIES = {"G": unchanged, "H": all_dead, "I": dies}
