"""SIGINT in every phase of a copy: it ends soon, as a program that was interrupted, and leaves nothing half done; the next run does the rest."""
import json
import os
import signal
import subprocess
import threading
import time

from case import MIB, Case

SOON = 6  # seconds; three are for cleaning up, where a registry does not answer to that


class Stops(Case):
    def command(self, source, destination):
        return [os.environ["MIRRORCTL"], "--state-dir", self.folder + "/state", "--json", "sync", f"{source.host}/team/app:1", f"{source.host}/team/app:2",
                "--to", f"{destination.host}/to"]

    def environment(self):
        return {"PATH": "/usr/bin:/bin", "HOME": self.folder}

    def stop_when(self, source, destination, reached):
        """What the interrupted run reports."""
        run = subprocess.Popen(self.command(source, destination), env=self.environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            self.assertTrue(reached.wait(30), "the phase was never reached")
            time.sleep(0.3)
            began = time.monotonic()
            run.send_signal(signal.SIGINT)
            out, err = run.communicate(timeout=60)
            self.assertLess(time.monotonic() - began, SOON)
        finally:
            if run.poll() is None:
                run.kill()
                run.communicate()
        self.assertEqual(run.returncode, -signal.SIGINT, "a shell shows 130")
        self.assertIn("interrupted", out + err)
        return json.loads(out)

    def images(self, size=3 * MIB):
        source, destination = self.pair([os.urandom(size)])
        source.put_image("team/app", "2", [os.urandom(size)])
        return source, destination

    def hold(self, registry, when, how=lambda handler: handler.registry.over.wait(60)):
        """An event that is set as soon as a request comes for which `when` is true; it stays without an answer until `go_on` is called."""
        reached, held = threading.Event(), [True]

        def rule(handler, method, path, query):
            if not held or not when(handler, method, path):
                return False
            reached.set()
            how(handler)
            handler.close_connection, handler.read = True, b""
            return True
        registry.rules.append(rule)
        self.go_on = held.clear
        return reached

    def assert_rest_is_done(self, source, destination, most):
        """A second run copies both, and reads no more than `most` bytes."""
        self.go_on()
        done = subprocess.run(self.command(source, destination), env=self.environment(), text=True, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertLessEqual(json.loads(done.stdout)["totals"]["bytes_read"], most)
        for tag in "12":
            self.assertEqual(destination.manifests["to/app", tag], source.manifests["team/app", tag])

    def tags(self, destination):
        return sorted(name for _, name in destination.manifests if ":" not in name)

    def test_while_it_plans(self):
        source, destination = self.images()
        reached = self.hold(source, lambda handler, method, path: path.endswith("/manifests/2"))
        report = self.stop_when(source, destination, reached)
        self.assertEqual(report["error"]["code"], "interrupted")
        self.assertEqual(destination.count("POST|PUT|PATCH", ""), 0)
        self.assert_rest_is_done(source, destination, 6 * MIB + 1000)

    def test_while_a_host_wants_a_pause(self):
        source, destination = self.images()
        busy = threading.Event()
        held = [True]
        source.rules.append(lambda handler, method, path, query: bool(held) and path.endswith("/manifests/2") and
                            (busy.set() or handler.error(429, "TOOMANYREQUESTS", Retry_After="50")))
        self.go_on = held.clear
        self.stop_when(source, destination, busy)
        self.assert_rest_is_done(source, destination, 6 * MIB + 1000)

    def test_while_it_reads(self):
        source, destination = self.images()
        second = json.loads(source.manifests["team/app", "2"][1])["layers"][0]["digest"]
        reached = self.hold(source, lambda handler, method, path: path.endswith(second), lambda handler: (
            handler.send_response(200), handler.send_header("Content-Length", 3 * MIB), handler.end_headers(),
            handler.wfile.write(source.blobs["team/app", second][:MIB]), handler.registry.over.wait(60)))
        report = self.stop_when(source, destination, reached)
        self.assertTrue(report["interrupted"])
        self.assertNotIn("2", self.tags(destination))
        begun = destination.count("POST", "/uploads/") - destination.count("PUT", "/uploads/.*digest")
        self.assertGreaterEqual(destination.count("DELETE", "/uploads/"), begun + 1, "the check of the right to push, and what was under way")
        self.assert_rest_is_done(source, destination, 3 * MIB + 1000)

    def test_while_it_writes(self):
        source, destination = self.images()
        reached = self.hold(destination, lambda handler, method, path: method == "PUT" and "/uploads/" in path and int(handler.headers["Content-Length"]) > MIB)
        self.stop_when(source, destination, reached)
        self.assertEqual(self.tags(destination), [])
        paths = lambda method: {entry["target"].split("?")[0] for entry in destination.log if entry["method"] == method}  # noqa: E731
        unfinished = {path for path in paths("PUT") if "/uploads/" in path and not destination.uploads[path.rsplit("/", 1)[1]]}
        self.assertTrue(unfinished and unfinished <= paths("DELETE"), f"{unfinished} {paths('DELETE')}")
        self.assert_rest_is_done(source, destination, 6 * MIB + 1000)

    def test_while_a_manifest_is_stored(self):
        source, destination = self.images()
        reached = self.hold(destination, lambda handler, method, path: method == "PUT" and path.endswith("/manifests/2"))
        report = self.stop_when(source, destination, reached)
        self.assertEqual({image["source"][-1]: image["outcome"] for image in report["images"]}["2"], "failed")
        self.assertNotIn("2", self.tags(destination))
        self.assert_rest_is_done(source, destination, 0)


if __name__ == "__main__":
    import unittest
    unittest.main()
