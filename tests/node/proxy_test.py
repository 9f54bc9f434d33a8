#!/usr/bin/env python3
"""Proxies on a booted node: the daemons' traffic goes through them, direct mirrors do not, and nobody can read the password."""

import os
import stat
import sys
import urllib.parse

import story
from matrix_test import PROFILE, apply, node_with
from node import PROGRAM
from proxies import Squid, Tinyproxy
from world import HOSTS, QUAY, expect

PASSWORD = "p@ss/w\"rd' $HOME #1 %41;\\"
QUOTED = urllib.parse.quote(PASSWORD, safe="$'")  # what must be encoded in a URL is: %40 %2F %22 %20 %23 %25 %5C
UNITS = ("docker", "containerd")
# Whole, and up to the first character that some file must escape.
CANARIES = (PASSWORD, QUOTED, QUOTED.replace("%", "%%"), QUOTED.split("'")[0])


def pulls_quay(node):
    node.docker_pull(f"{QUAY}/team/app:1")
    node.cri_pull(f"{QUAY}/team/app:1")


def environ_of(node, unit):
    pid = node.property(unit, "MainPID")
    return dict(line.split("=", 1) for line in node.exec("cat", f"/proc/{pid}/environ").stdout.split("\0") if "=" in line)


def goes_through_with_an_odd_password(stage, suite):
    squid = Squid(HOSTS["squid.example"], PASSWORD)
    stage.at_end(squid.stop)
    node = node_with(stage, suite)
    url = f"http://user:{QUOTED}@squid.example:3128"
    node.write("/root/proxy-url", url + "\n", 0o600)
    # quay.io has no mirror here: `--upstream` leaves it to its origin, so that its pulls show where the daemons go.
    document = apply(node, "--https-proxy", "@/root/proxy-url", "--upstream", "docker.io")
    expect(not document["pending"], document["pending"])
    for unit in UNITS:
        expect(environ_of(node, unit).get("HTTPS_PROXY") == url, f"{unit} has another HTTPS_PROXY")
    seen = len(squid.reached())
    expect(stage.world.served_by("library/app", lambda: (node.docker_pull("app:1"), node.cri_pull("docker.io/library/app:1"))) == ["fast"],
           "the pick did not serve docker.io")
    expect(squid.reached()[seen:] == [], f"a direct mirror was asked through the proxy: {squid.reached()[seen:]}")
    expect(stage.world.served_by("team/app", lambda: pulls_quay(node)) == ["quay"], "quay.io's origin did not serve")
    through = squid.reached()[seen:]
    expect(through.count(QUAY) >= 2 and set(through) == {QUAY}, f"the daemons' traffic went through the proxy to {through}")
    nobody_reads_the_password(node)

    expect(not apply(node, "--https-proxy", "@/root/proxy-url", "--upstream", "docker.io")["changed"], "the second apply changed something")
    document = apply(node, "--https-proxy", "", "--upstream", "docker.io")
    expect(document["changed"] and not document["pending"], document)
    seen = len(squid.reached())
    pulls_quay(node)
    expect(len(squid.reached()) == seen, "the proxy is still used")
    for unit in UNITS:
        expect("HTTPS_PROXY" not in environ_of(node, unit), f"{unit} still has HTTPS_PROXY")
        expect(not node.exists(f"/etc/systemd/system/{unit}.service.d"), f"{unit}.service.d is still there")


def nobody_reads_the_password(node):
    outputs = [node.exec("systemctl", "show", unit).stdout for unit in UNITS]
    outputs += [node.exec("systemctl", "cat", unit).stdout for unit in UNITS]
    outputs += [node.exec(PROGRAM, *words).stdout for words in (("status",), ("history", "--json"), ("plan", "--profile", PROFILE, "--offline"))]
    outputs.append(node.journal("docker") + node.journal("containerd"))
    for text in outputs:
        for canary in CANARIES:
            expect(canary not in text, f"the password stands in: {text[:200]}")
    found = 0
    for directory in ("/etc", "/var/lib/mirrorctl", "/run"):
        for where, _, names in os.walk(node.path(directory)):
            for name in names:
                path = f"{where}/{name}"
                if not os.path.isfile(path) or os.path.islink(path):
                    continue
                with open(path, "rb") as file:
                    content = file.read(1 << 20)
                if not any(canary.encode() in content for canary in CANARIES):
                    continue
                found += 1
                expect(not stat.S_IMODE(os.stat(path).st_mode) & 0o077, f"others can read {path}")
    expect(found >= 2, "the credentials stand in no file, so this test looks in the wrong place")


def goes_through_without_a_password(stage, suite):
    proxy = Tinyproxy(HOSTS["proxy.example"])
    stage.at_end(proxy.stop)
    node = node_with(stage, suite)
    document = apply(node, "--https-proxy", "http://proxy.example:3128", "--no-proxy", "10.0.0.0/8,.internal", "--upstream", "docker.io")
    expect(not document["pending"], document["pending"])
    seen = len(proxy.reached())
    pulls_quay(node)
    expect(set(proxy.reached()[seen:]) == {QUAY}, proxy.reached()[seen:])
    no_proxy = environ_of(node, "docker")["NO_PROXY"].split(",")
    for entry in ("10.0.0.0/8", ".internal", "fast.example:5000", "slow.example:5000"):
        expect(entry in no_proxy or entry.split(":")[0] in no_proxy, f"{entry} is not in NO_PROXY {no_proxy}")
    node.mirrorctl("rollback")
    seen = len(proxy.reached())
    pulls_quay(node)
    expect(len(proxy.reached()) == seen, "after the rollback the proxy is still used")


if __name__ == "__main__":
    sys.exit(story.main(goes_through_with_an_odd_password, goes_through_without_a_password))
