"""The static program: one file, no libraries, at home in a root that holds nothing else; names, TLS and proxies work in there."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from urllib.parse import urlsplit

import yaml

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "flow"), str(HERE.parent / "lab")]
import harness  # noqa: E402
import mirrorlab  # noqa: E402
from elf import Elf  # noqa: E402
from servers import NameServer, Tunnel  # noqa: E402

PROGRAM = os.environ.get("MIRRORCTL", "")
LARGEST = 9 << 20
SKIP = 77


def enter(root):
    os.chroot(root)
    os.chdir("/")


def cannot_enter():
    """Why no root of our own can be entered, or ''."""
    with tempfile.TemporaryDirectory() as root:
        try:
            subprocess.run(["/none"], preexec_fn=lambda: enter(root), check=False)
        except FileNotFoundError:
            return ""
        except (PermissionError, subprocess.SubprocessError):
            return "chroot is not permitted: run as root"
    return ""


class Root:
    """A directory with the program in it and nothing else, as / of its runs."""

    def __init__(self):
        self.path = Path(tempfile.mkdtemp(prefix="mirrorctl-static-"))
        self.path.chmod(0o755)  # as every root: what talks to registries is nobody
        shutil.copy2(PROGRAM, self.path / "mirrorctl")

    def write(self, name, text):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run(self, *arguments, **environment):
        done = subprocess.run(["/mirrorctl", *arguments], env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
                              preexec_fn=lambda: enter(self.path))
        return harness.Done(done.args, done.returncode, done.stdout, done.stderr)

    def close(self):
        shutil.rmtree(self.path)


class File(unittest.TestCase):
    def test_nothing_is_loaded(self):
        elf = Elf(PROGRAM)
        self.assertEqual(elf.interpreter, "")
        self.assertEqual(elf.needed, 0)

    def test_old_kernels_will_do(self):
        self.assertLessEqual(Elf(PROGRAM).oldest_kernel, (4, 18, 0))

    def test_hardened(self):
        self.assertEqual(Elf(PROGRAM).missing_protection, [])

    def test_size(self):
        self.assertLessEqual(os.path.getsize(PROGRAM), LARGEST)


class Bare(unittest.TestCase):
    def setUp(self):
        self.root = Root()
        self.addCleanup(self.root.close)

    def test_starts_without_anything(self):
        done = self.root.run("--version")
        self.assertEqual((done.code, done.errors), (0, ""), str(done))
        self.assertRegex(done.text, r"^mirrorctl \d")
        done = self.root.run("profile", "list")
        self.assertEqual(done.code, 0, str(done))
        self.assertIn("cn-aliyun", done.text)
        self.assertEqual(sorted(os.listdir(self.root.path)), ["mirrorctl"])

    def test_applies(self):
        (self.root.path / "node/etc").mkdir(parents=True)
        arguments = ["--root", "/node", "apply", "--profile", "cn", "--offline", "--allow-unmeasured", "--target", "docker-daemon", "--json"]
        first, second = self.root.run(*arguments), self.root.run(*arguments)
        self.assertEqual((first.code, second.code), (0, 0), f"{first}\n{second}")
        self.assertEqual([json.loads(done.out)["outcome"] for done in (first, second)], ["committed", "unchanged"])
        self.assertTrue(json.loads((self.root.path / "node/etc/docker/daemon.json").read_text())["registry-mirrors"])
        # Without /etc/passwd who ran it is a number.
        self.assertRegex(self.root.run("--root", "/node", "history").text, r"(?m)  apply  committed  0$")

    def test_says_why_https_cannot_be_checked(self):
        self.root.write("one.yaml", yaml.safe_dump(https_profile()))
        done = self.root.run("bench", "--profile", "/one.yaml", "--json")
        self.assertEqual(done.code, 8, str(done))
        reasons = [one["reason"] for one in json.loads(done.out)["upstreams"]["docker.io"]["ranking"]]
        self.assertTrue(reasons and all("no CA bundle on this machine: install the package ca-certificates" in why for why in reasons), str(done))


def https_profile():
    return {"schema": "mirrorctl.profile/1", "name": "one", "as_of": "2026-11-01", "upstreams": {"docker.io": {
        "origin": "https://127.0.0.1:1", "canary": [{"image": "library/busybox:1.36"}],
        "mirrors": [{"url": "https://127.0.0.1:2", "trust": "resolve", "operator": "x", "as_of": "2026-11-01", "source": "tests"}]}}}


class Names(unittest.TestCase):
    """bench over TLS, by names that only the files of the bare root, its name server or its proxy know."""

    @classmethod
    def setUpClass(cls):
        cls.lab = mirrorlab.Lab("named.yaml")
        cls.addClassCleanup(cls.lab.close)

    def setUp(self):
        self.root = Root()
        self.addCleanup(self.root.close)
        self.addresses, profile = {}, harness.profile_for(self.lab)
        upstream = profile["upstreams"]["docker.io"]
        for name, url in self.lab.urls.items():
            self.addresses[f"{name}.lab.test"] = urlsplit(url).hostname
        for entry, key in [(upstream, "origin"), *((mirror, "url") for mirror in upstream["mirrors"])]:
            name = next(name for name, url in self.lab.urls.items() if url == entry[key])
            entry[key] = f"https://{name}.lab.test:{urlsplit(entry[key]).port}"
            entry.pop("ca", None)
        self.root.write("lab.yaml", yaml.safe_dump(profile))

    def know_names(self, but=""):
        self.root.write("etc/hosts", "".join(f"{address} {name}\n" for name, address in self.addresses.items() if name != but))

    def know_ca(self, path):
        self.root.write(path, Path(self.lab.ca).read_text())

    def bench(self, *more, **environment):
        done = self.root.run("bench", "--profile", "/lab.yaml", "--json", *more, **environment)
        ranking = json.loads(done.out)["upstreams"]["docker.io"]["ranking"]
        return done, {urlsplit(one["url"]).hostname.split(".")[0]: one for one in ranking}

    def expect_all_usable(self, done, ranking):
        self.assertEqual(done.code, 0, str(done))
        self.assertEqual({name: one["verdict"] for name, one in ranking.items()},
                         {"first": "usable", "second": "usable", "origin": "usable"}, str(done))
        self.assertEqual(next(iter(ranking)), "first", str(done))

    def test_hosts_file_and_the_ca_bundle_of_another_distribution(self):
        self.know_names()
        self.know_ca("etc/pki/tls/certs/ca-bundle.crt")
        self.expect_all_usable(*self.bench())

    def test_name_server(self):
        self.know_ca("etc/ssl/ca-bundle.pem")
        self.root.write("etc/resolv.conf", "nameserver 127.31.0.53\n")
        with NameServer("127.31.0.53", self.addresses) as server:
            self.expect_all_usable(*self.bench())
            self.assertEqual(server.asked, set(self.addresses))

    def test_ssl_cert_file(self):
        self.know_names()
        self.know_ca("ca.pem")
        self.expect_all_usable(*self.bench(SSL_CERT_FILE="/ca.pem"))

    def test_other_cas_are_not_trusted(self):
        self.know_names()
        self.root.write("etc/ssl/cert.pem", Path("/etc/ssl/certs/ca-certificates.crt").read_text())
        done, ranking = self.bench()
        self.assertEqual(done.code, 8, str(done))
        for one in ranking.values():
            self.assertIn("TLS certificate not trusted", one["reason"], str(done))

    def test_unknown_names_are_a_reason(self):
        self.know_ca("etc/ssl/cert.pem")
        self.root.write("etc/resolv.conf", "nameserver 127.31.0.53\n")
        with NameServer("127.31.0.53", {}):
            done, ranking = self.bench()
        self.assertEqual(done.code, 8, str(done))
        for name, one in ranking.items():
            self.assertIn(f"could not resolve: {name}.lab.test", one["reason"], str(done))

    def test_through_a_proxy(self):
        self.know_ca("etc/ssl/cert.pem")
        self.know_names(but="origin.lab.test")  # that one the proxy knows; mirrors are reached directly
        with Tunnel(self.addresses) as tunnel:
            self.expect_all_usable(*self.bench("--https-proxy", tunnel.url))
            self.assertEqual({target.split(":")[0] for target in tunnel.asked}, {"origin.lab.test"})


if __name__ == "__main__":
    if not os.access(PROGRAM, os.X_OK):
        print("skipped: the static program is not built: cmake --preset static && cmake --build --preset static")
        sys.exit(SKIP)
    if why := cannot_enter():
        print(f"skipped: {why}")
        sys.exit(SKIP)
    unittest.main(verbosity=2)
