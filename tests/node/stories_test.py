#!/usr/bin/env python3
"""Failure stories that need running engines; the others are in tests/flow/test_stories*.py. Every scene carries the number of its story."""

import json
import os
import sys

import story
from matrix_test import CERTS_D, CONFIGS, LIVED_IN, PROFILE, apply, node_with, pids, pulls_through, stamps
from node import CONFIG_TOML, DAEMON_JSON, PROGRAM
from proxies import Tinyproxy
from world import FAST, HOSTS, SLOW, expect

INSECURE = ["10.9.8.7:5000"]


def f06_start_limit_does_not_keep_a_repaired_daemon_down(stage, suite):
    """A unit at its start limit does not start even with good files: the way back resets it."""
    node = node_with(stage, suite)
    node.write("/etc/systemd/system/docker.service.d/50-limit.conf", "[Unit]\nStartLimitBurst=1\nStartLimitIntervalSec=600\n"
               "[Service]\nRestart=no\nExecStartPre=/bin/sh -c '! grep -q HTTPS_PROXY /etc/systemd/system/docker.service.d/http-proxy.conf'\n")
    node.exec("systemctl", "daemon-reload")
    proxy = Tinyproxy(HOSTS["proxy.example"])
    stage.at_end(proxy.stop)
    document = node.mirrorctl("apply", "--profile", PROFILE, "--https-proxy", "http://proxy.example:3128", code=5)
    expect(document["outcome"] == "rolled_back" and node.property("docker", "ActiveState") == "active", document)


def f12_rollback_is_live_and_leaves_no_directory(stage, suite):
    """What stays after an uninstall: live mirrors, and an empty directory that hides `_default`."""
    node = node_with(stage, suite)
    default = CERTS_D + "/_default/hosts.toml"
    node.write(default, f'[host."{SLOW}"]\n  capabilities = ["pull", "resolve"]\n')
    apply(node)
    pulls_through(stage, node, "fast")
    node.mirrorctl("rollback")
    expect(node.docker_mirrors() == [], node.docker_mirrors())
    expect(sorted(os.listdir(node.path(CERTS_D))) == ["_default"], os.listdir(node.path(CERTS_D)))


def f17_status_says_who_reads_what(stage, suite):
    """hosts.toml is in place and nobody reads it: config_path is not set, or the tester used ctr."""
    node = node_with(stage, suite)
    apply(node)
    live = {entry["path"]: entry["live"] for entry in node.mirrorctl("status")["targets"]}
    expect(live[CERTS_D + "/docker.io/hosts.toml"] == "yes", live)
    node.write(CONFIG_TOML, CONFIGS[suite])
    node.exec("systemctl", "restart", "containerd")
    document = node.mirrorctl("status")
    live = {entry["path"]: entry["live"] for entry in document["targets"]}
    expect(live[CERTS_D + "/docker.io/hosts.toml"] != "yes", live)
    consumers = {entry["name"]: entry for entry in document["consumers"]}
    expect(consumers["ctr"]["live"] == "no", consumers["ctr"])
    codes = [finding["code"] for finding in node.mirrorctl("doctor")["findings"]]
    expect("hosts_not_read" in codes or "config_path_unset" in codes, codes)


def f25_containerd_restarts_only_when_its_file_changed(stage, suite):
    """Restarting containerd took pods along: hosts.toml needs no restart, and a second run does nothing."""
    node = node_with(stage, suite)
    apply(node)
    before = pids(node)
    node.write(PROFILE, stage.world.profile(mirrors=(SLOW,)))
    document = apply(node, "--fresh")
    expect(document["changed"] and [entry["unit"] for entry in document["activations"]] == ["docker.service"], document["activations"])
    expect(pids(node) == before, "a daemon was restarted")
    pulls_through(stage, node, "slow")


def f27_reload_keeps_insecure_registries_and_takes_removals(stage, suite):
    """SIGHUP lost insecure registries, and ignored that a key was gone."""
    node = node_with(stage, suite, daemon_json=json.dumps({"insecure-registries": INSECURE}) + "\n")
    insecure = lambda: [name for name, entry in node.info()["RegistryConfig"]["IndexConfigs"].items() if not entry["Secure"]]
    before, pid = insecure(), node.property("docker", "MainPID")
    apply(node)
    expect(INSECURE[0] in before and insecure() == before, f"{before} -> {insecure()}")
    node.mirrorctl("rollback")
    expect(node.docker_mirrors() == [] and insecure() == before, f"{node.docker_mirrors()} {insecure()}")
    expect("registry-mirrors" not in node.read(DAEMON_JSON), node.read(DAEMON_JSON))
    expect(node.property("docker", "MainPID") == pid, "a reload was enough, but dockerd was restarted")


def f28_the_image_store_decides_which_file_counts(stage, suite):
    """With the containerd store, mirrors in the wrong place have no effect and nobody says so."""
    if suite != "sid":
        return
    node = node_with(stage, suite)
    apply(node)
    node.write(DAEMON_JSON, json.dumps({**json.loads(node.read(DAEMON_JSON)), "features": {"containerd-snapshotter": True}}) + "\n")
    node.exec("systemctl", "restart", "docker")
    document = apply(node)
    targets = {file["target"] for file in document["files"]}
    expect("docker-hosts" in targets and "registry-mirrors" not in json.loads(node.read(DAEMON_JSON)), document["files"])
    expect(stage.world.served_by("library/app", lambda: node.docker_pull("app:1")) == ["fast"], "the pick did not serve")


def f29_containers_of_a_node_in_use_go_on(stage, suite):
    """A tool restarted docker and every container went with it."""
    # docker and its containers: activation_test.py. Here the policy: `never` restarts nothing at all.
    node = node_with(stage, suite)
    before = pids(node)
    document = apply(node, "--restart", "never")
    expect(pids(node) == before, "something was restarted")
    expect([entry["unit"] for entry in document["pending"]] == ["containerd.service"], document["pending"])
    expect(node.docker_mirrors() == [FAST, SLOW], node.docker_mirrors())


def f30_the_running_daemon_is_what_counts(stage, suite):
    """The file was right for weeks, but the daemon had never read it."""
    node = node_with(stage, suite)
    apply(node)
    written = node.read(DAEMON_JSON)
    node.write(DAEMON_JSON, LIVED_IN)
    node.exec("systemctl", "restart", "docker")
    node.write(DAEMON_JSON, written)
    entry = next(entry for entry in node.mirrorctl("status")["targets"] if entry["path"] == DAEMON_JSON)
    expect(entry["state"] == "ours" and entry["live"] == "pending", entry)
    codes = [finding["code"] for finding in node.mirrorctl("doctor")["findings"]]
    expect("mirrors_not_live" in codes, codes)


def f33_percent_signs_reach_the_daemon(stage, suite):
    """A `%` in a unit file is a specifier: systemd drops or alters the whole variable."""
    proxy = Tinyproxy(HOSTS["proxy.example"])
    stage.at_end(proxy.stop)
    node = node_with(stage, suite)
    # A password goes to a file of its own (proxy_test.py); without one the URL stands in the unit.
    url = "http://proxy.example:3128/%41%20%2F"
    apply(node, "--https-proxy", url)
    for unit in ("docker", "containerd"):
        text = node.exec("cat", f"/proc/{node.property(unit, 'MainPID')}/environ").stdout
        expect("HTTPS_PROXY=" + url in text.split("\0"), f"{unit}: {[line for line in text.split(chr(0)) if 'PROXY' in line]}")


def f36_a_changed_drop_in_reaches_the_process(stage, suite):
    """daemon-reload or the restart was forgotten, and the daemon went on without the proxy."""
    proxy = Tinyproxy(HOSTS["proxy.example"])
    stage.at_end(proxy.stop)
    node = node_with(stage, suite)
    document = apply(node, "--https-proxy", "http://proxy.example:3128")
    kinds = [(entry["unit"], entry["action"]) for entry in document["activations"] if entry["action"] != "reload"]
    expect(kinds[0][1] == "daemon-reload" and ("docker.service", "restart") in kinds, kinds)
    for unit in ("docker", "containerd"):
        expect(node.property(unit, "NeedDaemonReload") == "no", f"{unit} needs a daemon-reload")
        text = node.exec("cat", f"/proc/{node.property(unit, 'MainPID')}/environ").stdout
        expect("HTTPS_PROXY=http://proxy.example:3128" in text.split("\0"), f"{unit} runs without the proxy")


def f37_no_home_no_terminal(stage, suite):
    """Under cloud-init there is no HOME, and ~/.docker is somebody else's."""
    node = node_with(stage, suite)
    done = node.exec("env", "-i", PROGRAM, "apply", "--profile", PROFILE, "--target", "docker-client", "--http-proxy",
                     "http://proxy.example:3128", "--json", check=False)
    document = json.loads(done.stdout)
    paths = [file["path"] for file in document["files"]]
    expect(done.returncode == 0 and paths == ["/root/.docker/config.json"], f"{done.returncode} {paths} {done.stderr}")
    expect(os.stat(node.path("/root/.docker")).st_mode & 0o777 == 0o700, "~/.docker is open to others")


if __name__ == "__main__":
    sys.exit(story.main(*(scene for name, scene in sorted(globals().items()) if name.startswith("f") and name[1:3].isdigit())))
