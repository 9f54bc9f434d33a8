#!/usr/bin/env python3
"""The main job on a booted node, for one suite: apply, pull, apply again, a mirror dies, rollback, hand edits, reset."""

import json
import os
import sys
import time

import story
from node import CONFIG_TOML, DAEMON_JSON
from parts import wait_for
from world import FAST, SECURE, SLOW, expect

PROFILE = "/etc/mirrorctl-test.yaml"
LIVED_IN = '{\n\t"log-level": "warn",\n\t"max-concurrent-downloads": 3\n}\n'
CERTS_D, DOCKER_CERTS_D = "/etc/containerd/certs.d", "/etc/docker/certs.d"
# A configuration of each version as an administrator wrote it: 1 and 2 are read by all three suites, 3 from containerd 2.0 on.
CONFIGS = {
    "bookworm": '# by hand\nroot = "/var/lib/containerd"\n\n[plugins.cri]\n  sandbox_image = "docker.io/library/none:1" # nothing is run\n',
    "trixie": 'version = 2\n# by hand\n[plugins."io.containerd.grpc.v1.cri"]\n  sandbox_image = "docker.io/library/none:1"\n',
    "sid": 'version = 3\n# by hand\n[plugins."io.containerd.cri.v1.images"]\n  max_concurrent_downloads = 2\n',
}
CONTAINERD_STORE = '{\n  "features": { "containerd-snapshotter": true }\n}\n'


def node_with(stage, suite, daemon_json=LIVED_IN, **profile):
    node = stage.node(suite)
    node.write(DAEMON_JSON, daemon_json)
    node.write(CONFIG_TOML, CONFIGS[suite])
    node.write(PROFILE, stage.world.profile(**profile))
    node.start()
    return node


def pids(node):
    return [node.property(unit, "MainPID") for unit in ("docker", "containerd")]


def reloads(node):
    return node.journal("docker").count("Reloading") + node.journal("docker").count("Got signal to reload configuration")


def pulls_through(stage, node, who, docker=True, cri=True):
    for wanted, what, pull in ((docker, "docker pull", lambda: node.docker_pull("app:1")),
                               (cri, "CRI pull", lambda: node.cri_pull("docker.io/library/app:1"))):
        if wanted:
            served = stage.world.served_by("library/app", pull)
            expect(served == [who], f"{what}: expected {who} alone, but it was served by {served}")


def apply(node, *arguments):
    document = node.mirrorctl("apply", "--profile", PROFILE, *arguments)
    expect(document["error"] is None, document)
    return document


def stamps(node):
    out = {}
    for directory in ("/etc/docker", "/etc/containerd", "/etc/systemd/system"):
        for where, _, names in os.walk(node.path(directory)):
            for name in names:
                info = os.lstat(f"{where}/{name}")
                out[f"{where}/{name}"] = (info.st_mtime_ns, info.st_size, info.st_ino)
    return out


def apply_pull_apply_rollback(stage, suite):
    node = node_with(stage, suite)
    pulls_through(stage, node, "origin")
    document = apply(node)
    expect(document["outcome"] == "committed" and not document["pending"], document)
    expect(document["mirrors"]["docker.io"][0]["url"] == FAST, document["mirrors"])
    expect(node.docker_mirrors() == [FAST, SLOW], f"live mirrors: {node.docker_mirrors()}, of {document}")
    pulls_through(stage, node, "fast")
    served = stage.world.served_by("team/app", lambda: node.cri_pull("quay.io/team/app:1"))
    expect(served == ["other"], f"CRI pull from quay.io was served by {served}")

    before, files, count = pids(node), stamps(node), reloads(node)
    document = apply(node)
    expect(document["outcome"] == "unchanged" and not document["changed"], document)
    expect(pids(node) == before and stamps(node) == files and reloads(node) == count, "the second apply touched something")

    document = node.mirrorctl("rollback")
    expect(document["outcome"] == "committed" and document["changed"], document)
    expect(node.docker_mirrors() == [], f"after the rollback dockerd still has {node.docker_mirrors()}")
    expect(node.read(DAEMON_JSON) == LIVED_IN and node.read(CONFIG_TOML) == CONFIGS[suite], "rollback is not byte-identical")
    expect(not node.exists(CERTS_D), f"rollback left {CERTS_D}")
    pulls_through(stage, node, "origin")


def dead_mirror_is_replaced(stage, suite):
    node = node_with(stage, suite, policy="policy: { recheck: 1s, keep: 1 }\n")
    apply(node)
    pulls_through(stage, node, "fast")
    stage.world.registries["fast"].stop()
    try:
        wait_for("a pull beside the dead mirror", lambda: node.docker_pull("app:1") is None)
        pulls_through(stage, node, "origin")  # keep: 1, so what follows the dead mirror is the origin
        time.sleep(1.1)
        document = apply(node)
        expect(document["mirrors"]["docker.io"][0]["url"] == SLOW, document["mirrors"])
        expect(node.docker_mirrors() == [SLOW], f"live mirrors: {node.docker_mirrors()}")
        pulls_through(stage, node, "slow")
    finally:
        stage.world.registries["fast"].start()


def rollback_keeps_hand_edits(stage, suite):
    node = node_with(stage, suite)
    apply(node)
    daemon = json.loads(node.read(DAEMON_JSON))
    daemon["log-level"], daemon["debug"] = "error", False
    node.write(DAEMON_JSON, json.dumps(daemon, indent=2) + "\n")
    node.write(CONFIG_TOML, node.read(CONFIG_TOML) + "\n[metrics]\n  address = \"127.0.0.1:1338\"\n")
    node.mirrorctl("rollback")
    daemon = json.loads(node.read(DAEMON_JSON))
    expect(daemon == {"log-level": "error", "debug": False, "max-concurrent-downloads": 3}, daemon)
    config = node.read(CONFIG_TOML)
    expect("config_path" not in config and "127.0.0.1:1338" in config and "# by hand" in config, config)
    expect(node.docker_mirrors() == [], node.docker_mirrors())
    expect(not node.exists(CERTS_D), "rollback left certs.d")


def reset_leaves_nothing(stage, suite):
    node = node_with(stage, suite)
    apply(node)
    node.mirrorctl("reset")
    for path in (CERTS_D, DOCKER_CERTS_D):
        expect(not node.exists(path), f"reset left {path}")
    expect(json.loads(node.read(DAEMON_JSON)) == json.loads(LIVED_IN), node.read(DAEMON_JSON))
    expect(node.read(CONFIG_TOML) == CONFIGS[suite], node.read(CONFIG_TOML))
    expect(node.docker_mirrors() == [], node.docker_mirrors())
    # With the state directory lost, too: known by their first line. Who made certs.d itself cannot be told any more.
    apply(node)
    node.remove("/var/lib/mirrorctl")
    node.mirrorctl("reset")
    expect(not node.exists(CERTS_D + "/docker.io") and not node.exists(CERTS_D + "/quay.io"), "reset left hosts.toml or its directory")


def containerd_image_store(stage, suite):
    """26.1 reads daemon.json with it; 28.5 reads hosts.toml of its own for every registry; 20.10 has none."""
    if suite == "bookworm":
        return
    # Up to 27.x dockerd asks https of every mirror with this store, whatever its URL says.
    mirrors, best = ((SLOW, FAST), "fast") if suite == "sid" else ((FAST, SECURE), "secure")
    node = node_with(stage, suite, daemon_json=CONTAINERD_STORE, mirrors=mirrors)
    document = apply(node)
    pulls_through(stage, node, best, cri=False)
    if suite == "trixie":
        expect(node.docker_mirrors() == [SECURE], f"dockerd cannot use plain http mirrors, but has {node.docker_mirrors()}")
    if suite == "sid":
        paths = [file["path"] for file in document["files"]]
        expect(DOCKER_CERTS_D + "/docker.io/hosts.toml" in paths and DAEMON_JSON not in paths, paths)
        served = stage.world.served_by("team/app", lambda: node.docker_pull("quay.io/team/app:1"))
        expect(served == ["other"], f"docker pull from quay.io was served by {served}")
    before = pids(node)
    expect(not apply(node)["changed"] and pids(node) == before, "the second apply changed something")
    node.mirrorctl("rollback")
    expect(node.read(DAEMON_JSON) == CONTAINERD_STORE, node.read(DAEMON_JSON))
    expect(not node.exists(DOCKER_CERTS_D), "rollback left docker's certs.d")
    pulls_through(stage, node, "origin", cri=False)


if __name__ == "__main__":
    sys.exit(story.main(apply_pull_apply_rollback, dead_mirror_is_replaced, rollback_keeps_hand_edits, reset_leaves_nothing,
                        containerd_image_store))
