"""A booted Debian node: its own systemd as process 1, its own network namespace, an overlay over a root that is never written to."""

import json
import os
import secrets
import shutil
import signal
import subprocess
import time

import cri
import roots
from parts import Failed, run, wait_for
from sandbox import LAB, Skip, cgroup

PROGRAM = "/usr/local/sbin/mirrorctl"
DAEMON_JSON = "/etc/docker/daemon.json"
CONFIG_TOML = "/etc/containerd/config.toml"
CONTAINERD_SOCKET = "/run/containerd/containerd.sock"
NEEDLESS = ("apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer", "fstrim.timer", "man-db.timer",
            "getty.target", "console-getty.service", "ssh.service", "ssh.socket", "systemd-networkd.service",
            "systemd-networkd-wait-online.service", "systemd-resolved.service", "systemd-timesyncd.service")
# nspawn: the first two let `docker run` work inside; the third asks for the unified hierarchy on hybrid hosts too.
BOOT = {"SYSTEMD_NSPAWN_API_VFS_WRITABLE": "1", "SYSTEMD_NSPAWN_USE_CGNS": "1", "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"}
BARE = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}  # no HOME, as under cloud-init


class Node:
    """`address` is the node's own in the world's network. Files may be written before `start`."""

    def __init__(self, suite, name, address, world):
        try:
            self.lower = roots.find(suite)
        except roots.NoRoot as error:
            raise Skip(str(error)) from error
        self.suite, self.name, self.address, self.world = suite, name, address, world
        self.home = f"{LAB}/{name}"
        self.root = f"{self.home}/root"
        self.leader = self.nspawn = None
        for part in ("upper", "work", "root"):
            os.makedirs(f"{self.home}/{part}")
        run("mount", "-t", "overlay", "overlay", "-o",
            f"lowerdir={self.lower},upperdir={self.home}/upper,workdir={self.home}/work", self.root)
        world.connect(name, address)
        self._prepare()

    def _prepare(self):
        self.write("/etc/machine-id", secrets.token_hex(16) + "\n")
        self.write("/etc/hostname", self.name + "\n")
        self.write("/etc/hosts", "127.0.0.1 localhost\n" + "".join(f"{ip} {host}\n" for host, ip in self.world.hosts.items()))
        self.write("/etc/resolv.conf", "nameserver 127.0.0.1\n")
        self.write("/etc/cloud/cloud-init.disabled", "")
        for unit in NEEDLESS:
            self.mask(unit)
        bundle = "/etc/ssl/certs/ca-certificates.crt"
        self.write(bundle, self.read(bundle) + self.world.authority)
        os.makedirs(self.path("/usr/local/sbin"), exist_ok=True)
        shutil.copy(os.environ["MIRRORCTL"], self.path(PROGRAM))
        os.chmod(self.path(PROGRAM), 0o755)

    # ---- files ----

    def path(self, name):
        """Where a file of the node is seen from outside; after the boot through the node's own mounts."""
        return (f"/proc/{self.leader}/root" if self.leader else self.root) + name

    def read(self, name):
        with open(self.path(name), encoding="utf-8", newline="") as file:
            return file.read()

    def write(self, name, text, mode=0o644):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        if os.path.islink(self.path(name)):
            os.unlink(self.path(name))
        with open(self.path(name), "w", encoding="utf-8", newline="") as file:
            file.write(text)
        os.chmod(self.path(name), mode)

    def exists(self, name):
        return os.path.lexists(self.path(name))

    def remove(self, name):
        if os.path.isdir(self.path(name)) and not os.path.islink(self.path(name)):
            shutil.rmtree(self.path(name))
        elif self.exists(name):
            os.unlink(self.path(name))

    def mask(self, unit):
        """Before the boot."""
        link = self.path(f"/etc/systemd/system/{unit}")
        if os.path.lexists(link):
            os.unlink(link)
        os.symlink("/dev/null", link)

    def chroot(self, *argv):
        """Runs a program of the node before it boots."""
        return run("chroot", self.root, *argv)

    # ---- power ----

    def start(self, *arguments):
        """Boots and waits until systemd has done all that boots with it. Further arguments go to systemd-nspawn."""
        groups = cgroup(self.name)

        def enter():
            for group in groups:
                with open(group + "/cgroup.procs", "w", encoding="ascii") as file:
                    file.write(str(os.getpid()))
        argv = ["systemd-nspawn", "--quiet", "--directory=" + self.root, "--machine=" + self.name, "--boot", "--register=no", "--keep-unit",
                f"--network-namespace-path=/run/netns/{self.name}", "--console=pipe", "--resolv-conf=off", "--timezone=off", "--link-journal=no",
                "--system-call-filter=add_key keyctl bpf", "--capability=all", "--tmpfs=/var/lib/docker", "--tmpfs=/var/lib/containerd",
                *arguments]
        with open(f"{self.home}/console.log", "ab") as log:
            # pylint: disable-next=subprocess-popen-preexec-fn
            self.nspawn = subprocess.Popen(argv, env={**BARE, **BOOT}, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                           start_new_session=True, preexec_fn=enter)
        began = time.monotonic()
        wait_for(f"systemd of {self.name}", self._find_leader, 30)
        wait_for(f"the boot of {self.name}", self._booted, 120)
        return time.monotonic() - began

    def _find_leader(self):
        if self.nspawn.poll() is not None:
            raise Failed(f"systemd-nspawn ended: {self.console()[-2000:]}")
        with open(f"/proc/{self.nspawn.pid}/task/{self.nspawn.pid}/children", encoding="ascii") as file:
            for child in file.read().split():
                with open(f"/proc/{child}/comm", encoding="ascii") as comm:
                    if comm.read().strip() in ("systemd", "init"):
                        self.leader = int(child)
                        return True
        return False

    def _booted(self):
        return self.exec("systemctl", "is-system-running", check=False).stdout.strip() in ("running", "degraded")

    def stop(self):
        """A clean shutdown; by force after some seconds."""
        if self.nspawn is None or self.nspawn.poll() is not None:
            return
        if self.leader:
            os.kill(self.leader, signal.SIGRTMIN + 4)  # poweroff, systemd(1)
        try:
            self.nspawn.wait(20)
        except subprocess.TimeoutExpired:
            for pid in (self.leader, self.nspawn.pid):
                if pid:
                    os.kill(pid, signal.SIGKILL)
            self.nspawn.wait()
        self.leader = self.nspawn = None

    def discard(self):
        """The node and its files are gone; its name and address are free."""
        self.world.disconnect(self.name)
        run("umount", self.root)
        shutil.rmtree(self.home)

    def reboot(self):
        self.stop()
        return self.start()

    def console(self):
        with open(f"{self.home}/console.log", encoding="utf-8", errors="replace") as file:
            return file.read()

    # ---- programs ----

    def exec(self, *argv, check=True, env=None, stdin=None):
        """Runs a program inside; without HOME and terminal."""
        done = subprocess.run(["nsenter", f"--target={self.leader}", "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", *argv],
                              env={**BARE, **(env or {})}, capture_output=True, text=True, timeout=180, check=False,
                              **({"input": stdin} if stdin is not None else {"stdin": subprocess.DEVNULL}))
        if check and done.returncode != 0:
            raise Failed(f"{self.name}: {' '.join(argv)} exits with {done.returncode}: {done.stdout}{done.stderr}")
        return done

    def mirrorctl(self, *arguments, code=0, env=None):
        """The JSON document of a run that exits with `code`."""
        done = self.exec(PROGRAM, *arguments, "--json", check=False, env=env)
        try:
            document = json.loads(done.stdout)
        except ValueError as error:
            raise Failed(f"{self.name}: {' '.join(arguments)}: no JSON on stdout: {done.stdout}{done.stderr}") from error
        if code is not None and done.returncode != code:
            raise Failed(f"{self.name}: {' '.join(arguments)} exits with {done.returncode} instead of {code}: {document['outcome']}, "
                         f"{json.dumps(document['error'])}\n{done.stderr}")
        return document

    def property(self, unit, name):
        return self.exec("systemctl", "show", "--value", f"--property={name}", unit).stdout.strip()

    def journal(self, unit):
        return self.exec("journalctl", "--no-pager", "--output=cat", f"--unit={unit}", check=False).stdout

    def info(self):
        """dockerd's own word."""
        return json.loads(self.exec("docker", "info", "--format", "{{json .}}").stdout)

    def docker_mirrors(self):
        return [url.rstrip("/") for url in self.info()["RegistryConfig"]["Mirrors"] or []]

    def docker_pull(self, image):
        self.exec("docker", "image", "rm", "--force", image, check=False)
        self.exec("docker", "pull", "--quiet", image)

    def cri_pull(self, image):
        """As kubelet does; `ctr` would not read config_path."""
        socket = self.path(CONTAINERD_SOCKET)
        try:
            cri.remove(socket, image)
        except cri.CriError:
            pass
        try:
            cri.pull(socket, image)
        except cri.CriError as error:
            raise Failed(f"{self.name}: CRI pull of {image}: {error}; containerd says:\n{self.journal('containerd')[-2000:]}") from error

    def cri_answers(self):
        try:
            return bool(cri.version(self.path(CONTAINERD_SOCKET)))
        except (cri.CriError, OSError):
            return False
