"""What is shipped around `mirrorctl sync` and run by others: the script for one image, the nightly unit and its timer."""
import json
import os
import re
import shutil
import subprocess
import unittest
from pathlib import Path

import registries
from registries import Lab

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
TIMEOUT = 120


@unittest.skipIf(registries.missing(), registries.missing() or "")
class Shipped(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = Lab()
        cls.addClassCleanup(cls.lab.close)
        cls.S, cls.D = cls.lab.source, cls.lab.destination
        cls.digest = cls.S.tag_index("kubernetesui/metrics-scraper", "v1.0.7", "one")
        cls.bin = cls.lab.folder / "bin"
        cls.bin.mkdir()
        shutil.copy(os.environ["MIRRORCTL"], cls.bin / "mirrorctl")  # another user may not reach the build directory
        cls.lab.folder.chmod(0o755)

    def environment(self, **more):
        return {"PATH": f"{self.bin}:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(self.lab.folder), **more}

    def script(self, *words, code=0, **more):
        done = subprocess.run(["sh", SCRIPTS / "pull_image_to_local.sh", *words], env=self.environment(**more), capture_output=True,
                              text=True, timeout=TIMEOUT)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertNotIn(Lab.PASSWORD, done.stdout + done.stderr)
        return done.stderr

    def test_the_script(self):
        image = f"{self.S.host}/kubernetesui/metrics-scraper:v1.0.7"
        at_hub = {"REGISTRY": self.D.host, "AUTH_FILE": str(self.lab.auth)}
        self.script(image, **at_hub)
        self.assertEqual(self.D.manifest("google_containers/metrics-scraper", "v1.0.7")[1], self.digest)
        self.script(image, "mine", **at_hub)
        self.assertEqual(self.D.manifest("mine/metrics-scraper", "v1.0.7")[1], self.digest, "index, platforms and attestation as they were")
        self.assertIn("REGISTRY is not set", self.script(image, code=2))
        self.assertIn("usage", self.script(code=2, **at_hub))
        self.script(f"{self.S.host}/kubernetesui/metrics-scraper:nope", code=1, **at_hub)

    def unit(self, name):
        return (SCRIPTS / "systemd" / name).read_text()

    def test_systemd_reads_the_units(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("systemd-analyze is not installed (apt-get install systemd)")
        folder = self.lab.folder / "units"
        folder.mkdir()
        for name in ("mirrorctl-sync.service", "mirrorctl-sync.timer"):
            text = self.unit(name)
            (folder / name).write_text(text.replace("ExecStart=mirrorctl", f"ExecStart={self.bin}/mirrorctl"))
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", "mirrorctl-sync.service", "mirrorctl-sync.timer"], cwd=folder, text=True,
                              capture_output=True, timeout=TIMEOUT, env=self.environment(SYSTEMD_UNIT_PATH=f"{folder}:"))
        complaints = [line for line in done.stderr.splitlines() if "mirrorctl" in line]
        self.assertEqual((done.returncode, complaints), (0, []), done.stderr)

    def test_what_the_unit_starts(self):
        """Its very words, as a user without any right and without a home, twice; what it writes stands where the unit says."""
        state, credentials = self.lab.folder / "state", self.lab.folder / "credentials"
        (state / "mirrorctl-sync").mkdir(parents=True)
        credentials.mkdir()
        shutil.copy(self.lab.auth, credentials / "auth.json")
        rules = self.lab.folder / "images.json"
        rules.write_text(json.dumps({f"{self.S.host}/kubernetesui/metrics-scraper": f"{self.D.host}/nightly/metrics-scraper"}))
        line = re.search(r"(?m)^ExecStart=(.+)$", self.unit("mirrorctl-sync.service"))[1]
        words = line.replace("%d", str(credentials)).replace("%S", str(state)).replace("/etc/mirrorctl/images.json", str(rules)).split()
        who = {}
        if os.geteuid() == 0:
            who = {"user": 65534, "group": 65534, "extra_groups": []}
            for path in (state / "mirrorctl-sync", credentials / "auth.json"):
                os.chown(path, 65534, 65534)
        for outcome in ("copied", "skipped"):
            done = subprocess.run(words, env={"PATH": f"{self.bin}:/usr/bin:/bin"}, capture_output=True, text=True, timeout=TIMEOUT, **who)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            report = json.loads((state / "mirrorctl-sync/report.json").read_text())
            self.assertEqual([image["outcome"] for image in report["images"]], [outcome])
            self.assertEqual(json.loads((state / "mirrorctl-sync/failed.json").read_text()), {})
        self.assertEqual(self.D.manifest("nightly/metrics-scraper", "v1.0.7")[1], self.digest)


if __name__ == "__main__":
    unittest.main(verbosity=2)
