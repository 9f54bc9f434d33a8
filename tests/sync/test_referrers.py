"""Lists of referrers where the destination has no API for them: a tag that several may write at the same time."""
import json

from case import Case
from registry import IMAGE, INDEX, digest_of


class Pages(Case):
    def signed(self, count, link):
        """Signatures without tags, listed by the API, one a page; `link` says where page i leads."""
        source, destination = self.pair()
        config = source.put_blob("team/app", b"{}")
        self.artifacts = []
        for i in range(count):
            artifact = json.dumps({"schemaVersion": 2, "mediaType": IMAGE, "layers": [], "annotations": {"number": str(i)},
                                   "config": {"mediaType": "application/vnd.oci.empty.v1+json", **config},
                                   "subject": {"mediaType": IMAGE, "digest": self.digest, "size": 1}}).encode()
            self.artifacts.append((source.put_manifest("team/app", digest_of(artifact), IMAGE, artifact), len(artifact)))

        def answer(handler, method, path, query):
            if not path.endswith(f"/referrers/{self.digest}"):
                return False
            page = int(query.get("page", 0))
            more = {"Link": link(path, page + 1)} if page + 1 < count else {}
            digest, size = self.artifacts[page % len(self.artifacts)]
            return handler.reply(200, json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [
                {"mediaType": IMAGE, "digest": digest, "size": size}]}).encode(), Content_Type=INDEX, **more)
        source.rules.append(answer)
        return source, destination

    def test_every_page_is_read(self):
        source, destination = self.signed(4, lambda path, page: f'<{path}?page={page}>; rel="next"')
        self.copy(source, destination, SYNC_REFERRERS="1")
        for digest, _ in self.artifacts:
            self.assertIn(("team/app", digest), destination.manifests)

    def test_one_that_comes_after_the_image(self):
        source, destination = self.signed(1, None)
        self.copy(source, destination)
        self.assertNotIn(("team/app", self.artifacts[0][0]), destination.manifests, "without being asked for")
        self.copy(source, destination, SYNC_REFERRERS="1")
        self.assertIn(("team/app", self.artifacts[0][0]), destination.manifests)
        self.assertIn("NOTE the image was there, not all that refers to it", self.output)
        self.copy(source, destination, SYNC_REFERRERS="1")
        self.assertIn("copied 0 mounted 0 skipped 1", self.output)

    def test_a_source_that_fails_at_lists_is_asked_once(self):
        source, destination = self.pair()
        for i in range(20):
            source.put_image("team/app", f"v{i}", [b"%d" % i])
        self.copy(source, destination, tag="")
        source.rules.append(lambda handler, method, path, query: "/referrers/" in path and handler.cut(b"{" * 100, 5))
        source.log.clear()
        self.copy(source, destination, tag="", SYNC_REFERRERS="1")
        self.assertIn("skipped 21 failed 0", self.output)
        self.assertEqual(self.output.count("WARNING not looked for new signatures and such: "), 1)
        self.assertEqual(source.count("GET", "/referrers/"), 1)

    def test_pages_in_a_circle_or_elsewhere(self):
        for link in (lambda path, page: f'<{path}?page=0>; rel="next"', lambda path, page: f'<http://127.0.0.2:9{path}?page={page}>; rel="next"'):
            source, destination = self.signed(3, link)
            self.copy(source, destination, SYNC_REFERRERS="1")
            self.assert_copied(source, destination)
            self.assertIn("NOTE signatures and such not copied: list of referrers not complete", self.output)
            self.assertLess(source.count("GET", "/referrers/"), 5)


class FallbackTags(Case):
    def signed(self, count):
        """An image and `count` artifacts about it, each with a tag of its own."""
        source, destination = self.pair()
        self.artifacts = []
        for i in range(count):
            config = source.put_blob("team/app", b"{}")
            artifact = json.dumps({"schemaVersion": 2, "mediaType": IMAGE, "artifactType": "application/x-signature",
                                   "config": {"mediaType": "application/vnd.oci.empty.v1+json", **config}, "layers": [],
                                   "subject": {"mediaType": IMAGE, "digest": self.digest, "size": 1}, "annotations": {"number": str(i)}})
            self.artifacts.append(source.put_manifest("team/app", f"signature{i}", IMAGE, artifact.encode()))
        self.tag = self.digest.replace(":", "-")
        return source, destination

    def listed(self, destination):
        return {entry["digest"] for entry in json.loads(destination.manifests["team/app", self.tag][1])["manifests"]}

    def others_write_after_us(self, destination, times):
        """Another run read the list before our entry was in it, and writes what it knows."""
        self.others, left = set(), [times]

        def rule(handler, method, path, query):
            if method != "PUT" or not path.endswith(self.tag) or not left[0]:
                return False
            left[0] -= 1
            before = destination.manifests.get(("team/app", self.tag), (INDEX, b'{"schemaVersion": 2, "manifests": []}'))
            index = json.loads(before[1])
            handler.reply(201, Docker_Content_Digest=digest_of(handler.body()))
            entry = {"mediaType": IMAGE, "digest": digest_of(b"%d" % left[0]), "size": 1}
            self.others.add(entry["digest"])
            index["manifests"].append(entry)
            destination.put_manifest("team/app", self.tag, INDEX, json.dumps(index).encode())
            return True
        destination.rules.append(rule)

    def test_many_of_one_image_in_one_run(self):
        source, destination = self.signed(20)
        self.copy(source, destination, tag="")
        self.assertEqual(self.listed(destination), set(self.artifacts))

    def test_a_lost_race_is_run_again(self):
        source, destination = self.signed(1)
        self.others_write_after_us(destination, 2)
        self.copy(source, destination, tag="")
        self.assertEqual(self.listed(destination), self.others | set(self.artifacts))
        self.assertEqual(len(self.others), 2)
        self.assertNotIn("takes ours out", self.output)

    def test_one_that_is_always_lost_is_told(self):
        source, destination = self.signed(1)
        self.others_write_after_us(destination, 100)
        self.copy(source, destination, tag="")
        self.assertIn(f"{destination.host}/team/app:{self.tag}: somebody else writes this list", self.output)
        self.assertLess(len(self.others), 6, "that is given up")

    def test_what_was_signed_at_the_destination_stays(self):
        """All tags, so the source's list is one of them: copied byte by byte, unless the destination's knows more."""
        source, destination = self.signed(2)
        entry = lambda digest: {"mediaType": IMAGE, "digest": digest, "size": len(source.manifests["team/app", digest][1])}  # noqa: E731
        put = lambda registry, *digests: registry.put_manifest("team/app", self.tag, INDEX, json.dumps(  # noqa: E731
            {"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry(digest) for digest in digests]}, indent=4).encode())
        first = put(source, self.artifacts[0])
        self.copy(source, destination, tag="")
        self.assertNotEqual(self.listed(destination) & set(self.artifacts), set())
        destination.manifests.clear()
        del source.manifests["team/app", "signature1"]
        self.copy(source, destination, tag="")
        self.assertEqual(digest_of(destination.manifests["team/app", self.tag][1]), first)
        second = put(source, *self.artifacts)
        self.copy(source, destination, tag="")
        self.assertEqual(digest_of(destination.manifests["team/app", self.tag][1]), second, "one that only grew is taken as it is")
        index = json.loads(destination.manifests["team/app", self.tag][1])
        index["manifests"] = [index["manifests"][0], {"mediaType": IMAGE, "digest": digest_of(b"theirs"), "size": 1}]
        destination.put_manifest("team/app", self.tag, INDEX, json.dumps(index).encode())
        self.copy(source, destination, tag="")
        self.assertEqual(self.listed(destination), {*self.artifacts, digest_of(b"theirs")})
        self.assertIn("NOTE a list of signatures and such: what the destination's had besides was kept", self.output)
        destination.log.clear()
        self.copy(source, destination, tag="")
        self.assertIn("copied 0 mounted 0 skipped 3", self.output)
        self.assertEqual(destination.count("PUT", ""), 0)
