"""One node measures, others follow: rankings from elsewhere, starts that are spread, figures for the monitoring."""

import hashlib
import http.server
import json
import os
import signal
import ssl
import subprocess
import threading
import time
import unittest

import harness
import promtext


class FleetCase(harness.FlowCase):
    def config(self, box, text):
        box.write("etc/mirrorctl/config.yaml", text)

    def ranking(self, lab, site="", name="ranking.json", box=None):
        """What `bench --json` of a node at that site says."""
        node = box or self.sandbox()
        if site:
            self.config(node, f"site: {site}\n")
        done = self.ok(node.run("bench", "--profile", self.file, "--json"))
        return self.box.beside(name, done.text)

    def follow(self, ranking, *more, code=0, box=None, env=None):
        done = (box or self.box).run("apply", "--profile", self.file, "--ranking", ranking, "--json", *more, env=env)
        return self.document(done, "apply", code)


class Ranking(FleetCase):
    def setUp(self):
        super().setUp()
        self.file = self.profile(self.lab)
        self.made = self.ranking(self.lab, "rack-7")
        self.config(self.box, "site: rack-7\n")

    def refused(self, ranking, *needles, code=2, more=(), env=None):
        tree = self.box.snapshot()
        seen = len(self.lab.accesses())
        error = self.follow(ranking, *more, code=code, env=env)["error"]
        for needle in needles:
            self.assertIn(needle, error["message"])
        self.assertSame(tree, self.box.snapshot(), times=True)
        self.assertEqual(len(self.lab.accesses()), seen, "nothing may be probed instead")
        return error

    def edited(self, **changes):
        document = json.loads(self.made.read_text())
        document.update(changes)
        return self.box.beside("edited.json", json.dumps(document))

    def test_one_node_measures_the_others_follow(self):
        seen = len(self.lab.accesses())
        result = self.follow(self.made)
        self.assertEqual([m["url"].rstrip("/") for m in result["mirrors"]["docker.io"]], [self.lab.urls["fast"], self.lab.urls["second"]])
        self.assertTrue(all(m["measured"] for m in result["mirrors"]["docker.io"]))
        self.assertEqual(self.follow(self.made)["outcome"], "unchanged")
        self.assertEqual(len(self.lab.accesses()), seen)

    def test_it_is_kept_with_its_age(self):
        self.follow(self.made, "-n")
        self.assertFalse((self.box.state / "bench.json").exists(), "a dry run keeps nothing")
        self.follow(self.made)
        kept = (self.box.state / "bench.json").stat().st_mtime_ns
        taken_at = json.loads(self.made.read_text())["taken_at"]
        self.assertEqual(set(self.box.json("var/lib/mirrorctl/bench.json")["measured_at"].values()), {taken_at})
        seen = len(self.lab.accesses())
        plain = self.document(self.box.run("apply", "--profile", self.file, "--json"), "apply", 0)
        self.assertEqual(plain["outcome"], "unchanged")
        self.assertEqual(self.follow(self.made)["outcome"], "unchanged")
        self.assertEqual(len(self.lab.accesses()), seen, "what others measured is not measured again")
        self.assertEqual((self.box.state / "bench.json").stat().st_mtime_ns, kept, "a no-op writes nothing")

    def test_another_site_is_refused_naming_both(self):
        self.config(self.box, "site: rack-8\n")
        error = self.refused(self.made, "site rack-7", "site rack-8")
        self.assertIn("/etc/mirrorctl/config.yaml", error["hint"])
        self.config(self.box, "{}\n")
        self.refused(self.made, "site rack-7", "no site")

    def test_another_profile_is_refused_naming_both(self):
        self.refused(self.edited(profile="cn"), "cn (", "lab (")
        digest = json.loads(self.made.read_text())["profile_sha256"]
        self.refused(self.edited(profile_sha256="0" * 64), "lab (000000000000)", digest[:12])

    def test_too_old_is_refused_naming_both(self):
        self.refused(self.edited(taken_at=time.time() - 25 * 3600), "too old", "25 h", "24 h")
        self.refused(self.edited(taken_at=time.time() + 3600), "future")

    def test_what_is_no_ranking_is_refused(self):
        for text in ("", "[1]", '{"schema": "mirrorctl.bench/1"}', "\x1b[2J" * 50):
            self.refused(self.box.beside("broken.json", text), "broken.json", "ranking not read", code=1)
        self.refused(self.box.beside("huge.json", " " * (5 << 20)), "huge.json", code=1)

    def from_stdin(self, text, *more, code=0):
        pipe = self.box.beside("sent", text)
        with open(pipe, "rb") as sent:
            return self.document(self.box.run("apply", "--profile", self.file, "--ranking", "-", "--json", *more, stdin=sent), "apply", code)

    def test_from_standard_input(self):
        seen = len(self.lab.accesses())
        for text, needle in (("[1]", "standard input: ranking not read"), (" " * (5 << 20), "too big: stdin")):
            self.assertIn(needle, self.from_stdin(text, code=1)["error"]["message"])
        result = self.from_stdin(self.made.read_text())
        self.assertEqual(result["mirrors"]["docker.io"][0]["url"].rstrip("/"), self.lab.urls["fast"])
        self.assertEqual(len(self.lab.accesses()), seen)

    def test_who_sends_slowly_holds_up_nobody(self):
        waits = self.box.start("apply", "--profile", self.file, "--ranking", "-", "--json", stdin=subprocess.PIPE)
        try:
            time.sleep(0.3)
            self.ok(self.box.run("recover"))
            out, err = waits.communicate(self.made.read_bytes(), timeout=harness.TIMEOUT)
        finally:
            waits.kill()
        self.assertEqual(waits.returncode, 0, err)
        self.assertTrue(json.loads(out)["changed"])

    def test_a_pipe_by_name_is_told_how_to_come_in(self):
        fifo = self.box.base / "fifo"
        os.mkfifo(fifo)
        for path in (fifo, "/dev/fd/0"):
            error = self.refused(path, str(path), code=1)
            self.assertIn("--ranking -", error["hint"])


class ANewerRanking(FleetCase):
    """The mirror in use has become slow; whoever measured that, the next apply leaves it."""

    def setUp(self):
        super().setUp()
        self.world = self.own_lab()
        self.file = self.profile(self.world)
        self.other = self.sandbox()
        self.assertEqual(self.first(self.follow(self.ranking(self.world, box=self.other))), "fast")
        self.world.command("set fast rate 64KiB")
        self.world.command("set fast latency 500ms")

    def first(self, result):
        url = result["mirrors"]["docker.io"][0]["url"].rstrip("/")
        return next(name for name, known in self.world.urls.items() if known == url)

    def plain(self):
        return self.document(self.box.run("apply", "--profile", self.file, "--json"), "apply", 0)

    def test_of_another_node(self):
        newer = self.ranking(self.world, name="newer.json", box=self.other)
        result = self.follow(newer)
        self.assertEqual((result["outcome"], self.first(result)), ("committed", "second"))
        self.assertEqual([self.follow(newer)["outcome"], self.plain()["outcome"]], ["unchanged", "unchanged"])

    def test_of_a_bench_by_hand(self):
        self.ok(self.box.run("bench", "--profile", self.file))
        self.assertEqual(self.first(self.plain()), "second")
        self.assertEqual(self.plain()["outcome"], "unchanged")


class Server:
    """One file over https on loopback, counted; `answer` may be changed."""

    def __init__(self, directory):
        key, self.certificate = directory / "key.pem", directory / "cert.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                        "-subj", "/CN=ranking", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", self.certificate],
                       check=True, capture_output=True)
        self.body, self.status, self.headers, self.asked = b"", 200, {}, []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: N802 (the library's name)
                outer.asked.append((self.path, self.headers["User-Agent"]))
                self.send_response(outer.status)
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(outer.body)))
                self.end_headers()
                try:
                    self.wfile.write(outer.body)
                except OSError:
                    pass  # who asked has had enough

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self.server.server_address[1]}/ranking.json"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class RankingByUrl(Ranking):
    def setUp(self):
        super().setUp()
        self.server = Server(self.box.base)
        self.addCleanup(self.server.close)
        self.server.body = self.made.read_bytes()
        self.box.base.chmod(0o755)  # the child that fetches is nobody
        self.env = {"SSL_CERT_FILE": str(self.server.certificate)}
        self.server.certificate.chmod(0o644)

    def pinned(self, body=None):
        return f"{self.server.url}#sha256={hashlib.sha256(self.server.body if body is None else body).hexdigest()}"

    def test_fetched_and_used(self):
        self.config(self.box, "site: rack-7\ncontact: noc@example.org\n")
        result = self.follow(self.pinned(), env=self.env)
        self.assertEqual(result["outcome"], "committed")
        self.assertEqual(len(self.server.asked), 1)
        path, agent = self.server.asked[0]
        self.assertEqual(path, "/ranking.json")
        self.assertRegex(agent, r"^mirrorctl/\S+ \(measures registry mirrors; contact: noc@example\.org\)$")

    def test_the_digest_counts(self):
        self.server.body += b" "
        self.refused(self.pinned(self.made.read_bytes()), "sha256:", code=1, env=self.env)

    def test_what_is_fetched_is_checked_like_a_file(self):
        self.config(self.box, "site: rack-8\n")
        self.refused(self.pinned(), "site rack-7", "site rack-8", env=self.env)

    def test_servers_that_do_not_serve_it(self):
        pinned = self.pinned()
        self.refused(pinned, "certificate", code=1, env={})
        self.server.status = 404
        self.refused(pinned, "404", code=1, env=self.env)
        self.server.status, self.server.headers = 302, {"Location": "http://127.0.0.1:1/"}
        self.refused(pinned, code=1, env=self.env)
        self.server.status, self.server.headers, self.server.body = 200, {}, b" " * (5 << 20)
        self.refused(pinned, "more than 4.0 MiB", code=1, env=self.env)

    def test_urls_that_are_not_fetched(self):
        digest = self.pinned().partition("#")[2]
        for url in (self.server.url, self.server.url + "#sha256=12", self.server.url + "#md5=" + "0" * 64,
                    self.server.url.replace("https", "http") + "#" + digest):
            self.refused(url, env=self.env)
        secret = self.refused(self.pinned().replace("https://", "https://joe:hunter2@"), "password", env=self.env)
        self.assertNotIn("hunter2", json.dumps(secret))
        self.refused(self.pinned(), "--offline", more=("--offline",), env=self.env)
        self.assertEqual(self.server.asked, [])


class Splay(FleetCase):
    def setUp(self):
        super().setUp()
        self.world = self.own_lab()
        self.file = self.profile(self.world)

    def part(self, box, whole):
        digits = hashlib.sha256(b"splay\n" + box.read("etc/machine-id").strip().encode()).hexdigest()[:8]
        return whole * int(digits, 16) / 2**32

    def test_waits_before_anything_is_asked_and_never_for_a_no_op(self):
        part = self.part(self.box, 4)
        start = time.monotonic()
        done = self.ok(self.box.run("apply", "--profile", self.file, "--splay", "4s"))
        self.assertGreaterEqual(time.monotonic() - start, part)
        self.assertIn("waiting ", done.errors)
        start = time.monotonic()
        again = self.ok(self.box.run("apply", "--profile", self.file, "--splay", "1h"))
        self.assertLess(time.monotonic() - start, 10)
        self.assertNotIn("waiting ", again.errors)
        self.assertIn("unchanged", again.text)
        self.assertNotIn("waiting ", self.ok(self.box.run("apply", "--profile", self.file, "--splay", "1h", "--fresh", "-n")).errors)

    def test_others_may_work_meanwhile_and_a_signal_ends_it(self):
        tree = self.box.snapshot()
        waiting = self.box.start("apply", "--profile", self.file, "--splay", "100h")
        try:
            line = waiting.stderr.readline()
            self.assertIn(b"waiting ", line)
            self.assertEqual(self.world.accesses(), [], "the delay comes before any probing")
            self.ok(self.box.run("recover"))
            waiting.send_signal(signal.SIGTERM)
            waiting.communicate(timeout=10)
        finally:
            if waiting.poll() is None:
                waiting.kill()
                waiting.communicate()
        self.assertEqual(waiting.returncode, -signal.SIGTERM)
        self.assertSame(tree, self.box.snapshot(), times=True)

    def test_bad_values(self):
        self.assertEqual(self.box.run("apply", "--profile", self.file, "--splay", "soon").code, 2)


class Metrics(FleetCase):
    def setUp(self):
        super().setUp()
        self.world = self.own_lab()
        self.file = self.profile(self.world)
        self.prom = self.box.base / "textfile" / "mirrorctl.prom"
        self.prom.parent.mkdir()

    def apply(self, *more, code=0):
        done = self.box.run("apply", "--profile", self.file, "--metrics", self.prom, *more)
        return self.ok(done, code)

    def read(self):
        self.assertEqual(os.listdir(self.prom.parent), ["mirrorctl.prom"], "no temporary file stays")
        self.assertEqual(self.prom.stat().st_mode & 0o777, 0o644)
        return promtext.parse(self.prom.read_text())

    def test_apply(self):
        self.apply()
        samples = self.read()
        now = time.time()
        self.assertAlmostEqual(promtext.value(samples, "mirrorctl_last_run_timestamp_seconds", command="apply"), now, delta=30)
        self.assertAlmostEqual(promtext.value(samples, "mirrorctl_last_success_timestamp_seconds", command="apply"), now, delta=30)
        self.assertAlmostEqual(promtext.value(samples, "mirrorctl_ranking_timestamp_seconds"), now, delta=60)
        self.assertEqual(promtext.value(samples, "mirrorctl_last_run_exit_code"), 0)
        self.assertEqual(promtext.value(samples, "mirrorctl_last_run_changed"), 1)
        self.assertEqual(promtext.value(samples, "mirrorctl_profile_as_of_timestamp_seconds", profile="lab"), 1793491200)  # 2026-11-01
        self.assertGreaterEqual(promtext.value(samples, "mirrorctl_pending_steps"), 1, "nothing is activated in a root that is not /")
        fast = {"mirror": self.world.urls["fast"], "upstream": "docker.io", "operator": "fast", "origin": "false"}
        self.assertEqual(promtext.value(samples, "mirrorctl_mirror_usable", **fast), 1)
        for name in ("predicted_pull_seconds", "throughput_bytes_per_second", "measured_bytes", "measured_requests"):
            self.assertGreater(promtext.value(samples, "mirrorctl_mirror_" + name, **fast), 0, name)
        self.assertLess(promtext.value(samples, "mirrorctl_mirror_predicted_pull_seconds", **fast),
                        promtext.value(samples, "mirrorctl_mirror_predicted_pull_seconds", mirror=self.world.urls["second"]))
        self.apply()
        self.assertEqual(promtext.value(self.read(), "mirrorctl_last_run_changed"), 0)

    def test_a_failing_run_is_told_and_the_last_success_stays(self):
        self.apply()
        before = promtext.value(self.read(), "mirrorctl_last_success_timestamp_seconds", command="apply")
        time.sleep(0.1)
        daemon = self.box.path("etc/docker/daemon.json")
        good = daemon.read_bytes()
        daemon.write_text("{broken")
        self.apply("--fresh", code=1)
        after = self.read()
        self.assertEqual(promtext.value(after, "mirrorctl_last_run_exit_code"), 1)
        self.assertAlmostEqual(promtext.value(after, "mirrorctl_last_success_timestamp_seconds"), before, places=5)
        self.assertGreater(promtext.value(after, "mirrorctl_last_run_timestamp_seconds"), before)
        daemon.write_bytes(good)
        for name in self.world.urls:
            self.world.command(f"set {name} fault refused")
        self.apply("--fresh", code=8)
        dark = self.read()
        self.assertEqual(promtext.value(dark, "mirrorctl_last_run_exit_code"), 8)
        self.assertEqual(promtext.value(dark, "mirrorctl_mirror_usable", command="apply", mirror=self.world.urls["fast"]), 0)
        self.config(self.box, "nonsense: true\n")
        self.apply(code=1)
        broken = self.read()
        self.assertEqual(promtext.value(broken, "mirrorctl_last_run_exit_code"), 1)
        self.assertAlmostEqual(promtext.value(broken, "mirrorctl_last_success_timestamp_seconds"), before, places=5)

    def test_bench_and_names_that_need_escaping(self):
        profile = harness.profile_for(self.world)
        profile["upstreams"]["docker.io"]["mirrors"][0]["operator"] = 'Said "so" \\ done'
        self.world.command("set second fault refused")
        self.file = harness.write_profile(self.box, profile)
        self.ok(self.box.run("bench", "--profile", self.file, "--metrics", self.prom))
        samples = self.read()
        self.assertIsNotNone(promtext.value(samples, "mirrorctl_last_success_timestamp_seconds", command="bench"))
        self.assertEqual(promtext.value(samples, "mirrorctl_mirror_usable", operator='Said \\"so\\" \\\\ done'), 1)
        self.assertEqual(promtext.value(samples, "mirrorctl_mirror_usable", mirror=self.world.urls["second"]), 0)
        self.assertIsNone(promtext.value(samples, "mirrorctl_mirror_predicted_pull_seconds", mirror=self.world.urls["second"]))

    def test_files_of_two_commands_in_one_directory(self):
        self.apply()
        applied = self.read()
        self.ok(self.box.run("bench", "--profile", self.file, "--metrics", self.prom))
        self.assertEqual(set(applied) & set(self.read()), set(), "a scrape with a series twice is refused as a whole")

    def test_a_dry_run_writes_none(self):
        self.apply("-n")
        self.assertFalse(self.prom.exists())

    def test_what_cannot_be_written_is_said_and_nothing_else(self):
        link = self.box.base / "elsewhere"
        link.write_text("mine")
        self.prom.symlink_to(link)
        self.assertIn("metrics could not be written", self.apply().errors)
        self.assertEqual(link.read_text(), "mine")
        self.prom.unlink()
        self.prom.mkdir()
        self.assertIn("not a regular file", self.apply().errors)
        self.prom = self.box.base / "nowhere" / "x.prom"
        self.assertIn("metrics could not be written", self.apply().errors)


if __name__ == "__main__":
    unittest.main()
