"""`mirrorctl sync` against real docker-registry processes with TLS and token auth; skopeo judges."""

import json
import os
import signal
import subprocess
import time
import unittest

import registries
from registries import Lab

TIMEOUT = 120


@unittest.skipIf(registries.missing(), registries.missing() or "")
class Sync(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = Lab()
        cls.addClassCleanup(cls.lab.close)
        cls.S, cls.D = cls.lab.source, cls.lab.destination
        cls.indexes = {tag: cls.S.tag_index("app/web", tag, tag) for tag in ("1.4", "1.5")}
        cls.single = cls.S.tag_image("app/web", "single", "single")

    def environment(self, **more):
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(self.lab.folder), "LANG": "C.UTF-8", **more}

    def command(self, *words):
        state = self.lab.folder / "state"
        return [os.environ["MIRRORCTL"], "--state-dir", str(state), "sync", *map(str, words)]

    def run_sync(self, *words, code=0, stdin=None, auth=True, **env):
        words = ("--auth", self.lab.auth, *words) if auth else words
        done = subprocess.run(self.command(*words), env=self.environment(**env), input=stdin, capture_output=True, text=True, timeout=TIMEOUT)
        self.assertEqual(done.returncode, code, f"{done.args}\n{done.stdout}\n{done.stderr}")
        for secret in (Lab.PASSWORD,):
            self.assertNotIn(secret, done.stdout + done.stderr)
        return done

    def sync(self, *words, **more):
        return json.loads(self.run_sync("--json", *words, **more).stdout)

    def rules(self, text, name="images.json"):
        path = self.lab.folder / name
        text = text if isinstance(text, str) else json.dumps(text, indent=1)
        path.write_text(text.replace("S/", f"{self.S.host}/").replace("D/", f"{self.D.host}/"))
        return path

    def skopeo_digest(self, registry, repository, tag):
        done = subprocess.run(["skopeo", "inspect", "--raw", "--tls-verify=false", "--creds", f"{Lab.USER}:{Lab.PASSWORD}",
                               f"docker://{registry.host}/{repository}:{tag}"], capture_output=True, timeout=TIMEOUT)
        self.assertEqual(done.returncode, 0, done.stderr)
        return registries.digest_of(done.stdout)

    def whole_by_skopeo(self, repository, tag):
        """skopeo can read all of it: every child, config and layer."""
        target = self.lab.folder / f"whole-{repository.replace('/', '-')}-{tag}"
        done = subprocess.run(["skopeo", "copy", "--all", "--src-tls-verify=false", "--src-creds", f"{Lab.USER}:{Lab.PASSWORD}",
                               f"docker://{self.D.host}/{repository}:{tag}", f"oci:{target}:x"], capture_output=True, text=True, timeout=TIMEOUT)
        self.assertEqual(done.returncode, 0, done.stderr)

    # ---- the seed's jobs -----------------------------------------------------------------------------------------------------------

    def test_every_rule_form(self):
        digest = self.indexes["1.4"]
        file = self.rules({"S/app/web": "D/all/web", "S/app/web:1.4": "D/one/web", "S/app/web:1.4, 1.5": "D/list/web:old,new",
                           "S/app/web:/^1\\.[0-9]+$/": ["D/regex/web", "D/${TEAM}/web"], f"S/app/web@{digest}": "D/digest/web:pinned",
                           f"S/app/web:single@{self.single}": "D/named/web"})
        report = self.sync("--images", file, TEAM="blue")
        self.assertEqual({image["outcome"] for image in report["images"]} - {"copied", "mounted"}, set(), report)
        self.assertTrue(report["changed"])
        both = ["1.4", "1.5"]
        for repository, tags in {"all/web": [*both, "single"], "one/web": ["1.4"], "list/web": ["new", "old"], "regex/web": both,
                                 "blue/web": both, "digest/web": ["pinned"], "named/web": ["single"]}.items():
            self.assertEqual(self.D.tags(repository), tags, repository)
        self.assertEqual(self.skopeo_digest(self.D, "list/web", "new"), self.indexes["1.5"])
        self.assertEqual(self.skopeo_digest(self.D, "digest/web", "pinned"), digest)
        for tag in both:
            self.assertEqual(self.skopeo_digest(self.D, "all/web", tag), self.skopeo_digest(self.S, "app/web", tag))
            self.whole_by_skopeo("regex/web", tag)
        for image in report["images"]:
            self.assertEqual(image["source_digest"], image["destination_digest"], image)

        again = self.sync("--images", file, TEAM="blue")
        self.assertEqual({image["outcome"] for image in again["images"]}, {"skipped"}, again)
        self.assertFalse(again["changed"])
        self.assertEqual(again["totals"]["bytes_read"], 0)

    def test_yaml_rules_and_logins(self):
        auth = self.lab.folder / "auth.yaml"
        auth.write_text("".join(f'"{r.host}":\n  username: {Lab.USER}\n  password: $PASS\n  ca_file: {self.lab.certificates.ca}\n'
                                for r in (self.S, self.D)))
        auth.chmod(0o600)
        file = self.rules("# nightly\nS/app/web:1.4,1.5:\n  - D/yaml/a\n  - D/yaml/b\n", "images.yaml")
        self.run_sync("--auth", auth, "--images", file, auth=False, PASS=Lab.PASSWORD)
        self.assertEqual((self.D.tags("yaml/a"), self.D.tags("yaml/b")), (["1.4", "1.5"], ["1.4", "1.5"]))

    def test_references_to_a_project(self):
        self.run_sync(f"{self.S.host}/app/web:1.4", "--to", f"{self.D.host}/google_containers")
        self.assertEqual(self.skopeo_digest(self.D, "google_containers/web", "1.4"), self.indexes["1.4"])
        self.run_sync("-", "--to", f"{self.D.host}/listed", stdin=f"# mine\n{self.S.host}/app/web:1.5  # new\n\n{self.S.host}/app/web:single\n")
        self.assertEqual(self.D.tags("listed/web"), ["1.5", "single"])
        self.run_sync(f"{self.S.host}/app/web:1.4", "--to", f"{self.D.host}/deep", "--keep-path")
        self.assertEqual(self.D.tags("deep/app/web"), ["1.4"])

    def test_platform_filter(self):
        report = self.sync("--arch", "arm64", "--os", "linux", "--images", self.rules({"S/app/web:1.4": "D/arm/web"}))
        image = report["images"][0]
        self.assertEqual(image["outcome"], "copied")
        self.assertNotEqual(image["destination_digest"], self.indexes["1.4"])
        self.assertTrue(any("filter" in note for note in image["notes"]), image)
        index = json.loads(self.D.manifest("arm/web", "1.4")[0])
        self.assertEqual([child["platform"]["architecture"] for child in index["manifests"]], ["arm64"])
        self.assertEqual(index["annotations"], {"kept": "yes"})
        keeps_all = self.sync("--arch", "amd64,arm64", "--images", self.rules({"S/app/web:1.4": "D/both/web"}))
        self.assertEqual(keeps_all["images"][0]["destination_digest"], self.indexes["1.4"])
        nobody = self.sync("--arch", "s390x", "--images", self.rules({"S/app/web:1.4": "D/none/web"}), code=1)
        self.assertEqual(nobody["images"][0]["outcome"], "failed")
        unknown = self.sync("--arch", "amd46", "--images", self.rules({"S/app/web:1.4": "D/none/web"}), code=2)
        self.assertIn("did you mean amd64?", unknown["error"]["hint"])
        self.assertEqual(self.D.tags("none/web"), [])

    # ---- before the first byte -----------------------------------------------------------------------------------------------------

    def test_dry_run_moves_nothing(self):
        report = self.sync("--dry-run", "--images", self.rules({"S/app/web": "D/dry/web"}))
        self.assertEqual({image["outcome"] for image in report["images"]}, {"planned"})
        self.assertGreater(report["totals"]["bytes_read"], 6000)
        self.assertEqual(self.D.tags("dry/web"), [])
        self.assertEqual([line for method in ("POST", "PUT") for line in self.D.lines(method, "/dry/web/manifests/")], [])

    def test_wrong_rules_start_nothing(self):
        file = self.rules('{\n "S/app/web:1.4,1.5": "D/bad/web:x",\n "S/app/web:/v(/": "D/bad/web",\n "S/app/web:1.4": "D/bad/web"\n}\n')
        report = self.sync("--images", file, code=2)
        self.assertEqual([error["line"] for error in report["errors"]], [2, 3])
        self.assertEqual(self.D.tags("bad/web"), [])
        auth = self.lab.folder / "typo.json"
        auth.write_text(json.dumps({self.S.host: {"usrname": "u"}}))
        done = self.run_sync("--auth", auth, "--images", file, auth=False, code=2)
        self.assertIn("did you mean username?", done.stderr)

    def test_collisions_are_refused(self):
        self.S.tag_image("other/web", "1.4", "other")
        done = self.run_sync(f"{self.S.host}/app/web:1.4", f"{self.S.host}/other/web:1.4", "--to", f"{self.D.host}/clash", code=2)
        self.assertIn("two sources for one name", done.stderr)
        self.assertEqual(self.D.tags("clash/web"), [])
        # Only the registries know that both have a tag 1.4: then none of the two is copied, the others are.
        report = self.sync("--images", self.rules({"S/app/web": "D/meet/web", "S/other/web": "D/meet/web"}), code=1)
        self.assertEqual([image["source"] for image in report["images"] if image["outcome"] == "failed"],
                         [f"{self.S.host}/app/web:1.4", f"{self.S.host}/other/web:1.4"])
        self.assertEqual(self.D.tags("meet/web"), ["1.5", "single"])
        done = self.run_sync("--images", self.rules({"D/x/web:1": "D/x/web"}), code=2)
        self.assertIn("are the same", done.stderr)

    def test_nothing_selected(self):
        report = self.sync("--images", self.rules({"S/app/web:/^nope$/": "D/no/web"}), code=9)
        self.assertEqual(report["images"], [])
        self.assertTrue(report["warnings"], report)

    # ---- failures ------------------------------------------------------------------------------------------------------------------

    def test_failed_ones_are_rules_again(self):
        failed, written = self.lab.folder / "failed.json", self.lab.folder / "report.json"
        file = self.rules({"S/app/web:1.4": "D/part/web", "S/late/app:9": ["D/part/late", "D/part/later:x"]})
        report = self.sync("--images", file, "--failed", failed, "--report", written, code=1)
        self.assertEqual(json.loads(written.read_text()), report)
        self.assertEqual(self.D.tags("part/web"), ["1.4"])
        self.assertEqual(json.loads(failed.read_text()),
                         {f"{self.S.host}/late/app:9": [f"{self.D.host}/part/late", f"{self.D.host}/part/later:x"]})
        self.S.tag_image("late/app", "9", "late")
        self.run_sync("--images", failed, "--failed", failed)
        self.assertEqual((self.D.tags("part/late"), self.D.tags("part/later")), (["9"], ["x"]))
        self.assertEqual(json.loads(failed.read_text()), {})

    def test_wrong_password(self):
        auth = self.lab.folder / "wrong.json"
        auth.write_text(json.dumps({r.host: {"username": Lab.USER, "password": "hunter2", "ca_file": str(self.lab.certificates.ca)}
                                    for r in (self.S, self.D)}))
        done = self.run_sync("--json", "--auth", auth, "--images", self.rules({"S/app/web:1.4": "D/wrong/web"}), auth=False, code=1)
        self.assertNotIn("hunter2", done.stdout + done.stderr)
        self.assertIn("others can read the passwords", done.stderr)
        self.assertEqual(json.loads(done.stdout)["images"][0]["outcome"], "failed")

    def test_dockers_logins(self):
        file = self.rules({"S/app/web:1.5": "D/docker/web"})
        auth = self.lab.folder / "only-ca.json"
        auth.write_text(json.dumps({r.host: {"ca_file": str(self.lab.certificates.ca)} for r in (self.S, self.D)}))
        self.run_sync("--auth", auth, "--images", file, auth=False, code=1)
        config = self.lab.folder / "dockerhome"
        config.mkdir()
        secret = registries.base64.b64encode(f"{Lab.USER}:{Lab.PASSWORD}".encode()).decode()
        (config / "config.json").write_text(json.dumps({"auths": {r.host: {"auth": secret} for r in (self.S, self.D)}}))
        self.run_sync("--auth", auth, "--images", file, auth=False, DOCKER_CONFIG=str(config))
        self.assertEqual(self.D.tags("docker/web"), ["1.5"])

    # ---- the middle of a run -------------------------------------------------------------------------------------------------------

    def interrupted_copy(self, name, number):
        """Ends a slow copy of four layers in its middle; what the second run reads, of all bytes."""
        size = 6 << 20
        self.S.tag_image(f"big/{name}", "1", name, sizes=[size] * 4)
        file = self.rules({f"S/big/{name}:1": f"D/big/{name}"})
        slow = subprocess.Popen(self.command("--auth", self.lab.auth, "--images", file, "--rate", "6MiB", "-p", "1"), env=self.environment(),
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            deadline = time.monotonic() + 60
            done = lambda: len(self.D.lines("PUT", f"/big/{name}/blobs/"))  # noqa: E731
            while done() < 3 and slow.poll() is None and time.monotonic() < deadline:
                time.sleep(0.05)
            self.assertIsNone(slow.poll(), "it ended too early")
            slow.send_signal(number)
            slow.wait(30)
        finally:
            if slow.poll() is None:
                slow.kill()
                slow.wait()
            slow.stderr.close()
        self.assertEqual(slow.returncode, -number)
        self.assertEqual(self.D.tags(f"big/{name}"), [], "a partial tag")
        report = self.sync("--images", file)
        self.assertEqual(self.skopeo_digest(self.D, f"big/{name}", "1"), self.skopeo_digest(self.S, f"big/{name}", "1"))
        return report["totals"]["bytes_read"] / (4 * size)

    def test_kill_and_again(self):
        self.assertLess(self.interrupted_copy("killed", signal.SIGKILL), 0.55)

    def test_ctrl_c_and_again(self):
        self.assertLess(self.interrupted_copy("stopped", signal.SIGINT), 0.55)

    def test_registries_that_die_and_come_back(self):
        """Each in the middle of a copy, for three seconds: the copy goes on, and reads again only what a dead destination had half."""
        size = 6 << 20
        digest = self.S.tag_image("big/away", "1", "away", sizes=[size] * 4)
        for who, most in ((self.S, 4 * size + 10000), (self.D, 6 * size)):
            file = self.rules({"S/big/away:1": f"D/away/{who.name}"})
            report = self.lab.folder / "away.json"
            run = subprocess.Popen(self.command("--auth", self.lab.auth, "--images", file, "--rate", "6MiB", "-p", "2", "--report", report),
                                   env=self.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            try:
                time.sleep(1.5)
                who.kill()
                time.sleep(3)
                self.assertTrue(who.start())
                _, errors = run.communicate(timeout=TIMEOUT)
            finally:
                if run.poll() is None:
                    run.kill()
                    run.communicate()
            self.assertEqual(run.returncode, 0, errors)
            self.assertEqual(self.D.manifest(f"away/{who.name}", "1")[1], digest)
            self.assertLessEqual(json.loads(report.read_text())["totals"]["bytes_read"], most)

    def test_three_runs_at_once(self):
        self.S.tag_image("big/crowd", "1", "crowd", sizes=[3 << 20] * 3)
        file = self.rules({"S/big/crowd:1": "D/crowd/app", "S/app/web": "D/crowd/web"})
        runs = [subprocess.Popen(self.command("--auth", self.lab.auth, "--images", file), env=self.environment(), stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True) for _ in range(3)]
        for run in runs:
            out, _ = run.communicate(timeout=TIMEOUT)
            self.assertEqual(run.returncode, 0, out)
        self.assertEqual(self.skopeo_digest(self.D, "crowd/app", "1"), self.skopeo_digest(self.S, "big/crowd", "1"))
        self.whole_by_skopeo("crowd/web", "1.5")

    def test_force_brings_back_what_the_destination_lost(self):
        self.S.tag_image("big/lost", "1", "lost", sizes=[40000])
        file = self.rules({"S/big/lost:1": "D/lost/app"})
        self.run_sync("--images", file)
        lost = json.loads(self.D.manifest("lost/app", "1")[0])["layers"][0]["digest"].removeprefix("sha256:")
        (self.D.folder / f"data/docker/registry/v2/blobs/sha256/{lost[:2]}/{lost}/data").unlink()
        self.assertEqual(self.sync("--images", file)["totals"]["skipped"], 1, "the manifest is there: nothing tells")
        self.assertEqual(self.sync("--images", file, "--force")["totals"]["bytes_written"], 40000)
        self.whole_by_skopeo("lost/app", "1")

    def test_odd_images(self):
        """127 layers, empty ones, one that is listed three times, an index in an index in an index."""
        same, none = b"same" * 999, b""
        S, entry = self.S, lambda kind, data: {"mediaType": kind, "size": len(data), "digest": registries.digest_of(data)}
        layers = [b"%d" % i for i in range(122)] + [none, same, same, same, none]
        config = json.dumps({"architecture": "amd64", "os": "linux"}).encode()
        for blob in {*layers, config}:
            S.put_blob("odd/app", blob)
        image = json.dumps({"schemaVersion": 2, "mediaType": registries.MANIFEST, "config": entry(registries.CONFIG, config),
                            "layers": [entry(registries.LAYER, layer) for layer in layers]}, indent=1).encode()
        self.assertEqual(len(layers), 127)
        S.put_manifest("odd/app", registries.digest_of(image), image, registries.MANIFEST)
        inner, kind = image, registries.MANIFEST
        for depth in range(3):
            inner = json.dumps({"schemaVersion": 2, "mediaType": registries.INDEX, "manifests": [entry(kind, inner)]}, indent=depth).encode()
            S.put_manifest("odd/app", "nested" if depth == 2 else registries.digest_of(inner), inner, registries.INDEX)
            kind = registries.INDEX
        self.run_sync("--images", self.rules({"S/odd/app:nested": "D/odd/app"}))
        self.assertEqual(self.D.manifest("odd/app", "nested")[0], inner)
        self.assertEqual(self.D.manifest("odd/app", registries.digest_of(image))[0], image)
        for layer in (none, same):
            self.assertEqual(self.D.ask("GET", f"/v2/odd/app/blobs/{registries.digest_of(layer)}")[2], layer)

    # ---- for the nodes -------------------------------------------------------------------------------------------------------------

    def test_emitted_profile(self):
        profile = self.lab.folder / "site.yaml"
        self.run_sync(f"{self.S.host}/app/web:1.4", "--to", f"{self.D.host}/mirror", "--keep-path", "--emit-profile", profile)
        text = profile.read_text()
        self.assertIn(f"https://{self.D.host}/v2/mirror", text)
        self.assertIn(self.indexes["1.4"], text)
        shown = subprocess.run([os.environ["MIRRORCTL"], "profile", "show", str(profile)], capture_output=True, text=True, timeout=TIMEOUT)
        self.assertEqual(shown.returncode, 0, shown.stderr)
        bench = subprocess.run([os.environ["MIRRORCTL"], "--state-dir", str(self.lab.folder / "state"), "bench", "--json", "--profile", str(profile)],
                               capture_output=True, text=True, timeout=TIMEOUT, env=self.environment())
        ranking = json.loads(bench.stdout)["upstreams"][self.S.host]["ranking"]
        self.assertIn(f"https://{self.D.host}/v2/mirror", [entry["url"] for entry in ranking])

    def test_sources_through_a_mirror(self):
        """Tags from the mirror that may resolve, all bytes from the mirror, and the origin as the last resort."""
        M = self.lab.add("mirror")
        self.lab.write_auth()
        for registry in (self.S, M):
            registry.tag_image("far/app", "1", "far", sizes=[400_000, 90_000])
        self.S.tag_image("far/app", "2", "origin only")
        profile = self.lab.folder / "near.yaml"
        profile.write_text(f"""schema: mirrorctl.profile/1
name: near
upstreams:
  "{self.S.host}":
    origin: https://{self.S.host}
    canary:
      - image: far/app:1
    mirrors:
      - url: https://{M.host}
        trust: resolve
        ca: {self.lab.certificates.ca}
""")
        report = self.sync("--profile", profile, "--images", self.rules({"S/far/app:1,2": "D/near/app"}))
        self.assertEqual([image["outcome"] for image in report["images"]], ["copied", "copied"], report)
        self.assertEqual(self.skopeo_digest(self.D, "near/app", "1"), self.skopeo_digest(self.S, "far/app", "1"))
        read = self.S.lines("GET", "/v2/far/app/blobs/")
        self.assertGreaterEqual(len(M.lines("GET", "/v2/far/app/blobs/")), 3)
        self.assertEqual(len(read), 2, "config and layer of the tag that only the origin has")


if __name__ == "__main__":
    unittest.main(verbosity=2)
