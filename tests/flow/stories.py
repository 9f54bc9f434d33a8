"""What the tests of the known failure stories share: a profile without network, engine versions, refusals that change nothing."""

import os
import shutil
import subprocess

import yaml

import harness

DAEMON = "etc/docker/daemon.json"
CONFIG = "etc/containerd/config.toml"
HOSTS = "etc/containerd/certs.d/{}/hosts.toml"
MIRROR = "https://hub-a.example"
PROGRAMS = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def mirror(url, form="host", trust="resolve", **more):
    return {"url": url, "form": form, "trust": trust, "operator": "Alpha", "as_of": "2026-11-23", "source": "test", **more}


def program(name):
    return shutil.which(name, path=PROGRAMS)


class StoryCase(harness.FlowCase):
    """Every run is --offline: trusted mirrors are written without being measured."""

    def setUp(self):
        super().setUp()
        self.mirrors(hub=[mirror(MIRROR)], ghcr=[mirror("https://ghcr-a.example")])

    def mirrors(self, hub=(), ghcr=(), **keys):
        upstreams = {"docker.io": {"origin": "https://registry-1.docker.io", "mirrors": list(hub), **keys}}
        if ghcr:
            upstreams["ghcr.io"] = {"origin": "https://ghcr.io", "mirrors": list(ghcr)}
        profile = {"schema": "mirrorctl.profile/1", "name": "story", "as_of": "2026-11-23", "upstreams": upstreams}
        self.file = self.box.beside("story.yaml", yaml.safe_dump(profile, sort_keys=False))

    def versions(self, docker="20.10.24", containerd="1.6.20"):
        status = self.box.read("var/lib/dpkg/status")
        for package, version in (("containerd", containerd), ("docker.io", docker)):
            head, tail = status.split(f"Package: {package}\n")
            lines = [f"Version: {version}" if line.startswith("Version:") else line for line in tail.split("\n\n")[0].splitlines()]
            status = head + f"Package: {package}\n" + "\n".join(lines) + "\n\n" + "\n\n".join(tail.split("\n\n")[1:])
        self.box.write("var/lib/dpkg/status", status)

    def arguments(self, target, *more):
        return ["apply", "--offline", "--json", "--profile", self.file, *(["--target", target] if target else []), *more]

    def apply(self, target, *more, env=None):
        return self.document(self.box.run(*self.arguments(target, *more), env=env), "apply", 0)

    def refused(self, target, error, *says, more=(), code=1):
        """The run fails with that error, whose text has all of `says`; no byte and no time has changed."""
        before = self.box.snapshot()
        document = self.document(self.box.run(*self.arguments(target, *more)), "apply", code)
        self.assertEqual(document["error"]["code"], error, document["error"])
        told = document["error"]["message"] + " " + document["error"]["hint"]
        for text in says:
            self.assertIn(text, told)
        self.assertSame(before, self.box.snapshot(), times=True)
        return told

    def warnings(self, document, code):
        return [one["message"] for one in document["warnings"] if one["code"] == code]

    def rollback(self):
        return self.document(self.box.run("rollback", "--json"), "rollback", 0)

    def need(self, name):
        found = program(name)
        if not found:
            self.skipTest(f"no {name} on this machine")
        return found

    def need_root(self, why):
        if os.geteuid() != 0:
            self.skipTest(f"needs root: {why}")


def ask(argv, timeout=30, **options):
    """What a real program says: (exit status, stdout, stderr)."""
    done = subprocess.run([str(word) for word in argv], capture_output=True, text=True, check=False, timeout=timeout,
                          stdin=subprocess.DEVNULL, **options)
    return done.returncode, done.stdout, done.stderr
