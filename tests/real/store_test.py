#!/usr/bin/env python3
"""Which of dockerd's files holds the mirrors, where the running daemon and its configuration may disagree.

No Debian release has an Engine that reads hosts.toml, so a stand-in answers /info as dockerd does; the node around it is this machine in
a sandbox, asked over its socket as root of "/". Needs root; skips with the reason otherwise.
"""

import ctypes
import http.server
import json
import os
import signal
import socketserver
import subprocess
import sys
import time

import sandbox

SOCKET, PID_FILE, REQUESTS = "/run/docker.sock", "/run/docker.pid", f"{sandbox.LAB}/requests"
DAEMON_JSON, HUB, GHCR = "/etc/docker/daemon.json", "/etc/docker/certs.d/docker.io/hosts.toml", "/etc/docker/certs.d/ghcr.io/hosts.toml"
PR_SET_NAME = 15
PROFILE = f"{sandbox.LAB}/sandbox.yaml"
MIRROR = "      - {{ url: 'https://{}', form: host, trust: resolve, operator: x, as_of: 2026-11-23, source: this test }}\n"
UPSTREAM = "  {0}:\n    origin: https://{0}\n    mirrors:\n"


class Failed(Exception):
    pass


def expect(condition, what):
    if not condition:
        raise Failed(what)


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class Daemon:
    """A process that is called dockerd, has a pid file, and answers on the socket; a start reads the mirrors, the store it is told."""

    def __init__(self):
        self.pid = 0

    def start(self, containerd_store):
        self.stop()
        mirrors = json.loads(read(DAEMON_JSON)).get("registry-mirrors", [])
        info = {"ServerVersion": "28.3.2", "RegistryConfig": {"Mirrors": mirrors},
                "DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]] if containerd_store else [["Backing Filesystem", "extfs"]]}
        self.pid = os.fork()
        if self.pid == 0:
            os._exit(self.serve(json.dumps(info).encode()))
        write(PID_FILE, str(self.pid))
        until = time.monotonic() + 10
        while not os.path.exists(SOCKET):
            expect(time.monotonic() < until, "the stand-in does not listen")
            time.sleep(0.02)

    @staticmethod
    def serve(info):
        sandbox.libc.prctl(PR_SET_NAME, ctypes.c_char_p(b"dockerd"))
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                with open(REQUESTS, "a", encoding="ascii") as file:
                    file.write(self.path + "\n")
                self.send_response(200)
                self.send_header("Content-Length", str(len(info)))
                self.end_headers()
                self.wfile.write(info)

            def address_string(self):
                return "unix"

            def log_message(self, *_):
                pass

        socketserver.UnixStreamServer(SOCKET, Handler).serve_forever()

    def stop(self):
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.pid = 0
        for path in (SOCKET, PID_FILE):
            if os.path.exists(path):
                os.unlink(path)

    @staticmethod
    def asked():
        return len(read(REQUESTS).splitlines()) if os.path.exists(REQUESTS) else 0


class Story:
    def __init__(self, program):
        self.program = program
        self.daemon = Daemon()

    def mirrorctl(self, *arguments):
        done = subprocess.run([self.program, *arguments, "--json"], capture_output=True, text=True, timeout=60, check=False,
                              env=sandbox.ENVIRONMENT)
        expect(done.returncode == 0, f"{arguments}: exit {done.returncode}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def apply(self, changed):
        document = self.mirrorctl("apply", "--offline", "--profile", PROFILE)
        expect(document["changed"] == changed, f"apply: changed must be {changed}: {document}")

    def expect_files(self, what, hosts, mirrors):
        have = (os.path.exists(HUB), os.path.exists(GHCR), "registry-mirrors" in json.loads(read(DAEMON_JSON)))
        expect(have == (hosts, hosts, mirrors), f"{what}: hosts.toml of docker.io and ghcr.io, registry-mirrors: {have}")
        print(f"ok: {what}", flush=True)

    def prepare(self):
        # Debian's dockerd is too old to check a configuration as Engine 28 does.
        write(f"{sandbox.LAB}/dockerd", "#!/bin/sh\nexit 0\n")
        os.chmod(f"{sandbox.LAB}/dockerd", 0o755)
        subprocess.run(["mount", "--bind", f"{sandbox.LAB}/dockerd", "/usr/sbin/dockerd"], check=True, env=sandbox.ENVIRONMENT)
        write("/var/lib/dpkg/status", "Package: docker.io\nStatus: install ok installed\nVersion: 28.3.2-1\n")
        write("/etc/mirrorctl/config.yaml", "targets: [docker-hosts, docker-daemon]\n")
        write(PROFILE, "schema: mirrorctl.profile/1\nname: sandbox\nas_of: 2026-11-23\nupstreams:\n"
              + UPSTREAM.format("docker.io") + MIRROR.format("hub.example") + UPSTREAM.format("ghcr.io") + MIRROR.format("ghcr.example"))
        self.configure(True)

    def configure(self, containerd_store):
        document = json.loads(read(DAEMON_JSON)) if os.path.exists(DAEMON_JSON) else {}
        document["features"] = {"containerd-snapshotter": containerd_store}
        write(DAEMON_JSON, json.dumps(document) + "\n")

    def tell(self):
        self.prepare()
        self.daemon.start(containerd_store=False)
        self.apply(changed=True)
        self.expect_files("switched on but not restarted: the word of the running daemon counts", hosts=False, mirrors=True)
        self.apply(changed=False)
        self.daemon.start(containerd_store=True)
        self.apply(changed=True)
        self.expect_files("restarted: hosts.toml takes over", hosts=True, mirrors=False)
        live = {entry["path"]: entry["live"] for entry in self.mirrorctl("status")["targets"]}
        expect(live[HUB] == "yes" and live[GHCR] == "yes", f"status: {live}")
        self.daemon.start(containerd_store=True)
        self.apply(changed=False)  # settles what waited for that restart
        asked = self.daemon.asked()
        self.apply(changed=False)
        expect(self.daemon.asked() == asked, "a run that changes nothing must not ask the daemon")
        print("ok: a second run asks nobody", flush=True)
        self.configure(False)
        self.daemon.start(containerd_store=False)
        self.apply(changed=True)
        self.expect_files("switched off: daemon.json again", hosts=False, mirrors=True)
        write("/var/lib/dpkg/status", "")
        self.configure(True)
        self.daemon.start(containerd_store=True)
        self.apply(changed=True)
        self.expect_files("an Engine that no package manager knows is asked", hosts=True, mirrors=False)


def main():
    program = os.environ.get("MIRRORCTL", "")
    if not os.access(program, os.X_OK):
        raise sandbox.Skip("MIRRORCTL does not name the program to test")
    story = Story(os.path.abspath(program))
    try:
        story.tell()
        return 0
    except (Failed, KeyError, OSError, subprocess.SubprocessError) as error:
        print("FAILED:", error, sep="\n", flush=True)
        return 1
    finally:
        story.daemon.stop()


if __name__ == "__main__":
    sys.exit(sandbox.run({"/usr/sbin/dockerd": "docker.io", "ip": "iproute2"}, {}, main))
