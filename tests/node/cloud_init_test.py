#!/usr/bin/env python3
"""A node's first boot with the shipped cloud-init user data, for one suite: engines in the image, engines later, no network."""

import json
import os
import re
import sys
import time

import booting
import roots
import story
from booting import CONFIG, OUTPUT_LOG, PROFILE
from node import CONFIG_TOML, DAEMON_JSON, PROGRAM
from parts import wait_for
from world import FAST, HOSTS, SLOW, expect

SERVICE = "mirrorctl.service"
HOSTS_TOML = "/etc/containerd/certs.d/docker.io/hosts.toml"
# Eight that serve (two machines under several names), two that refuse, two that never answer.
ALIASES = {f"m{number}.example": HOSTS["fast.example" if number < 3 else "slow.example"] for number in range(6)}
BLACK_HOLES = {"hole0.example": "10.77.1.251", "hole1.example": "10.77.1.252"}
TWELVE = (SLOW, FAST, *(f"http://{host}:5000" for host in (*ALIASES, *BLACK_HOLES)), "http://dead1.example:5000", "http://dead1.example:5001")


def ended_well(node):
    """cloud-init's own word; the log is what a person would read."""
    log = node.read(OUTPUT_LOG)
    state = json.loads(node.read("/run/cloud-init/result.json"))["v1"]
    expect(state["errors"] == [], f"cloud-init reports {state['errors']}: {log}")
    return log


def engines_work(node):
    expect(node.exec("docker", "info", check=False).returncode == 0, node.journal("docker"))
    wait_for("the CRI socket", node.cri_answers)


def pulls_through(stage, node, names):
    for what, pull in (("docker pull", lambda: node.docker_pull("app:1")), ("CRI pull", lambda: node.cri_pull("docker.io/library/app:1"))):
        served = stage.world.served_by("library/app", pull)
        expect(len(served) == 1 and served[0] in names, f"{what} was served by {served}; {node.read(OUTPUT_LOG)}")


def engines_in_the_image(stage, suite):
    stage.world.hosts.update({**ALIASES, **BLACK_HOLES})
    node = stage.node(suite)
    booting.with_profile(node, mirrors=TWELVE)
    booting.with_user_data(node)
    node.start()
    log = ended_well(node)
    expect("mirrorctl: done" in log, log)
    pulls_through(stage, node, ("fast",))
    measured = re.search(r"measured (\d+) candidates in ([\d.]+) s", log)
    # 12 and the origin of docker.io, one mirror and the origin of quay.io.
    expect(measured and int(measured[1]) == 15 and float(measured[2]) <= 5, log)
    for unit, state in ((SERVICE, "inactive"), ("mirrorctl.timer", "active")):
        wait_for(f"{unit} {state}", lambda: node.property(unit, "ActiveState") == state)
        expect(node.property(unit, "UnitFileState") == "enabled", unit)
    for unit in (SERVICE, "mirrorctl.timer"):
        expect(node.read(f"/etc/systemd/system/{unit}") == booting.shipped(f"systemd/{unit}"), f"user-data.yaml has another {unit}")
    node.exec("systemctl", "start", SERVICE)
    expect("unchanged" in node.journal(SERVICE), node.journal(SERVICE))


def engines_after_the_first_boot(stage, suite):
    node = stage.node(suite)
    booting.with_profile(node)
    booting.with_user_data(node)
    node.chroot("dpkg", "--purge", "--force-depends", *roots.ENGINES[suite].split())
    for left in (DAEMON_JSON, CONFIG_TOML):
        expect(not node.exists(left), f"the purge left {left}")
    node.start()
    log = ended_well(node)
    expect("mirrorctl: done" in log and "config_path" in log, log)
    expect(node.exists(DAEMON_JSON) and node.exists(HOSTS_TOML) and not node.exists(CONFIG_TOML), log)

    packages = sorted(name for name in os.listdir(node.path(roots.ARCHIVE)) if name.endswith(".deb"))
    installed = node.exec("dpkg", "--install", *(f"{roots.ARCHIVE}/{name}" for name in packages), check=False)
    expect(installed.returncode == 0 and "Configuration file" not in installed.stdout, installed.stdout + installed.stderr)
    wait_for("docker", lambda: node.property("docker", "ActiveState") == "active")
    expect(node.docker_mirrors() == [FAST, SLOW], "dockerd starts with what was there before it")
    # The timer's run.
    node.exec("systemctl", "start", SERVICE)
    expect("config_path" in node.read(CONFIG_TOML), node.journal(SERVICE))
    wait_for("the CRI socket", node.cri_answers)
    pulls_through(stage, node, ("fast",))
    expect(node.mirrorctl("status")["pending"] == [], "something still waits")
    document = node.mirrorctl("apply")
    expect(not document["changed"] and not document["pending"], document)


def no_network(stage, suite):
    node = stage.node(suite)
    booting.with_profile(node)
    booting.with_user_data(node, wait="6s")
    stage.world.cut(node.name)
    node.start()
    log = ended_well(node)
    expect("no usable mirror and no usable origin" in log and "nothing was changed" in log, log)
    expect("no mirror and no origin answers" in log, log)
    expect(not node.exists(DAEMON_JSON) and not node.exists(HOSTS_TOML), "something was written")
    engines_work(node)
    began = time.monotonic()
    node.exec(PROGRAM, "apply", "--wait", "6s", check=False)
    took = time.monotonic() - began
    expect(took < 6 + 2, f"--wait 6s took {took:.1f} s")
    node.exec("systemctl", "start", "--no-block", SERVICE)
    stage.world.cut(node.name, down=False)
    wait_for("the service", lambda: node.property(SERVICE, "ActiveState") == "inactive", 60)
    expect(node.property(SERVICE, "Result") == "success" and node.property(SERVICE, "ExecMainStatus") == "0", node.journal(SERVICE))
    expect(node.docker_mirrors() == [FAST, SLOW], f"what failed without network still rests: {node.journal(SERVICE)}")


def without_the_program(stage, suite):
    node = stage.node(suite)
    booting.with_user_data(node)
    node.remove(PROGRAM)
    node.start()
    log = ended_well(node)
    expect("mirrorctl: not installed" in log and node.exists(CONFIG) and not node.exists(PROFILE), log)
    engines_work(node)


if __name__ == "__main__":
    sys.exit(story.main(engines_in_the_image, engines_after_the_first_boot, no_network, without_the_program))
