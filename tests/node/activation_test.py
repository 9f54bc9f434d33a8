#!/usr/bin/env python3
"""Activation that harms nobody: containers go on running, and an engine that does not come back gets its old files and is brought up again."""

import sys

import images
import story
from matrix_test import CONFIGS, LIVED_IN, PROFILE, apply, node_with
from node import CONFIG_TOML, DAEMON_JSON, PROGRAM
from proxies import Tinyproxy
from world import FAST, HOSTS, expect

PROXY = ["--https-proxy", "http://proxy.example:3128"]  # a proxy is environment: only a restart takes it in
DROP_IN = "/etc/systemd/system/docker.service.d/http-proxy.conf"
FORBIDDEN = "this policy forbids it"


def proxied(stage, suite, **options):
    """A node beside a proxy that works."""
    proxy = Tinyproxy(HOSTS["proxy.example"])
    stage.at_end(proxy.stop)
    return node_with(stage, suite, **options)


def with_container(stage, node):
    """Starts a container; returns what tells whether it still runs."""
    with open(node.path("/usr/bin/busybox"), "rb") as file:
        tool = images.Image("tool", [], {"bin/busybox": file.read()})
    stage.world.push("library/tool", tool)
    name = node.exec("docker", "run", "--detach", "--network=none", "tool:1", "/bin/busybox", "sleep", "3600").stdout.strip()
    return lambda: node.exec("docker", "inspect", "--format", "{{.State.Running}} {{.State.Pid}}", name).stdout.strip()


def rejecting(node, unit, pattern, path):
    """From now on the unit does not start while `path` contains `pattern`."""
    node.write(f"/etc/systemd/system/{unit}.service.d/50-policy.conf",
               f"[Service]\nExecStartPre=/bin/sh -c 'if grep -q {pattern} {path}; then echo \"{FORBIDDEN}\" >&2; exit 1; fi'\n")
    node.exec("systemctl", "daemon-reload")


def starts(node, unit):
    """How often somebody asked for it; systemd's own attempts (Restart=) do not count."""
    lines = node.journal(unit).splitlines()
    return sum(line.startswith("Starting ") for line in lines) - sum("Scheduled restart job" in line for line in lines)


def expect_rolled_back(node, document, reason):
    expect(document["outcome"] == "rolled_back" and document["changed"] is False, document)
    expect(reason in document["error"]["message"], document["error"])
    expect(node.read(DAEMON_JSON) == LIVED_IN, "daemon.json is not as it was")
    expect(not node.exists(DROP_IN), "the drop-in is still there")
    expect(node.property("docker", "ActiveState") == "active", node.journal("docker")[-1500:])
    expect(node.docker_mirrors() == [], node.docker_mirrors())


def containers_run_on(stage, suite):
    node = node_with(stage, suite)
    state = with_container(stage, node)
    before = state()
    document = apply(node)
    done = {(entry["unit"], entry["action"], entry["result"]) for entry in document["activations"]}
    expect(done == {("containerd.service", "restart", "done"), ("docker.service", "reload", "done")}, done)
    expect(before.startswith("true") and state() == before, f"the container: {before} -> {state()}")
    node.mirrorctl("rollback")
    expect(state() == before, f"the container after the rollback: {before} -> {state()}")


def a_restart_waits_for_consent(stage, suite):
    node = proxied(stage, suite)
    state = with_container(stage, node)
    before, pid = state(), node.property("docker", "MainPID")
    document = apply(node, *PROXY)
    waiting = [entry for entry in document["pending"] if entry["unit"] == "docker.service"]
    expect(len(waiting) == 1 and "1 running container would stop" in waiting[0]["reason"], document["pending"])
    expect(state() == before and node.property("docker", "MainPID") == pid, "something was restarted")
    expect(node.docker_mirrors()[:1] == [FAST], f"the mirrors, which a reload takes in, are not live: {node.docker_mirrors()}")
    again = apply(node, *PROXY)
    expect(not again["changed"] and again["pending"] == document["pending"], again)
    document = apply(node, *PROXY, "--restart", "always")
    expect(not document["pending"] and node.property("docker", "MainPID") != pid, document)
    expect(node.info()["HttpsProxy"] == PROXY[1], node.info()["HttpsProxy"])


def live_restore_makes_it_safe(stage, suite):
    node = proxied(stage, suite, daemon_json='{ "live-restore": true }\n')
    state = with_container(stage, node)
    before, pid = state(), node.property("docker", "MainPID")
    document = apply(node, *PROXY)
    expect(not document["pending"] and node.property("docker", "MainPID") != pid, document)
    expect(state() == before, f"the container: {before} -> {state()}")


def a_flag_that_appeared_after_planning(stage, suite):
    node = proxied(stage, suite)
    node.mirrorctl("plan", "--profile", PROFILE, *PROXY, "--out", "/root/plan.json")
    node.write("/etc/default/docker", f"DOCKER_OPTS=--registry-mirror={FAST}\n")
    document = node.mirrorctl("apply", "/root/plan.json", "--profile", PROFILE, *PROXY, code=1)
    # The plan is made again from what is there now: it ends before anything is written.
    expect(document["outcome"] == "unchanged" and "registry-mirror" in document["error"]["message"], document)
    expect(node.read(DAEMON_JSON) == LIVED_IN and not node.exists(DROP_IN), "the files are not as they were")
    expect(node.property("docker", "ActiveState") == "active", node.journal("docker")[-1500:])
    expect(starts(node, "docker") <= 3, f"docker was started {starts(node, 'docker')} times")


def a_unit_that_rejects(stage, suite):
    node = proxied(stage, suite)
    rejecting(node, "docker", "proxy.example", DROP_IN)
    before = starts(node, "docker")
    document = node.mirrorctl("apply", "--profile", PROFILE, *PROXY, code=5)
    expect_rolled_back(node, document, FORBIDDEN)
    expect(starts(node, "docker") - before <= 2, f"docker was started {starts(node, 'docker') - before} times")


def a_start_limit_already_hit(stage, suite):
    node = proxied(stage, suite)
    for _ in range(2):
        node.exec("systemctl", "restart", "docker")
    rejecting(node, "docker", "proxy.example", DROP_IN)
    before = starts(node, "docker")
    document = node.mirrorctl("apply", "--profile", PROFILE, *PROXY, code=5)
    expect_rolled_back(node, document, FORBIDDEN)
    expect(starts(node, "docker") - before <= 2, f"docker was started {starts(node, 'docker') - before} times")


def containerd_that_rejects(stage, suite):
    node = node_with(stage, suite)
    rejecting(node, "containerd", "certs.d", CONFIG_TOML)
    document = node.mirrorctl("apply", "--profile", PROFILE, code=5)
    expect_rolled_back(node, document, FORBIDDEN)
    expect(node.read(CONFIG_TOML) == CONFIGS[suite] and node.cri_answers(), node.journal("containerd")[-1500:])
    expect(node.exec(PROGRAM, "status", "--exit-code", check=False).returncode == 0, "status reports differences")


if __name__ == "__main__":
    sys.exit(story.main(containers_run_on, a_restart_waits_for_consent, live_restore_makes_it_safe, a_flag_that_appeared_after_planning,
                        a_unit_that_rejects, a_start_limit_already_hit, containerd_that_rejects))
