#!/usr/bin/env python3
"""The whole promise with real parts: after `mirrorctl apply`, docker and CRI pulls go through the faster mirror.

Two of Debian's registries are mirrors (one is throttled), a third stands in for Docker Hub. No systemd runs in the sandbox, so mirrorctl
reports its activations as deferred; what systemd would do (SIGHUP for dockerd, a restart of containerd) this test does itself.
Needs root and the packages docker.io, containerd, docker-registry, skopeo, iproute2, openssl; skips with the reason otherwise.
"""

import json
import os
import subprocess
import sys

import images
import sandbox
from parts import Containerd, Dockerd, Failed, Registry, make_authority, run, wait_for

PROGRAMS = {"/usr/sbin/dockerd": "docker.io", "/usr/bin/docker": "docker.io", "/usr/bin/containerd": "containerd",
            "docker-registry": "docker-registry", "skopeo": "skopeo", "ip": "iproute2", "openssl": "openssl"}
FAST, SLOW, HUB = "http://fast.example:5000", "http://slow.example:5000", "registry-1.docker.io"
HOSTS = {"fast.example": "10.77.0.2", "slow.example": "10.77.0.3", HUB: "10.77.0.4"}
MIB = 1 << 20

DAEMON_JSON = "/etc/docker/daemon.json"
CONFIG_TOML = "/etc/containerd/config.toml"
CERTS_D = "/etc/containerd/certs.d"
LIVED_IN = '{\n\t"log-level": "warn",\n\t"max-concurrent-downloads": 3\n}\n'
PROFILE = f"{sandbox.LAB}/sandbox.yaml"


def expect(condition, what):
    if not condition:
        raise Failed(what)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def profile(canary):
    mirror = "      - {{ url: '{}', form: host, trust: resolve, operator: {}, insecure: true, as_of: 2026-11-23, source: this test }}\n"
    return (f"schema: mirrorctl.profile/1\nname: sandbox\nas_of: 2026-11-23\nupstreams:\n  docker.io:\n"
            f"    origin: https://{HUB}\n    fallback: origin\n"
            f"    canary:\n      - image: library/canary:1\n        digest: {canary.digest}\n    mirrors:\n"
            + mirror.format(SLOW, "slow") + mirror.format(FAST, "fast"))


class Story:
    def __init__(self, program):
        self.program = program
        self.registries = {
            "fast": Registry("fast", 5001, (HOSTS["fast.example"], 5000), rate=40 * MIB),
            "slow": Registry("slow", 5002, (HOSTS["slow.example"], 5000), rate=MIB // 4),
            "origin": Registry("origin", 5003, (HOSTS[HUB], 443), rate=2 * MIB, tls=make_authority(HUB)),
        }
        self.containerd, self.dockerd = Containerd(), Dockerd()

    def stop(self):
        for part in (self.dockerd, self.containerd, *self.registries.values()):
            part.stop()

    def logs(self):
        for part in (self.dockerd, self.containerd):
            if part.popen is not None:
                yield f"--- {part.name}\n{part.log()[-3000:]}"

    def push(self, name, image):
        for registry in self.registries.values():
            images.push(registry.base, f"library/{name}", "1", image)

    def served_by(self, name, pull):
        """Which registries served the manifest and blobs of library/NAME while `pull` ran."""
        for registry in self.registries.values():
            registry.mark()
        pull()
        return [key for key, registry in self.registries.items() if registry.pulled(f"library/{name}")]

    def expect_pulls_from(self, who):
        for name, pull in (("docker pull", lambda: self.dockerd.pull("app:1")),
                           ("CRI pull", lambda: self.containerd.pull("docker.io/library/app:1"))):
            served = self.served_by("app", pull)
            expect(served == [who], f"{name}: expected {who} alone to serve it, but it was {served}")
            print(f"ok: {name} went through {who}", flush=True)

    def mirrorctl(self, *arguments):
        done = run(self.program, *arguments, "--json", check=False)
        try:
            document = json.loads(done.stdout)
        except ValueError as error:
            raise Failed(f"{' '.join(arguments)}: no JSON on stdout ({error}): {done.stdout}{done.stderr}") from error
        expect(done.returncode == 0, f"{' '.join(arguments)} exits with {done.returncode}: {done.stdout}{done.stderr}")
        return document

    def prepare(self):
        canary = images.Image("canary", [20_000, 300_000, 6 * MIB])
        self.push("canary", canary)
        self.push("app", images.Image("app", [30_000, 200_000, 2 * MIB]))
        write(PROFILE, profile(canary))
        write(DAEMON_JSON, LIVED_IN)
        write(CONFIG_TOML, Containerd.CONFIG)
        self.containerd.start()
        self.dockerd.start()

    def apply(self):
        document = self.mirrorctl("apply", "--profile", PROFILE)
        expect(document["outcome"] == "committed" and document["changed"], f"apply: {document}")
        chosen = [mirror["url"] for mirror in document["mirrors"]["docker.io"]]
        expect(chosen and chosen[0].rstrip("/") == FAST, f"apply chose {chosen}")
        waiting = {entry["unit"] for entry in document["pending"]}
        expect(waiting == {"docker.service", "containerd.service"}, f"pending without systemd: {document['pending']}")
        daemon = json.loads(read(DAEMON_JSON))
        expect(daemon["registry-mirrors"][0].rstrip("/") == FAST and daemon["log-level"] == "warn", f"daemon.json: {daemon}")

    def activate(self):
        self.dockerd.reload()
        wait_for("the reload", lambda: [url.rstrip("/") for url in self.dockerd.mirrors()][:1] == [FAST])
        self.containerd.restart()

    def apply_again(self):
        before = {path: (read(path), os.stat(path).st_mtime_ns) for path in (DAEMON_JSON, CONFIG_TOML)}
        document = self.mirrorctl("apply", "--profile", PROFILE)
        expect(document["outcome"] == "unchanged" and not document["changed"], f"second apply: {document}")
        expect(before == {path: (read(path), os.stat(path).st_mtime_ns) for path in before}, "the second apply touched a file")

    def status(self):
        entries = {entry["path"]: entry for entry in self.mirrorctl("status")["targets"]}
        for path in (DAEMON_JSON, CONFIG_TOML):
            expect(entries.get(path, {}).get("state") == "ours", f"status of {path}: {entries.get(path)}")
        expect(entries[CONFIG_TOML]["live"] == "yes", f"containerd was restarted, but: {entries[CONFIG_TOML]}")

    def doctor(self, *wanted):
        """Exactly these findings, but for the plain http that the lab's registries speak."""
        found = {finding["code"] for finding in self.mirrorctl("doctor")["findings"]} - {"plain_http"}
        expect(found == set(wanted), f"doctor found {sorted(found)}, expected {sorted(wanted)}")

    def explain(self, first):
        consumers = {entry["name"]: entry for entry in self.mirrorctl("explain", "app:1")["consumers"]}
        for name in ("dockerd", "containerd CRI"):
            urls = [host["url"] for host in consumers[name]["hosts"]]
            expect(urls[0].startswith(first + "/v2/library/app/manifests/1"), f"explain: {name}: {urls}")
        live = {entry["name"]: entry["live"] for entry in self.mirrorctl("status")["consumers"]}
        wanted = "yes" if first == FAST else "no"
        expect((live["dockerd"], live["containerd CRI"], live["ctr"]) == (wanted, wanted, "no"), f"status: consumers are {live}")

    def ignored_files(self):
        """What doctor says that containerd ignores, containerd ignores."""
        path = f"{CERTS_D}/docker.io/hosts.toml"
        good = read(path).decode()
        for text, code in (("", "hosts_toml_empty"), (f'server = "{FAST}"\n', "hosts_toml_no_host"),
                           (f'[host."{FAST}"]\n  capabilities = ["pull", "fly"]\n', "hosts_toml_invalid"),
                           (f'[host."{FAST}"]\n  skip_verify = "no"\n', "hosts_toml_invalid"),
                           (f'[host."{FAST}"]\n[host."{FAST}"]\n', "hosts_toml_invalid"),
                           (f'[host."{FAST}/v2/docker.io"]\n', "host_path")):
            write(path, text)
            served = self.served_by("app", lambda: self.containerd.pull("docker.io/library/app:1"))
            expect(served == ["origin"], f"with {text!r} the CRI pull went through {served}")
            self.doctor(code, "file_drifted")
        write(path, good)
        self.doctor()
        print("ok: containerd ignores what doctor says that it ignores", flush=True)

    def refused_files(self):
        """dockerd refuses what doctor calls an error, and takes the rest, whatever its version."""
        good = read(DAEMON_JSON).decode()
        self.dockerd.stop()
        for text in ("{}", "", "{\n", '{"debug": true,}', '\ufeff{}', '{} {}', '{"debug": true, "debug": false}', '{"registry-mirror": []}', '{"registry_mirrors": []}',
                     '{"speedup": 1}', '{"log-format": "text"}', '{"proxies": {"http-proxy": ""}}', '{"registry-mirrors": [""]}',
                     '{"registry-mirrors": ["m.corp.example"]}', '{"registry-mirrors": ["https://u:p@m.corp.example"]}',
                     '{"registry-mirrors": ["https://m.corp.example/hub"]}', '{"registry-mirrors": ["https://m.corp.example/?a"]}',
                     '{"registry-mirrors": ["https://m.corp.example/", "https://m.corp.example/"]}'):
            write(DAEMON_JSON, text)
            codes = [finding["code"] for finding in self.mirrorctl("doctor")["findings"]
                     if finding["severity"] == "error" or finding["code"] == "daemon_json_unknown_key"]
            refused = self.dockerd.refuses()
            expect(bool(codes) == refused, f"{text!r}: doctor says {codes}, dockerd {'refuses' if refused else 'takes'} it")
        write(DAEMON_JSON, good)
        self.dockerd.start()
        print("ok: dockerd refuses what doctor says that it refuses, and nothing else", flush=True)

    def from_node(self):
        """Both engines' images go to a registry of one's own: one that both hold, one of each; what came from there stays out."""
        hub = self.registries["hub"] = Registry("hub", 5004, None)
        held = {name: images.Image(name, [10_000]) for name in ("docker-only", "cri-only")}
        for name, image in held.items():
            images.push(self.registries["origin"].base, f"library/{name}", "1", image)
        images.push(hub.base, "mine/own", "1", images.Image("own", [10_000]))
        self.dockerd.pull("docker-only:1")
        self.dockerd.pull("127.0.0.1:5004/mine/own:1")
        self.containerd.pull("docker.io/library/cri-only:1")
        document = self.mirrorctl("sync", "--from-node", "--to", "127.0.0.1:5004", "--keep-path")
        copied = sorted((image["source"], image["destination"]) for image in document["images"] if image["outcome"] == "copied")
        wanted = [(f"docker.io/library/{name}:1", f"127.0.0.1:5004/library/{name}:1") for name in ("app", "cri-only", "docker-only")]
        expect(copied == wanted and len(document["images"]) == 3, f"sync --from-node: {document['images']}")
        for name, image in held.items():
            there = run("skopeo", "inspect", "--raw", "--tls-verify=false", f"docker://127.0.0.1:5004/library/{name}:1").stdout
            expect(images.digest(there.encode()) == image.digest, f"{name} is another image: {there}")
        print("ok: what dockerd and containerd hold was copied to a registry", flush=True)

    def rollback(self):
        document = self.mirrorctl("rollback")
        expect(document["changed"], f"rollback: {document}")
        expect(read(DAEMON_JSON) == LIVED_IN.encode(), "rollback did not restore daemon.json byte by byte")
        expect(read(CONFIG_TOML) == Containerd.CONFIG.encode(), "rollback did not restore config.toml byte by byte")
        expect(not os.path.exists(CERTS_D), f"rollback left {CERTS_D}")
        # A SIGHUP would keep the mirrors, as the key is gone now: with systemd, mirrorctl reloads an empty list first.
        self.dockerd.restart()
        self.containerd.restart()

    def tell(self):
        self.prepare()
        self.doctor()
        self.expect_pulls_from("origin")
        self.apply()
        self.doctor("activation_pending", "mirrors_not_live")
        self.activate()
        self.expect_pulls_from("fast")
        self.explain(FAST)
        self.doctor()
        self.status()
        self.ignored_files()
        self.refused_files()
        self.apply_again()
        self.from_node()
        self.rollback()
        self.expect_pulls_from("origin")


def main():
    program = os.environ.get("MIRRORCTL", "")
    if not os.access(program, os.X_OK):
        raise sandbox.Skip("MIRRORCTL does not name the program to test")
    story = Story(os.path.abspath(program))
    try:
        story.tell()
        print("ok: apply, pulls, status, second apply and rollback with real parts", flush=True)
        return 0
    except (Failed, KeyError, subprocess.SubprocessError) as error:
        print("FAILED:", error, *story.logs(), sep="\n", flush=True)
        return 1
    finally:
        story.stop()


if __name__ == "__main__":
    sys.exit(sandbox.run(PROGRAMS, HOSTS, main))
