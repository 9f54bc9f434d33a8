"""The network of the nodes: mirrors of different speed, a stand-in for Docker Hub with an authority of its own, and the wires to the nodes."""

import os
import subprocess

import images
from parts import Failed, Process, Registry, make_authority, run, wait_for
from sandbox import LAB

MIB = 1 << 20
HUB, QUAY = "registry-1.docker.io", "quay.io"
FAST, SLOW, OTHER, SECURE = ("http://fast.example:5000", "http://slow.example:5000", "http://other.example:5000",
                             "https://secure.example")
GATEWAY = "10.77.1.1"
HOSTS = {"fast.example": "10.77.0.2", "slow.example": "10.77.0.3", HUB: "10.77.0.4", QUAY: "10.77.0.5", "other.example": "10.77.0.6",
         "secure.example": "10.77.0.7", "proxy.example": "10.77.0.8", "squid.example": "10.77.0.9"}
PROGRAMS = {"systemd-nspawn": "systemd-container", "docker-registry": "docker-registry", "ip": "iproute2", "openssl": "openssl",
            "nginx": "nginx-light", "tinyproxy": "tinyproxy", "squid": "squid"}


class Origin(Process):
    """An upstream registry: nginx with TLS, slowed down, in front of docker-registry."""

    def __init__(self, name, host, port, rate="256k"):
        make_authority(host)
        self.backend = Registry(name + "-backend", port, None)
        home = f"{LAB}/{name}"
        os.makedirs(home)
        for part in ("server.key", "server.crt"):
            os.rename(f"{LAB}/ca/{part}", f"{home}/{part}")
        with open(f"{home}/nginx.conf", "w", encoding="ascii") as file:
            file.write(f"daemon off; user root; worker_processes 1; pid {home}/pid; error_log {home}/error.log;\n"
                       f"events {{ }}\nhttp {{ access_log {home}/access.log; client_max_body_size 0; client_body_temp_path {home}/body;\n"
                       f"  proxy_temp_path {home}/proxy; fastcgi_temp_path {home}/f; uwsgi_temp_path {home}/u; scgi_temp_path {home}/s;\n"
                       f"  server {{ listen {HOSTS[host]}:443 ssl; ssl_certificate {home}/server.crt; ssl_certificate_key {home}/server.key;\n"
                       f"    location / {{ limit_rate {rate}; proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Proto https;\n"
                       f"      proxy_http_version 1.1; proxy_pass http://127.0.0.1:{port}; }} }} }}\n")
        super().__init__(name, ["nginx", "-c", f"{home}/nginx.conf", "-e", f"{home}/error.log"])
        self.base, self.mark, self.pulled = self.backend.base, self.backend.mark, self.backend.pulled
        self.start()
        wait_for(name, lambda: os.path.exists(f"{home}/pid"))

    def stop(self):
        super().stop()
        self.backend.stop()


class World:
    def __init__(self):
        run("ip", "link", "add", "wires", "type", "bridge")
        run("ip", "address", "add", GATEWAY + "/24", "dev", "wires")
        run("ip", "link", "set", "wires", "up")
        os.makedirs("/run/netns", exist_ok=True)
        with open("/proc/sys/net/ipv4/ip_forward", "w", encoding="ascii") as file:
            file.write("1")
        self.hosts = dict(HOSTS)
        self.registries = {
            "fast": Registry("fast", 5001, (HOSTS["fast.example"], 5000), rate=40 * MIB),
            "slow": Registry("slow", 5002, (HOSTS["slow.example"], 5000), rate=4 * MIB),
            "origin": Origin("origin", HUB, 5003),
            "quay": Origin("quay", QUAY, 5004),
            "other": Registry("other", 5005, (HOSTS["other.example"], 5000), rate=40 * MIB),
            "secure": Origin("secure", "secure.example", 5006, rate="4m"),
        }
        with open(f"{LAB}/ca/ca.crt", encoding="ascii") as file:
            self.authority = file.read()
        self.canary = images.Image("canary", [20_000, 300_000, 6 * MIB])
        self.push("library/canary", self.canary)
        self.push("library/app", images.Image("app", [30_000, 200_000]))
        self.others = images.Image("others", [20_000, 300_000, 3 * MIB])
        self.push("team/app", self.others, ("quay", "other"))

    def push(self, repository, image, where=("fast", "slow", "origin", "secure")):
        for name in where:
            images.push(self.registries[name].base, repository, "1", image)

    def stop(self):
        for registry in self.registries.values():
            registry.stop()

    def connect(self, name, address):
        """A network namespace of its own for a node, with a wire to the bridge."""
        run("ip", "netns", "add", name)
        run("ip", "link", "add", f"w-{name}", "type", "veth", "peer", "name", "host0", "netns", name)
        run("ip", "link", "set", f"w-{name}", "master", "wires", "up")
        inside = lambda *argv: run("ip", "-n", name, *argv)
        inside("link", "set", "lo", "up")
        inside("address", "add", address + "/24", "dev", "host0")
        inside("link", "set", "host0", "up")
        inside("route", "add", "default", "via", GATEWAY)

    def disconnect(self, name):
        run("ip", "link", "del", f"w-{name}")
        run("ip", "netns", "del", name)

    def cut(self, name, down=True):
        """Takes a node's network away, or gives it back."""
        run("ip", "link", "set", f"w-{name}", "down" if down else "up")

    def served_by(self, repository, pull):
        """Which registries served manifests or blobs of `repository` while `pull` ran."""
        for registry in self.registries.values():
            registry.mark()
        pull()
        return [name for name, registry in self.registries.items() if registry.pulled(repository)]

    def profile(self, mirrors=(SLOW, FAST), policy="", tail=""):
        mirror = "      - {{ url: '{}', form: host, trust: resolve, operator: {}, insecure: true, as_of: 2026-11-23, source: this test }}\n"
        head = ("schema: mirrorctl.profile/1\nname: nodes\nas_of: 2026-11-23\n" + policy + "upstreams:\n"
                f"  docker.io:\n    origin: https://{HUB}\n    fallback: origin\n"
                f"    canary:\n      - image: library/canary:1\n        digest: {self.canary.digest}\n    mirrors:\n")
        hub = "".join(mirror.format(url, f"operator{number}") for number, url in enumerate(mirrors))
        quay = (f"  quay.io:\n    origin: https://{QUAY}\n    fallback: origin\n    canary:\n      - image: team/app:1\n"
                f"        digest: {self.others.digest}\n    mirrors:\n" + mirror.format(OTHER, "other"))
        return head + hub + quay + tail


def expect(condition, what):
    if not condition:
        raise Failed(what)


def say(text):
    print("ok:", text, flush=True)


FAILURES = (Failed, KeyError, OSError, subprocess.SubprocessError)
