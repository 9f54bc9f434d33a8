"""What the tests of doctor share: nodes that work, and how findings are looked at."""

import datetime
import json

import harness

TODAY = datetime.date.today().isoformat()
HOSTS = "etc/containerd/certs.d/docker.io/hosts.toml"
GOOD_HOSTS = 'server = "https://registry-1.docker.io"\n\n[host."https://mirror.corp.example"]\n  capabilities = ["pull", "resolve"]\n'

CONFIG_V2 = 'version = 2\n[plugins."io.containerd.grpc.v1.cri".registry]\n  config_path = "/etc/containerd/certs.d"\n'
CONFIG_V3 = 'version = 3\n[plugins."io.containerd.cri.v1.images".registry]\n  config_path = "/etc/containerd/certs.d"\n'


def packages(docker, containerd, names=("docker-ce", "containerd.io")):
    return "".join(f"Package: {name}\nStatus: install ok installed\nVersion: {version}\n\n"
                   for name, version in zip(names, (docker, containerd)))


class DoctorCase(harness.FlowCase):
    def node(self, docker="20.10.24", containerd="1.6.20", config=CONFIG_V2, hosts=GOOD_HOSTS):
        """A node that works, of that generation."""
        box = self.box
        box.write("var/lib/dpkg/status", packages(docker, containerd))
        box.write("etc/containerd/config.toml", config)
        box.write("etc/docker/daemon.json", '{"log-driver": "json-file", "registry-mirrors": ["https://mirror.corp.example"]}\n')
        if hosts:
            box.write(HOSTS, hosts)
        return box

    def findings(self, *more, code=0):
        done = self.box.run("doctor", "--json", *more)
        return self.document(done, "doctor", code)["findings"]

    def healthy(self):
        self.assertEqual(self.findings("--exit-code"), [])
        self.assertRegex(self.ok(self.box.run("doctor")).text, r"^no problems found \(\d+ checks\)\n$")

    def found(self, *codes, says=""):
        """Exactly these, once each, and nothing else."""
        tree = self.box.snapshot()
        findings = self.findings()
        self.assertEqual(sorted(f["code"] for f in findings), sorted(codes), json.dumps(findings, indent=1))
        self.assertSame(tree, self.box.snapshot(), times=True)
        for finding in findings:
            self.assertTrue(finding["hint"], finding)
        self.assertIn(says, " ".join(f["subject"] + " " + f["message"] for f in findings))
        bad = any(f["severity"] != "note" for f in findings)
        self.assertEqual(self.box.run("doctor", "--exit-code").code, 3 if bad else 0)
        return findings
