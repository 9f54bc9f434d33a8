"""What went wrong for others, played: each story ends in a copy, or in words that say what to do."""
import json
import unittest

from case import Case, once
from registry import IMAGE, INDEX


class Destinations(Case):
    def test_harbor_wants_a_project(self):
        source, destination = self.pair(auth="basic")
        destination.projects = {"team"}
        self.list_host(destination, user="tester", password="secret")
        self.copy(source, destination, to="app", expect=1)
        self.assertIn("names no project", self.output)
        self.assertEqual(source.count("GET", "/blobs/"), 0, "found before anything moves")

    def test_refusals_in_plain_words(self):
        answers = {"immutable": (412, "PRECONDITION", "configured as immutable"), "read-only": (403, "DENIED", "The system is in read only mode"),
                   "proxy cache": (403, "DENIED", "can not push artifact to a proxy project")}
        for word, (status, code, message) in answers.items():
            with self.subTest(word):
                source, destination = self.pair()
                source.put_image("team/app", "2", [b"another"])
                destination.rules.append(lambda handler, method, path, query: method == "PUT" and path.endswith("/manifests/1") and
                                         handler.error(status, code, message))
                self.copy(source, destination, tag="", expect=1)
                self.assertIn(word, self.output)
                self.assertEqual(destination.count("PUT", "/manifests/1"), 1, "not repeated")
                self.assertIn(("team/app", "2"), destination.manifests, "the other image is there")

    def test_a_repository_that_must_exist_first(self):
        source, destination = self.pair()
        destination.rules.append(lambda handler, method, path, query: method == "POST" and handler.error(404, "NAME_UNKNOWN", "repository not found"))
        self.copy(source, destination, expect=1)
        self.assertIn("no such repository", self.output)
        self.assertEqual((destination.count("POST", ""), source.count("GET", "/blobs/")), (1, 0))

    def test_replicas_that_do_not_know_each_others_uploads(self):
        source, destination = self.pair([b"x" * 99999])
        destination.rules.append(once(lambda handler, method, path, query: method == "PUT" and "/uploads/" in path and
                                      handler.error(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")))
        self.copy(source, destination)
        self.assert_copied(source, destination)

    def test_blobs_that_are_there_and_are_not(self):
        """HEAD is answered from a cache that a sweep has not reached; the manifest is refused."""
        source, destination = self.pair([b"y" * 99999])
        digest = next(name for (_, name), data in source.blobs.items() if len(data) == 99999)
        destination.rules.append(lambda handler, method, path, query: method == "HEAD" and path.endswith(digest) and handler.reply(200))
        destination.rules.append(lambda handler, method, path, query: method == "PUT" and "/manifests/" in path and
                                 ("team/app", digest) not in destination.blobs and handler.error(400, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry"))
        self.copy(source, destination)
        self.assert_copied(source, destination)
        self.assertEqual(destination.count("PUT", "/manifests/"), 2)
        destination.blobs.clear()
        destination.manifests.clear()
        destination.rules[1] = lambda handler, method, path, query: method == "PUT" and "/manifests/" in path and handler.error(400, "MANIFEST_BLOB_UNKNOWN")
        self.copy(source, destination, expect=1)
        self.assertEqual(destination.count("PUT", "/manifests/"), 4, "once more, and no more")


    def test_two_that_store_the_same_manifest_at_once(self):
        """docker-registry: one of them is told that the digest of its bytes is wrong. At another moment it is not."""
        source, destination = self.pair()
        refuse = lambda handler, method, path, query: method == "PUT" and "/manifests/" in path and handler.error(  # noqa: E731
            400, "DIGEST_INVALID", "provided digest did not match uploaded content")
        destination.rules.append(once(refuse))
        self.copy(source, destination)
        self.assert_copied(source, destination)
        destination.rules[:] = [refuse]
        destination.log.clear()
        self.copy(source, destination, to="team/b", expect=1)
        self.assertEqual(destination.count("PUT", "/manifests/"), 4)


class Sources(Case):
    def test_storage_elsewhere_gets_no_credentials(self):
        """Same address, another port: still another host."""
        source, destination = self.pair([b"z" * 5000], auth=None)
        source.auth = "basic"
        storage = self.registry()
        storage.blobs = source.blobs
        source.rules.append(lambda handler, method, path, query: method == "GET" and "/blobs/" in path and handler.headers.get("Authorization") and
                            handler.reply(307, Location=f"{storage.url}{path}?signature=a%2Fb"))
        self.list_host(source, user="tester", password="secret")
        self.copy(source, destination)
        self.assert_copied(source, destination)
        self.assertEqual(storage.count("GET", "signature=a%2Fb$"), 2)
        self.assertEqual({entry["authorization"] for entry in storage.log}, {""})

    def test_a_realm_that_wants_the_password(self):
        for realm in ("http://169.254.169.254/token", "http://u:p@127.0.0.1/token", "ftp://127.0.0.1/token"):
            with self.subTest(realm):
                self.hosts = []
                source, destination = self.pair()
                source.rules.append(lambda handler, method, path, query: handler.error(401, WWW_Authenticate=f'Bearer realm="{realm}",service="x"'))
                self.list_host(source, user="tester", password="secret")
                self.copy(source, destination, expect=1)
                self.assertNotIn("secret", self.output)
                self.assertIn("REFUSED", self.output)
                self.assertRegex(self.output, "WARNING .*no login was sent: .*realm")
                self.assertEqual(source.count("GET", "token"), 0)

    def test_a_schema_1_image(self):
        source, destination = self.pair()
        source.put_manifest("team/app", "old", "application/vnd.docker.distribution.manifest.v1+prettyjws", b'{"schemaVersion": 1, "fsLayers": []}')
        self.copy(source, destination, tag="", expect=1)
        self.assertIn("schema 1", self.output)
        self.assert_copied(source, destination)
        self.assertNotIn(("team/app", "old"), destination.manifests)

    def index(self, source, more):
        """An index of one image and of `more(its digest)`."""
        image = source.put_image("team/app", "amd64", [b"image"])
        part = {"mediaType": IMAGE, "digest": image, "size": len(source.manifests["team/app", image][1]), "platform": {"os": "linux", "architecture": "amd64"}}
        return source.put_manifest("team/app", "1", INDEX, json.dumps(
            {"schemaVersion": 2, "mediaType": INDEX, "manifests": [part, {"mediaType": IMAGE, **more(image)}]}).encode())

    def attested(self, source):
        attestation = source.put_image("team/app", "attestation", [b"provenance"], "unknown")
        size = len(source.manifests["team/app", attestation][1])
        return attestation, self.index(source, lambda image: {"digest": attestation, "size": size, "platform": {"os": "unknown", "architecture": "unknown"}, "annotations": {
            "vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": image}})

    def test_a_registry_that_takes_no_attestations(self):
        """Huawei SWR: "fail to parse manifest.json"; the message names the way out, and the way works."""
        source, destination = self.registry(), self.registry()
        attestation, _ = self.attested(source)
        destination.rules.append(lambda handler, method, path, query: method == "PUT" and "/manifests/" in path and b"attestation-manifest" in handler.body() and
                                 handler.error(400, "MANIFEST_INVALID", "fail to parse manifest.json"))
        self.copy(source, destination, expect=1)
        self.assertIn("lists attestations", self.output)
        destination.manifests.clear()
        for outcome in ("copied 1", "skipped 1"):
            self.copy(source, destination, SYNC_ATTESTATIONS="drop")
            self.assertIn(outcome, self.output)
        self.assertIn("digest changed by the filter: 1 of 2", self.output)
        self.assertNotIn(("team/app", attestation), destination.manifests)
        self.assertEqual([len(json.loads(data)["manifests"]) for (_, name), (_, data) in destination.manifests.items() if name == "1"], [1])

    def test_a_sparse_index(self):
        source, destination = self.registry(), self.registry()
        self.index(source, lambda _: {"digest": "sha256:" + "7" * 64, "size": 700, "platform": {"os": "linux", "architecture": "arm64"}})
        self.copy(source, destination, expect=1)
        self.assertIn(f"the index is not whole: {source.host}/team/app has no sha256:{'7' * 64} (linux/arm64)", self.output)
        self.assertEqual(destination.manifests, {})
        self.copy(source, destination, SYNC_PLATFORMS="linux/amd64")
        self.assertIn("copied 1", self.output)

    def test_one_repository_that_does_not_answer(self):
        source, destination = self.pair()
        source.rules.append(lambda handler, method, path, query: "/gone/" in path and handler.error(404, "NAME_UNKNOWN"))
        code = self.run_copy(f"{source.host}/gone/app", f"{destination.host}/gone/app", "--", f"{source.host}/team/app:1", f"{destination.host}/team/app")
        self.assertEqual(code, 1)
        self.assert_copied(source, destination)

    def test_children_without_platform_and_nested_indexes(self):
        source, destination = self.registry(), self.registry()
        plain = source.put_image("team/app", "plain", [b"no platform"])
        other = source.put_image("team/app", "other", [b"arm"], "arm64")
        part = lambda digest, **more: {"mediaType": IMAGE, "digest": digest, "size": len(source.manifests["team/app", digest][1]), **more}  # noqa: E731
        inner = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [part(plain), part(other, platform={"os": "linux", "architecture": "arm64"})]}).encode()
        nested = source.put_manifest("team/app", "inner", INDEX, inner)
        outer = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [{**part(nested), "mediaType": INDEX}]}).encode()
        source.put_manifest("team/app", "outer", INDEX, outer)
        self.copy(source, destination, tag=":outer")
        self.assertEqual(destination.manifests["team/app", "outer"][1], outer)
        self.assertEqual(destination.manifests["team/app", nested][1], inner)
        self.copy(source, destination, tag=":inner", to="filtered/app", SYNC_PLATFORMS="linux/arm64")
        self.assertEqual(destination.manifests["filtered/app", "inner"][1], inner, "who has no platform is kept")
        self.copy(source, destination, tag=":inner", to="filtered/amd", SYNC_PLATFORMS="linux/amd64")
        self.assertIn("NOTE the index has no linux/amd64", self.output)
        self.assertIn(("filtered/amd", plain), destination.manifests)


if __name__ == "__main__":
    unittest.main()
