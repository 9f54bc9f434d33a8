"""Traps that users plant for root, and links inside a root that point out of it: nothing is followed, read aloud, overwritten or waited for."""

import os
import shutil
import signal
import sys
import time
import unittest

import traps
from traps import ALICE, BOB, fifo, link, listening, own, sparse

PROXY = ("--http-proxy", "http://10.9.8.7:3128", "--offline")
ROUNDS = 20
LOOKS = (("status",), ("status", "--json"), ("doctor", "--json"), ("explain", "busybox", "--json"), ("targets",))


class Homes(traps.TrapCase):
    """~/.docker/config.json of a user, with root at work."""

    def setUp(self):
        super().setUp()
        self.dir = self.home / ".docker"
        self.config = self.dir / "config.json"

    def folder(self, uid=ALICE):
        self.dir.mkdir()
        own(self.dir, uid)

    def sprung(self, names, victims=None):
        """All commands that look at the trap; apply must refuse and name the path."""
        victims = victims or self.watch()
        base = ("--profile", self.file, "--target", "docker-client", "--user", "alice", *PROXY)
        for command in (("apply", *base, "--json"), ("apply", *base, "-v"), ("plan", *base), ("plan", *base, "--json"),
                        ("plan", *base, "--out", self.box.base / "plan.json")):
            self.refused(*command, names=names)
        for command in (*LOOKS, ("reset", "-n"), ("reset", "--json"), ("rollback", "--json"), ("history",)):
            self.quick(*command)
        self.assertFalse((self.box.base / "plan.json").exists())
        self.unharmed(victims)

    def test_directory_is_a_link_to_etc(self):
        self.box.write("etc/config.json", traps.SECRET_JSON, 0o600)
        self.victims += [self.box.path("etc/config.json")]
        link(self.dir, "/etc")
        self.sprung("/home/alice/.docker")

    def test_directory_is_a_link_to_another_home(self):
        shutil.copy(self.bobs, self.box.path("home/bob/config.json"))
        link(self.dir, "../bob")
        self.sprung("/home/alice/.docker")

    def test_directory_is_a_link_out_of_the_root(self):
        shutil.copy(self.beyond, self.outside / "config.json")
        for to in (str(self.outside), "../../../outside", "/proc/self/root" + str(self.outside)):
            self.with_trap(to, self.dir, lambda to=to: link(self.dir, to), lambda: self.sprung("/home/alice/.docker"))

    def test_directory_is_a_link_that_root_made(self):
        link(self.dir, "/etc", 0)
        self.sprung("/home/alice/.docker")

    def test_directory_of_somebody_else(self):
        self.folder(BOB)
        self.sprung("/home/alice/.docker")

    def test_directory_is_a_fifo(self):
        fifo(self.dir)
        self.sprung("/home/alice/.docker")

    def test_link_to_a_root_only_file(self):
        self.folder()
        for to in ("/root/secret.json", "../../../root/secret.json", str(self.beyond), "../../../../outside/secret.json",
                   "/proc/self/root" + str(self.beyond), "/proc/self/cwd/outside/secret.json", "/dev/stdin", "config.json"):
            self.with_trap(to, self.config, lambda to=to: link(self.config, to), lambda: self.sprung("/home/alice/.docker/config.json"))

    def test_hard_link_to_a_root_only_file(self):
        self.folder()
        os.link(self.inside, self.config)
        self.sprung("/home/alice/.docker/config.json")

    def test_hard_link_to_another_users_file(self):
        self.folder()
        os.link(self.bobs, self.config)
        self.sprung("/home/alice/.docker/config.json")

    def test_last_name_of_a_file_of_root(self):
        # A hard link whose first name is gone: only the owner tells.
        self.folder()
        self.config.write_bytes(traps.SECRET_JSON)
        self.config.chmod(0o600)
        self.victims.append(self.config)
        self.sprung("/home/alice/.docker/config.json")

    def test_fifo(self):
        self.folder()
        fifo(self.config)
        self.sprung("/home/alice/.docker/config.json")

    def test_directory_in_place_of_the_file(self):
        self.folder()
        self.config.mkdir()
        own(self.config, ALICE)
        self.sprung("/home/alice/.docker/config.json")

    def test_socket(self):
        self.folder()
        listening(self.config, self)
        self.sprung("/home/alice/.docker/config.json")

    def test_device_without_end(self):
        self.folder()
        if not traps.device(self.config):
            self.skipTest("no device can be made here")
        self.sprung("/home/alice/.docker/config.json")

    def test_huge_sparse_file(self):
        self.folder()
        sparse(self.config)
        self.sprung("/home/alice/.docker/config.json")

    def test_link_in_the_place_of_a_file_that_was_ours(self):
        base = ("--profile", self.file, "--target", "docker-client", "--user", "alice", *PROXY)
        self.assertEqual(self.quick("apply", *base).code, 0)
        self.config.unlink()
        link(self.config, "/root/secret.json")
        victims = self.watch()
        self.refused("apply", *base[:-3], "--http-proxy", "http://10.9.8.8:1", "--offline", names="/home/alice/.docker/config.json")
        self.refused("rollback", names="/home/alice/.docker/config.json", code=(1, 4))
        self.quick("reset")
        self.unharmed(victims)

    def test_made_directory_is_swapped(self):
        """Races with a user who swaps directories and files for links while root works."""
        pool = self.home / "pool"  # what a kernel without protected_hardlinks would let her make herself
        pool.mkdir()
        for number in range(3000):
            os.link(self.inside, pool / str(number))
        own(pool, ALICE)
        link(self.home / "of-root", "/root", 0)  # and what root once left there
        swapper = os.fork()
        if swapper == 0:
            os.setgroups([])
            os.setresgid(ALICE, ALICE, ALICE)
            os.setresuid(ALICE, ALICE, ALICE)
            swap_for_ever(str(self.dir), "/root")
        victims = self.watch() + [traps.Victim(self.box.path("root"))]
        base = ("--profile", self.file, "--target", "docker-client", "--user", "alice", "--offline", "--json")
        codes = {}
        try:
            began = time.monotonic()
            for port in range(1, 200):
                # Eight seconds of it, but on a busy machine, too, enough runs to meet her.
                if port > ROUNDS and time.monotonic() > began + 8:
                    break
                done = self.quick("apply", *base, "--http-proxy", f"http://10.9.8.7:{port}")
                codes[done.code] = codes.get(done.code, 0) + 1
                if port % 5 == 0:
                    self.quick("rollback")
                if done.code == 6:
                    self.quick("recover", "--keep-current")
        finally:
            os.kill(swapper, signal.SIGKILL)
            os.waitpid(swapper, 0)
        self.assertGreaterEqual(sum(codes.values()), ROUNDS, codes)
        self.assertLessEqual(set(codes), {0, 1, 4, 5, 6}, codes)
        self.unharmed(victims)
        for directory, names, files in os.walk(self.box.path("root")):
            self.assertNotIn("config.json", [name for name in files if directory == str(self.box.path("root"))])


def swap_for_ever(at, target):
    """What a user can do with names of her own, as fast as she can."""
    config, pool, links = at + "/config.json", os.path.dirname(at) + "/pool/", list(range(3000))
    of_root = os.path.dirname(at) + "/of-root"

    def quietly(act, *arguments):
        try:
            act(*arguments)
        except OSError:
            pass

    def put(text):
        with open(config + ".new", "w") as file:
            file.write(text)
        os.rename(config + ".new", config)

    def hard_link():
        os.rename(pool + str(links.pop()), config)
        os.unlink(config)
    while os.getppid() != 1:
        for act, *arguments in ((os.mkdir, at), (put, "{}"), (os.rename, at, at + ".aside"), (os.symlink, target, at), (os.unlink, at),
                                (os.rename, of_root, at), (os.rename, at, of_root), (os.rename, at + ".aside", at), (os.unlink, config),
                                (os.symlink, "/root/secret.json", config), (os.unlink, config), *([(hard_link,)] if links else [])):
            quietly(act, *arguments)
    os._exit(0)


class UserOwnedTrees(traps.TrapCase):
    """Configuration below /etc in directories that belong to a user."""

    def setUp(self):
        super().setUp()
        self.docker = self.box.path("etc/docker")
        self.daemon = self.docker / "daemon.json"
        self.daemon.unlink()
        own(self.docker, ALICE)

    def each(self, path, shown, *command, code=(1,)):
        """Every kind of trap at `path`."""
        kinds = {"link": lambda: link(path, "/root/secret.json"), "relative": lambda: link(path, "../" * 9 + "root/secret.json"),
                 "out": lambda: link(path, str(self.beyond)), "hard link": lambda: os.link(self.inside, path),
                 "fifo": lambda: fifo(path), "directory": path.mkdir, "device": lambda: traps.device(path), "sparse": lambda: sparse(path),
                 "socket": lambda: listening(path, self)}
        def check():
            victims = self.watch()
            self.refused(*command, names=shown, code=code)
            for look in LOOKS:
                self.quick(*look)
            self.unharmed(victims)
        for kind, plant in kinds.items():
            self.with_trap(kind, path, plant, check)

    def test_daemon_json(self):
        self.each(self.daemon, "/etc/docker/daemon.json", "apply", "--profile", self.file, "--target", "docker-daemon", "--offline")

    def test_the_whole_directory_is_a_link(self):
        self.docker.rmdir()
        shutil.copy(self.inside, self.box.path("root/daemon.json"))
        self.victims.append(self.box.path("root/daemon.json"))
        link(self.docker, "/root")
        victims = self.watch()
        self.refused("apply", "--profile", self.file, "--target", "docker-daemon", "--offline", names="/etc/docker/daemon.json")
        self.unharmed(victims)

    def test_hosts_toml(self):
        folder = self.box.path("etc/containerd/certs.d/docker.io")
        folder.mkdir(parents=True)
        for one in (folder, folder.parent):
            own(one, ALICE)
        self.each(folder / "hosts.toml", "/etc/containerd/certs.d/docker.io/hosts.toml", "apply", "--profile", self.file,
                  "--target", "containerd-hosts", "--offline")

    def test_certs_directory_is_a_link(self):
        own(self.box.path("etc/containerd"), ALICE)
        link(self.box.path("etc/containerd/certs.d"), "/root")
        victims = self.watch() + [traps.Victim(self.box.path("root"))]
        self.refused("apply", "--profile", self.file, "--target", "containerd-hosts", "--offline", names="/etc/containerd/certs.d")
        self.unharmed(victims)

    def test_config_yaml(self):
        folder = self.box.path("etc/mirrorctl")
        folder.mkdir()
        own(folder, ALICE)
        self.each(folder / "config.yaml", "/etc/mirrorctl/config.yaml", "apply", "--profile", self.file, "--offline")

    def test_drop_in(self):
        folder = self.box.path("etc/systemd/system/docker.service.d")
        folder.mkdir(parents=True)
        own(folder, ALICE)
        self.each(folder / "http-proxy.conf", "/etc/systemd/system/docker.service.d/http-proxy.conf", "apply", "--profile", self.file,
                  "--target", "systemd-proxy", *PROXY)


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("skipped: needs root, who alone has files that others cannot read")
        sys.exit(77)
    unittest.main()
