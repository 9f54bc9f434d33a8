"""docker-registry processes on tmpfs, a loopback proxy that counts and cuts, and images made of random layers."""
import fcntl
import hashlib
import http.client
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

TYPE = "application/vnd.docker.distribution.manifest.v2+json"


class Registry:
    """One docker-registry; its storage is below /dev/shm and goes with it."""

    def __init__(self, folder, name):
        self.storage = pathlib.Path(folder) / name
        self.storage.mkdir()
        self.port = free_port()
        config = self.storage.with_suffix(".yml")
        config.write_text(f"version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\n"
                          f"storage: {{filesystem: {{rootdirectory: {self.storage}}}}}\n"
                          f"http: {{addr: '127.0.0.1:{self.port}'}}\n")
        self.process = subprocess.Popen(["docker-registry", "serve", str(config)], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        self.host = f"127.0.0.1:{self.port}"
        wait_for(self.port)

    def wipe(self):
        shutil.rmtree(self.storage / "docker", ignore_errors=True)

    def stop(self):
        self.process.terminate()
        self.process.wait(10)

    def request(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer, data

    def put_blob(self, repository, data):
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        answer, _ = self.request("POST", f"/v2/{repository}/blobs/uploads/")
        place = re.sub(r"^https?://[^/]+", "", answer.getheader("Location"))
        answer, text = self.request("PUT", f"{place}&digest={digest}", data, {"Content-Type": "application/octet-stream"})
        assert answer.status == 201, text
        return {"digest": digest, "size": len(data)}

    def put_image(self, repository, tag, layers):
        config = json.dumps({"architecture": "amd64", "os": "linux", "tag": tag, "rootfs": {"type": "layers", "diff_ids": []}}).encode()
        kind = "application/vnd.docker.image.rootfs.diff.tar.gzip"
        manifest = json.dumps({
            "schemaVersion": 2, "mediaType": TYPE,
            "config": {"mediaType": "application/vnd.docker.container.image.v1+json", **self.put_blob(repository, config)},
            "layers": [{"mediaType": kind, **(layer if isinstance(layer, dict) else self.put_blob(repository, layer))} for layer in layers],
        }, indent=1).encode()
        self.put_manifest(repository, tag, manifest, TYPE)
        return "sha256:" + hashlib.sha256(manifest).hexdigest()

    def put_manifest(self, repository, tag, manifest, kind):
        answer, text = self.request("PUT", f"/v2/{repository}/manifests/{tag}", manifest, {"Content-Type": kind})
        assert answer.status == 201, text

    def digest(self, repository, tag):
        answer, _ = self.request("HEAD", f"/v2/{repository}/manifests/{tag}", headers={"Accept": TYPE + ", application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json"})
        return answer.getheader("Docker-Content-Digest") if answer.status == 200 else None


class Proxy:
    """Passes connections on to a registry, counts the bytes that come back and the requests, cuts where told."""

    def __init__(self, port):
        self.target = port
        self.cuts = []  # after so many bytes of one connection it is reset, once each
        self.bytes = 0
        self.requests = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.host = "127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.target))
            threading.Thread(target=self.forward, args=(client, server), daemon=True).start()
            threading.Thread(target=self.back, args=(server, client), daemon=True).start()

    def forward(self, client, server):
        try:
            while data := client.recv(65536):
                self.requests += re.findall(rb"(?m)^(GET|HEAD|POST|PUT|PATCH) (\S+) HTTP", data)
                server.sendall(data)
        except OSError:
            pass
        server.close()

    def back(self, server, client):
        passed = 0
        try:
            while data := server.recv(262144):
                self.bytes += len(data)
                passed += len(data)
                if self.cuts and passed >= self.cuts[0]:
                    self.cuts.pop(0)
                    self.bytes -= len(data) + unsent(client)
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
                    break
                client.sendall(data)
        except OSError:
            pass
        try:
            client.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        client.close()
        server.close()

    def stop(self):
        self.listener.close()


def unsent(connection):
    """Bytes that wait in this end's buffer and have never been on the wire (SIOCOUTQNSD of Linux)."""
    return int.from_bytes(fcntl.ioctl(connection, 0x894B, b"\0" * 4), sys.byteorder)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port):
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("docker-registry does not answer")


def missing():
    """What this needs and is not here, or nothing."""
    for program in ("docker-registry", "skopeo", "curl"):
        if not shutil.which(program):
            return f"{program} is not installed (apt-get install {program})"
    return None


def folder():
    return tempfile.TemporaryDirectory(prefix="mirrorctl-sync-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
