"""The known failures of containerd's configuration, one named test (or more) for each. The numbers are those of tests/README.md."""

import tomllib
import unittest

import harness
from stories import CONFIG, HOSTS, MIRROR, StoryCase, ask, mirror

CRI = "io.containerd.grpc.v1.cri"
GPU = f'''version = 2
[plugins."{CRI}".containerd.runtimes.nvidia]
  runtime_type = "io.containerd.runc.v2"
'''
NVIDIA = "etc/containerd/conf.d/99-nvidia.toml"


class ContainerdCase(StoryCase):
    def config(self, *before, inside='      config_path = ""\n'):
        """The lived-in config.toml with lines at its top and other text in its registry table."""
        text = harness.CONTAINERD_TOML.replace('      config_path = ""\n', inside)
        text = text.replace("version = 2\n", "version = 2\n" + "".join(line + "\n" for line in before))
        self.box.write(CONFIG, text)
        return text

    def config_path(self):
        return tomllib.loads(self.box.read(CONFIG))["plugins"][CRI]["registry"].get("config_path")


class DropIns(ContainerdCase):
    def dump(self, containerd):
        code, out, err = ask([containerd, "--config", self.box.path(CONFIG), "config", "dump"])
        self.assertEqual(code, 0, err)
        return tomllib.loads(out)

    def test_F09_drop_in_replaces_the_section(self):
        """A GPU installer's drop-in has a piece of the CRI section; containerd 1.x takes it for the whole section."""
        self.box.write(NVIDIA, GPU)
        text = self.config('imports = ["/etc/containerd/conf.d/*.toml"]')
        self.refused("containerd-hosts", "conflict", "/" + NVIDIA, "before 2.0")
        self.versions(containerd="2.0.2")
        self.apply("containerd-hosts")
        self.assertEqual(self.config_path(), "/etc/containerd/certs.d")
        self.assertEqual(self.box.read(NVIDIA), GPU)
        self.assertFalse([name for name in self.box.snapshot() if name.startswith("etc/containerd/conf.d/") and name != NVIDIA])
        self.rollback()
        self.assertEqual(self.box.read(CONFIG), text)

    def test_F09_the_real_containerd_loses_it(self):
        """The same drop-in, read by containerd itself: with ours in the main file config_path would not count."""
        containerd = self.need("containerd")
        if " 1." not in ask([containerd, "--version"])[1]:
            self.skipTest("this containerd merges drop-ins")
        self.box.write(NVIDIA, GPU)
        self.config('imports = ["conf.d/99-nvidia.toml"]', inside='      config_path = "/etc/containerd/certs.d"\n')
        cri = self.dump(containerd)["plugins"][CRI]
        self.assertNotEqual(cri["registry"]["config_path"], "/etc/containerd/certs.d")
        self.config('imports = ["conf.d/99-nvidia.toml"]')
        self.refused("containerd-hosts", "conflict", "/" + NVIDIA)

    def test_F09_only_the_registry_changes_in_the_real_dump(self):
        """The edit of a lived-in file: containerd's own dump before and after differs in config_path alone."""
        containerd = self.need("containerd")
        self.config(inside='      config_path = ""\n    ' + f'[plugins."{CRI}".containerd.runtimes.kata]\n      runtime_type = "io.containerd.kata.v2"\n')
        before = self.dump(containerd)
        self.apply("containerd-hosts")
        after = self.dump(containerd)
        self.assertEqual(after["plugins"][CRI]["registry"].pop("config_path"), "/etc/containerd/certs.d")
        self.assertEqual(before["plugins"][CRI]["registry"].pop("config_path"), "")
        self.assertEqual(before, after)

    def test_F10_imported_from_somewhere_else(self):
        """conf.d is a habit, not a rule: what counts is what `imports` names, directly or through another import."""
        elsewhere = "etc/corp/containerd/gpu.toml"
        self.box.write(elsewhere, GPU)
        self.box.write("etc/containerd/more.toml", 'version = 2\nimports = ["/etc/corp/containerd/g*.toml"]\n')
        self.config('imports = ["more.toml"]')
        self.refused("containerd-hosts", "conflict", "/" + elsewhere)

    def test_F10_directory_that_nobody_imports(self):
        """A drop-in in conf.d that no `imports` names has no effect: it neither stops us nor is it where we write."""
        self.box.write(NVIDIA, GPU)
        self.config()
        result = self.apply("containerd-hosts")
        self.assertIn("/" + CONFIG, [file["path"] for file in result["files"]])
        self.assertEqual(self.config_path(), "/etc/containerd/certs.d")


class Switch(ContainerdCase):
    LEGACY = {
        "registry.mirrors": f'      [plugins."{CRI}".registry.mirrors."docker.io"]\n        endpoint = ["https://old.example"]\n',
        "registry.configs": f'      [plugins."{CRI}".registry.configs."corp.example".tls]\n        insecure_skip_verify = true\n',
    }

    def test_F15_config_path_beside_mirrors(self):
        """config_path next to registry.mirrors: containerd stays active, its CRI plugin is gone, the node NotReady."""
        for name, table in self.LEGACY.items():
            with self.subTest(name):
                self.config(inside=table)
                self.refused("containerd-hosts", "conflict", name, "/" + CONFIG, "hosts.toml")

    def test_F15_mirrors_in_an_imported_file(self):
        """The old tables stand in a drop-in, so the main file looks clean."""
        self.box.write("etc/containerd/mirrors.toml", "version = 2\n" + self.LEGACY["registry.mirrors"])
        self.config('imports = ["/etc/containerd/mirrors.toml"]')
        self.versions(containerd="2.0.2")
        self.refused("containerd-hosts", "conflict", "registry.mirrors", "/etc/containerd/mirrors.toml")

    def test_F15_duplicate_registry_table(self):
        """A tool appended a second registry table: containerd does not start, and the line is named."""
        text = self.config() + f'[plugins."{CRI}".registry]\nconfig_path = "/x"\n'
        self.box.write(CONFIG, text)
        line = len(text.splitlines()) - 1
        told = self.refused("containerd-hosts", "parse", "registry")
        self.assertIn(f"/{CONFIG}:{line}", told)

    def test_F16_colon_list_from_2_1_on(self):
        """A list in config_path is one strange directory for containerd 2.1: every hosts.toml is silently unread."""
        both = "/etc/containerd/certs.d:/etc/docker/certs.d"
        self.config(inside=f'      config_path = "{both}"\n')
        self.versions(containerd="2.1.4")
        self.refused("containerd-hosts", "conflict", both, "one directory")

    def test_F16_colon_list_before_2_1(self):
        """Before 2.1 the list works and stays; files go into one of its directories, never into one with a colon in its name."""
        both = "/etc/containerd/certs.d:/etc/docker/certs.d"
        self.config(inside=f'      config_path = "{both}"\n')
        self.apply("containerd-hosts")
        self.assertEqual(self.config_path(), both)
        self.assertTrue(self.box.path(HOSTS.format("docker.io")).exists())
        self.assertFalse([name for name in self.box.snapshot() if "certs.d:" in name])

    def test_F24_cri_disabled_by_the_package(self):
        """The package of a docker vendor disables the CRI plugin: then nobody reads certs.d, which is not "ok" but "no reader"."""
        self.box.write(CONFIG, 'disabled_plugins = ["cri"]\n')
        before = self.box.snapshot()
        listed = self.document(self.box.run("targets", "--json"), "targets", 0)["targets"]
        ours = next(one for one in listed if one["target"] == "containerd-hosts")
        self.assertFalse(ours["detected"])
        self.assertIn("CRI plugin", ours["reason"])
        result = self.apply(None)
        self.assertNotIn("containerd-hosts", [file["target"] for file in result["files"]])
        self.rollback()
        self.assertSame(before, self.box.snapshot())

    def test_F24_cri_disabled_by_an_import(self):
        """The same, but a drop-in disables it: found when the files are read together."""
        self.box.write("etc/containerd/off.toml", 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n')
        self.config('imports = ["off.toml"]')
        result = self.apply(None)
        self.assertNotIn("containerd-hosts", [file["target"] for file in result["files"]])
        self.assertTrue(self.warnings(result, "no_reader"), result["warnings"])


class Hosts(ContainerdCase):
    HUB = HOSTS.format("docker.io")

    def hosts(self, upstream="docker.io"):
        return tomllib.loads(self.box.read(HOSTS.format(upstream)))

    def test_F18_file_that_containerd_drops_without_a_word(self):
        """One wrong word in hosts.toml and containerd ignores all of it: nothing is added to such a file, the reason is named."""
        table = '[host."https://own.example"]\n'
        for name, text, error, says in (
                ("syntax", 'server = "https://registry-1.docker.io\n', "parse", [self.HUB + ":1"]),
                ("twice", table + table, "parse", [self.HUB + ":2"]),
                ("capability", table + 'capabilities = ["pull", "fetch"]\n', "unsupported_layout", ["fetch"]),
                ("too new", table + 'capabilities = ["pull", "referrers"]\n', "unsupported_layout", ["referrers", "2.2"]),
                ("type", table + 'skip_verify = "yes"\n', "unsupported_layout", ["skip_verify", "true or false"]),
                ("inline", 'host = { "https://own.example" = {} }\n', "unsupported_layout", ["own.example"])):
            with self.subTest(name):
                self.box.write(self.HUB, text)
                self.refused("containerd-hosts", error, *says)

    def test_F18_rules_follow_the_version(self):
        """What one containerd rejects another one takes: `referrers` and a file without [host] are judged by the version that is here."""
        self.box.write(self.HUB, 'server = "https://registry-1.docker.io"\n[host."https://own.example"]\ncapabilities = ["pull", "referrers"]\n')
        self.versions(containerd="2.2.0")
        self.apply("containerd-hosts")
        self.assertEqual(list(self.hosts()["host"]), [MIRROR, "https://own.example"])
        self.rollback()
        for version, wakes in (("1.6.20", True), ("2.0.2", False)):
            with self.subTest(version):
                self.box.write(self.HUB, 'server = "https://registry-1.docker.io"\n')
                self.versions(containerd=version)
                result = self.apply("containerd-hosts")
                self.assertEqual(bool(self.warnings(result, "file_counts_now")), wakes, result["warnings"])
                self.rollback()

    def test_F18_what_we_write_is_read(self):
        """Our own files hold to the rules: at least one host, a scheme, known words, no key twice, each host's keys below its header."""
        self.mirrors(hub=[mirror(MIRROR), mirror("https://p.example/v2/hub", form="prefix"), mirror("https://c.example", ca="/etc/corp.pem")])
        self.box.write("etc/corp.pem", "")
        self.apply("containerd-hosts")
        text = self.box.read(self.HUB)
        headers = [line for line in text.splitlines() if line.startswith("[")]
        self.assertEqual(headers, [f'[host."{url}"]' for url in self.hosts()["host"]])
        self.assertEqual(len(headers), 3)
        for url, host in self.hosts()["host"].items():
            self.assertRegex(url, "^https://")
            self.assertLessEqual(set(host), {"capabilities", "override_path", "ca"})
            self.assertLessEqual(set(host["capabilities"]), {"pull", "resolve"})

    def test_F19_mirror_with_a_path(self):
        """A Harbor proxy project: containerd puts /v2 behind the path unless it is told not to, and before 1.6 cannot be told."""
        project = "https://harbor.example/v2/hub-proxy"
        self.mirrors(hub=[mirror(project, form="prefix"), mirror("https://base.example/hub", form="base")])
        self.apply("containerd-hosts")
        hosts = self.hosts()["host"]
        self.assertEqual(list(hosts), [project, "https://base.example/hub"])
        self.assertIs(hosts[project]["override_path"], True)
        self.assertNotIn("override_path", hosts["https://base.example/hub"])
        self.rollback()
        self.versions(containerd="1.5.9")
        result = self.apply("containerd-hosts")
        self.assertEqual(list(self.hosts()["host"]), ["https://base.example/hub"])
        self.assertIn(project, " ".join(self.warnings(result, "mirror_left_out")))

    def test_F19_daemon_json_cannot_say_it(self):
        """The same mirrors in daemon.json: the project cannot be written, a path needs Docker Engine 24; both are said, not dropped."""
        project = "https://harbor.example/v2/hub-proxy"
        self.mirrors(hub=[mirror(project, form="prefix"), mirror("https://base.example/hub", form="base"), mirror(MIRROR)])
        for version, want in (("20.10.24", [MIRROR]), ("24.0.7", ["https://base.example/hub", MIRROR])):
            with self.subTest(version):
                self.versions(docker=version)
                result = self.apply("docker-daemon")
                self.assertEqual(self.box.json("etc/docker/daemon.json")["registry-mirrors"][:-1], want)
                said = " ".join(self.warnings(result, "mirror_left_out"))
                self.assertIn(project, said)
                self.assertEqual("base.example" in said, version == "20.10.24")
                self.rollback()

    def test_F20_server_is_a_web_page(self):
        """server = "https://docker.io" is taken literally and answers with HTML: replaced, and never written by us."""
        for page in ("https://docker.io", "docker.io", "https://hub.docker.com/", "https://index.docker.io/v1/"):
            with self.subTest(page):
                self.box.write(self.HUB, f'server = "{page}"\n[host."https://own.example"]\n')
                result = self.apply("containerd-hosts")
                self.assertEqual(self.hosts()["server"], "https://registry-1.docker.io")
                self.assertTrue(self.warnings(result, "server_replaced"), result["warnings"])
                self.rollback()
                self.assertEqual(self.hosts()["server"], page)
        self.box.path(self.HUB).unlink()
        self.apply("containerd-hosts")
        self.assertEqual(self.hosts()["server"], "https://registry-1.docker.io")

    def test_F20_web_page_instead_of_a_manifest(self):
        """A mirror that answers 200 with an HTML page: containerd would take it, the race does not."""
        lab = self.own_lab()
        lab.command("set fast fault html")
        self.file = self.profile(lab)
        result = self.document(self.box.run("apply", "--profile", self.file, "--target", "containerd-hosts", "--json"), "apply", 0)
        self.assertEqual([one["url"].rstrip("/") for one in result["mirrors"]["docker.io"]], [lab.urls["second"]])
        self.assertNotIn(lab.urls["fast"], self.box.read(self.HUB))
        ranking = self.document(self.box.run("bench", "--profile", self.file, "--json"), "bench", 0)["upstreams"]["docker.io"]["ranking"]
        fast = next(one for one in ranking if one["url"].rstrip("/") == lab.urls["fast"])
        self.assertEqual(fast["verdict"], "rejected")
        self.assertIn("HTML", fast["reason"])


if __name__ == "__main__":
    unittest.main()
