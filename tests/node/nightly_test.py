#!/usr/bin/env python3
"""mirrorctl-sync.timer on a booted node, for one suite: a night that was slept through is made up for, and a failure is one of the unit's."""

import json
import os
import sys
import time

import images
import story
from booting import shipped
from parts import wait_for
from world import expect

SERVICE, TIMER = "mirrorctl-sync.service", "mirrorctl-sync.timer"
STAMP = f"/var/lib/systemd/timers/stamp-{TIMER}"
STATE = "/var/lib/mirrorctl-sync"  # systemd puts it below private/ and links it
HUB, DAYS = "fast.example:5000", 86400
IMAGE = "docker.io/library/app:1"


def node_with(stage, suite, rules, logins):
    node = stage.node(suite)
    for unit in (SERVICE, TIMER):
        node.write(f"/usr/local/lib/systemd/system/{unit}", shipped(f"systemd/{unit}"))
    # Nobody waits half an hour for a test.
    node.write(f"/etc/systemd/system/{TIMER}.d/now.conf", "[Timer]\nRandomizedDelaySec=0\n")
    node.write("/etc/mirrorctl/images.json", json.dumps(rules))
    if logins is not None:
        node.write("/etc/mirrorctl/auth.json", json.dumps(logins), 0o600)
    node.write(STAMP, "")
    os.utime(node.path(STAMP), (time.time() - 3 * DAYS,) * 2)
    node.chroot("systemctl", "enable", TIMER)
    return node


def ran(node):
    return node.property(SERVICE, "ExecMainExitTimestampMonotonic") not in ("", "0") and node.property(SERVICE, "ActiveState") in ("inactive", "failed")


def report(node):
    return json.loads(node.exec("cat", f"{STATE}/report.json").stdout)


def a_night_that_was_slept_through_is_made_up_for(stage, suite):
    app = images.Image("app", [30_000, 200_000])
    node = node_with(stage, suite, {IMAGE: f"{HUB}/nightly/app"}, {HUB: {"insecure": True}})
    node.start()
    wait_for("the nightly run", lambda: ran(node), 60)
    expect(node.property(SERVICE, "Result") == "success", node.journal(SERVICE))
    expect([image["outcome"] for image in report(node)["images"]] == ["copied"], report(node))
    expect(report(node)["images"][0]["destination_digest"] == app.digest, report(node))
    due = int(node.property(TIMER, "NextElapseUSecRealtime") and node.exec("date", "+%s", "-d", node.property(TIMER, "NextElapseUSecRealtime")).stdout)
    expect(0 < due - time.time() <= DAYS, f"the next night is {node.property(TIMER, 'NextElapseUSecRealtime')}")

    node.exec("systemctl", "start", SERVICE)
    expect([image["outcome"] for image in report(node)["images"]] == ["skipped"], report(node))


def a_failure_is_one_of_the_unit(stage, suite):
    missing = "docker.io/library/app:missing"
    node = node_with(stage, suite, {IMAGE: f"{HUB}/partly/app", missing: f"{HUB}/partly/app"}, {HUB: {"insecure": True}})
    node.start()
    wait_for("the nightly run", lambda: ran(node), 60)
    expect(node.property(SERVICE, "Result") == "exit-code" and node.property(SERVICE, "ExecMainStatus") == "1", node.journal(SERVICE))
    expect({image["source"]: image["outcome"] for image in report(node)["images"]} == {IMAGE: "copied", missing: "failed"}, report(node))
    expect(json.loads(node.exec("cat", f"{STATE}/failed.json").stdout) == {missing: f"{HUB}/partly/app"}, node.exec("cat", f"{STATE}/failed.json").stdout)
    expect("no such image" in node.journal(SERVICE), node.journal(SERVICE))
    expect(node.property(TIMER, "ActiveState") == "active", "the timer gave up")


if __name__ == "__main__":
    sys.exit(story.main(a_night_that_was_slept_through_is_made_up_for, a_failure_is_one_of_the_unit))
