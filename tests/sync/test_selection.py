"""What is copied: lists of tags, platforms."""
import json
import os
import re
from pathlib import Path

from case import COPY, MIB, Case
from registry import IMAGE, INDEX


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


class Requests(Case):
    """What is asked, where many tags are wanted."""

    def many(self):
        source, destination = self.pair()
        for i in range(2, 41):
            source.put_image("team/app", str(i), [b"%d" % i])
        self.copy(source, destination, tag="", SYNC_REFERRERS="1")
        self.assertIn("copied 40", self.output)
        self.assert_copied(source, destination)
        return source, destination

    def test_nothing_is_asked_twice_and_little_before_it_is_sent(self):
        source, destination = self.many()
        self.assertEqual(source.count("HEAD", ""), 0, "a manifest that is read says its digest itself")
        self.assertEqual(source.count("GET", "/manifests/"), 40)
        self.assertLessEqual(source.count("GET", "/referrers/"), 8, "a registry without that API says so once")
        self.assertEqual(destination.count("HEAD", ""), 0, "its list of tags is empty, and the blobs are small")
        self.assertEqual(destination.count("POST", "/uploads/"), 40 + 41 + 1, "configs, layers, and one to see whether pushing is allowed")

    def test_a_second_run_asks_each_side_once(self):
        source, destination = self.many()
        source.log.clear(), destination.log.clear()
        self.copy(source, destination, tag="", SYNC_REFERRERS="1")
        self.assertIn("skipped 40", self.output)
        self.assertEqual((source.count("HEAD", "/manifests/"), len(source.log)), (40, 42), "and one list of tags, and whether there is one of referrers")
        self.assertEqual((destination.count("HEAD", "/manifests/"), len(destination.log)), (40, 41))

    def test_ten_thousand_tags(self):
        """Page after page on both sides; all that is kept of a tag is what the report says of it."""
        source, destination = self.pair()
        kind, data = source.manifests["team/app", "1"]
        names = [f"v{i}" for i in range(10000)]
        for name in names:
            source.manifests["team/app", name] = destination.manifests["team/app", name] = (kind, data)
        del source.manifests["team/app", "1"], destination.manifests["team/app", names[5000]], destination.manifests["team/app", names[-1]]

        def pages(handler, method, path, query):
            if not path.endswith("/tags/list"):
                return False
            here = sorted(n for r, n in handler.registry.manifests if r == "team/app" and ":" not in n)
            first = int(query.get("last", 0))
            more = {"Link": f'</v2/team/app/tags/list?n=1000&last={first + 1000}>; rel="next"'} if first + 1000 < len(here) else {}
            return handler.reply(200, json.dumps({"tags": here[first:first + 1000]}).encode(), **more)
        peaks = []

        def weigh(handler, method, path, query):
            if method == "PUT" and "/manifests/" in path:  # the plan is made by now, and whole
                running = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
                peaks.extend(int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{one}/status").read_text())[1]) * 1024 for one in running)
            return False
        source.rules.append(pages), destination.rules.extend((pages, weigh))
        self.copy(source, destination, tag="")
        self.assertIn("copied 2 mounted 0 skipped 9998 failed 0 refused 0", self.output)
        self.assertEqual((source.count("GET", "tags/list"), destination.count("GET", "tags/list")), (10, 10))
        self.assertEqual({n for r, n in destination.manifests if ":" not in n}, set(names))
        self.assertEqual(source.count("HEAD", "/manifests/"), 9998)
        self.assertEqual(len(peaks), 2)
        if b"__asan_init" not in Path(COPY).read_bytes():  # a sanitizer's bookkeeping is no figure of ours
            self.assertLess(max(peaks), 64 * MIB)

    def test_what_an_interrupted_run_left_is_found_where_it_is_large(self):
        source, destination = self.pair([os.urandom(MIB)])
        for i in range(2, 21):
            source.put_image("team/app", str(i), [b"%d" % i])
        destination.blobs.update({key: data for key, data in source.blobs.items() if len(data) >= MIB})
        self.copy(source, destination, tag="")
        self.assert_copied(source, destination)
        self.assertLess(self.bytes_read(), MIB)


class Foreign(Case):
    def test_foreign_layers_stay_where_they_are(self):
        source, destination = self.pair()
        inside = json.loads(source.manifests["team/app", "1"][1])
        inside["layers"].insert(0, {"mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "size": 99,
                                    "digest": "sha256:" + "1" * 64, "urls": ["https://blobs.example.com/windows"]})
        data = json.dumps(inside).encode()
        source.put_manifest("team/app", "win", IMAGE, data)
        self.copy(source, destination, tag=":win")
        self.assertEqual(destination.manifests["team/app", "win"][1], data)
        self.assertIn("NOTE 1 foreign layer(s) not copied", self.output)
        self.assertEqual(source.count("GET", "1" * 64), 0)
        other = self.registry()
        other.rules.append(lambda handler, method, path, query: method == "PUT" and "/manifests/" in path and
                           handler.error(400, "MANIFEST_INVALID", "invalid URL on layer"))
        self.copy(source, other, tag=":win", expect=1)
        self.assertIn("validation.manifests.urls", self.output)
