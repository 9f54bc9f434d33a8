"""Scripted servers for hostile answers, and canaries that must stay silent: plain sockets, one thread a connection."""

import hashlib
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path

IMAGE_TYPE = "application/vnd.oci.image.manifest.v1+json"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def descriptor(media_type, data, **more):
    return {"mediaType": media_type, "digest": digest_of(data), "size": len(data), **more}


class Image:
    """One small image: an index of one platform for each usual architecture, a manifest, a config, two layers."""

    def __init__(self, seed=b"image"):
        self.config = hashlib.sha256(seed).digest() * 64
        self.layers = [hashlib.sha256(seed + b"%d" % n).digest() * (4096 * (1 + 7 * n)) for n in range(2)]
        layer = "application/vnd.oci.image.layer.v1.tar+gzip"
        self.manifest = json.dumps({
            "schemaVersion": 2, "mediaType": IMAGE_TYPE,
            "config": descriptor("application/vnd.oci.image.config.v1+json", self.config),
            "layers": [descriptor(layer, one) for one in self.layers]}).encode()
        self.index = self.index_of(descriptor(IMAGE_TYPE, self.manifest))
        self.digest = digest_of(self.index)
        self.blobs = {digest_of(one): one for one in (self.config, *self.layers)}
        self.manifests = {digest_of(self.manifest): (IMAGE_TYPE, self.manifest), self.digest: (INDEX_TYPE, self.index)}

    @staticmethod
    def index_of(child, **more):
        platforms = [{"os": "linux", "architecture": one} for one in ("amd64", "arm64", "arm", "386", "riscv64", "ppc64le", "s390x")]
        return json.dumps({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [{**child, "platform": one} for one in platforms],
                           **more}).encode()


class Request:
    def __init__(self, head):
        lines = head.decode("latin-1").split("\r\n")
        self.method, self.target = (lines[0].split(" ") + ["", ""])[:2]
        self.path = self.target.split("?")[0]
        self.headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.headers[name.strip().lower()] = value.strip()
        self.head = head

    @property
    def kind(self):
        parts = self.path.split("/")
        return parts[-2] if len(parts) > 2 and parts[-2] in ("manifests", "blobs") else self.path.strip("/")

    @property
    def reference(self):
        return self.path.rsplit("/", 1)[-1]


class Server:
    """Listens on an address and hands each request to `answer(client, request)`, which sends raw bytes."""

    def __init__(self, answer, address="127.0.0.1", port=0, tls=None):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.listener = socket.socket(family, socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((address, port))
        self.listener.listen(64)
        self.address, self.port = self.listener.getsockname()[:2]
        self.answer, self.tls = answer, tls
        self.requests, self.connections, self.sent = [], 0, 0
        self.open, self.over = set(), threading.Event()
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://{self.address}:{self.port}"

    def accept(self):
        while not self.over.is_set():
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            self.open.add(client)
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, raw):
        client = raw
        try:
            raw.settimeout(30)
            if self.tls:
                client = self.tls.wrap_socket(raw, server_side=True)
                self.open.add(client)
            held = b""
            while not self.over.is_set():
                while b"\r\n\r\n" not in held:
                    piece = client.recv(65536)
                    if not piece:
                        return
                    held += piece
                head, held = held.split(b"\r\n\r\n", 1)
                request = Request(head)
                self.requests.append(request)
                if self.answer(Sender(self, client), request) is False:
                    return
        except (OSError, ssl.SSLError, ValueError):
            pass
        finally:
            client.close()
            self.open.discard(client)
            self.open.discard(raw)

    def close(self):
        self.over.set()
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        for client in list(self.open):
            try:
                client.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.thread.join(5)


class Sender:
    def __init__(self, server, client):
        self.server, self.client = server, client

    def raw(self, data):
        self.client.sendall(data)
        self.server.sent += len(data)

    def reply(self, status, body=b"", headers=(), reason="whatever", length=None):
        lines = [f"HTTP/1.1 {status} {reason}", f"Content-Length: {len(body) if length is None else length}"]
        lines += [f"{name}: {value}" for name, value in headers]
        self.raw(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body)

    def drip(self, data, seconds=1.0):
        """One byte a second, until the client has had enough."""
        for at in range(len(data)):
            self.raw(data[at:at + 1])
            if self.server.over.wait(seconds):
                return

    def flood(self, piece, total):
        """`piece` again and again until `total` bytes are sent or the client hangs up."""
        for _ in range(total // len(piece) + 1):
            if self.server.over.is_set():
                return
            self.raw(piece)


def registry(image):
    """A mirror that does everything right."""
    def answer(send, request):
        if request.kind == "manifests":
            found = image.manifests.get(request.reference, (INDEX_TYPE, image.index))
            return send.reply(200, b"" if request.method == "HEAD" else found[1],
                              [("Content-Type", found[0]), ("Docker-Content-Digest", digest_of(found[1]))])
        if request.kind == "blobs" and request.reference in image.blobs:
            blob = image.blobs[request.reference]
            asked = request.headers.get("range", "")
            if asked.startswith("bytes="):
                first, last = asked[6:].split("-")
                first, last = int(first), min(int(last), len(blob) - 1)
                return send.reply(206, blob[first:last + 1], [("Content-Type", "application/octet-stream"),
                                                              ("Content-Range", f"bytes {first}-{last}/{len(blob)}")])
            return send.reply(200, blob, [("Content-Type", "application/octet-stream")])
        return send.reply(404, b"{}")
    return answer


def canary(send, request):
    """Stands where nobody may knock. It answers as a metadata service would, so that a leak would be seen."""
    send.reply(200, b'{"token": "CANARYMETADATA", "Code": "Success"}', [("Content-Type", "application/json")])


# A process keeps the peak of the one that started it across exec, so a small one starts the program and says what it took.
STARTER = """
import os, sys, time
begun = time.monotonic()
pid = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(pid, 0)
os.write(int(sys.argv[1]), b"%d %f %d" % (os.waitstatus_to_exitcode(status), time.monotonic() - begun, usage.ru_maxrss))
"""


# A sanitizer's bookkeeping is no figure of the program.
SANITIZED = b"__asan_init" in Path(os.environ["MIRRORCTL"]).read_bytes()


class Measured:
    """A finished run: exit status, output, seconds, peak resident KiB (of the program and what it waited for)."""

    def __init__(self, argv, env, cwd, timeout):
        ends = os.pipe()
        try:
            process = subprocess.Popen([sys.executable, "-I", "-S", "-c", STARTER, str(ends[1]), *argv], env=env, cwd=cwd,
                                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=[ends[1]],
                                       start_new_session=True)
            try:
                self.out, self.err = process.communicate(timeout=timeout)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                self.out, self.err = process.communicate()
                raise AssertionError(f"took longer than {timeout} s: {argv}\n{self.out}\n{self.err}") from None
            code, seconds, peak = os.read(ends[0], 200).decode().split()
            self.code, self.seconds, self.peak_kib = int(code), float(seconds), int(peak)
        finally:
            for end in ends:
                os.close(end)

    def __str__(self):
        return f"exit {self.code}, {self.seconds:.2f} s, {self.peak_kib} KiB\n{self.out.decode('utf-8', 'replace')}\n{self.err.decode('utf-8', 'replace')}"
