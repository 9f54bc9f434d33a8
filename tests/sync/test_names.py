"""Names as people write them: IPv6 addresses, capital letters; real registries where addresses are looked up."""
import json
import os
import shutil
import socket
import subprocess
import time
import unittest
import urllib.request

from case import Case
from registry import IMAGE, digest_of

MIRRORCTL = os.environ["MIRRORCTL"]


class Program(Case):
    """The program itself, with rules."""

    def sync(self, rules, *words, expect=0):
        path = self.folder + "/images.json"
        with open(path, "w") as file:
            json.dump(rules, file)
        done = subprocess.run([MIRRORCTL, "--state-dir", self.folder + "/state", "--json", "sync", "--images", path, *words], text=True,
                              capture_output=True, timeout=100, cwd=self.folder)
        self.output = done.stdout + done.stderr
        self.assertEqual(done.returncode, expect, self.output)
        return json.loads(done.stdout)


def listens_on_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
            return probe.getsockname()[1]
    except OSError:
        return 0


@unittest.skipUnless(shutil.which("docker-registry"), "docker-registry is not installed (scripts/setup --full)")
@unittest.skipUnless(listens_on_ipv6(), "this machine has no ::1")
class Ipv6(Program):
    def real_registry(self, name):
        for _ in range(5):  # another test may take the port between look and start
            host = f"[::1]:{listens_on_ipv6()}"
            config = f"{self.folder}/{name}.json"
            with open(config, "w") as file:
                json.dump({"version": 0.1, "log": {"level": "error"}, "http": {"addr": host},
                           "storage": {"filesystem": {"rootdirectory": f"{self.folder}/{name}"}}}, file)
            process = subprocess.Popen(["docker-registry", "serve", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.addCleanup(process.wait)
            self.addCleanup(process.kill)
            for _ in range(200):
                if process.poll() is not None:
                    break
                try:
                    self.ask("GET", host, "")
                    return host
                except OSError:
                    time.sleep(0.05)
        raise AssertionError("docker-registry does not start on ::1")

    def ask(self, method, host, path, data=None, **headers):
        url = path if path.startswith("http") else f"http://{host}/v2/{path}"
        request = urllib.request.Request(url, data, {name.replace("_", "-"): value for name, value in headers.items()}, method=method)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=20) as answer:
            return answer.headers, answer.read()

    def put_image(self, host, repository, tag):
        parts = []
        for data in (b'{"os": "linux", "architecture": "amd64"}', b"layer" * 1000):
            place = self.ask("POST", host, f"{repository}/blobs/uploads/", b"")[0]["Location"]
            self.ask("PUT", host, f"{place}&digest={digest_of(data)}", data, Content_Type="application/octet-stream")
            parts.append({"digest": digest_of(data), "size": len(data)})
        data = json.dumps({"schemaVersion": 2, "mediaType": IMAGE, "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **parts[0]},
                           "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", **parts[1]}]}).encode()
        self.ask("PUT", host, f"{repository}/manifests/{tag}", data, Content_Type=IMAGE)
        return data

    def test_addresses_in_brackets(self):
        source, destination = self.real_registry("a"), self.real_registry("b")
        data = self.put_image(source, "team/app", "1")
        for rule in ({f"{source}/team/app:1": f"{destination}/one/app:2"}, {f"{source}/team/app": f"{destination}/all/app"},
                     {f"{source}/team/app@{digest_of(data)}": f"{destination}/pinned/app"}):
            self.assertEqual(self.sync(rule)["images"][0]["outcome"], "copied", self.output)
        for place in ("one/app/manifests/2", "all/app/manifests/1", f"pinned/app/manifests/{digest_of(data)}"):
            self.assertEqual(self.ask("GET", destination, place, Accept=IMAGE)[1], data)
        self.assertEqual(self.sync({f"{source}/team/app": f"{destination}/all/app"})["images"][0]["outcome"], "skipped")
        done = subprocess.run([MIRRORCTL, "--state-dir", self.folder + "/state", "sync", f"{source}/team/app:1", "--to", f"{destination}/helper"],
                              text=True, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.ask("GET", destination, "helper/app/manifests/1", Accept=IMAGE)[1], data)


class Capitals(Program):
    def test_repositories_are_refused_with_what_to_write(self):
        source, destination = self.pair()
        self.assertIn("lower-case", self.sync({f"{source.host}/Team/App:1": f"{destination.host}/team/app"}, expect=2)["error"]["message"])
        self.assertIn(f'"hint": "write it in small letters: {source.host}/team/app"', self.output)
        self.sync({f"{source.host}/team/app:1": f"{destination.host}/Team/app"}, expect=2)
        self.assertEqual((len(source.log), len(destination.log)), (0, 0), "found before anything is asked")

    def test_hosts_are_the_same_in_any_case_and_tags_are_not(self):
        source, destination = self.pair()
        source.put_image("team/app", "V1-RC", [b"x" * 100])
        port = destination.host.split(":")[1]
        done = self.sync({f"{source.host}/team/app:V1-RC": f"LocalHost:{port}/team/app"})
        self.assertEqual(done["images"][0]["outcome"], "copied")
        self.assertIn(("team/app", "V1-RC"), destination.manifests)
        self.assertIn("not_found", json.dumps(self.sync({f"{source.host}/team/app:v1-rc": f"{destination.host}/team/app"}, expect=1)))
