"""The real parts: Debian's registries, dockerd and containerd, started by hand because no systemd runs in the sandbox."""

import json
import os
import re
import signal
import ssl
import subprocess
import time
import urllib.request

import cri
from relay import Relay
from sandbox import ENVIRONMENT, LAB

DOCKER = ["/usr/bin/docker", "--host", "unix:///run/docker.sock"]
CONTAINERD_SOCKET = "/run/containerd/containerd.sock"
PULLED = re.compile(r'"GET (/v2/[^ ]*/(?:manifests|blobs)/[^ ]*) HTTP/1\.1" 200')


class Failed(Exception):
    """What went wrong, with the log that tells why."""


def wait_for(what, probe, seconds=30):
    until = time.monotonic() + seconds
    while True:
        try:
            if probe():
                return
        except (OSError, cri.CriError, subprocess.SubprocessError):
            pass
        if time.monotonic() > until:
            raise Failed(f"{what} did not come up in {seconds} s")
        time.sleep(0.1)


def run(*argv, check=True, **options):
    if "input" not in options:
        options["stdin"] = subprocess.DEVNULL
    done = subprocess.run(argv, env=ENVIRONMENT, capture_output=True, text=True, timeout=120, check=False, **options)
    if check and done.returncode != 0:
        raise Failed(f"{' '.join(argv)} exits with {done.returncode}: {done.stdout}{done.stderr}")
    return done


class Process:
    """A daemon with a log file of its own, ended by its id."""

    def __init__(self, name, argv):
        self.name, self.argv, self.log_path = name, argv, f"{LAB}/{name}.log"
        self.popen = None

    def start(self):
        with open(self.log_path, "ab") as log:
            self.popen = subprocess.Popen(self.argv, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def stop(self):
        if self.popen is None or self.popen.poll() is not None:
            return
        self.popen.terminate()
        try:
            self.popen.wait(20)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()


class Registry(Process):
    """docker-registry on loopback; clients reach it through a relay at `address`, if one is given."""

    def __init__(self, name, port, address, rate=None, tls=None):
        root = f"{LAB}/{name}"
        os.makedirs(root)
        with open(f"{root}/config.yml", "w", encoding="ascii") as file:
            file.write(f"version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {root}/data}}}}\n"
                       f"http: {{addr: '127.0.0.1:{port}', secret: sandbox}}\n")
        super().__init__(name, ["docker-registry", "serve", f"{root}/config.yml"])
        self.base = f"http://127.0.0.1:{port}"
        self.start()
        if address:
            Relay(address, ("127.0.0.1", port), rate, tls)
        wait_for(name, lambda: urllib.request.urlopen(self.base + "/v2/", timeout=2).status == 200)

    def mark(self):
        """From here on `pulled` counts."""
        self._mark = len(self.log())

    def pulled(self, repository):
        """Manifests and blobs of `repository` that were served since the mark."""
        return [path for path in PULLED.findall(self.log()[self._mark:]) if path.startswith(f"/v2/{repository}/")]


class Dockerd(Process):
    def __init__(self):
        super().__init__("dockerd", ["/usr/sbin/dockerd", "--data-root", f"{LAB}/docker", "--exec-root", "/run/docker",
                                     "--host", "unix:///run/docker.sock", f"--containerd={CONTAINERD_SOCKET}",
                                     "--iptables=false", "--ip6tables=false", "--bridge=none", "--storage-driver=vfs"])

    def start(self):
        super().start()
        wait_for("dockerd", lambda: run(*DOCKER, "info", check=False).returncode == 0)

    def restart(self):
        self.stop()
        self.start()

    def refuses(self):
        """Does it give up at its configuration? It is stopped afterwards in any case."""
        super().start()
        try:
            wait_for("dockerd", lambda: self.popen.poll() is not None or run(*DOCKER, "info", check=False).returncode == 0)
            return self.popen.poll() is not None
        finally:
            self.stop()

    def reload(self):
        self.popen.send_signal(signal.SIGHUP)

    def mirrors(self):
        info = json.loads(run(*DOCKER, "info", "--format", "{{json .RegistryConfig}}").stdout)
        return info["Mirrors"] or []

    def pull(self, image):
        run(*DOCKER, "image", "rm", "--force", image, check=False)
        run(*DOCKER, "pull", "--quiet", image)


class Containerd(Process):
    CONFIG = f"""# a configuration that somebody wrote by hand
version = 2
root = "{LAB}/containerd"

[plugins]
  [plugins."io.containerd.grpc.v1.cri"]
    sandbox_image = "docker.io/library/none:1"  # nothing is run here
    [plugins."io.containerd.grpc.v1.cri".containerd]
      snapshotter = "native"
"""

    def __init__(self):
        super().__init__("containerd", ["/usr/bin/containerd"])

    def start(self):
        super().start()
        wait_for("containerd", lambda: cri.version(CONTAINERD_SOCKET))

    def restart(self):
        self.stop()
        self.start()

    def pull(self, image):
        try:
            cri.remove(CONTAINERD_SOCKET, image)
        except cri.CriError:
            pass
        try:
            cri.pull(CONTAINERD_SOCKET, image)
        except cri.CriError as error:
            raise Failed(f"CRI pull of {image}: {error}; containerd's log ends with:\n{self.log()[-2000:]}") from error


def make_authority(name):
    """A server context for `name`, signed by an authority that the whole sandbox trusts from now on."""
    home = f"{LAB}/ca"
    if not os.path.exists(home):
        os.makedirs(home)
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=sandbox",
            "-keyout", f"{home}/ca.key", "-out", f"{home}/ca.crt")
        with open(f"{home}/ca.crt", encoding="ascii") as file, open("/etc/ssl/certs/ca-certificates.crt", "a", encoding="ascii") as bundle:
            bundle.write(file.read())
    run("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}", "-keyout", f"{home}/server.key",
        "-out", f"{home}/server.csr")
    with open(f"{home}/names", "w", encoding="ascii") as file:
        file.write(f"subjectAltName=DNS:{name}\n")
    run("openssl", "x509", "-req", "-in", f"{home}/server.csr", "-CA", f"{home}/ca.crt", "-CAkey", f"{home}/ca.key", "-CAcreateserial",
        "-days", "2", "-extfile", f"{home}/names", "-out", f"{home}/server.crt")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{home}/server.crt", f"{home}/server.key")
    return context
