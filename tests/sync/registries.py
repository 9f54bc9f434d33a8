"""docker-registry processes with TLS and token auth, and a token server of the tests' own (distribution, docs/spec/auth/token.md).

Everything is on loopback, on free ports, in one temporary directory; what was started is ended by its pid.
"""

import base64
import hashlib
import http.server
import json
import os
import random
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
ACCEPT = ", ".join((INDEX, MANIFEST, "application/vnd.docker.distribution.manifest.v2+json",
                    "application/vnd.docker.distribution.manifest.list.v2+json"))
START_SECONDS = 20


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Certificates:
    """A CA, and one server certificate for 127.0.0.1 and localhost whose key signs tokens too."""

    def __init__(self, folder):
        self.ca, self.key, self.cert = folder / "ca.pem", folder / "server.key", folder / "server.pem"
        run = lambda *words: subprocess.run(words, check=True, capture_output=True)  # noqa: E731
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / "ca.key", "-out", self.ca, "-days", "2",
            "-subj", "/CN=test ca")
        run("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-keyout", self.key, "-out", folder / "server.csr", "-subj", "/CN=127.0.0.1")
        extensions = folder / "ext"
        extensions.write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
        run("openssl", "x509", "-req", "-in", folder / "server.csr", "-CA", self.ca, "-CAkey", folder / "ca.key", "-CAcreateserial",
            "-out", self.cert, "-days", "2", "-extfile", extensions)

    def sign(self, text):
        signed = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.key], input=text.encode(), check=True, capture_output=True)
        return base64url(signed.stdout)

    def chain(self):
        body = self.cert.read_text().split("-----")[2]
        return ["".join(body.split())]


class TokenServer:
    """Grants what was asked to whom it knows; pull to everybody, unless `closed`."""

    def __init__(self, certificates, users):
        self.certificates, self.users = certificates, users
        self.closed = False
        self.requests = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.answer(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates.cert, certificates.key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.realm = f"https://127.0.0.1:{self.server.server_address[1]}/token"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, handler):
        query = urllib.parse.parse_qs(urllib.parse.urlparse(handler.path).query)
        user = self.user_of(handler.headers.get("Authorization", ""))
        self.requests.append((user, query.get("scope", [])))
        if user is False or (user is None and self.closed):
            handler.send_response(401)
            handler.send_header("Content-Length", "0")
            return handler.end_headers()
        access = []
        for scope in " ".join(query.get("scope", [])).split():
            kind, rest = scope.split(":", 1)
            name, actions = rest.rsplit(":", 1)
            wanted = actions.split(",")
            access.append({"type": kind, "name": name, "actions": wanted if user else [w for w in wanted if w == "pull"]})
        body = json.dumps({"token": self.token(query["service"][0], access), "expires_in": 300}).encode()
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def user_of(self, header):
        """None: anonymous; False: a wrong password."""
        if not header.startswith("Basic "):
            return None
        user, _, password = base64.b64decode(header[6:]).decode().partition(":")
        return user if self.users.get(user) == password else False

    def token(self, service, access):
        now = int(time.time())
        head = {"typ": "JWT", "alg": "RS256", "x5c": self.certificates.chain()}
        claims = {"iss": "tests", "sub": "", "aud": service, "exp": now + 300, "nbf": now - 10, "iat": now, "jti": str(random.random()),
                  "access": access}
        text = ".".join(base64url(json.dumps(part).encode()) for part in (head, claims))
        return f"{text}.{self.certificates.sign(text)}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Registry:
    """One docker-registry; `tokens` None: everything is allowed to all."""

    def __init__(self, name, folder, certificates, tokens):
        self.name, self.tokens, self.certificates = name, tokens, certificates
        self.folder = folder / name
        self.folder.mkdir()
        for _ in range(5):  # another test may take the port between look and start
            self.host = f"127.0.0.1:{free_port()}"
            if self.start():
                return
        raise RuntimeError(f"docker-registry does not start: {(self.folder / 'log').read_text()[-2000:]}")

    def start(self):
        config = {"version": 0.1, "log": {"accesslog": {"disabled": False}, "level": "warn"},
                  "storage": {"filesystem": {"rootdirectory": str(self.folder / "data")}, "delete": {"enabled": True}},
                  "http": {"addr": self.host, "tls": {"certificate": str(self.certificates.cert), "key": str(self.certificates.key)}}}
        if self.tokens:
            config["auth"] = {"token": {"realm": self.tokens.realm, "service": self.name, "issuer": "tests",
                                        "rootcertbundle": str(self.certificates.ca)}}
        (self.folder / "config.yml").write_text(json.dumps(config))
        self.log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen(["docker-registry", "serve", str(self.folder / "config.yml")], stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                self.ask("GET", "/v2/", expect=(200, 401))
                return True
            except OSError:
                time.sleep(0.05)
        self.close()
        return False

    def kill(self):
        """As when its node dies; `start` brings it back with what it had."""
        self.process.kill()
        self.process.wait()
        self.log.close()

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()

    def ask(self, method, path, data=None, headers=None, expect=(200, 201, 202)):
        url = path if path.startswith("https://") else f"https://{self.host}{path}"
        request = urllib.request.Request(url, data=data, method=method, headers=dict(headers or {}))
        if self.tokens and path != "/v2/":
            repository = urllib.parse.urlparse(url).path[len("/v2/"):].split("/blobs/")[0].split("/manifests/")[0].split("/tags/")[0]
            access = [{"type": "repository", "name": repository, "actions": ["pull", "push", "delete"]}]
            request.add_unredirected_header("Authorization", f"Bearer {self.tokens.token(self.name, access)}")
        context = ssl.create_default_context(cafile=self.certificates.ca)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
        try:
            with opener.open(request, timeout=30) as answer:
                status, headers, body = answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            status, headers, body = error.code, error.headers, error.read()
        if status not in expect:
            raise AssertionError(f"{method} {path}: {status} {body[:300]}")
        return status, headers, body

    def put_blob(self, repository, data):
        if self.ask("HEAD", f"/v2/{repository}/blobs/{digest_of(data)}", expect=(200, 404))[0] == 200:
            return
        _, headers, _ = self.ask("POST", f"/v2/{repository}/blobs/uploads/", data=b"")
        where = headers["Location"]
        mark = "&" if "?" in where else "?"
        self.ask("PUT", f"{where}{mark}digest={urllib.parse.quote(digest_of(data))}", data=data,
                 headers={"Content-Type": "application/octet-stream"})

    def put_manifest(self, repository, reference, data, media_type):
        self.ask("PUT", f"/v2/{repository}/manifests/{reference}", data=data, headers={"Content-Type": media_type})

    def manifest(self, repository, reference):
        """(bytes, digest); (None, None) if there is none."""
        status, _, body = self.ask("GET", f"/v2/{repository}/manifests/{reference}", headers={"Accept": ACCEPT}, expect=(200, 404))
        return (body, digest_of(body)) if status == 200 else (None, None)

    def tags(self, repository):
        status, _, body = self.ask("GET", f"/v2/{repository}/tags/list", expect=(200, 404))
        return sorted(json.loads(body)["tags"] or []) if status == 200 else []

    def lines(self, method, part):
        """Requests of the access log."""
        self.log.flush()
        text = (self.folder / "log").read_text(errors="replace")
        return [line for line in text.splitlines() if f'"{method} ' in line and part in line]

    # ---- images --------------------------------------------------------------------------------------------------------------------

    def image(self, repository, seed, sizes=(2000,), architecture="amd64", config=None):
        """Pushes blobs and manifest by digest; its descriptor with platform."""
        noise = random.Random(seed)
        layers = [noise.randbytes(size) for size in sizes]
        settings = json.dumps(config or {"architecture": architecture, "os": "linux", "rootfs": {"type": "layers", "diff_ids": []},
                                         "seed": str(seed)}).encode()
        for blob in (*layers, settings):
            self.put_blob(repository, blob)
        entry = lambda kind, data: {"mediaType": kind, "size": len(data), "digest": digest_of(data)}  # noqa: E731
        # Not the compact form: whoever writes it anew changes the digest.
        data = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": entry(CONFIG, settings),
                           "layers": [entry(LAYER, layer) for layer in layers]}, indent=3).encode()
        self.put_manifest(repository, digest_of(data), data, MANIFEST)
        return {**entry(MANIFEST, data), "platform": {"os": "linux", "architecture": architecture}}

    def tag_image(self, repository, tag, seed, sizes=(2000,), architecture="amd64"):
        descriptor = self.image(repository, seed, sizes, architecture)
        data, _ = self.manifest(repository, descriptor["digest"])
        self.put_manifest(repository, tag, data, MANIFEST)
        return descriptor["digest"]

    def tag_index(self, repository, tag, seed, architectures=("amd64", "arm64"), attestation=True):
        children = [self.image(repository, f"{seed}-{name}", architecture=name) for name in architectures]
        if attestation:
            attached = self.image(repository, f"{seed}-att", config={"seed": f"{seed}-att"})
            attached["platform"] = {"os": "unknown", "architecture": "unknown"}
            attached["annotations"] = {"vnd.docker.reference.type": "attestation-manifest",
                                       "vnd.docker.reference.digest": children[0]["digest"]}
            children.append(attached)
        data = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": children, "annotations": {"kept": "yes"}}, indent=5).encode()
        self.put_manifest(repository, tag, data, INDEX)
        return digest_of(data)


class Lab:
    """Two registries that share a token server, and a folder with the logins for both."""

    USER, PASSWORD = "robot$proj+ci", "pa$$w0rd$x"

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="mirrorctl-sync-"))
        self.registries = []
        self.tokens = None
        try:
            self.certificates = Certificates(self.folder)
            self.tokens = TokenServer(self.certificates, {self.USER: self.PASSWORD})
            self.source = self.add("source")
            self.destination = self.add("destination")
            self.auth = self.folder / "auth.json"
            self.write_auth()
        except BaseException:
            self.close()
            raise

    def add(self, name):
        registry = Registry(name, self.folder, self.certificates, self.tokens)
        self.registries.append(registry)
        return registry

    def write_auth(self, **changes):
        login = {"username": self.USER, "password": self.PASSWORD, "ca_file": str(self.certificates.ca), **changes}
        self.auth.write_text(json.dumps({registry.host: login for registry in self.registries}))
        self.auth.chmod(0o600)

    def close(self):
        for registry in self.registries:
            registry.close()
        if self.tokens:
            self.tokens.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def missing():
    """What this machine lacks for these tests, or None."""
    for program in ("docker-registry", "skopeo", "openssl"):
        if not shutil.which(program):
            return f"{program} is not installed (scripts/setup --full)"
    return None if os.environ.get("MIRRORCTL") else "MIRRORCTL must name the mirrorctl program"
