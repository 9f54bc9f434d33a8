"""A world that runs: the emulator (linkem), the scripted mirrors (mirrorlab) in its network, and programs that are started there.

The programs come from $LINKEM, $MIRRORLAB, $MIRRORCTL and $LAUNCH. Where it is permitted everything runs with real-time priority, the
emulator first, so that other load on the machine does not become part of the measurement.
"""

import json
import os
import select
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

import worlds

IMAGE = "library/busybox:1.36"
LAYERS = ["2MiB", "8MiB", "20MiB"]
CLIENT = "198.18.0.1"
PORT = 5000
SKIPPED = 77
PRIORITY = {"linkem": 30, "mirrorlab": 25, "client": 20}


class NotHere(Exception):
    """No network of its own is to be had on this machine."""


def real_time(priority):
    """For a child before it starts its program. Best effort: without the right the figures are of a loaded machine."""
    def set_it():
        try:
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(priority))
        except OSError:
            pass
    return set_it


class Talker:
    """A child process that answers lines by lines."""

    def __init__(self, name, argv):
        self.name = name
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        preexec_fn=real_time(PRIORITY[name]))

    def line(self, seconds=20):
        ready, _, _ = select.select([self.process.stdout], [], [], seconds)
        text = self.process.stdout.readline().decode() if ready else ""
        if text:
            return text
        self.process.kill()
        _, errors = self.process.communicate()
        if self.process.returncode == SKIPPED:
            raise NotHere(errors.decode().strip())
        raise RuntimeError(f"{self.name}: no answer: {errors.decode().strip()}")

    def ask(self, text):
        self.process.stdin.write((text + "\n").encode())
        self.process.stdin.flush()
        return self.line()

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            stream.close()


def network_text(world, lanes):
    """The emulator's configuration. `lanes`: clients with an access link of their own each, so that pulls do not disturb one another."""
    access = world["access"]
    lines = [f"seed {world['seed'] + 1}"] + (["v6"] if world["v6"] else [])
    lines += [f"client 198.18.{lane // 200}.{lane % 200 + 1} rate={access['rate']} queue={access['queue']}" for lane in range(lanes)]
    for mirror in world["mirrors"]:
        lines.append(f"mirror {mirror['address']} rate={mirror['rate']} queue={mirror['queue']} delay={mirror['rtt'] / 2} "
                     f"jitter={mirror['jitter']} loss={mirror['loss']} hole={int(mirror['mode'] == 'hole')}")
    return "\n".join(lines) + "\n"


def faults_of(mode):
    name, *rest = mode.split(":")
    return {
        "refused": lambda: ["refused"], "tarpit": lambda: ["tarpit"], "html": lambda: ["html"],
        "man404": lambda: [{"kind": "status", "on": "manifest", "code": 404}],
        "blob403": lambda: [{"kind": "status", "on": "blob", "code": 403}],
        "rl429": lambda: [{"kind": "rate_limit", "after": int(rest[0])}],
        "redirect": lambda: [{"kind": "redirect", "to": rest[0]}],
        "delay": lambda: [{"kind": "delay", "on": "blob", "per_mib": f"{rest[0]}s"}],
        "burst": lambda: [{"kind": "burst", "bytes": rest[0], "rate": rest[1]}],
        "corrupt": lambda: ["wrong_blob"], "norange": lambda: ["no_range"],
    }.get(name, list)()


def scenario_of(world):
    """The same world as mirrorlab reads it: addresses and faults; the paths are the emulator's business."""
    mirrors = {}
    for mirror in world["mirrors"]:
        spec = {"address": mirror["address"], "port": PORT, "faults": faults_of(mirror["mode"])}
        if mirror["mode"].startswith("perconn"):
            spec["rate"] = mirror["mode"].split(":")[1]
        if worlds.speaks_tls(world, mirror):
            spec["tls"] = True
        if worlds.wants_token(world, mirror):
            spec["auth"] = "bearer"
        mirrors[mirror["name"]] = spec
    image = {"image": IMAGE, "layers": LAYERS, "config": "4KiB"}
    return {"seed": 24, "congestion": world["congestion"], "upstreams": {"docker.io": [image]}, "mirrors": mirrors}


def host_in(world, mirror):
    return f"{mirror['name']}.lab.test" if world["v6"] else mirror["address"]


def url_in(world, mirror):
    return f"{'https' if worlds.speaks_tls(world, mirror) else 'http'}://{host_in(world, mirror)}:{PORT}"


class Place:
    """Use it as a context manager: processes and networks are gone afterwards on every path."""

    def __init__(self, world, lanes=1):
        self.world = world
        self.folder = tempfile.TemporaryDirectory(prefix="mirrorctl-world-")
        self.path = Path(self.folder.name)
        self.talkers = []
        self.forgotten = 0
        try:
            self._start(lanes)
        except BaseException:
            self.close()
            raise

    def _start(self, lanes):
        network = self.path / "network"
        network.write_text(network_text(self.world, lanes))
        self.links = self._talker("linkem", [os.environ["LINKEM"], str(network)])
        self.inside = json.loads(self.links.line())
        scenario = self.path / "scenario.yaml"
        scenario.write_text(yaml.safe_dump(scenario_of(self.world)))
        self.log = self.path / "access.jsonl"
        self.mirrors = self._talker("mirrorlab", ["nsenter", f"--net={self.inside['mirror']}", os.environ["MIRRORLAB"], "--log", str(self.log),
                                                  "--max-seconds", "3600", str(scenario)])
        self.ready = json.loads(self.mirrors.line())
        self.names = {self.url(mirror): mirror["name"] for mirror in self.world["mirrors"]}
        self.image = self.ready["upstreams"]["docker.io"][0]

    def _talker(self, name, argv):
        talker = Talker(name, argv)
        self.talkers.append(talker)
        return talker

    def url(self, mirror):
        return url_in(self.world, mirror)

    def start(self, argv, end="client", **popen):
        """Runs a program where clients are, or beside the mirrors."""
        enter = ["nsenter", f"--net={self.inside[end]}", "--"]
        if self.world["v6"]:
            # Both families for every name: addresses of the sixth lead nowhere.
            hosts = "127.0.0.1 localhost\n" + "".join(
                f"{one['address']} {host_in(self.world, one)}\nfd19::{index + 1:x} {host_in(self.world, one)}\n"
                for index, one in enumerate(self.world["mirrors"]))
            file = self.path / "hosts"
            file.write_text(hosts)
            enter = ["unshare", "--mount", "sh", "-c", f"mount --bind {file} /etc/hosts && exec \"$@\"", "sh", *enter]
        return subprocess.Popen([*enter, *map(str, argv)], preexec_fn=real_time(PRIORITY["client"]), **popen)

    def run(self, argv, timeout, **popen):
        process = self.start(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **popen)
        try:
            out, err = process.communicate(timeout=timeout)
        except BaseException:
            process.kill()
            process.communicate()
            raise
        return process.returncode, out, err

    def python(self, module, task, timeout, end="client"):
        """A program of this folder as a client: `task` as JSON goes in, JSON comes out."""
        file = self.path / f"task-{len(list(self.path.glob('task-*')))}"
        file.write_text(json.dumps(task))
        code, out, err = self.run([sys.executable, "-B", Path(__file__).resolve().parent / module, file], timeout, end=end)
        if code != 0:
            raise RuntimeError(f"{module}: exit {code}: {err.decode()[-2000:]}")
        return json.loads(out)

    def counts(self):
        return json.loads(self.links.ask("counts"))

    def received(self):
        """Bytes of packets that the first client got so far."""
        return self.counts()["clients"][CLIENT]["bytes"]

    def command(self, text):
        """Changes a path while it is in use: "rate ADDRESS BYTES", "hole ADDRESS 1"."""
        answer = self.links.ask(text).strip()
        if answer != "ok":
            raise RuntimeError(f"linkem: {text}: {answer}")

    def accesses(self):
        """Requests since the last `forget`."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [json.loads(line) for line in lines[self.forgotten:]]

    def forget(self):
        self.forgotten += len(self.accesses())

    def profile(self, policy=None):
        """The mirrorctl profile of this world."""
        mirrors, origin = [], None
        for mirror in self.world["mirrors"]:
            if mirror["name"] == self.world["origin"]:
                origin = self.url(mirror)
                continue
            one = {"url": self.url(mirror), "form": "host", "operator": mirror["name"], "trust": "resolve", "as_of": "2026-11-01",
                   "source": "tests/bench/choice"}
            one.update({"ca": self.ready["ca"]} if self.world["tls"] else {"insecure": True})
            mirrors.append(one)
        canary = [{"image": self.image["image"], "digest": self.image["digest"]}]
        upstream = {"origin": origin, "fallback": "origin", "canary": canary, "mirrors": mirrors}
        document = {"schema": "mirrorctl.profile/1", "name": "world", "as_of": "2026-11-01", "upstreams": {"docker.io": upstream}}
        if policy:
            document["policy"] = policy
        file = self.path / "world.yaml"
        file.write_text(yaml.safe_dump(document, sort_keys=False))
        return file

    def close(self):
        for talker in reversed(self.talkers):
            talker.end()
        self.folder.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
