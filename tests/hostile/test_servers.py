"""Hostile registries: each is rejected with a reason that fits, in time, in little memory, and drags nothing else down."""

import os
import re
import ssl
import subprocess
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "flow")]

import yaml  # noqa: E402

import answers  # noqa: E402
import harness  # noqa: E402
import own_network as net  # noqa: E402
import wire  # noqa: E402

BUDGET = 3
MOST_KIB = 32 * 1024
LOGIN = "canaryuser:CANARYPASSWORD"
BASIC = "Y2FuYXJ5dXNlcjpDQU5BUllQQVNTV09SRA=="  # the same in Base64
ALLOWED = {9, 10, *range(32, 127)}  # in what a stranger may make us print; beside them only UTF-8 of our own


def strange_bytes(data):
    """Control characters: C0 but tab and newline, DEL, and C1 as UTF-8 spells them."""
    return sorted({byte for byte in data if byte < 32 and byte not in ALLOWED or byte == 127}) + re.findall(rb"\xc2[\x80-\x9f]", data)


class Servers(harness.FlowCase):
    def sandbox(self, **options):
        return super().sandbox(lived_in=False, **options)  # an engine's files are not needed, nor other users (a user namespace has none)

    def setUp(self):
        super().setUp()
        self.image = wire.Image()
        self.canaries = {address: self.server(wire.canary, address, 80) for address in net.FORBIDDEN}
        self.other = self.server(self.other_answer, net.OTHER, 80)

    @staticmethod
    def other_answer(send, request):
        """Hands out tokens to everybody and knows nothing else."""
        if request.path == "/token":
            return send.reply(200, b'{"token": "anonymous"}', [("Content-Type", "application/json")])
        return send.reply(200, b"what?", [("Content-Type", "text/plain")])

    def server(self, answer, address, port=0, tls=None):
        server = wire.Server(answer, address, port, tls)
        self.addCleanup(server.close)
        return server

    def certificate(self):
        key, cert = self.box.base / "key.pem", self.box.path("etc/ca.pem")
        done = subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                               "-subj", "/CN=bad.example", "-addext", f"subjectAltName=IP:{net.BAD}", "-keyout", str(key), "-out", str(cert)],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        return context

    def mirror(self, server, **more):
        entry = {"url": server.url, "form": "host", "operator": more.pop("operator"), "trust": "resolve", "as_of": "2026-11-01",
                 "source": "tests/hostile", **more}
        return {**entry, **({"ca": "/etc/ca.pem"} if server.tls else {"insecure": True})}

    def bench(self, case, command=("bench",)):
        good = self.server(wire.registry(self.image), net.GOOD)
        bad = self.server(case.answer(self.image), net.BAD, tls=self.certificate() if case.tls else None)
        more = {"auth": "file:/etc/login"} if case.auth else {}
        self.box.write("etc/login", LOGIN + "\n", 0o600)
        canary = {"image": f"library/busybox:{answers.TAG}", **({} if case.by_tag else {"digest": self.image.digest})}
        # Some cases are one of several runs within a minute.
        profile = {"schema": "mirrorctl.profile/1", "name": "hostile", "as_of": "2026-11-01",
                   "policy": {"budget": {"requests_per_operator_per_minute": 100}}, "upstreams": {"docker.io": {
            "origin": "http://127.0.0.1:1", "fallback": "none", "canary": [canary],
            "mirrors": [self.mirror(bad, operator="bad", **more), self.mirror(good, operator="good")]}}}
        file = self.box.beside("hostile.yaml", yaml.safe_dump(profile))
        words = self.box.argv([*command, "--profile", str(file), "--budget", f"{BUDGET}s"])
        done = wire.Measured(words, self.box.environment(), self.box.base, BUDGET + 20)
        return good, bad, done

    def check_run(self, done, bad):
        self.assertEqual(done.code, 0, str(done))
        self.assertLess(done.seconds, BUDGET + 3, str(done))  # a busy machine starts and ends late
        if not wire.SANITIZED:
            self.assertLessEqual(done.peak_kib, MOST_KIB, str(done))
        for stream in (done.out, done.err):
            self.assertEqual(strange_bytes(stream), [], str(done))
            for secret in (LOGIN, "CANARY", BASIC, "root:"):
                self.assertNotIn(secret.encode(), stream)

    def check_elsewhere(self, case, bad):
        for address, server in self.canaries.items():
            self.assertEqual((server.connections, [one.target for one in server.requests]), (0, []), f"{address} was asked")
        for request in self.other.requests:
            self.assertNotIn("authorization", request.headers, request.head)
            self.assertNotIn(b"CANARY", request.head)
        if not case.auth:
            for request in bad.requests:
                self.assertNotIn("Basic", request.headers.get("authorization", ""))

    def check_case(self, case):
        good, bad, done = self.bench(case, ("bench", "--json"))
        self.check_run(done, bad)
        document = self.document(harness.Done([], done.code, done.out, done.err), "bench", 0)
        ranking = document["upstreams"]["docker.io"]["ranking"]
        found = {one["url"]: one for one in ranking}
        self.assertEqual(found[good.url]["verdict"], "usable", str(done))
        self.check_elsewhere(case, bad)
        one = found[bad.url]
        if case.usable:
            self.assertTrue(self.other.requests, "the token server elsewhere was to be asked")
            return
        self.assertTrue(bad.connections, "the hostile mirror was never asked")
        self.assertEqual(ranking[0]["url"], good.url)
        self.assertEqual(one["verdict"], "rejected", str(done))
        self.assertRegex(one["fault"], f"^({case.fault})$", one)
        self.assertTrue(one["reason"].strip(), one)
        self.assertLessEqual(len(one["reason"]), 500)
        self.assertRegex(one["reason"], re.compile(case.words, re.IGNORECASE))
        self.assertLess(bad.sent, 24 << 20, "it went on reading")


def case_test(case):
    return lambda self: self.check_case(case)


for _name, _case in answers.CASES.items():
    setattr(Servers, "test_" + _name.replace("-", "_"), case_test(_case))


class Crowd(Servers):
    """Many of them at once: what each may hold at the same time must fit together, and the good one still wins."""

    def test_together(self):
        names = [name for name, case in answers.CASES.items() if not (case.tls or case.auth or case.by_tag)]
        good = self.server(wire.registry(self.image), net.GOOD)
        bad = {name: self.server(answers.CASES[name].answer(self.image), net.BAD) for name in names}
        profile = {"schema": "mirrorctl.profile/1", "name": "crowd", "as_of": "2026-11-01", "upstreams": {"docker.io": {
            "origin": "http://127.0.0.1:1", "fallback": "none",
            "canary": [{"image": f"library/busybox:{answers.TAG}", "digest": self.image.digest}],
            "mirrors": [*(self.mirror(server, operator=name) for name, server in bad.items()), self.mirror(good, operator="good")]}}}
        file = self.box.beside("crowd.yaml", yaml.safe_dump(profile))
        done = wire.Measured(self.box.argv(["bench", "--profile", str(file), "--budget", f"{BUDGET}s", "--json"]), self.box.environment(),
                             self.box.base, BUDGET + 20)
        self.check_run(done, None)
        document = self.document(harness.Done([], done.code, done.out, done.err), "bench", 0)
        ranking = document["upstreams"]["docker.io"]["ranking"]
        self.assertEqual([one["url"] for one in ranking if one["verdict"] == "usable"], [good.url], str(done))
        self.assertGreater(len(names), 40)
        self.check_elsewhere(answers.CASES["to-file"], bad["to-file"])


class Text(Servers):
    """The same for people: stdout, stderr and -v of a bench, without a terminal."""

    def test_nothing_but_text(self):
        for name in answers.WORDS:
            with self.subTest(name):
                _, bad, done = self.bench(answers.WORDS[name], ("-v", "bench"))
                self.check_run(done, bad)


for _name in answers.CASES:
    for _class in (Crowd, Text):
        setattr(_class, "test_" + _name.replace("-", "_"), None)


if __name__ == "__main__":
    net.enter()
    unittest.main()
