"""How blobs and manifests are sent, to registries that want it their own way, refuse or lie."""
import json
import os

from case import MIB, Case, forget_tokens, once


class Uploads(Case):
    def test_locations(self):
        forms = {"relative": lambda path: path, "query": lambda path: path.split("?")[0] + "?_state=a%2Bb%3D%3D&x=%20",
                 "bare": lambda path: path.split("?")[0].rsplit("/", 1)[1]}
        for name, form in forms.items():
            with self.subTest(name):
                source, destination = self.pair()
                destination.location = form
                self.copy(source, destination)
                self.assert_copied(source, destination)
                if name == "query":
                    self.assertTrue(destination.count("PUT", r"uploads/u\d+\?_state=a%2Bb%3D%3D&x=%20&digest=sha256"))
        source, destination = self.pair()
        destination.location = lambda path: f"http://{destination.host}{path}"
        self.copy(source, destination)
        self.assert_copied(source, destination)
        elsewhere = {"userinfo": "http://a:b@127.0.0.1/x", "metadata": "http://169.254.169.254/x", "scheme": "file:///etc/passwd"}
        for name, place in elsewhere.items():
            with self.subTest(name):
                source, destination = self.pair()
                destination.location = lambda _path: place
                self.copy(source, destination, expect=1)
                self.assertIn("upload place not usable", self.output)

    def test_another_host_takes_the_bytes_without_credentials(self):
        source, destination = self.pair(auth="basic")
        other = self.registry()
        other.blobs, other.uploads = destination.blobs, destination.uploads
        destination.location = lambda path: other.url + path
        self.list_host(destination, user="tester", password="secret")
        self.copy(source, destination)
        self.assert_copied(source, destination)
        self.assertTrue(other.count("PUT", "/uploads/"))
        self.assertEqual({entry["authorization"] for entry in other.log}, {""})

    def test_patch_where_put_is_refused(self):
        source, destination = self.pair()
        destination.rules.append(lambda handler, method, path, query: method == "PUT" and "/uploads/" in path and
                                 int(handler.headers.get("Content-Length", 0)) > 0 and handler.error(405))
        self.copy(source, destination)
        self.assert_copied(source, destination)
        self.assertTrue(destination.count("PATCH", "/uploads/"))

    def test_chunks_where_large_bodies_are_refused(self):
        source, destination = self.pair([os.urandom(40 * MIB)], auth="bearer")
        self.list_host(destination, user="tester", password="secret")
        destination.rules.append(lambda handler, method, path, query: method in ("PUT", "PATCH") and "/uploads/" in path and
                                 int(handler.headers.get("Content-Length", 0)) > 20 * MIB and handler.error(413))
        forget_tokens(destination, lambda method, path: method == "PATCH" and destination.count("PATCH", "") > 2)
        self.copy(source, destination)
        self.assert_copied(source, destination)
        self.assertGreater(destination.count("PATCH", "/uploads/"), 2)

    def test_mounts(self):
        for status in (201, 202, 403, 405, 500):
            with self.subTest(status):
                source, destination = self.pair()
                if status > 202:
                    destination.rules.append(lambda handler, method, path, query: "mount" in query and handler.error(status))
                if status == 202:
                    destination.rules.append(lambda handler, method, path, query: bool(query.pop("mount", "")) and False)
                code = self.run_copy(f"{source.host}/team/app:1", f"{destination.host}/x/one", f"{destination.host}/x/two")
                self.assertEqual(code, 0, self.output)
                for to in ("x/one", "x/two"):
                    self.assert_copied(source, destination, to)
                self.assertEqual("mounts 3" in self.output, status == 201, self.output)
                if status == 202:
                    self.assertGreaterEqual(destination.count("DELETE", "/uploads/"), 3)

    def test_quotas_are_said_and_not_repeated(self):
        answers = {413: ("too large", {}), 507: ("storage", {}), 403: ("quota", {"code": "DENIED", "message": "adding 3 MiB, exceeds the upper limit"})}
        for status, (word, how) in answers.items():
            with self.subTest(status):
                source, destination = self.pair([os.urandom(MIB)])
                destination.rules.append(lambda handler, method, path, query: method in ("PUT", "PATCH") and "/uploads/" in path and handler.error(status, **how))
                self.copy(source, destination, expect=1)
                self.assertIn(word, self.output)
                self.assertNotIn(("team/app", "1"), destination.manifests)
                self.assertLess(self.bytes_read(), 4 * MIB)

    def test_a_full_disk_is_said_and_not_repeated(self):
        """As docker-registry says it, with its file system's words or their number (its "Err":28 is ENOSPC)."""
        details = ("write /data/_uploads/1/data: no space left on device",
                   {"DriverName": "filesystem", "Enclosed": {"Op": "mkdir", "Path": "/data", "Err": 28}})
        for detail in details:
            body = json.dumps({"errors": [{"code": "UNKNOWN", "message": "unknown error", "detail": detail}]}).encode()
            for method in ("PUT", "POST"):
                with self.subTest((method, detail)):
                    source, destination = self.pair([os.urandom(MIB)])
                    destination.rules.append(lambda handler, asked, path, query: asked == method and "/uploads/" in path and
                                             handler.body() is not None and handler.reply(500, body))
                    self.copy(source, destination, expect=1)
                    self.assertIn("no storage left", self.output)
                    self.assertEqual(destination.count(method, "/uploads/"), 2 if method == "PUT" else 1, "one per blob, or the first look")
                    self.assertLess(self.bytes_read(), 2 * MIB)

    def test_a_place_that_no_client_reaches(self):
        """docker-registry behind a proxy that knows only its own name."""
        source, destination = self.pair()
        destination.location = lambda path: f"http://registry.invalid:5000{path}"
        self.copy(source, destination, expect=1)
        self.assertIn(f"{destination.host}/team/app wants its blobs sent to http://registry.invalid:5000", self.output)

    def test_a_place_that_is_lost(self):
        """A proxy that changes paths, or replicas without a common secret: as docker-registry says it."""
        source, destination = self.pair()
        destination.rules.append(lambda handler, method, path, query: method == "PUT" and "/uploads/" in path and
                                 handler.error(404, "BLOB_UPLOAD_INVALID", "blob upload invalid"))
        self.copy(source, destination, expect=1)
        self.assertIn("does not know the upload that it began", self.output)
        self.assertNotIn("no such repository", self.output)

    def test_a_put_refused_for_a_moment(self):
        for status in (429, 401, 503):
            with self.subTest(status):
                source, destination = self.pair([os.urandom(MIB)], auth="bearer")
                self.list_host(destination, user="tester", password="secret")
                if status == 401:
                    forget_tokens(destination, lambda method, path: method == "PUT" and "/blobs/" in path)
                else:
                    destination.rules.append(once(lambda handler, method, path, query: method == "PUT" and "/blobs/" in path and
                                                  handler.error(status, Retry_After="1")))
                self.copy(source, destination)
                self.assert_copied(source, destination)

    def test_a_digest_that_the_destination_made_up(self):
        source, destination = self.pair()
        destination.rules.append(lambda handler, method, path, query: method == "PUT" and "/manifests/" in path and
                                 handler.reply(201, Docker_Content_Digest="sha256:" + "0" * 64))
        self.copy(source, destination, expect=1)
        self.assertIn("not believed", self.output)
