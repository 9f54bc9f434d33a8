"""explain and the consumers of status: who is asked for an image, and who reads what."""

import json
import os
import unittest

import harness
from doctor_case import CONFIG_V2, CONFIG_V3, GOOD_HOSTS, HOSTS, DoctorCase

DIGEST = "sha256:" + "a" * 64


class Explain(DoctorCase):
    def explain(self, image):
        document = self.document(self.box.run("explain", image, "--json"), "explain", 0)
        self.ok(self.box.run("explain", image))
        return {consumer["name"]: consumer for consumer in document["consumers"]}

    def urls(self, consumer):
        return [host["url"] for host in consumer["hosts"]]

    def hosts(self, name, text):
        self.box.write(f"etc/containerd/certs.d/{name}/hosts.toml", text)

    def test_each_consumer_joins_in_its_own_way(self):
        self.node("26.1.4", "1.7.22")
        self.box.write("usr/bin/ctr", "", 0o755)
        found = self.explain("nginx")
        self.assertEqual(set(found), {"dockerd", "containerd CRI", "ctr"})
        manifest = "/v2/library/nginx/manifests/latest"
        self.assertEqual(self.urls(found["dockerd"]), ["https://mirror.corp.example" + manifest, "https://registry-1.docker.io" + manifest])
        self.assertEqual(self.urls(found["containerd CRI"]), ["https://mirror.corp.example" + manifest + "?ns=docker.io",
                                                              "https://registry-1.docker.io" + manifest])
        self.assertEqual(self.urls(found["ctr"]), ["https://registry-1.docker.io" + manifest])
        self.assertEqual(found["containerd CRI"]["file"], "/" + HOSTS)

    def test_only_the_hub_has_mirrors_in_daemon_json(self):
        self.node("26.1.4", "1.7.22")
        dockerd = self.explain("ghcr.io/org/app:1.2")["dockerd"]
        self.assertEqual(self.urls(dockerd), ["https://ghcr.io/v2/org/app/manifests/1.2"])

    def test_capabilities_and_digests(self):
        self.node("26.1.4", "1.7.22")
        self.hosts("ghcr.io", '[host."https://m.corp.example/v2/ghcr.io"]\n  capabilities = ["pull"]\n  override_path = true\n')
        cri = self.explain("ghcr.io/org/app:1.2")["containerd CRI"]
        self.assertEqual([(h["tag"], h["content"]) for h in cri["hosts"]], [(False, True), (True, True)])
        self.assertEqual(self.urls(cri)[0], "https://m.corp.example/v2/ghcr.io/org/app/manifests/1.2?ns=ghcr.io")
        cri = self.explain(f"ghcr.io/org/app@{DIGEST}")["containerd CRI"]
        self.assertEqual([(h["tag"], h["content"]) for h in cri["hosts"]], [(False, True), (False, True)])
        self.assertTrue(self.urls(cri)[0].endswith(f"/manifests/{DIGEST}?ns=ghcr.io"))

    def test_which_directory_counts(self):
        self.node("26.1.4", "1.7.22")
        self.hosts("_default", '[host."https://default.corp.example"]\n')
        self.hosts("r.corp.example:5000", '[host."https://colon.corp.example"]\n')
        first = lambda image: self.urls(self.explain(image)["containerd CRI"])[0].split("/v2/")[0]  # noqa: E731
        self.assertEqual(first("quay.io/a/b"), "https://default.corp.example")
        self.assertEqual(first("nginx"), "https://mirror.corp.example")
        self.assertEqual(first("r.corp.example:5000/a"), "https://colon.corp.example")
        self.hosts("r.corp.example_5000_", '[host."https://underscore.corp.example"]\n')
        self.assertEqual(first("r.corp.example:5000/a"), "https://underscore.corp.example")
        self.box.path("etc/containerd/certs.d/quay.io").mkdir()
        cri = self.explain("quay.io/a/b")["containerd CRI"]
        self.assertEqual(self.urls(cri), ["https://quay.io/v2/a/b/manifests/latest"])
        self.assertIn("hides", cri["note"])

    def test_why_a_file_does_not_count(self):
        self.node("26.1.4", "1.7.22", hosts="[host\n")
        cri = self.explain("nginx")["containerd CRI"]
        self.assertIn("ignored", cri["note"])
        self.assertEqual(len(cri["hosts"]), 1)
        self.node("26.1.4", "1.7.22", "version = 2\n")
        self.assertIn("config_path", self.explain("nginx")["containerd CRI"]["note"])
        self.box.write("etc/containerd/config.toml", 'version = 2\ndisabled_plugins = ["cri"]\n')
        self.assertNotIn("containerd CRI", self.explain("nginx"))

    def test_legacy_mirrors(self):
        self.node("26.1.4", "1.7.22", 'version = 2\n[plugins."io.containerd.grpc.v1.cri".registry.mirrors."docker.io"]\n'
                  '  endpoint = ["https://old.corp.example", "https://older.corp.example/x"]\n', hosts="")
        cri = self.explain("nginx")["containerd CRI"]
        self.assertEqual([url.split("/library")[0] for url in self.urls(cri)],
                         ["https://old.corp.example/v2", "https://older.corp.example/x", "https://registry-1.docker.io/v2"])

    def test_docker_with_the_containerd_store(self):
        self.node("28.5.1", "2.1.4", CONFIG_V3)
        self.box.write("etc/docker/certs.d/docker.io/hosts.toml", '[host."https://hosts.corp.example"]\n')
        self.box.write("etc/docker/certs.d/ghcr.io/hosts.toml", '[host."https://ghcr.corp.example"]\n')
        daemon = {"registry-mirrors": ["https://mirror.corp.example"]}
        self.box.write("etc/docker/daemon.json", json.dumps(daemon))
        self.assertIn("mirror.corp.example", self.urls(self.explain("nginx")["dockerd"])[0])
        daemon["features"] = {"containerd-snapshotter": True}
        self.box.write("etc/docker/daemon.json", json.dumps(daemon))
        found = self.explain("nginx")["dockerd"]
        self.assertEqual(self.urls(found)[0], "https://hosts.corp.example/v2/library/nginx/manifests/latest?ns=docker.io")
        self.assertIn("outranks", found["note"])
        self.assertIn("ghcr.corp.example", self.urls(self.explain("ghcr.io/a/b")["dockerd"])[0])

    def test_routes(self):
        self.node("26.1.4", "1.7.22")
        for unit in ("docker", "containerd"):
            self.box.write(f"etc/systemd/system/{unit}.service.d/http-proxy.conf",
                           '[Service]\nEnvironment="HTTPS_PROXY=http://u:s3cret@proxy.corp.example:3128" "NO_PROXY=mirror.corp.example"\n')
        found = self.explain("nginx")
        for name in ("dockerd", "containerd CRI"):
            self.assertEqual([h["via"] for h in found[name]["hosts"]], ["direct", "http://***@proxy.corp.example:3128"])
        self.box.write("etc/docker/daemon.json", '{"proxies": {"https-proxy": "http://file.corp.example:3128", "no-proxy": ""}}')
        self.assertEqual(self.explain("nginx")["dockerd"]["hosts"][0]["via"], "http://file.corp.example:3128")

    def test_a_bad_reference(self):
        done = self.box.run("explain", "Not/An:Image", "--json")
        self.assertEqual(done.code, 2, str(done))
        self.assertEqual(json.loads(done.out)["error"]["code"], "usage")

    def test_it_changes_nothing(self):
        self.node()
        tree = self.box.snapshot(skip=())
        self.explain("nginx")
        self.ok(self.box.run("status"))
        self.assertSame(tree, self.box.snapshot(skip=()), times=True)


class Consumers(DoctorCase):
    def consumers(self):
        document = self.document(self.box.run("status", "--json"), "status", 0)
        self.ok(self.box.run("status"))
        return {consumer["name"]: consumer for consumer in document["consumers"]}

    def test_only_what_is_installed(self):
        self.node("26.1.4", "1.7.22")
        self.assertEqual(set(self.consumers()), {"dockerd", "containerd CRI"})
        for name in ("usr/bin/ctr", "usr/local/bin/nerdctl", "usr/libexec/docker/cli-plugins/docker-buildx"):
            self.box.write(name, "", 0o755)
        found = self.consumers()
        self.assertEqual(set(found), {"dockerd", "buildx", "containerd CRI", "nerdctl", "ctr"})
        self.assertEqual(found["ctr"], {"name": "ctr", "reads": [], "live": "no", "detail": found["ctr"]["detail"]})
        self.assertEqual(found["nerdctl"]["reads"], ["/etc/containerd/certs.d", "/etc/docker/certs.d"])
        self.assertEqual(found["nerdctl"]["live"], "yes")
        self.box.write("etc/nerdctl/nerdctl.toml", 'hosts_dir = ["/srv/hosts.d"]\n')
        found = self.consumers()
        self.assertEqual((found["nerdctl"]["reads"], found["nerdctl"]["live"]), (["/srv/hosts.d"], "no"))

    def test_what_shadows_the_mirrors(self):
        self.node("26.1.4", "1.7.22", "version = 2\n")
        cri = self.consumers()["containerd CRI"]
        self.assertEqual((cri["live"], cri["reads"], cri["detail"]), ("no", [], "config_path is not set"))
        self.node("26.1.4", "1.7.22", hosts="")
        self.box.path(HOSTS).unlink()
        self.assertEqual(self.consumers()["containerd CRI"]["live"], "no")
        self.node("28.5.1", "2.1.4", CONFIG_V3)
        self.box.write("etc/docker/certs.d/docker.io/hosts.toml", GOOD_HOSTS)
        self.box.write("etc/docker/daemon.json", '{"registry-mirrors": ["https://m.corp.example"], "features": {"containerd-snapshotter": true}}')
        dockerd = self.consumers()["dockerd"]
        self.assertEqual(dockerd["reads"], ["/etc/docker/daemon.json", "/etc/docker/certs.d"])
        self.assertIn("no effect", dockerd["detail"])
        self.assertEqual(dockerd["live"], "yes")
        self.box.write("etc/docker/daemon.json", "{")
        self.assertIn("does not parse", self.consumers()["dockerd"]["detail"])

    def test_pending_after_apply_into_an_image(self):
        self.node("26.1.4", "1.7.22", CONFIG_V2.replace("/etc/containerd/certs.d", ""), hosts="")
        self.ok(self.box.run("apply", "--profile", self.profile()))
        found = self.consumers()
        self.assertEqual((found["dockerd"]["live"], found["containerd CRI"]["live"]), ("pending", "pending"))
        self.assertEqual(found["containerd CRI"]["reads"], ["/etc/containerd/certs.d"])

    def test_builders(self):
        self.node("26.1.4", "1.7.22")
        self.box.write("root/.docker/buildx/instances/slow", '{"Name": "slow", "Driver": "docker-container", "Nodes": []}')
        builder = self.consumers()["builder slow"]
        self.assertEqual((builder["live"], builder["reads"]), ("no", ["/root/.docker/buildx/instances/slow"]))


if __name__ == "__main__":
    unittest.main()
