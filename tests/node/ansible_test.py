#!/usr/bin/env python3
"""The shipped role over SSH, from a controller of trixie to a node of each suite (the controller is one of them)."""

import os
import re
import shutil
import sys

import booting
import roots
import story
from booting import CONFIG
from node import BARE, DAEMON_JSON, PROGRAM
from world import FAST, HUB, SLOW, expect

KEY = "/root/.ssh/id_ed25519"
CONTROLLER = {**BARE, "HOME": "/root", "LC_ALL": "C.UTF-8", "ANSIBLE_HOST_KEY_CHECKING": "False", "ANSIBLE_NOCOLOR": "1",
              "ANSIBLE_SSH_RETRIES": "3", "ANSIBLE_PIPELINING": "True"}
DEAD = ("schema: mirrorctl.profile/1\nname: gone\nas_of: 2026-11-23\nupstreams:\n  docker.io:\n    origin: https://dead1.example\n"
        "    canary: [ { image: 'library/canary:1' } ]\n    mirrors:\n"
        "      - { url: 'http://dead1.example:5000', form: host, trust: resolve, operator: x, insecure: true, as_of: 2026-11-23, source: this test }\n")
BROKEN = '{\n  "log-level": "warn",,\n}\n'


class Controller:
    def __init__(self, node, nodes, profile):
        self.node = node
        shutil.copytree(f"{booting.SCRIPTS}/ansible", node.path("/root/scripts/ansible"))
        shutil.copytree(f"{booting.SCRIPTS}/systemd", node.path("/root/scripts/systemd"))
        shutil.copy(os.environ["MIRRORCTL"], node.path("/root/mirrorctl"))
        node.write("/root/profiles/nodes.yaml", profile)
        node.write("/root/profiles/gone.yaml", DEAD)
        node.write("/root/inventory", "".join(f"{one.name} ansible_host={one.address}\n" for one in nodes))
        os.makedirs(node.path("/root/.ssh"), mode=0o700, exist_ok=True)
        node.chroot("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", KEY)
        self.key = node.read(KEY + ".pub")

    def play(self, *arguments, profile="nodes"):
        """What ansible-playbook printed, and per node how many tasks changed something and how many failed."""
        done = self.node.exec("ansible-playbook", "-i", "/root/inventory", "/root/scripts/ansible/site.yaml", "-e", f"mirrorctl_profile={profile}",
                              "-e", f"mirrorctl_profile_file=/root/profiles/{profile}.yaml", "-e", "mirrorctl_program=/root/mirrorctl",
                              "-e", "mirrorctl_wait=3s", *arguments, check=False, env=CONTROLLER)
        text = done.stdout + done.stderr
        recap = {name: (int(changed), int(unreachable) + int(failed)) for name, changed, unreachable, failed in
                 re.findall(r"^(n\d) +: ok=\d+ +changed=(\d+) +unreachable=(\d+) +failed=(\d+)", text, re.M)}
        expect(recap, text)
        return text, recap


def reachable(node, key):
    node.remove("/etc/systemd/system/ssh.service")  # the mask
    node.chroot("ssh-keygen", "-A")
    node.chroot("systemctl", "enable", "ssh.service")
    os.makedirs(node.path("/root/.ssh"), mode=0o700, exist_ok=True)
    node.write("/root/.ssh/authorized_keys", key, 0o600)
    node.remove(PROGRAM)


def the_role_on_three_suites(stage, _):
    nodes = [stage.node(suite) for suite in roots.SUITES]
    old, middle, new = nodes
    controller = Controller(middle, nodes, stage.world.profile())
    for node in nodes:
        reachable(node, controller.key)
        node.start()
    pids = [node.property("containerd", "MainPID") for node in nodes]

    # A fresh node, and nobody may restart anything: containerd's switch waits.
    careful = ("-e", '{"mirrorctl_config": {"restart": "never"}}')
    text, recap = controller.play(*careful)
    expect(all(changed and not failed for changed, failed in recap.values()) and len(recap) == 3, text)
    for node in nodes:
        expect(node.docker_mirrors() == [FAST, SLOW], f"{node.suite}: {node.docker_mirrors()}; {text}")
        expect(node.property("mirrorctl.timer", "ActiveState") == "active", f"{node.suite}: no timer")
    expect([node.property("containerd", "MainPID") for node in nodes] == pids and "restart never" in text, text)
    text, recap = controller.play(*careful, "-e", "mirrorctl_allow_restart=true")
    expect(all(changed and not failed for changed, failed in recap.values()), text)
    for node in nodes:
        served = stage.world.served_by("library/app", lambda node=node: node.cri_pull("docker.io/library/app:1"))
        expect(served == ["fast"], f"{node.suite}: CRI pull was served by {served}; {text}")
    text, recap = controller.play(*careful)
    expect(recap == {node.name: (0, 0) for node in nodes}, f"the second run changed something: {text}")

    # Check mode tells, and does nothing.
    new.mirrorctl("rollback", "--restart", "always")
    before = new.read(DAEMON_JSON) if new.exists(DAEMON_JSON) else None
    text, recap = controller.play(*careful, "--check", "--diff")
    expect(recap == {old.name: (0, 0), middle.name: (0, 0), new.name: (1, 0)}, text)
    expect("+++ " in text and FAST in text, text)
    expect((new.read(DAEMON_JSON) if new.exists(DAEMON_JSON) else None) == before, "check mode wrote daemon.json")

    # One broken file is one failed host.
    old.write(DAEMON_JSON, BROKEN)
    text, recap = controller.play(*careful)
    expect(recap[old.name][1] == 1 and recap[middle.name] == (0, 0) and recap[new.name][0] > 0 and recap[new.name][1] == 0, text)
    expect(f"{DAEMON_JSON}:2:" in text and old.read(DAEMON_JSON) == BROKEN, text)

    # Nothing answers: a warning.
    text, recap = controller.play(*careful, "--limit", middle.name, profile="gone")
    expect(recap[middle.name][1] == 0 and "warning: no usable mirror and no usable origin" in text, text)
    expect("profile: gone" in middle.read(CONFIG) and HUB not in middle.read(CONFIG), middle.read(CONFIG))
    expect(middle.docker_mirrors() == [FAST, SLOW], middle.docker_mirrors())


if __name__ == "__main__":
    sys.exit(story.main(the_role_on_three_suites))
