"""What the boot tests share: the shipped units and user data on a node, and what cloud-init did with them."""

import os

from node import Node

SCRIPTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts")
PROFILE = "/etc/mirrorctl-test.yaml"
CONFIG = "/etc/mirrorctl/config.yaml"
OUTPUT_LOG = "/var/log/cloud-init-output.log"
SEED = "/var/lib/cloud/seed/nocloud"


def shipped(name):
    with open(f"{SCRIPTS}/{name}", encoding="utf-8") as file:
        return file.read()


def with_profile(node: Node, **parts):
    node.write(PROFILE, node.world.profile(**parts))


def with_units(node: Node):
    """As an image has them in which the program was installed."""
    for unit in ("mirrorctl.service", "mirrorctl.timer"):
        node.write(f"/usr/local/lib/systemd/system/{unit}", shipped(f"systemd/{unit}"))
    node.write(CONFIG, f"profile: {PROFILE}\n")
    node.chroot("systemctl", "enable", "mirrorctl.service", "mirrorctl.timer")


def with_user_data(node: Node, wait="60s"):
    """The shipped user data, with this test's profile in place of the public one."""
    text = shipped("cloud-init/user-data.yaml")
    for old, new in (("profile: cn", f"profile: {PROFILE}"), ("--wait 60s", f"--wait {wait}")):
        if old not in text:
            raise KeyError(f"user-data.yaml has no {old}")
        text = text.replace(old, new)
    node.remove("/etc/cloud/cloud-init.disabled")
    node.write(f"{SEED}/user-data", text)
    node.write(f"{SEED}/meta-data", f"instance-id: {node.name}\nlocal-hostname: {node.name}\n")
    # A root without locales and dhcp client: neither is what is tested here.
    node.write("/etc/cloud/cloud.cfg.d/99-test.cfg",
               "datasource_list: [NoCloud, None]\nlocale: false\nnetwork: { config: disabled }\nssh_deletekeys: false\n")
