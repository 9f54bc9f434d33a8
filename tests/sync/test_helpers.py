"""Docker's credential helpers: real programs in the caller's PATH, with what they need of his environment."""
import json
import os
import shutil
import subprocess
import unittest

import registries
from registries import Lab

TIMEOUT = 120
NOBODY = 65534
SCRIPT = """#!/bin/sh
read server
echo "$1 $server $HOME ${VAULT:-}" >> "$HOME/asked"
grep -qxF "$server" "$HOME/known" || { echo "credentials not found in native keychain"; exit 1; }
[ "$VAULT" = open ] || { echo "the vault is closed"; exit 1; }
cat "$HOME/answer"
"""


@unittest.skipIf(registries.missing(), registries.missing() or "")
class Helpers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = Lab()
        cls.addClassCleanup(cls.lab.close)
        cls.S, cls.D = cls.lab.source, cls.lab.destination
        cls.lab.tokens.closed = True
        cls.digest = cls.S.tag_image("app/web", "1", "one")
        cls.home, cls.bin = cls.lab.folder / "home", cls.lab.folder / "bin"
        for folder in (cls.home, cls.home / ".docker", cls.bin):
            folder.mkdir()
        shutil.copy(os.environ["MIRRORCTL"], cls.bin / "mirrorctl")  # another user may not reach the build directory
        helper = cls.bin / "docker-credential-fake"
        helper.write_text(SCRIPT)
        helper.chmod(0o755)
        cls.lab.auth.write_text(json.dumps({r.host: {"ca_file": str(cls.lab.certificates.ca)} for r in (cls.S, cls.D)}))
        (cls.home / "answer").write_text(json.dumps({"ServerURL": "x", "Username": Lab.USER, "Secret": Lab.PASSWORD}))
        cls.lab.folder.chmod(0o755)
        cls.lab.certificates.ca.chmod(0o644)

    def sync(self, to, known, config, code=0, **environment):
        (self.home / "known").write_text("\n".join(known))
        (self.home / ".docker/config.json").write_text(json.dumps(config))
        (self.home / "asked").unlink(missing_ok=True)
        who = {}
        if os.geteuid() == 0:  # root's PATH has no say
            who = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
            for path in (self.home, self.home / ".docker", self.home / ".docker/config.json", self.lab.auth):
                os.chown(path, NOBODY, NOBODY)
        done = subprocess.run([self.bin / "mirrorctl", "--state-dir", self.home / "state", "sync", "--auth", self.lab.auth, f"{self.S.host}/app/web:1",
                               "--to", f"{self.D.host}/{to}"], capture_output=True, text=True, timeout=TIMEOUT,
                              env={"PATH": f"{self.bin}:/usr/bin:/bin", "HOME": str(self.home), **environment}, **who)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertNotIn(Lab.PASSWORD, done.stdout + done.stderr)
        self.asked = (self.home / "asked").read_text().splitlines() if (self.home / "asked").exists() else []
        return done.stdout + done.stderr

    def test_a_store_for_all(self):
        self.sync("store", [self.S.host, self.D.host], {"credsStore": "fake"}, VAULT="open")
        self.assertEqual(self.D.manifest("store/web", "1")[1], self.digest)
        self.assertEqual(sorted(self.asked), sorted(f"get {host} {self.home} open" for host in (self.S.host, self.D.host)), "each once")

    def test_a_helper_for_one_host(self):
        secret = registries.base64.b64encode(f"{Lab.USER}:{Lab.PASSWORD}".encode()).decode()
        self.sync("one", [self.D.host], {"credHelpers": {self.D.host: "fake"}, "auths": {self.S.host: {"auth": secret}}}, VAULT="open")
        self.assertEqual(self.asked, [f"get {self.D.host} {self.home} open"])

    def test_one_that_fails_is_named(self):
        text = self.sync("closed", [self.S.host, self.D.host], {"credsStore": "fake"}, code=1)
        self.assertIn("docker-credential-fake gave no login", text)
        self.assertIn("the vault is closed", text)
        self.assertIn("install docker-credential-none in /usr/local/bin", self.sync("none", [], {"credsStore": "none"}, code=1))


if __name__ == "__main__":
    unittest.main(verbosity=2)
