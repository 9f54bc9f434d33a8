#!/usr/bin/env python3
"""mirrorctl.service at boot, for one suite: it applies, verifies what the engines started with, and takes back what broke them."""

import sys

import booting
import story
from node import DAEMON_JSON
from world import FAST, SLOW, expect

SERVICE = "mirrorctl.service"
FLAG = "/etc/systemd/system/docker.service.d/flag.conf"
CLASH = "[Service]\nExecStart=\nExecStart=/usr/sbin/dockerd -H fd:// --registry-mirror=http://other.example:5000\n"


def node_with(stage, suite):
    node = stage.node(suite)
    booting.with_profile(node)
    booting.with_units(node)
    return node


def boots_with_mirrors_and_a_clone_measures_anew(stage, suite):
    node = node_with(stage, suite)
    node.start()
    expect(node.property(SERVICE, "Result") == "success", node.journal(SERVICE))
    expect(node.docker_mirrors() == [FAST, SLOW], node.journal(SERVICE))
    expect(node.property("mirrorctl.timer", "ActiveState") == "active", "the timer does not run")
    verified = node.exec("systemd-analyze", "verify", "--man=no", SERVICE, "mirrorctl.timer", check=False)
    expect(verified.returncode == 0 and "mirrorctl" not in verified.stdout + verified.stderr, verified.stdout + verified.stderr)

    asked = stage.world.served_by("library/canary", node.reboot)
    expect(asked == [], f"a second boot measured again: {asked}; {node.journal(SERVICE)}")
    node.stop()
    node.write("/etc/machine-id", "0123456789abcdef0123456789abcdef\n")
    asked = stage.world.served_by("library/canary", node.start)
    expect({"fast", "slow"} <= set(asked), f"a clone took over the ranking of its origin: {asked}; {node.journal(SERVICE)}")
    expect(node.docker_mirrors() == [FAST, SLOW], node.journal(SERVICE))


def a_change_that_breaks_the_daemon_at_boot_is_taken_back(stage, suite):
    node = node_with(stage, suite)
    node.chroot("systemctl", "disable", "mirrorctl.service")
    node.start()
    before = node.read(DAEMON_JSON) if node.exists(DAEMON_JSON) else None
    node.exec("systemctl", "stop", "docker.socket", "docker.service")
    document = node.mirrorctl("apply", "--target", "docker-daemon")
    expect([step["unit"] for step in document["pending"]] == ["docker.service"], document)
    broken = document["transaction"]
    node.write(FLAG, CLASH)  # dockerd refuses a key that is a flag, too
    node.exec("systemctl", "enable", "mirrorctl.service")
    node.reboot()

    said = node.journal(SERVICE)
    expect(node.property(SERVICE, "ExecMainStatus") == "5", said)
    expect(broken in said and "both as a flag" in said, said)
    expect(node.property("docker", "ActiveState") == "active", node.journal("docker"))
    expect((node.read(DAEMON_JSON) if node.exists(DAEMON_JSON) else None) == before, "daemon.json is not as it was")
    newest = node.mirrorctl("history")["transactions"][0]
    expect(newest["command"] == "rollback" and newest["outcome"] == "committed", newest)

    starts = node.property("docker", "ExecMainStartTimestamp")
    document = node.mirrorctl("apply", "--target", "docker-daemon")
    expect([w["code"] for w in document["warnings"]] == ["held_back"] and not document["changed"], document)
    expect(any("held" in step["reason"] or broken in step["reason"] or "left alone" in step["reason"]
               for step in node.mirrorctl("status")["pending"]), node.mirrorctl("status"))
    expect(node.property("docker", "ExecMainStartTimestamp") == starts, "dockerd was restarted")

    node.remove(FLAG)
    node.exec("systemctl", "daemon-reload")
    node.exec("systemctl", "restart", "docker")
    document = node.mirrorctl("apply", "--target", "docker-daemon", "--fresh")
    expect(document["outcome"] == "committed" and node.docker_mirrors() == [FAST, SLOW], document)
    expect(not node.mirrorctl("apply", "--target", "docker-daemon")["warnings"], "it is still held back")


if __name__ == "__main__":
    sys.exit(story.main(boots_with_mirrors_and_a_clone_measures_anew, a_change_that_breaks_the_daemon_at_boot_is_taken_back))
