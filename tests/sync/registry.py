"""A registry in memory that follows the distribution spec, and departs from it where a test says so."""
import hashlib
import http.server
import json
import re
import socket
import threading
import time
import urllib.parse

IMAGE = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Registry:
    """`rules`: functions (handler, method, path, query) asked before anything else; True: they have answered."""

    def __init__(self, tls=None, auth=None):
        self.blobs, self.manifests, self.uploads = {}, {}, {}
        self.rules, self.log, self.tokens = [], [], {}
        self.auth, self.user, self.life = auth, ("tester", "secret"), 300.0
        self.location = lambda path: path
        self.projects = None  # Harbor: pushes to others are a 401 without a challenge
        self.lock, self.over = threading.Lock(), threading.Event()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"registry": self, "timeout": 60}))
        self.server.daemon_threads, self.server.block_on_close = True, False
        self.server.handle_error = lambda *_: None
        self.scheme = "https" if tls else "http"
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.host = "127.0.0.1:%d" % self.server.server_address[1]
        self.url = f"{self.scheme}://{self.host}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def stop(self):
        self.over.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)

    def put_blob(self, repository, data):
        self.blobs[repository, digest_of(data)] = data
        return {"digest": digest_of(data), "size": len(data)}

    def put_manifest(self, repository, tag, kind, data):
        for name in (tag, digest_of(data)):
            self.manifests[repository, name] = (kind, data)
        return digest_of(data)

    def put_image(self, repository, tag, layers, architecture="amd64"):
        config = json.dumps({"os": "linux", "architecture": architecture, "tag": tag}).encode()
        return self.put_manifest(repository, tag, IMAGE, json.dumps({
            "schemaVersion": 2, "mediaType": IMAGE,
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **self.put_blob(repository, config)},
            "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", **self.put_blob(repository, one)} for one in layers]}).encode())

    def count(self, method, pattern):
        return len([1 for entry in self.log if entry["method"] == method and re.search(pattern, entry["target"])])


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def reply(self, status, body=b"", **headers):
        self.send_response(status)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if "Content-Length" not in headers:
            headers["Content-Length"] = len(body)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        return True

    def error(self, status, code="ERROR", message="no", **headers):
        """A refusal: what is left of the request's body is not read, so the connection ends."""
        self.unread()
        return self.reply(status, json.dumps({"errors": [{"code": code, "message": message}]}).encode(), **headers)

    def unread(self):
        self.body()

    def body(self):
        if self.read is None:
            self.read = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return self.read

    def cut(self, data, after):
        """All headers, some of the body, and the connection is gone."""
        self.send_response(200)
        self.send_header("Content-Length", len(data))
        self.end_headers()
        self.wfile.write(data[:after])
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)
        return True

    def hang_up(self):
        """Not even a status line."""
        self.close_connection = True
        self.read = b""
        self.connection.shutdown(socket.SHUT_RDWR)
        return True

    def stall(self, data, after):
        self.send_response(200)
        self.send_header("Content-Length", len(data))
        self.end_headers()
        self.wfile.write(data[:after])
        self.registry.over.wait(60)
        self.close_connection = True
        return True

    def drip(self, data, after, rate):
        """Some of the body at once, the rest as slowly as that (bytes per second)."""
        self.send_response(200)
        self.send_header("Content-Length", len(data))
        self.end_headers()
        self.wfile.write(data[:after])
        try:
            for at in range(after, len(data), rate // 10):
                self.wfile.write(data[at:at + rate // 10])
                if self.registry.over.wait(0.1):
                    break
        except OSError:
            pass
        self.close_connection = True
        return True

    def handle_any(self):
        self.read = None
        registry = self.registry
        parts = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True))
        entry = {"method": self.command, "target": self.path, "authorization": self.headers.get("Authorization", ""),
                 "range": self.headers.get("Range", ""), "at": time.monotonic()}
        with registry.lock:
            registry.log.append(entry)
        for rule in list(registry.rules):
            if rule(self, self.command, parts.path, query):
                break
        else:
            self.serve(parts.path, query)
        self.body()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

    def serve(self, path, query):
        registry = self.registry
        if path == "/token":
            return self.token()
        if path == "/api/v2.0/projects" and self.command == "POST":
            registry.projects.add(json.loads(self.body())["project_name"])
            return self.reply(201)
        found = re.fullmatch(r"/v2/(.+)/(manifests|blobs|tags|referrers)/(.+)", path)
        if not found:
            return self.error(404)
        repository, kind, name = found.groups()
        if registry.projects is not None and self.command == "POST" and repository.split("/")[0] not in registry.projects:
            return self.error(401, "UNAUTHORIZED", "unauthorized")
        if not self.allowed(repository):
            return True
        if kind == "tags":
            names = sorted(n for r, n in registry.manifests if r == repository and ":" not in n)
            return self.reply(200, json.dumps({"name": repository, "tags": names}).encode())
        if kind == "manifests":
            return self.manifest(repository, name)
        if kind == "blobs" and name.startswith("uploads/"):
            return self.upload(repository, name[8:], query)
        if kind == "blobs" and (data := registry.blobs.get((repository, name))) is not None:
            return self.blob(data)
        return self.error(404)

    def allowed(self, repository):
        registry = self.registry
        given = self.headers.get("Authorization", "")
        if registry.auth == "basic":
            import base64
            if given == "Basic " + base64.b64encode(":".join(registry.user).encode()).decode():
                return True
            self.error(401, WWW_Authenticate='Basic realm="here"')
            return False
        if registry.auth == "bearer":
            scope, until = registry.tokens.get(given.removeprefix("Bearer "), ("", 0))
            actions = "pull" if self.command in ("GET", "HEAD") else "pull,push"
            if until > time.monotonic() and f"repository:{repository}:{actions}" in scope.replace(":pull,push", f":{actions}"):
                return True
            self.error(401, WWW_Authenticate=f'Bearer realm="{registry.url}/token",service="here",scope="repository:{repository}:{actions}"')
            return False
        return True

    def token(self):
        import base64
        registry = self.registry
        if self.headers.get("Authorization", "") != "Basic " + base64.b64encode(":".join(registry.user).encode()).decode():
            return self.error(401)
        asked = " ".join(v for k, v in urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query) if k == "scope")
        with registry.lock:
            name = f"token{len(registry.tokens)}"
            registry.tokens[name] = (asked, time.monotonic() + registry.life)
        return self.reply(200, json.dumps({"token": name, "expires_in": 300}).encode())

    def manifest(self, repository, name):
        registry = self.registry
        if self.command == "PUT":
            data = self.body()
            registry.put_manifest(repository, name, self.headers["Content-Type"], data)
            return self.reply(201, Docker_Content_Digest=digest_of(data))
        found = registry.manifests.get((repository, name))
        if not found:
            return self.error(404, "MANIFEST_UNKNOWN")
        return self.reply(200, found[1], Content_Type=found[0], Docker_Content_Digest=digest_of(found[1]))

    def blob(self, data):
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if asked:
            first = int(asked[1])
            return self.reply(206, data[first:], Content_Range=f"bytes {first}-{len(data) - 1}/{len(data)}")
        return self.reply(200, data)

    def upload(self, repository, name, query):
        registry = self.registry
        if self.command == "POST":
            if "mount" in query and (data := registry.blobs.get((query.get("from"), query["mount"]))) is not None:
                registry.blobs[repository, query["mount"]] = data
                return self.reply(201)
            with registry.lock:
                name = f"u{len(registry.uploads)}"
                registry.uploads[name] = b""
            return self.reply(202, Location=registry.location(f"/v2/{repository}/blobs/uploads/{name}"))
        if name not in registry.uploads:
            return self.error(404, "BLOB_UPLOAD_UNKNOWN")
        if self.command == "DELETE":
            return self.reply(204)
        if self.command in ("PATCH", "PUT"):
            expected = self.headers.get("Content-Range", "").split("-")[0]
            if expected and int(expected) != len(registry.uploads[name]):
                return self.error(416)
            registry.uploads[name] += self.body()
        data = registry.uploads[name]
        if self.command == "PUT":
            if digest_of(data) != query.get("digest"):
                return self.error(400, "DIGEST_INVALID")
            registry.blobs[repository, query["digest"]] = data
            return self.reply(201)
        return self.reply(202 if self.command == "PATCH" else 204, Location=registry.location(self.path),
                          Range=f"0-{max(0, len(data) - 1)}")
