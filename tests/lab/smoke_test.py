"""mirrorlab itself: every healthy kind of mirror and every fault, seen by a plain HTTP client."""

import hashlib
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import unittest
import zlib
from urllib.parse import urlsplit

import mirrorlab

ACCEPT = {"Accept": "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json"}


class Answer:
    def __init__(self, response, limit=None):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read() if limit is None else response.read(limit)


class Client:
    def __init__(self, lab, name, timeout=3):
        self.lab, self.name, self.timeout = lab, name, timeout
        self.url = urlsplit(lab.urls[name])

    def get(self, path, headers=None, method="GET", limit=None):
        if self.url.scheme == "https":
            context = ssl.create_default_context(cafile=self.lab.ca)
            connection = http.client.HTTPSConnection(self.url.netloc, timeout=self.timeout, context=context)
        else:
            connection = http.client.HTTPConnection(self.url.netloc, timeout=self.timeout)
        try:
            connection.request(method, path, headers=headers or {})
            return Answer(connection.getresponse(), limit)
        finally:
            connection.close()

    def manifest(self, reference="1.36", root="/v2", **more):
        return self.get(f"{root}/library/busybox/manifests/{reference}", {**ACCEPT, **more.pop("headers", {})}, **more)

    def blob(self, digest, root="/v2", **more):
        return self.get(f"{root}/library/busybox/blobs/{digest}", **more)


class LabCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = mirrorlab.Lab("faults.yaml", max_seconds=110)
        cls.image = cls.lab.image()
        child = Client(cls.lab, "fast").manifest(cls.image["platforms"]["amd64"])
        cls.config = json.loads(child.body)["config"]
        cls.layer = json.loads(child.body)["layers"][-1]

    @classmethod
    def tearDownClass(cls):
        cls.lab.close()

    def client(self, name, **more):
        return Client(self.lab, name, **more)


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Healthy(LabCase):
    def test_ping_and_manifest(self):
        fast = self.client("fast")
        self.assertEqual(fast.get("/v2/").status, 200)
        for reference in ("1.36", self.image["digest"]):
            answer = fast.manifest(reference)
            self.assertEqual(answer.status, 200)
            self.assertEqual(answer.headers["content-type"], "application/vnd.oci.image.index.v1+json")
            self.assertEqual(answer.headers["docker-content-digest"], self.image["digest"])
            self.assertEqual(digest(answer.body), self.image["digest"])
        self.assertEqual(fast.manifest(method="HEAD").body, b"")
        self.assertEqual(fast.manifest(headers={"Accept": "application/json"}).status, 404)

    def test_index_names_platforms_and_an_attestation(self):
        index = json.loads(self.client("fast").manifest().body)
        platforms = [child["platform"]["architecture"] for child in index["manifests"]]
        self.assertEqual(sorted(platforms), ["amd64", "arm64", "unknown"])

    def test_blobs_and_ranges(self):
        fast = self.client("fast")
        self.assertEqual(digest(fast.blob(self.config["digest"]).body), self.config["digest"])
        whole = fast.blob(self.layer["digest"]).body
        self.assertEqual(digest(whole), self.layer["digest"])
        part = fast.blob(self.layer["digest"], headers={"Range": "bytes=1000-5002"})
        self.assertEqual((part.status, part.body), (206, whole[1000:5003]))
        self.assertEqual(part.headers["content-range"], f"bytes 1000-5002/{len(whole)}")
        self.assertEqual(fast.blob(self.layer["digest"], headers={"Range": "bytes=99999999-"}).status, 416)

    def test_layers_are_tars(self):
        import io
        import tarfile
        whole = self.client("fast").blob(self.layer["digest"]).body
        with tarfile.open(fileobj=io.BytesIO(whole)) as tar:
            self.assertEqual([member.isfile() for member in tar.getmembers()], [True])

    def test_forms(self):
        for name, root, repository in (("ok-prefix", "/v2/docker.io", "library/busybox"),
                                       ("ok-base", "/mirror/v2", "library/busybox"),
                                       ("ok-flat", "/v2/google_containers", "busybox")):
            answer = self.client(name).get(f"{root}/{repository}/manifests/1.36?ns=docker.io", ACCEPT)
            self.assertEqual((name, answer.status), (name, 200))

    def test_bearer(self):
        for name in ("ok-bearer", "ok-tls-bearer"):
            client = self.client(name)
            refused = client.manifest()
            self.assertEqual(refused.status, 401)
            parameters = dict(part.split("=", 1) for part in refused.headers["www-authenticate"][7:].split(","))
            realm = urlsplit(parameters["realm"].strip('"'))
            self.assertEqual(realm.scheme, client.url.scheme)
            token_client = self.client(name)
            token_client.url = realm
            scope = parameters["scope"].strip('"')
            token = json.loads(token_client.get(f"/token?service={name}&scope={scope}").body)["token"]
            self.assertEqual(client.manifest(headers={"Authorization": "Bearer " + token}).status, 200)
            self.assertEqual(client.manifest(headers={"Authorization": "Bearer x" + token}).status, 401)

    def test_rate_is_kept(self):
        start = time.monotonic()
        part = self.client("ok-slow").blob(self.layer["digest"], headers={"Range": "bytes=0-524287"})
        elapsed = time.monotonic() - start
        self.assertEqual(len(part.body), 524288)
        self.assertTrue(0.8 < elapsed < 1.6, elapsed)

    def test_access_log(self):
        self.client("ok-slow").get("/v2/", {"Authorization": "Bearer secret", "User-Agent": "probe/1"})
        end = time.monotonic() + 10  # the line is written once the answer is out
        while not (lines := [entry for entry in self.lab.accesses("ok-slow") if entry["agent"] == "probe/1"]):
            self.assertLess(time.monotonic(), end, "no line in the access log")
            time.sleep(0.02)
        line = lines[0]
        self.assertEqual((line["method"], line["path"], line["status"], line["auth"]), ("GET", "/v2/", 200, "bearer"))
        self.assertNotIn("secret", self.lab.log_file.read_text())


class Faults(LabCase):
    def connect(self, name, timeout=0.7):
        url = urlsplit(self.lab.urls[name])
        return socket.create_connection((url.hostname, url.port), timeout=timeout)

    def test_connects(self):
        with self.assertRaises(socket.timeout):
            self.connect("hole")
        with self.assertRaises(ConnectionRefusedError):
            self.connect("refused")
        for name in ("tarpit", "tarpit-tls"):
            with self.assertRaises(socket.timeout):
                self.client(name, timeout=0.5).get("/v2/")
        with self.assertRaises(http.client.RemoteDisconnected):
            self.client("empty").get("/v2/")
        with self.assertRaises(http.client.BadStatusLine):
            self.client("garbage").get("/v2/")

    def test_refusals(self):
        for name, part, status in (("manifest-403", "manifest", 403), ("manifest-404", "manifest", 404),
                                   ("manifest-500", "manifest", 500), ("blob-403", "blob", 403),
                                   ("blob-404", "blob", 404), ("unauthorized", "manifest", 401),
                                   ("rate-limit-at-once", "manifest", 429)):
            client = self.client(name)
            answer = client.manifest() if part == "manifest" else client.blob(self.config["digest"])
            self.assertEqual((name, answer.status), (name, status))
            if part == "blob":
                self.assertEqual(client.manifest().status, 200)
        self.assertNotIn("www-authenticate", self.client("unauthorized").manifest().headers)
        self.assertIn("members", self.client("unauthorized-basic").manifest().headers["www-authenticate"])

    def test_rate_limits(self):
        for name, after in (("rate-limit", None), ("rate-limit-retry", "60")):
            client = self.client(name)
            self.assertEqual([client.manifest().status for _ in range(3)], [200, 429, 429])
            self.assertEqual(client.manifest().headers.get("retry-after"), after)

    def test_html(self):
        for name, kinds in (("html-all", "pmb"), ("html-manifest", "m"), ("html-blob", "b")):
            client = self.client(name)
            got = "".join(kind for kind, answer in (("p", client.get("/v2/")), ("m", client.manifest()),
                                                    ("b", client.blob(self.config["digest"])))
                          if answer.headers["content-type"].startswith("text/html") and answer.status == 200)
            self.assertEqual((name, got), (name, kinds))

    def test_lies(self):
        self.assertNotEqual(self.client("wrong-digest-header").manifest().headers["docker-content-digest"], self.image["digest"])
        wrong = self.client("wrong-manifest").manifest()
        self.assertEqual(wrong.headers["docker-content-digest"], self.image["digest"])
        self.assertNotEqual(digest(wrong.body), self.image["digest"])
        self.assertEqual(json.loads(wrong.body)["schemaVersion"], 2)
        blob = self.client("wrong-blob").blob(self.config["digest"]).body
        self.assertEqual(len(blob), self.config["size"])
        self.assertNotEqual(digest(blob), self.config["digest"])
        self.assertEqual(self.client("wrong-media-type").manifest().headers["content-type"], "application/octet-stream")
        self.assertEqual(self.client("media-type-text").manifest().headers["content-type"], "text/plain")
        with self.assertRaises(http.client.IncompleteRead):
            self.client("size-larger").blob(self.config["digest"])
        self.assertEqual(len(self.client("size-smaller").blob(self.config["digest"]).body), self.config["size"] - 1000)
        stale = self.client("stale-tag").manifest()
        self.assertEqual(stale.headers["docker-content-digest"], self.image["stale_digest"])
        self.assertEqual(digest(stale.body), self.image["stale_digest"])
        ranged = {"Range": "bytes=0-99"}
        self.assertEqual(self.client("no-range").blob(self.config["digest"], headers=ranged).status, 200)
        shifted = self.client("bad-range").blob(self.layer["digest"], headers=ranged)
        self.assertEqual((shifted.status, shifted.headers["content-range"].split("/")[0]), (206, "bytes 4096-4195"))

    def test_time(self):
        with self.assertRaises(socket.timeout):
            self.client("delay", timeout=0.5).blob(self.config["digest"])
        with self.assertRaises(socket.timeout):  # the whole blob counts, not the range
            self.client("delay-per-size", timeout=1).blob(self.layer["digest"], headers={"Range": "bytes=0-9"})
        with self.assertRaises((socket.timeout, http.client.IncompleteRead)):
            self.client("stall", timeout=0.5).blob(self.layer["digest"])
        with self.assertRaises((ConnectionResetError, http.client.IncompleteRead)):
            self.client("reset").blob(self.layer["digest"])
        start = time.monotonic()
        self.client("burst").blob(self.layer["digest"], limit=1024 * 1024 - 8192)
        burst = time.monotonic() - start
        self.client("burst").blob(self.layer["digest"], limit=1024 * 1024 + 16384)
        self.assertLess(burst, 0.3)
        self.assertGreater(time.monotonic() - start - 2 * burst, 0.3)

    def test_redirects(self):
        for name, target in (("ok-redirect", "cdn-fast"), ("redirect-slow", "cdn-slow"), ("redirect-plain", "cdn-plain"),
                             ("redirect-dead", "refused")):
            answer = self.client(name).blob(self.config["digest"])
            self.assertEqual((name, answer.status), (name, 307))
            self.assertTrue(answer.headers["location"].startswith(self.lab.urls[target]), answer.headers["location"])
        moved = urlsplit(self.client("ok-redirect").blob(self.config["digest"]).headers["location"])
        self.assertEqual(digest(self.client("cdn-fast").get(moved.path).body), self.config["digest"])
        loop = self.client("redirect-loop").blob(self.config["digest"])
        self.assertIn(self.config["digest"], loop.headers["location"])

    def test_too_much(self):
        for name, part in (("endless-body", "manifest"), ("endless-blob", "blob")):
            client = self.client(name)
            path = {"limit": 1 << 20}
            answer = client.manifest(**path) if part == "manifest" else client.blob(self.config["digest"], **path)
            self.assertEqual((len(answer.body), answer.headers.get("content-length")), (1 << 20, None))
        with self.assertRaises(http.client.HTTPException):
            self.client("endless-headers").manifest()
        for name in ("gzip-bomb", "gzip-bomb-blob"):
            client = self.client(name)
            answer = client.manifest(limit=10000) if name == "gzip-bomb" else client.blob(self.config["digest"], limit=10000)
            self.assertEqual(answer.headers["content-encoding"], "gzip")
            unpacked = zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(answer.body)
            self.assertGreater(len(unpacked), 150 * 9000)
            self.assertEqual(unpacked.strip(b"\0"), b"")

    def test_tokens(self):
        realms = {}
        for name in ("token-http-realm", "token-link-local", "token-huge", "token-denied", "token-wrong"):
            header = self.client(name).manifest().headers["www-authenticate"]
            realms[name] = urlsplit(header.split('"')[1])
        self.assertEqual(realms["token-http-realm"].scheme, "http")
        self.assertEqual(realms["token-link-local"].hostname, "169.254.169.254")
        server = self.client("fast")
        for name, status in (("token-huge", 200), ("token-denied", 403), ("token-wrong", 200)):
            server.url = realms[name]
            answer = server.get(f"/token?service={name}&scope=repository:library/busybox:pull", limit=100000)
            self.assertEqual((name, answer.status), (name, status))
            if name == "token-huge":
                self.assertEqual(len(answer.body), 100000)
            if name == "token-wrong":
                token = json.loads(answer.body)["token"]
                self.assertEqual(self.client(name).manifest(headers={"Authorization": "Bearer " + token}).status, 401)


class Switch(unittest.TestCase):
    def test_mirror_dies_and_comes_back(self):
        with mirrorlab.Lab("two.yaml", max_seconds=60) as lab:
            url = urlsplit(lab.urls["fast"])
            client = Client(lab, "fast", timeout=0.5)
            self.assertEqual(client.get("/v2/").status, 200)
            for fault, error in (("refused", ConnectionRefusedError), ("hole", socket.timeout), ("tarpit", socket.timeout)):
                lab.command(f"set fast fault {fault}")
                with self.assertRaises(error):
                    client.get("/v2/")
            lab.command("set fast fault {kind: status, code: 503}")
            self.assertEqual(client.get("/v2/").status, 503)
            lab.command("clear fast")
            self.assertEqual(client.get("/v2/").status, 200)
            self.assertEqual(lab.urls["fast"], f"http://{url.netloc}")
            with self.assertRaises(RuntimeError):
                lab.command("set nobody fault tarpit")

    def test_open_connections_die_too(self):
        with mirrorlab.Lab("two.yaml", max_seconds=60) as lab:
            url = urlsplit(lab.urls["fast"])
            with socket.create_connection((url.hostname, url.port), timeout=2) as connection:
                connection.sendall(b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n")
                answer = b""
                while not answer.endswith(b"{}"):
                    answer += connection.recv(1000)
                lab.command("set fast fault refused")
                with self.assertRaises(ConnectionResetError):
                    connection.recv(1000)


class Ending(unittest.TestCase):
    def start(self, *arguments):
        process = subprocess.Popen([mirrorlab.program(), *arguments, str(mirrorlab.SCENARIOS / "two.yaml")],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        process.stdout.readline()
        return process

    def test_ends_on_signals_and_time(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            process = self.start()
            process.send_signal(number)
            self.assertEqual(process.wait(5), 0)
            process.stdout.close()
        process = self.start("--max-seconds", "1")
        self.assertEqual(process.wait(5), 0)
        process.stdout.close()

    def test_dies_with_its_parent(self):
        script = f"{mirrorlab.program()} --ports \"$1\" {mirrorlab.SCENARIOS / 'two.yaml'} & sleep 30"
        with tempfile.TemporaryDirectory() as directory:
            ports = os.path.join(directory, "ports")
            shell = subprocess.Popen(["bash", "-c", script, "bash", ports], stdout=subprocess.DEVNULL)
            for _ in range(100):
                if os.path.exists(ports):
                    break
                time.sleep(0.05)
            with open(ports, encoding="utf-8") as file:
                pid = json.load(file)["pid"]
            with open(f"/proc/{shell.pid}/task/{shell.pid}/children", encoding="ascii") as file:
                sleeper = [int(word) for word in file.read().split() if int(word) != pid]
            shell.kill()
            shell.wait()
            for child in sleeper:
                os.kill(child, signal.SIGKILL)
            for _ in range(100):
                if not os.path.exists(f"/proc/{pid}"):
                    break
                time.sleep(0.05)
            self.assertFalse(os.path.exists(f"/proc/{pid}"))

    def test_bad_scenarios_are_refused(self):
        for text, where in (("mirrors: { a: { colour: red } }", ":1:17:"), ("mirrors: { a: { faults: [nonsense] } }", "unknown fault"),
                            ("mirrors: { a: { faults: [{ kind: redirect, to: b }] } }", "unknown mirror: b")):
            with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
                file.write(text)
                file.flush()
                done = subprocess.run([mirrorlab.program(), file.name], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn(where, done.stderr)


if __name__ == "__main__":
    unittest.main()
