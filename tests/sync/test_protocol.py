#!/usr/bin/env python3
"""The copy engine against registries that follow the spec in their own ways, refuse, cut, lie, and run out."""
import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from case import MIB, Case, big_blob, forget_tokens, once
from registry import IMAGE, INDEX, digest_of


class Entrance(Case):
    def test_basic(self):
        source, destination = self.pair(auth="basic")
        self.list_host(destination, user="tester", password="secret")
        self.copy(source, destination)
        self.assert_copied(source, destination)

    def test_wrong_password_is_said_before_anything_moves(self):
        for how in ("basic", "bearer"):
            self.hosts = []
            source, destination = self.pair(auth=how)
            self.list_host(destination, user="tester", password="hunter2")
            self.copy(source, destination, expect=1)
            self.assertIn("REFUSED", self.output)
            self.assertIn("the list", self.output)
            self.assertNotIn("hunter2", self.output)
            self.assertEqual(source.count("GET", "/blobs/"), 0)

    def test_tokens_for_both_sides(self):
        source, destination = self.pair(auth="bearer")
        source.auth = "bearer"
        for one in (source, destination):
            self.list_host(one, user="tester", password="secret")
        self.copy(source, destination)
        self.assert_copied(source, destination)
        self.assertLessEqual(destination.count("GET", "^/token"), 3)

    def test_tokens_run_out_in_the_middle(self):
        """They live for 0.4 s although they say 300; the copy takes longer."""
        source, destination = self.pair([os.urandom(MIB) for _ in range(4)], auth="bearer")
        source.auth = "bearer"
        source.life = destination.life = 0.4
        for one in (source, destination):
            self.list_host(one, user="tester", password="secret")
        self.copy(source, destination, SYNC_RATE=str(2 * MIB), SYNC_CONCURRENCY="1")
        self.assert_copied(source, destination)
        self.assertGreater(destination.count("GET", "^/token"), 2)

    def test_private_ca_and_client_certificate(self):
        if not shutil.which("openssl"):
            self.skipTest("openssl is not installed (apt-get install openssl)")
        at = lambda name: os.path.join(self.folder, name)
        for name in ("server", "client"):
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                            "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", at(name + ".key"), "-out", at(name + ".pem")],
                           check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(at("server.pem"), at("server.key"))
        context.load_verify_locations(at("client.pem"))
        context.verify_mode = ssl.CERT_REQUIRED
        source, destination = self.pair(auth="bearer", tls=context)
        self.list_host(destination, "https", "tester", "secret", at("server.pem"), at("client.pem"), at("client.key"))
        self.copy(source, destination)
        self.assert_copied(source, destination)
        self.hosts = []
        self.list_host(destination, "https", "tester", "secret", "-", at("client.pem"), at("client.key"))
        self.copy(source, destination, to="team/b", expect=1)
        self.assertIn("certificate", self.output)

    def test_insecure_hosts_are_reached_by_http(self):
        source, destination = self.pair()
        for i in range(2, 12):
            source.put_image("team/app", str(i), [b"%d" % i])
        for one in (source, destination):
            self.list_host(one, "insecure")
        self.copy(source, destination, tag="")
        self.assert_copied(source, destination)

    def test_harbor_without_project(self):
        source, destination = self.pair(auth="basic")
        destination.projects = {"other"}
        self.list_host(destination, user="tester", password="secret")
        self.copy(source, destination, expect=1)
        self.assertIn("project team does not exist", self.output)
        self.assertEqual(source.count("GET", "/blobs/"), 0)
        self.copy(source, destination, SYNC_CREATE_PROJECTS="1")
        self.assert_copied(source, destination)


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


class Reads(Case):
    def test_cut_bodies_go_on_where_they_ended(self):
        source, destination = self.pair([os.urandom(6 * MIB)])
        cuts = []

        def cut(handler, method, path, query):
            data = big_blob(handler, path)
            if data is None or len(cuts) >= 3:
                return False
            first = int(re.sub(r"\D", "", handler.headers.get("Range", "")) or 0)
            cuts.append(first)
            if first == 0:
                return handler.cut(data, 2 * MIB)
            handler.send_response(206)
            handler.send_header("Content-Range", f"bytes {first}-{len(data) - 1}/{len(data)}")
            handler.send_header("Content-Length", len(data) - first)
            handler.end_headers()
            handler.wfile.write(data[first:first + MIB])
            handler.close_connection = True
            return True
        source.rules.append(cut)
        self.copy(source, destination)
        self.assert_copied(source, destination)
        self.assertEqual(len(cuts), 3)
        self.assertGreater(cuts[1], 0)
        self.assertGreater(cuts[2], cuts[1])
        self.assertLess(self.bytes_read(), 6 * MIB + 10000)

    def test_a_server_that_ignores_ranges(self):
        source, destination = self.pair([os.urandom(3 * MIB)])

        def whole(handler, method, path, query):
            data = big_blob(handler, path)
            return data is not None and (handler.reply(200, data) if handler.headers.get("Range") else handler.cut(data, 2 * MIB))
        source.rules.append(whole)
        self.copy(source, destination)
        self.assert_copied(source, destination)

    def test_busy_for_everybody(self):
        """One 429 with Retry-After: nobody asks that host before."""
        source, destination = self.pair()
        for i in range(2, 30):
            source.put_image("team/app", str(i), [b"%d" % i])
        told = []

        def busy(handler, method, path, query):
            if told or method != "GET" or "/blobs/" not in path:
                return False
            told.append(time.monotonic())
            return handler.error(429, "TOOMANYREQUESTS", "slow down", Retry_After="2")
        source.rules.append(busy)
        self.copy(source, destination, tag="")
        self.assert_copied(source, destination)
        early = [e for e in source.log if told[0] + 0.3 < e["at"] < told[0] + 1.9]
        self.assertEqual(early, [])

    def test_a_source_that_lies(self):
        source, destination = self.pair([os.urandom(MIB)])
        source.rules.append(lambda handler, method, path, query: (data := big_blob(handler, path)) is not None and handler.reply(200, data[:-1] + b"?"))
        self.copy(source, destination, expect=1)
        self.assertIn("digest", self.output)
        self.assertNotIn(("team/app", "1"), destination.manifests)
        self.assertEqual([name for name in destination.blobs if len(destination.blobs[name]) >= MIB], [])

    def test_a_manifest_that_lies(self):
        source, destination = self.pair()
        kind, data = source.manifests["team/app", "1"]
        source.rules.append(lambda handler, method, path, query: method == "GET" and "/manifests/" in path and
                            handler.reply(200, data + b" ", Content_Type=kind, Docker_Content_Digest=self.digest))
        self.copy(source, destination, expect=1)
        self.assertIn("not those of", self.output)


class Mirrors(Case):
    def with_mirror(self, rule, layers, trust="pull"):
        source, destination = self.pair(layers)
        mirror = self.registry()
        mirror.blobs, mirror.manifests = source.blobs, source.manifests
        mirror.rules.append(rule)
        self.copy(source, destination, SYNC_MIRRORS=f"{source.host} {mirror.url} {trust}")
        self.assert_copied(source, destination)
        return source, mirror

    def test_mirror_first(self):
        source, mirror = self.with_mirror(lambda *_: False, [os.urandom(MIB)])
        self.assertEqual(source.count("GET", "/blobs/"), 0)
        self.assertEqual(mirror.count("HEAD", "/manifests/1$"), 0)

    def test_a_liar_is_replaced(self):
        source, mirror = self.with_mirror(
            lambda handler, method, path, query: (data := big_blob(handler, path)) is not None and handler.reply(200, data[:-1] + b"?"), [os.urandom(MIB)])
        self.assertGreater(source.count("GET", "/blobs/"), 0)

    def test_half_a_lie_is_not_held_against_the_origin(self):
        self.with_mirror(lambda handler, method, path, query: (data := big_blob(handler, path)) is not None and
                         (handler.error(404) if handler.headers.get("Range") else handler.cut(b"?" * len(data), MIB)), [os.urandom(2 * MIB)])

    def test_a_staller_is_replaced_at_the_same_byte(self):
        began = time.monotonic()
        source, mirror = self.with_mirror(
            lambda handler, method, path, query: (data := big_blob(handler, path)) is not None and handler.stall(data, 2 * MIB), [os.urandom(4 * MIB)])
        ranges = [entry["range"] for entry in source.log if entry["range"]]
        self.assertEqual(ranges, [f"bytes={2 * MIB}-"])
        self.assertLess(self.bytes_read(), 4 * MIB + 10000)
        self.assertLess(time.monotonic() - began, 20)

    def test_a_mirror_that_says_wrong_tags_is_not_asked(self):
        def stale(handler, method, path, query):
            return path.endswith("/manifests/1") and handler.reply(200, b"{}", Content_Type=IMAGE, Docker_Content_Digest=digest_of(b"{}"))
        self.with_mirror(stale, [b"x" * 100])


class Lists(Case):
    def pages(self, link, count=3):
        """`count` pages of one tag each; `link` says where page i leads."""
        def answer(handler, method, path, query):
            if not path.endswith("/tags/list"):
                return False
            page = int(query.get("last", 0))
            more = {"Link": link(page + 1)} if page + 1 < count else {}
            return handler.reply(200, json.dumps({"tags": [str(page + 1)]}).encode(), **more)
        return answer

    def test_pages(self):
        source, destination = self.pair()
        for i in (2, 3):
            source.put_image("team/app", str(i), [b"%d" % i])
        source.rules.append(self.pages(lambda page: f'</v2/team/app/tags/list?n=1&last={page}>; rel="next"'))
        self.copy(source, destination, tag="")
        self.assertIn("copied 3", self.output)

    def test_pages_without_end(self):
        source, destination = self.pair()
        source.rules.append(self.pages(lambda page: f"</v2/team/app/tags/list?last={page}>; rel=next", 1 << 40))
        self.copy(source, destination, tag="", expect=1)
        self.assertIn("list of tags not complete", self.output)
        self.assertLessEqual(source.count("GET", "tags/list"), 2000)
        source.rules[:] = [lambda handler, method, path, query: path.endswith("tags/list") and
                           handler.reply(200, b'{"tags": ["1"]}', Link="</v2/team/app/tags/list?x>; rel=next")]
        source.log.clear()
        self.copy(source, destination, tag="", expect=1)
        self.assertLess(source.count("GET", "tags/list"), 5)

    def test_more_tags_than_anybody_has(self):
        source, destination = self.pair()

        def flood(handler, method, path, query):
            page = int(query.get("last", 0))
            return path.endswith("tags/list") and handler.reply(
                200, json.dumps({"tags": [f"p{page}.{i}" for i in range(30000)]}).encode(), Link=f"</v2/team/app/tags/list?last={page + 1}>; rel=next")
        source.rules.append(flood)
        self.copy(source, destination, tag="", expect=1)
        self.assertIn("list of tags not complete", self.output)
        self.assertEqual(source.count("HEAD", "/manifests/"), 0)

    def test_pages_that_lead_elsewhere(self):
        source, destination = self.pair(auth=None)
        other = self.registry()
        source.auth = "basic"
        self.list_host(source, user="tester", password="secret")
        name = other.url.replace("127.0.0.1", "127.0.0.2")
        for place in (name, "http://169.254.169.254"):
            source.rules[:] = [self.pages(lambda page: f"<{place}/v2/team/app/tags/list?last={page}>; rel=next")]
            self.copy(source, destination, tag="", expect=1)
            self.assertIn("lead elsewhere", self.output)
        self.assertEqual(other.log, [])


class Platforms(Case):
    def index(self, registry, architectures):
        children = []
        for one in architectures:
            digest = registry.put_image("team/app", one, [one.encode() * 99], one)
            data = registry.manifests["team/app", digest][1]
            children.append({"mediaType": IMAGE, "digest": digest, "size": len(data), "platform": {"os": "linux", "architecture": one}})
        self.digest = registry.put_manifest("team/app", "1", INDEX, json.dumps(
            {"schemaVersion": 2, "mediaType": INDEX, "manifests": children, "annotations": {"odd": "kept"}}, indent=5).encode())
        return children

    def test_a_filter_that_drops_something_says_so(self):
        source, destination = self.registry(), self.registry()
        children = self.index(source, ["amd64", "arm64", "s390x"])
        for _ in range(2):
            self.copy(source, destination, SYNC_PLATFORMS="linux/amd64 linux/arm64")
        kept = json.loads(destination.manifests["team/app", "1"][1])
        self.assertEqual(kept["manifests"], children[:2])
        self.assertEqual(kept["annotations"], {"odd": "kept"})
        self.assertNotIn(("team/app", children[2]["digest"]), destination.manifests)
        self.assertIn("skipped 1", self.output)
        self.assertIn("digest changed by the filter: 2 of 3", self.output)

    def test_a_filter_that_drops_nothing_keeps_the_bytes(self):
        source, destination = self.registry(), self.registry()
        self.index(source, ["amd64", "arm64"])
        self.copy(source, destination, SYNC_PLATFORMS="linux/amd64 linux/arm64")
        self.assertEqual(destination.manifests["team/app", "1"], source.manifests["team/app", "1"])
        self.assertNotIn("digest changed", self.output)

    def test_a_platform_that_nobody_has(self):
        source, destination = self.registry(), self.registry()
        self.index(source, ["amd64"])
        self.copy(source, destination, expect=1, SYNC_PLATFORMS="linux/riscv64")
        self.assertIn("no such platform", self.output)
        self.assertEqual(destination.manifests, {})


if __name__ == "__main__":
    unittest.main()
