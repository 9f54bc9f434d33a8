"""A small HTTP/1.1 client with clocks: connections that are kept, times of connect and first byte, bodies in pieces. Only what a registry
client needs; sources are bound, so that several pulls can have access links of their own."""

import json
import re
import socket
import ssl
import time
from urllib.parse import urlsplit

ACCEPT = ", ".join(f"application/vnd.{kind}" for kind in (
    "oci.image.index.v1+json", "docker.distribution.manifest.list.v2+json", "oci.image.manifest.v1+json",
    "docker.distribution.manifest.v2+json"))


class Bad(Exception):
    """The other end did not do what a registry does."""


class Connection:
    def __init__(self, host, port, secure=None, source=None, timeout=30.0):
        self.address = (host, port)
        began = time.monotonic()
        # Only IPv4: what a broken IPv6 costs is a matter of the program under test.
        self.socket = socket.create_connection((socket.gethostbyname(host), port), timeout, source and (source, 0))
        self.connect_seconds = time.monotonic() - began
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if secure:
            self.socket = secure.wrap_socket(self.socket, server_hostname=host)
        self.rest = b""

    def get(self, path, headers=None, method="GET"):
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.address[0]}:{self.address[1]}", "User-Agent: world-lab", "Accept-Encoding: identity"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        began = time.monotonic()
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        while b"\r\n\r\n" not in self.rest:
            piece = self.socket.recv(65536)
            if not piece or len(self.rest) > 65536:
                raise Bad("no answer")
            self.rest += piece
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        return Answer(self, head.decode("latin-1"), time.monotonic() - began, method == "HEAD")

    def close(self):
        self.socket.close()


class Answer:
    def __init__(self, connection, head, first_byte, empty):
        self.connection, self.first_byte = connection, first_byte
        status, *lines = head.split("\r\n")
        match = re.match(r"HTTP/1\.[01] (\d{3})", status)
        if not match:
            raise Bad("not HTTP")
        self.status = int(match[1])
        self.headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        self.length = 0 if empty else int(self.headers.get("content-length", 1 << 60))

    def pieces(self, size=262144):
        left = self.length
        while left > 0:
            if self.connection.rest:
                piece, self.connection.rest = self.connection.rest[:left], self.connection.rest[left:]
            else:
                piece = self.connection.socket.recv(min(size, left))
            if not piece:
                raise Bad("the connection ended early")
            left -= len(piece)
            yield piece

    def body(self, most=1 << 20):
        out = b""
        for piece in self.pieces():
            out += piece
            if len(out) > most:
                raise Bad("more than expected")
        return out


class Client:
    """Requests to one mirror and to where it sends us. `secure`: an SSLContext or None."""

    def __init__(self, base, ca="", source=None, timeout=30.0):
        self.base, self.source, self.timeout = urlsplit(base), source, timeout
        self.secure = ssl.create_default_context(cafile=ca) if ca else None
        self.token = None

    def connect(self, url=None):
        parts = url or self.base
        return Connection(parts.hostname, parts.port, self.secure if parts.scheme == "https" else None, self.source, self.timeout)

    def fetch(self, connection, path, headers=None):
        """One object, through the token realm and redirects. Returns the answer and the connection that the first answer came by."""
        headers = dict(headers or {})
        for _ in range(6):
            if self.token:
                headers["Authorization"] = f"Bearer {self.token}"
            answer = connection.get(path, headers)
            if answer.status == 401 and not self.token:
                answer.body()
                self.token = self.ask_token(answer.headers.get("www-authenticate", ""))
            elif answer.status in (301, 302, 307, 308):
                answer.body()
                target = urlsplit(answer.headers["location"])
                connection = self.connect(target)
                path = target.path + (f"?{target.query}" if target.query else "")
            else:
                return answer
        raise Bad("redirects without end")

    def ask_token(self, challenge):
        fields = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
        if "realm" not in fields:
            raise Bad("401 without a realm")
        realm = urlsplit(fields["realm"])
        connection = self.connect(realm)
        try:
            answer = connection.get(f"{realm.path}?service={fields.get('service', '')}&scope={fields.get('scope', '')}")
            if answer.status != 200:
                raise Bad(f"token server: {answer.status}")
            return json.loads(answer.body())["token"]
        finally:
            connection.close()
