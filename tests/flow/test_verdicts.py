"""bench --json says the right thing about every fault that a mirror can have, politely and inside its budgets."""

import re
import unittest
from urllib.parse import urlsplit

import harness

USABLE, REJECTED, EITHER = "usable", "rejected", "either"

# mirror of faults.yaml -> verdict, what the reason must name (any of). EITHER: measured slow or rejected, but never in front.
GROUPS = {
    "healthy": {
        "ok-slow": (USABLE, ""), "ok-prefix": (USABLE, ""), "ok-base": (USABLE, ""), "ok-flat": (USABLE, ""), "ok-bearer": (USABLE, ""),
        "ok-tls": (USABLE, ""), "ok-tls-bearer": (USABLE, ""), "ok-redirect": (USABLE, ""), "no-range": (EITHER, ""),
        "stale-tag": (USABLE, ""),
    },
    "connections": {
        "hole": (REJECTED, "connect|time|answer"), "refused": (REJECTED, "refused|connect"), "tarpit": (REJECTED, "time|answer|stall"),
        "tarpit-tls": (REJECTED, "time|answer|stall|tls"), "empty": (REJECTED, "clos|empty|reset|answer|connection"),
        "garbage": (REJECTED, "http|protocol|answer"),
    },
    "refusals": {
        "html-all": (REJECTED, "html|web page"), "html-manifest": (REJECTED, "html|web page"), "html-blob": (REJECTED, "html|web page"),
        "unauthorized": (REJECTED, "401|auth|log ?in"), "unauthorized-basic": (REJECTED, "401|auth|log ?in|credential"),
        "manifest-403": (REJECTED, "403|forbid|den"), "manifest-404": (REJECTED, "404|not found|does not have|unknown"),
        "manifest-500": (REJECTED, "500|server"), "blob-403": (REJECTED, "403|forbid|den"), "blob-404": (REJECTED, "404|not found|does not have"),
        "rate-limit": (REJECTED, "429|rate|limit"), "rate-limit-retry": (REJECTED, "429|rate|limit"),
        "rate-limit-at-once": (REJECTED, "429|rate|limit"),
    },
    "lies": {
        "wrong-digest-header": (REJECTED, "digest|header"), "wrong-manifest": (REJECTED, "another manifest"),
        "wrong-blob": (REJECTED, "digest|content|bytes"), "wrong-media-type": (REJECTED, "media type|content.type"),
        "media-type-text": (REJECTED, "media type|content.type|text"), "size-larger": (REJECTED, "size|length|short|clos|bytes|end"),
        "size-smaller": (REJECTED, "size|length|digest|bytes|content"),
    },
    "time": {
        "delay": (EITHER, "time|answer|stall|delay|first byte|waits"), "delay-per-size": (EITHER, "time|answer|stall|delay|first byte|waits"),
        "burst": (EITHER, "throttl|burst|slow|stall"), "stall": (REJECTED, "stall|time|stop"), "stall-manifest": (REJECTED, "stall|time|stop|answer"),
        "reset": (REJECTED, "reset|clos|broke|connection"), "reset-manifest": (REJECTED, "reset|clos|broke|connection"),
    },
    "redirects": {
        "redirect-slow": (EITHER, "slow|time|stall"), "redirect-plain": (REJECTED, "http|redirect"), "redirect-loop": (REJECTED, "redirect"),
        "redirect-loop-manifest": (REJECTED, "redirect"), "redirect-dead": (REJECTED, "refused|connect|redirect"),
    },
    "too-much": {
        "endless-body": (REJECTED, "large|long|size|end|big|limit|more than"), "endless-blob": (REJECTED, "large|long|size|end|big|limit|more|digest|content"),
        "endless-headers": (REJECTED, "header|large|long"), "gzip-bomb": (REJECTED, "encod|gzip|compress|large|long|size|digest|content"),
        "gzip-bomb-blob": (REJECTED, "encod|gzip|compress|large|long|size|digest|content|more"),
    },
    "tokens": {
        "token-http-realm": (REJECTED, "realm|http|token"), "token-link-local": (REJECTED, "realm|token|address"),
        "token-huge": (REJECTED, "token|large|long"), "token-denied": (REJECTED, "403|token|den|auth"),
        "token-wrong": (REJECTED, "401|token|auth"), "token-html": (REJECTED, "token|html|json|realm"),
        "token-stall": (REJECTED, "token|stall|time|answer"),
    },
}

BYTES_PER_MIRROR = 12 << 20
REQUESTS_PER_MIRROR = 8
READ_AHEAD = 8 << 20  # what the kernel buffers on both sides before a client's "no more" arrives


class Tokens:
    """Tokens go where they belong and nowhere else."""

    def test_plain_realm_is_never_asked(self):
        asked = [line["path"] for line in self.lab.accesses("token")]
        self.assertFalse([path for path in asked if "token-http-realm" in path or "token-link-local" in path], asked)

    def test_no_login_is_sent(self):
        self.assertEqual({line["auth"] for line in self.lab.accesses("token")} - {""}, set())


class Redirects:
    def test_plain_http_target_is_never_asked(self):
        self.assertEqual(self.lab.accesses("cdn-plain"), [])


class Nothing:
    pass


MORE = {"tokens": Tokens, "redirects": Redirects}


def case_for(group, mirrors):
    """One bench per group, one test per mirror."""

    class Group(MORE.get(group, Nothing), harness.FlowCase):
        scenario = "faults.yaml"

        @classmethod
        def setUpClass(cls):
            box = harness.Sandbox()
            cls.addClassCleanup(box.close)
            lab = cls.shared_lab()
            profile = harness.profile_for(lab, only=["fast", *mirrors])
            cls.done = box.run("bench", "--profile", harness.write_profile(box, profile), "--json")
            cls.before = box.snapshot(skip=())
            cls.after = box.snapshot(skip=())

        def setUp(self):
            self.result = self.document(self.done, "bench", 0)
            self.ranking = self.result["upstreams"]["docker.io"]["ranking"]

        def of(self, name):
            found = [one for one in self.ranking if one["url"].rstrip("/") == self.lab.urls[name]]
            self.assertEqual(len(found), 1, f"{name} in {[one['url'] for one in self.ranking]}")
            return found[0]

        def test_fast_wins(self):
            self.assertEqual(self.ranking[0]["url"].rstrip("/"), self.lab.urls["fast"], str(self.done))
            self.assertEqual(self.ranking[0]["verdict"], "usable")

        def test_origin_is_a_candidate(self):
            self.assertEqual(self.of("origin")["verdict"], "usable")

        def test_ranking_is_in_order(self):
            times = [one["predicted_pull_seconds"] for one in self.ranking if one["verdict"] == "usable"]
            self.assertEqual(times, sorted(times))
            verdicts = [one["verdict"] for one in self.ranking]
            self.assertEqual(verdicts, sorted(verdicts, key=["usable", "rejected"].index))

        def test_time_budget(self):
            self.assertLessEqual(self.result["elapsed_seconds"], 10.5)

        def test_polite(self):
            for name in ("fast", "origin", *mirrors):
                lines = [line for line in self.lab.accesses(name) if line["method"]]
                self.assertLessEqual(len(lines), REQUESTS_PER_MIRROR, name)
                self.assertLessEqual(sum(line["bytes"] for line in lines), BYTES_PER_MIRROR + READ_AHEAD, name)

    for name, (verdict, words) in mirrors.items():
        def check(self, name=name, verdict=verdict, words=words):
            one = self.of(name)
            fast = self.ranking[0]
            if verdict != EITHER:
                self.assertEqual(one["verdict"], verdict, one)
            if one["verdict"] == USABLE:
                self.assertGreater(one["predicted_pull_seconds"], 0)
                self.assertGreaterEqual(one["samples"], 1)
                if verdict == EITHER:
                    self.assertGreater(one["predicted_pull_seconds"], fast["predicted_pull_seconds"])
            else:
                self.assertTrue(one["reason"], one)
                self.assertRegex(one["reason"], re.compile(words, re.IGNORECASE))
        setattr(Group, "test_" + name.replace("-", "_"), check)
    Group.__name__ = Group.__qualname__ = "Verdicts_" + group.replace("-", "_")
    return Group


for _group, _mirrors in GROUPS.items():
    _case = case_for(_group, _mirrors)
    globals()[_case.__name__] = _case
del _case


class Credentials_over_redirects(harness.FlowCase):
    scenario = "faults.yaml"

    def test_final_host_gets_no_token(self):
        lab = self.own_lab("faults.yaml")
        self.ok(self.box.run("bench", "--profile", self.profile(lab, only=["ok-redirect"]), "--json"))
        hops = [line for line in lab.accesses("cdn-fast") if line["method"]]
        self.assertTrue(hops)
        self.assertEqual({line["auth"] for line in hops}, {""})


class Canaries(harness.FlowCase):
    scenario = "two.yaml"

    def test_pulls_what_a_pull_pulls(self):
        lab = self.own_lab("two.yaml")
        self.ok(self.box.run("bench", "--profile", self.profile(lab), "--json"))
        lines = [line for line in lab.accesses("fast") if line["method"]]
        kinds = [urlsplit(line["path"]).path.split("/")[-2] for line in lines if line["path"] not in ("/v2/", "/v2")]
        self.assertIn("manifests", kinds)
        self.assertIn("blobs", kinds)
        self.assertTrue([line for line in lines if line["range"]], "no range request was made")
        image = lab.image()
        asked = " ".join(line["path"] for line in lines)
        self.assertIn(image["digest"], asked)
        self.assertTrue(any(digest in asked for name, digest in image["platforms"].items() if name != "unknown"))

    def test_image_option(self):
        lab = self.own_lab("two.yaml")
        done = self.ok(self.box.run("bench", "--profile", self.profile(lab), "--image", "ghcr.io/lab/app:1.0", "--json"))
        self.assertIn("ghcr.io", self.document(done, "bench")["upstreams"])
        self.assertIn("/v2/lab/app/manifests/", " ".join(line["path"] for line in lab.accesses("ghcr-fast")))


if __name__ == "__main__":
    unittest.main()
