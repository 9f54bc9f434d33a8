"""One canary password in every place that may hold one; then everything that comes out of every command is searched for it."""

import base64
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
import unittest
from pathlib import Path
from urllib.parse import quote

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "flow")]

import yaml  # noqa: E402

import harness  # noqa: E402
import wire  # noqa: E402

# Each place has its own word, so that a leak tells where it came from. Some are not what a URL may hold.
SECRETS = {name: f"CANARY{name}" for name in (
    "PROXYOPTION", "PROXYFILE", "PROXYENV", "PROXYPROFILE", "LOGIN", "AUTHS", "TOKEN", "DROPIN", "BARE", "DAEMON", "ESCAPED", "SLASHED",
    "HEADER", "LISTED", "LOGDRIVER", "CRI", "BROKEN", "ROTATED", "CLIENT", "ENVFILE", "COMMA", "BLANK", "QUOTED", "VARIABLE")}
USER = "canaryuser"


def forms(secret):
    """A secret as it is, in Base64 of user:password (any alignment), percent-encoded."""
    plain = base64.b64encode(secret.encode()).decode().rstrip("=")
    login = base64.b64encode(f"{USER}:{secret}".encode()).decode().rstrip("=")
    return [secret.encode(), plain[:-1].encode(), login[-12:].encode(), quote(secret, safe="").encode()]


def url(secret, host="10.9.8.7:3128"):
    return f"http://{USER}:{secret}@{host}"


class Secrets(harness.FlowCase):
    def setUp(self):
        super().setUp()
        self.image = wire.Image()
        self.logins = []
        self.good = self.server(wire.registry(self.image))
        self.locked = self.server(self.locked_mirror)
        self.seen = []

    def server(self, answer):
        server = wire.Server(answer)
        self.addCleanup(server.close)
        return server

    def locked_mirror(self, send, request):
        """Wants a token, and for the token our login; repeats every secret that it was told in what it says."""
        told = request.headers.get("authorization", "")
        if request.path == "/token":
            self.logins.append(told)
            return send.reply(200, json.dumps({"token": SECRETS["TOKEN"], "errors": [told]}).encode(), [("Content-Type", "application/json")])
        if SECRETS["TOKEN"] in told:
            return send.reply(500, f"you said {told}".encode(), [("X-Echo", told), ("Location", told)], reason=told)
        return send.reply(401, b"{}", [("WWW-Authenticate", f'Bearer realm="{send.server.url}/token",service="x"')])

    # ---- planting ------------------------------------------------------------------------------------------

    def plant(self):
        box = self.box
        box.write("etc/docker/daemon.json", json.dumps({
            "log-driver": "splunk", "log-opts": {"splunk-token": SECRETS["LOGDRIVER"]},
            "proxies": {"http-proxy": url(SECRETS["DAEMON"])}, "registry-mirrors": ["https://mirror.example"],
            "insecure-registries": ["a.example"]}, indent=1)
            .replace('"insecure-registries"', f'"labels": ["proxy=http:\\/\\/u:{SECRETS["ESCAPED"]}@p", "x=http://u:pa/{SECRETS["SLASHED"]}@p"],\n '
                     '"insecure-registries"') + "\n")
        drop_in = "etc/systemd/system/docker.service.d"
        box.write(drop_in + "/http-proxy.conf", "[Service]\n"
                  f'Environment="HTTP_PROXY={url(SECRETS["DROPIN"])}"\nEnvironment=HTTPS_PROXY={USER}:{SECRETS["BARE"]}@10.9.8.7:3128\n'
                  f'Environment="ALL_PROXY=http://u:a,{SECRETS["COMMA"]}@10.9.8.7:3128"\nEnvironment="REGISTRY_TOKEN={SECRETS["VARIABLE"]}"\n', 0o600)
        box.write("etc/default/docker", f"HTTP_PROXY='{url(SECRETS['ENVFILE'])}'\n", 0o600)
        box.write("etc/containerd/certs.d/docker.io/hosts.toml", 'server = "https://registry-1.docker.io"\n\n'
                  '[host."https://old.example"]\n  capabilities = ["pull", "resolve"]\n  [host."https://old.example".header]\n'
                  f'    Authorization = ["Basic {SECRETS["HEADER"]}"]\n    X-Listed = [\n      "{SECRETS["HEADER"]}"\n    ]\n'
                  f'    X-Key = "{SECRETS["HEADER"]}"\n', 0o600)
        config = harness.CONTAINERD_TOML.replace('      config_path = ""\n', '      config_path = ""\n'
                                                 '      [plugins."io.containerd.grpc.v1.cri".registry.configs."r.example".auth]\n'
                                                 f'        username = "u"\n        password = "{SECRETS["CRI"]}"\n        auth = "{SECRETS["CRI"]}"\n')
        box.write("etc/containerd/config.toml", config, 0o600)
        box.write("root/.docker/config.json", json.dumps({
            "auths": {"r.example": {"auth": base64.b64encode(f"{USER}:{SECRETS['AUTHS']}".encode()).decode(), "identitytoken": SECRETS["AUTHS"]}},
            "HttpHeaders": {"X-Meta": SECRETS["AUTHS"]},
            "proxies": {url(SECRETS["CLIENT"]): {}, "default": {"ftpProxy": url(SECRETS["CLIENT"])}}}, indent=1), 0o600)
        box.write("etc/login", f"{USER}:{SECRETS['LOGIN']}\n", 0o600)
        box.write("etc/proxy", url(SECRETS["PROXYPROFILE"]) + "\n", 0o600)
        self.foreign = {str(path) for path in box.root.rglob("*") if path.is_file()}

    def make_profile(self, name="secrets.yaml", **more):
        def mirror(server, operator, **keys):
            return {"url": server.url, "form": "host", "operator": operator, "trust": "resolve", "insecure": True, "as_of": "2026-11-01",
                    "source": "tests/hostile", **keys}
        profile = {"schema": "mirrorctl.profile/1", "name": "secrets", "as_of": "2026-11-01", "upstreams": {"docker.io": {
            "origin": "http://127.0.0.1:1", "fallback": "none", "canary": [{"image": "library/busybox:1", "digest": self.image.digest}],
            "mirrors": [mirror(self.good, "good"), mirror(self.locked, "locked", auth="file:/etc/login")]}}, **more}
        return self.box.beside(name, yaml.safe_dump(profile, sort_keys=False), 0o600)

    # ---- searching -----------------------------------------------------------------------------------------

    def leaks(self, data):
        return sorted({name for name, secret in SECRETS.items() for form in forms(secret) if form in data})

    def run_it(self, *arguments, codes=range(0, 9), **more):
        done = self.box.run(*arguments, **more)
        self.assertIn(done.code, codes, str(done))
        for stream, data in (("stdout", done.out), ("stderr", done.err)):
            self.assertEqual(self.leaks(data), [], f"{stream} of {done}")
        self.seen.append(arguments[0])
        return done

    def search_files(self, more=()):
        """Nobody but the owner may read what holds a secret; receipts and histories hold none at all."""
        for top in (self.box.root, *more):
            for path in sorted(Path(top).rglob("*")) if Path(top).is_dir() else [Path(top)]:
                info = os.lstat(path)
                if not stat.S_ISREG(info.st_mode):
                    continue
                found = self.leaks(path.read_bytes())
                inside = str(path).startswith(str(self.box.state))
                if inside or str(path) in map(str, more):
                    self.assertEqual(stat.S_IMODE(info.st_mode), 0o600, path)
                if found and str(path) not in self.foreign:
                    self.assertEqual(info.st_mode & 0o077, 0, f"{found} in {path}, which others can read")
                if path.name in ("receipt.json", "pending.json", "bench.json", "lock"):
                    self.assertEqual(found, [], path)
        self.assertEqual(stat.S_IMODE(os.lstat(self.box.state).st_mode), 0o700)

    # ---- tests ---------------------------------------------------------------------------------------------

    def test_everything(self):
        self.plant()
        file = self.make_profile(proxy={"http": "file:/etc/proxy", "https": url(SECRETS["PROXYPROFILE"]), "targets": ["systemd-proxy"]})
        secret = self.box.beside("proxy.txt", url(SECRETS["PROXYFILE"]) + "\n", 0o600)
        env = {"MIRRORCTL_HTTP_PROXY": url(SECRETS["PROXYENV"]), "MIRRORCTL_ALL_PROXY": url(SECRETS["PROXYENV"])}
        out = self.box.base / "plan.json"
        targets = [word for name in ("docker-daemon", "containerd-hosts", "systemd-proxy", "docker-client") for word in ("--target", name)]
        base = ("--profile", file, *targets, "--allow-unmeasured")
        # The proxies are not reachable: loopback mirrors are always asked directly.
        for command in ("plan", "apply"):
            self.run_it(command, *base, "--https-proxy", url(SECRETS["PROXYOPTION"]), "-n" if command == "apply" else "-v", env=env)
        self.run_it("plan", *base, "--https-proxy", f"@{secret}", "--json", "-v", env=env)
        self.run_it("plan", *base, "--https-proxy", f"@{secret}", "--out", out, env=env, codes={0})
        self.assertEqual((stat.S_IMODE(os.stat(out).st_mode), os.stat(out).st_uid), (0o600, os.geteuid()))
        self.assertIn("PROXYFILE", self.leaks(out.read_bytes()), "the saved plan was to hold it")
        self.run_it("bench", "--profile", file, "-v")
        self.run_it("bench", "--profile", file, "--json")
        self.assertTrue([one for one in self.logins if one.startswith("Basic ")], "the login was to reach the mirror's own token server")
        self.run_it("apply", out, "--profile", file, "--https-proxy", f"@{secret}", "-v", env=env, codes={0})
        self.inspect()
        self.search_files([out])
        self.run_it("apply", *base, "-v", codes={0})
        self.run_it("apply", *base, "--json", "--http-proxy", url(SECRETS["ROTATED"]), codes={0})
        self.inspect()
        self.search_files([out])
        for command in (("rollback", "-n"), ("rollback", "-n", "--json"), ("rollback", "-v"), ("rollback", "--json"), ("reset", "-n"),
                        ("reset", "-v", "--json")):
            self.run_it(*command)
            self.search_files([out])
        self.inspect()

    def inspect(self):
        for command in (("status",), ("doctor",), ("explain", "busybox"), ("history",), ("targets",), ("profile", "list"), ("rollback", "-n"),
                        ("profile", "show", self.box.base / "secrets.yaml"), ("profile", "lint", self.box.base / "secrets.yaml")):
            self.run_it(*command, "-v")
            self.run_it(*command, "--json")

    def test_one_secret_in_a_file(self):
        """Each alone and beside the lines that change, so that nothing else makes the file a secret one."""
        word = SECRETS["LISTED"]
        head = 'server = "https://registry-1.docker.io"\n[host."https://old.example"]\n  capabilities = ["pull", "resolve"]\n'
        daemon = '{{\n {},\n "registry-mirrors": ["https://mirror.example"]\n}}\n'
        registry = '      config_path = ""\n'
        table = '      [plugins."io.containerd.grpc.v1.cri".registry.configs."r.example".'
        files = {
            "etc/docker/daemon.json": [daemon.format(one) for one in (
                f'"labels": ["proxy=http:\\/\\/u:{word}@p"]', f'"labels": ["x=http://u:pa/{word}@p"]', f'"log-opts": {{"splunk-token": "{word}"}}',
                f'"labels": ["password={word}"]', f'"log-opts": {{"tag": "a", "awslogs-secret": "{word}"}}',
                f'"labels": ["http_proxy=u:{word}@p:1"]')],
            "etc/containerd/certs.d/docker.io/hosts.toml": [head + one for one in (
                f'  [host."https://old.example".header]\n    X-Key = "{word}"\n', f'  [host."https://old.example".header]\n    x = [\n      "{word}",\n    ]\n',
                f'  header = {{ x-registry = "{word}" }}\n', f'  client = [["/a.crt", "/a.key"]]\n  header.x = "{word}"\n')],
            "etc/containerd/config.toml": [harness.CONTAINERD_TOML.replace(registry, registry + one) for one in (
                f'{table}auth]\n        password = "{word}"\n', f'{table}auth]\n        auth = "{word}"\n', f'{table}auth]\n        identitytoken = "{word}"\n',
                f'      [plugins."io.containerd.grpc.v1.cri".registry.headers]\n        X-Meta = ["{word}"]\n')],
            "etc/systemd/system/docker.service.d/http-proxy.conf": [f"[Service]\n{one}\n" for one in (
                f"Environment=HTTPS_PROXY=u:{word}@10.9.8.7:3128", f'Environment="HTTP_PROXY=http://u:a,{word}@10.9.8.7:3128"',
                f'Environment="HTTP_PROXY=http:\\x2f\\x2fu:{word}@10.9.8.7:3128"', f'Environment="TOKEN={word}"', f"# was: u:{word}@proxy:3128")],
        }
        file = self.make_profile()
        for name, texts in files.items():
            target = {"daemon.json": "docker-daemon", "http-proxy.conf": "systemd-proxy"}.get(name.rsplit("/", 1)[1], "containerd-hosts")
            for text in texts:
                with self.subTest(text):
                    held = self.box.path(name).read_bytes() if self.box.path(name).exists() else None
                    self.box.write(name, text, 0o644)
                    done = self.run_it("plan", "--profile", file, "--target", target, "--http-proxy", "http://10.9.8.7:1", "--allow-unmeasured")
                    self.assertEqual(done.code, 0, str(done))
                    self.assertIn(name.encode(), done.out)
                    for command in (("status", "--json"), ("doctor",), ("explain", "busybox")):
                        self.run_it(*command)
                    self.box.path(name).unlink()
                    if held is not None:
                        self.box.path(name).write_bytes(held)

    def test_after_a_kill(self):
        self.plant()
        file = self.make_profile()
        arguments = ("apply", "--profile", file, "--offline", "--target", "systemd-proxy", "--target", "docker-client")
        for pause in (0.002, 0.005, 0.01, 0.015, 0.02, 0.03):
            process = self.box.start(*arguments, env={"MIRRORCTL_HTTP_PROXY": url(SECRETS["PROXYENV"])})
            time.sleep(pause)
            process.send_signal(signal.SIGKILL)
            out, err = process.communicate()
            self.assertEqual(self.leaks(out + err), [])
            if self.box.state.is_dir():
                self.search_files()
            self.run_it("recover", "-v")
            self.run_it("history", "--json")

    def test_broken_files(self):
        """The line that cannot be read is the one with the secret."""
        word = SECRETS["BROKEN"]
        file = self.make_profile()
        broken = {
            "etc/docker/daemon.json": [f'{{"registry-mirrors": ["https://u:{word}@m.example"]}}\n',f'{{\n "proxies": {{"http-proxy": {url(word)}}}\n}}\n', f'{{\n {word}\n}}', f'{{"a": "{word}\n'],
            "etc/containerd/config.toml": [f'version = 2\n[plugins]\n password = {word}\n', f'password = "{word}\n', f'{word} {word}\n'],
            "etc/containerd/certs.d/docker.io/hosts.toml": [f'[host."https://u:{word}@h"]\n Authorization = {word}\n', f'[host."{word}\n'],
            "root/.docker/config.json": [f'{{"auths": {{"r": {{"auth": {word}}}}}}}', f'{{"proxies": "{word}"}}', f'{{"proxies": {{"default": "{word}"}}}}'],
            "etc/mirrorctl/config.yaml": [f"vars: {{ token: {word}: {word} }}\n", f"restart: {url(word)}\n", f"profile: [{word}]\n"],
            "etc/systemd/system/docker.service.d/http-proxy.conf": [f'[Service]\nEnvironment="HTTP_PROXY={url(word)}\n', f"[Service\n{url(word)}\n"],
            "etc/mirrorctl/proxy-docker.env": [f"HTTP_PROXY='{url(word)}\n"],
            "etc/login": [word, f"{USER}:{word}\r\nHost: evil\n"],
        }
        targets = [part for name in ("docker-daemon", "containerd-hosts", "systemd-proxy", "docker-client") for part in ("--target", name)]
        for name, texts in broken.items():
            path = self.box.path(name)
            held = path.read_bytes() if path.exists() else None
            for text in texts:
                with self.subTest(f"{name}: {text}"):
                    self.box.write(name, text, 0o600)
                    for command in (("apply", "-v"), ("plan",), ("plan", "--json")):
                        self.run_it(command[0], "--profile", file, "--allow-unmeasured", *targets, "--http-proxy", "http://10.9.8.7:1", *command[1:])
                        if command[0] == "apply":
                            self.run_it("rollback")
                            self.box.write(name, text, 0o600)
                    for command in (("status",), ("doctor",), ("explain", "busybox"), ("reset", "-n")):
                        self.run_it(*command)
                        self.run_it(*command, "--json")
            path.unlink()
            if held is not None:
                path.write_bytes(held)

    def test_broken_profiles_and_options(self):
        word = SECRETS["BROKEN"]
        for text in (f"schema: mirrorctl.profile/1\nname: x\nproxy: {{ http: 'http://u:{word}@h:99999' }}\n",
                     f"schema: mirrorctl.profile/1\nname: x\nproxy: {{ http: [{url(word)}] }}\n",
                     f"schema: mirrorctl.profile/1\nname: x\nproxy: {{ http: {url(word)}, hptts: {url(word)} }}\n",
                     f"schema: mirrorctl.profile/1\nname: x\nupstreams: {{ docker.io: {{ mirrors: [{{ url: '{url(word)}' }}] }} }}\n",
                     f"schema: mirrorctl.profile/1\nname: x\nupstreams: {{ docker.io: {{ origin: '{url(word)}' }} }}\n",
                     f"schema: mirrorctl.profile/1\nname: x\nproxy: {{ no_proxy: '{url(word)}' }}\n", f"a: '{url(word)}\n", f"{url(word)}\n"):
            with self.subTest(text):
                path = self.box.beside("broken.yaml", text, 0o600)
                for command in (("apply", "--profile", path, "--offline"), ("bench", "--profile", path), ("profile", "lint", path),
                                ("profile", "show", path)):
                    self.run_it(*command)
                    self.run_it(*command, "--json")
        file = self.make_profile()
        for value in (f"http://u:{word}@h:99999", f"ftp://u:{word}@h", f"http://u:{word} x@h", f"u:{word}@h:x", f"http://u:pa/{word}@h",
                      f"http://u:a,{SECRETS['COMMA']}@h:x", f"http://u:a {SECRETS['BLANK']}@h", f'http://u:a"{SECRETS["QUOTED"]}@h:x',
                      f"http://u:{word}#@h", f"@/nowhere/{'x' * 300}"):
            for option in ("--http-proxy", "--https-proxy", "--all-proxy"):
                with self.subTest(f"{option} {value}"):
                    self.run_it("apply", "--profile", file, "--offline", "--target", "systemd-proxy", option, value, "--json", codes={0, 1, 2})
                    self.run_it("rollback")

    def test_rotation(self):
        """A new password is one restart for each engine; a way back past it says that it revives the old one."""
        file = self.make_profile()
        before, after = self.box.beside("old", url(SECRETS["PROXYFILE"]) + "\n", 0o600), self.box.beside("new", url(SECRETS["ROTATED"]) + "\n", 0o600)
        base = ("apply", "--profile", file, "--offline", "--target", "systemd-proxy", "--json", "--https-proxy")
        first = self.document(self.run_it(*base, f"@{before}"), "apply", 0)
        again = self.document(self.run_it(*base, f"@{after}"), "apply", 0)
        self.assertEqual([one["path"] for one in again["files"]], ["/etc/mirrorctl/proxy-containerd.env", "/etc/mirrorctl/proxy-docker.env"])
        restarts = [one["unit"] for one in again["activations"] if one["action"] == "restart"]
        self.assertEqual(sorted(restarts), ["containerd.service", "docker.service"])
        self.assertFalse(self.document(self.run_it(*base, f"@{after}"), "apply", 0)["changed"])
        shown = self.run_it("rollback", "-n")
        self.assertIn(b"old proxy password", shown.err)
        back = self.document(self.run_it("rollback", "--json"), "rollback", 0)
        self.assertEqual({one["code"] for one in back["warnings"]} & {"old_credentials"}, {"old_credentials"}, back["warnings"])
        self.assertIn(SECRETS["PROXYFILE"], self.box.read("etc/mirrorctl/proxy-docker.env"))
        # Back to no password at all: nothing is revived.
        bare = self.document(self.run_it("rollback", "--json"), "rollback", 0)
        self.assertNotIn("old_credentials", {one["code"] for one in bare["warnings"]})
        self.assertTrue(first["changed"])


class Processes(Secrets):
    """What others see of the running program and of those that it starts."""

    def test_arguments_of_children(self):
        if os.geteuid() != 0 or not shutil.which("unshare"):
            self.skipTest("needs root and unshare: a systemctl of the test's own must stand in the place of the real one")
        log = self.box.base / "argv.log"
        fake = self.box.base / "fake"
        fake.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$0\" \"$@\" >> {log}\nenv >> {log}\ncat >> {log}\nexit 1\n")
        fake.chmod(0o755)
        self.plant()
        file = self.make_profile()
        # The sandbox root becomes the root of a mount namespace, so that the run is a live one: engines are asked and restarted.
        for name in ("usr/bin/systemctl", "usr/bin/docker", "usr/sbin/dockerd", "usr/bin/containerd", "usr/bin/crictl"):
            self.box.path(name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(fake, self.box.path(name))
        script = "set -e; r=$1; shift; for d in bin lib lib64 sbin; do [ -e $r/$d ] || ln -s usr/$d $r/$d; done; " \
                 "for d in usr/lib usr/lib64 tmp proc dev root/.pyenv; do [ -d /$d ] || continue; mkdir -p $r/$d; mount --rbind /$d $r/$d; done; " \
                 "mkdir -p $r/run/systemd/system; cp /bin/sh /bin/cat /usr/bin/env $r/usr/bin/; exec chroot $r \"$@\""
        own = self.box.path("usr/bin/mirrorctl")
        shutil.copy(harness.binary(), own)
        words = ["unshare", "-m", "sh", "-c", script, "sh", str(self.box.root), "/usr/bin/mirrorctl"]
        env = {**self.box.environment(), "MIRRORCTL_HTTPS_PROXY": url(SECRETS["PROXYENV"])}
        for command in (["apply", "--profile", str(file), "--offline", "--target", "systemd-proxy", "--restart", "always", "-v"],
                        ["doctor", "-v"], ["status", "--json"], ["rollback", "--restart", "always"]):
            done = subprocess.run(words + command, env=env, capture_output=True, timeout=120, check=False)
            self.assertEqual(self.leaks(done.stdout + done.stderr), [], done)
        seen = log.read_bytes() if log.exists() else b""
        self.assertIn(b"systemctl", seen, "nothing was started: the test proves nothing")
        self.assertEqual(self.leaks(seen), [], seen)

    def test_no_core_dump_and_no_debugger(self):
        hole = self.server(lambda send, request: send.server.over.wait(20) and False)
        file = self.make_profile()
        file.write_text(file.read_text().replace(self.good.url, hole.url))
        who = {}
        if os.geteuid() == 0:
            who = {"user": 65534, "group": 65534}
            self.box.base.chmod(0o755)
            os.chown(file, 65534, 65534)
        process = self.box.start("bench", "--profile", file, "--budget", "5s", **who)
        try:
            end = time.monotonic() + 5
            while not hole.connections and time.monotonic() < end:
                time.sleep(0.01)
            self.assertRegex(Path(f"/proc/{process.pid}/limits").read_text(), r"Max core file size +0 +0 ")
            # In /proc a process that is not dumpable belongs to root, whoever runs it (proc(5)).
            self.assertEqual(os.stat(f"/proc/{process.pid}/mem").st_uid, 0)
        finally:
            process.kill()
            out, err = process.communicate()
        self.assertEqual(self.leaks(out + err), [])


for _name in list(vars(Secrets)):
    if _name.startswith("test_"):
        setattr(Processes, _name, None)


if __name__ == "__main__":
    unittest.main()
