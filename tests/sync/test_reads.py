"""How blobs and manifests are read: cut, refused, false, and from mirrors."""
import json
import os
import re
import time

from case import MIB, Case, big_blob
from registry import IMAGE, INDEX, digest_of


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
        began = time.monotonic()
        self.copy(source, destination, SYNC_RATE=str(2 * MIB))
        self.assert_copied(source, destination)
        self.assertGreater(self.bytes_read(), 5 * MIB, "what came a second time was read, too")
        self.assertGreater(time.monotonic() - began, 2.2, "and counts for the limit")

    def test_a_source_that_starts_again(self):
        """It is away for as long as a registry's container takes, in the middle of a blob; nobody else has it."""
        source, destination = self.pair([os.urandom(3 * MIB)])
        since = []

        def away(handler, method, path, query):
            data = big_blob(handler, path)
            if data is not None and not since:
                since.append(time.monotonic())
                return handler.cut(data, 2 * MIB)
            return bool(since) and time.monotonic() - since[0] < 6 and handler.hang_up()
        source.rules.append(away)
        self.copy(source, destination)
        self.assert_copied(source, destination)
        self.assertLess(self.bytes_read(), 3 * MIB + 10000)

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
    def with_mirror(self, rule, layers, trust="pull", **how):
        source, destination = self.pair(layers)
        mirror = self.registry(**how)
        if how:
            self.list_host(mirror, user="tester", password="secret")
        mirror.blobs, mirror.manifests = source.blobs, source.manifests
        mirror.rules.append(rule)
        self.copy(source, destination, SYNC_MIRRORS=f"{source.host} {mirror.url} {trust}")
        self.assert_copied(source, destination)
        return source, mirror

    def test_mirror_first(self):
        source, mirror = self.with_mirror(lambda *_: False, [os.urandom(MIB)])
        self.assertEqual(source.count("GET", "/blobs/"), 0)
        self.assertEqual(mirror.count("HEAD", "/manifests/1$"), 0)

    def test_one_that_wants_a_login(self):
        for how in ("basic", "bearer"):
            with self.subTest(how):
                source, mirror = self.with_mirror(lambda *_: False, [os.urandom(MIB)], auth=how)
                self.assertEqual(source.count("GET", "/blobs/"), 0)

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

    def test_one_that_only_drips_is_replaced_at_the_same_byte(self):
        """It is alive, so nothing times out; the rest of the blob would take it two minutes."""
        began = time.monotonic()
        source, mirror = self.with_mirror(
            lambda handler, method, path, query: (data := big_blob(handler, path)) is not None and handler.drip(data, MIB // 16, 20000), [os.urandom(3 * MIB)])
        ranges = [int(entry["range"][6:-1]) for entry in source.log if entry["range"]]
        self.assertEqual(len(ranges), 1)
        self.assertGreater(ranges[0], MIB // 16)
        self.assertLess(self.bytes_read(), 3 * MIB + 10000, "nothing is read twice")
        self.assertLess(time.monotonic() - began, 30)

    def test_one_that_has_shown_more_takes_over(self):
        """No drip by itself, but the origin has given another blob many times as fast."""
        slow, fast = os.urandom(3 * MIB), os.urandom(MIB)
        source, mirror = self.with_mirror(
            lambda handler, method, path, query: (data := big_blob(handler, path)) is not None and
            (handler.error(404) if data == fast else handler.drip(data, MIB // 16, 100000)), [fast, slow])
        ranges = [entry["range"] for entry in source.log if entry["range"]]
        self.assertEqual(len(ranges), 1)

    def test_slow_everywhere_is_no_reason_to_run_about(self):
        """More than twice what counts as a drip: a busy machine sleeps longer than it is told to."""
        drip = lambda handler, method, path, query: (data := big_blob(handler, path, MIB // 4)) is not None and handler.drip(data, 0, 80000)  # noqa: E731
        source, mirror = self.with_mirror(drip, [os.urandom(MIB // 2 + 9)])
        self.assertEqual(source.count("GET", "/blobs/"), 0)

    def test_a_mirror_that_says_wrong_tags_is_not_asked(self):
        def stale(handler, method, path, query):
            return path.endswith("/manifests/1") and handler.reply(200, b"{}", Content_Type=IMAGE, Docker_Content_Digest=digest_of(b"{}"))
        self.with_mirror(stale, [b"x" * 100])


    def test_an_origin_that_is_out_of_reach_is_not_waited_for(self):
        """Everything comes from the mirror; who signed the images is asked of the origin once, not once per image."""
        source, destination = self.pair([b"x" * 100])
        source.put_image("team/app", "2", [b"y" * 100])
        mirror = self.registry()
        mirror.blobs, mirror.manifests = source.blobs, source.manifests
        signature = json.dumps({"schemaVersion": 2, "mediaType": IMAGE, "artifactType": "application/x-signature", "subject": {
            "mediaType": IMAGE, "digest": self.digest, "size": 1}, "layers": [],
            "config": {"mediaType": "application/vnd.oci.empty.v1+json", **source.put_blob("team/app", b"{}")}}).encode()
        signed = source.put_manifest("team/app", "signature", IMAGE, signature)
        listed = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [{"mediaType": IMAGE, "digest": signed, "size": len(signature)}]})
        mirror.rules.append(lambda handler, method, path, query: path.endswith(f"/referrers/{self.digest}") and
                            handler.reply(200, listed.encode(), Content_Type=INDEX))
        source.rules.append(lambda handler, method, path, query: handler.hang_up())
        began = time.monotonic()
        self.copy(source, destination, tag=":1", SYNC_MIRRORS=f"{source.host} {mirror.url} resolve", SYNC_REFERRERS="1")
        self.assert_copied(source, destination)
        self.assertIn(("team/app", signed), destination.manifests, "the mirror's word counts, so it was asked instead")
        self.assertEqual(len(source.log), 1)
        self.assertLess(time.monotonic() - began, 5)


class PullLimit(Case):
    def limited(self, tags, left, window=";w=21600"):
        source, destination = self.pair()
        for i in range(2, tags + 1):
            source.put_image("team/app", str(i), [b"%d" % i])
        self.left = left

        def count(handler, method, path, query):
            if "/manifests/" not in path:
                return False
            if method == "GET":
                with source.lock:
                    self.left -= 1
                if self.left < 0:
                    return handler.error(429, "TOOMANYREQUESTS", "You have reached your pull rate limit")
            found = source.manifests[path.split("/manifests/")[0][4:], path.rsplit("/", 1)[1]]
            return handler.reply(200, found[1], Content_Type=found[0], Docker_Content_Digest=digest_of(found[1]),
                                 ratelimit_limit="100" + window, ratelimit_remaining=f"{self.left}{window}")
        source.rules.append(count)
        return source, destination

    def test_the_limit_is_not_run_into(self):
        source, destination = self.limited(30, 20)
        for tag in range(1, 31):  # what the destination has is looked at, not read: that does not count
            kind, data = source.manifests["team/app", str(tag)]
            if tag <= 5:
                destination.put_manifest("team/app", str(tag), kind, data)
        self.copy(source, destination, tag="", expect=1)
        self.assertIn("not asked: no pull is left, of the limit over 6 hours", self.output)
        gets = source.count("GET", "/manifests/")
        self.assertLessEqual(gets, 20)
        self.assertGreaterEqual(gets, 19)
        self.assertIn("skipped 5 failed 0 refused", self.output)
        self.assertEqual(len([n for r, n in destination.manifests if ":" not in n]), 5 + gets)

    def test_other_limits_of_that_name_are_none(self):
        source, destination = self.limited(3, 100, "")
        self.left = 3
        self.copy(source, destination, tag="")
        self.assert_copied(source, destination)
