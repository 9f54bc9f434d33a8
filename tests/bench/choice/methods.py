"""Runs one method in one world, from scratch: who it picks, how long that took, what it cost. mirrorctl and the rules of others alike."""

import json
import os
import time

import place as places
import rules
import worlds

OWN = "mirrorctl"
LIMIT = 900  # seconds for one choice; the slowest rule needs ten minutes for 60 mirrors


def names():
    return [OWN, *rules.RULES]


def launched(place, arguments, name="own"):
    """One run of mirrorctl as a client, without anything of the caller's: wall, peak RSS, CPU and the kernel's part of it, exit code and its document."""
    output = place.path / f"{name}.json"
    home = place.path / "home"
    home.mkdir(exist_ok=True)
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8"}
    code, out, err = place.run([os.environ["LAUNCH"], 1, output, os.environ["MIRRORCTL"], *arguments], LIMIT, env=env)
    if code != 0:
        raise RuntimeError(f"launch: exit {code}: {err.decode()}")
    wall, rss, cpu, exit_code, system = out.split()
    text = output.read_text()
    return {"t_sel": float(wall), "rss": int(rss) * 1024, "cpu": float(cpu), "system": float(system), "exit": int(exit_code), "document": json.loads(text) if text else None}


def root_of(place):
    root = place.path / "root"
    for folder in ("etc", "var/lib", "run", "tmp"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    if place.world["tls"]:
        ca = root / place.ready["ca"].lstrip("/")
        ca.parent.mkdir(parents=True, exist_ok=True)
        ca.write_bytes(open(place.ready["ca"], "rb").read())
    return root


def own_choice(place):
    run = launched(place, ["--root", root_of(place), "bench", "--profile", place.profile(), "--json"])
    ranking = run["document"]["upstreams"]["docker.io"]["ranking"] if "upstreams" in (run["document"] or {}) else []
    usable = [place.names[one["url"].rstrip("/")] for one in ranking if one["verdict"] == "usable"]
    run["pick"] = usable[0] if usable else None
    run["ranking"] = ranking
    return run


def rule_choice(place, rule):
    mirrors = [{"name": mirror["name"], "url": place.url(mirror)} for mirror in place.world["mirrors"]]
    task = {"rule": rule, "image": place.image["image"], "layers": place.image["blobs"], "ca": place.ready.get("ca") or "", "mirrors": mirrors}
    if rule == "gentoo-deep":
        good = next((one for one in place.world["mirrors"] if one["mode"] == "ok"), None)
        asked = {**task, "rule": "start", "mirrors": [{"name": good["name"], "url": place.url(good)}]} if good else None
        task["start"] = place.python("rules.py", asked, 30, end="mirror") if asked else ""
        place.forget()
    return place.python("rules.py", task, LIMIT)


def choose(world, method):
    """A record of one run: pick, t_sel, bytes, most requests to one mirror, exit, rss and cpu where known, ranking of mirrorctl."""
    with places.Place(world) as place:
        run = own_choice(place) if method == OWN else rule_choice(place, method)
        time.sleep(0.05)  # what is still on its way was asked for and counts
        run["bytes"] = place.received()
        asked = [line["mirror"] for line in place.accesses() if line["method"]]
        run["requests"] = max((asked.count(name) for name in worlds.by_name(world)), default=0)
    run.pop("document", None)
    return run
