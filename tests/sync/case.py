"""What every test here does: start registries, run the engine, compare what arrived."""
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

from registry import Registry, digest_of

COPY = os.environ["SYNC_COPY"]
MIB = 1 << 20


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="mirrorctl-sync-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.hosts = []

    def registry(self, **how):
        made = Registry(**how)
        self.addCleanup(made.stop)
        return made

    def pair(self, layers=(b"one" * 5000, b"two" * 9000), **how):
        source, destination = self.registry(), self.registry(**how)
        self.digest = source.put_image("team/app", "1", layers)
        return source, destination

    def list_host(self, registry, how="http", user="-", password="-", ca="-", cert="-", key="-"):
        self.hosts.append(" ".join((registry.host, how, user, password, ca, cert, key)))

    def run_copy(self, *words, **environment):
        path = os.path.join(self.folder, "hosts")
        with open(path, "w") as file:
            file.write("\n".join(self.hosts))
        done = subprocess.run([COPY, *words], text=True, capture_output=True, timeout=100,
                              env={**os.environ, "SYNC_HOSTS": path, **environment})
        self.output = done.stdout + done.stderr
        return done.returncode

    def copy(self, source, destination, to="team/app", expect=0, tag=":1", **environment):
        code = self.run_copy(f"{source.host}/team/app{tag}", f"{destination.host}/{to}", **environment)
        self.assertEqual(code, expect, self.output)

    def assert_copied(self, source, destination, to="team/app"):
        kind, manifest = destination.manifests[to, "1"]
        self.assertEqual(digest_of(manifest), self.digest)
        inside = json.loads(manifest)
        for part in [inside["config"], *inside["layers"]]:
            self.assertEqual(destination.blobs[to, part["digest"]], source.blobs["team/app", part["digest"]])

    def bytes_read(self):
        return int(re.search(r" read (\d+)", self.output)[1])


def once(rule):
    """The rule speaks up only the first time that it has something to say."""
    done = []

    def wrapped(*words):
        if done or not rule(*words):
            return False
        done.append(1)
        return True
    return wrapped


def forget_tokens(registry, when):
    """No token is good any more as soon as `when` says so; new ones are."""
    seen = []

    def rule(handler, method, path, query):
        if not seen and when(method, path):
            seen.append(1)
            registry.tokens = {f"spent{i}": ("", 0) for i in range(100)}
        return False
    registry.rules.append(rule)


def big_blob(handler, path, least=MIB):
    data = handler.registry.blobs.get(("team/app", path.rsplit("/", 1)[-1]), b"")
    return data if handler.command == "GET" and "/blobs/" in path and len(data) >= least else None
