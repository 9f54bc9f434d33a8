#!/usr/bin/env python3
"""`mirrorctl sync` beside Debian's skopeo between two docker-registry on tmpfs. --smoke: small images, no judgement of times.

The no-op has a floor beside it: curl sends the same HEADs to the same registries in turn with our runs, and that is all it does. On two cores
these registries need more than a millisecond of processor time for each. Memory is that of the program given, and of the static one once it is built.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import registries

MIRRORCTL = os.environ["MIRRORCTL"]
STATIC = os.environ.get("MIRRORCTL_STATIC", "")
ACCEPT = "Accept: application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.index.v1+json"
PARSER = argparse.ArgumentParser()
PARSER.add_argument("--smoke", action="store_true")
PARSER.add_argument("--runs", type=int, default=7)
OPTIONS = PARSER.parse_args()
RUNS = 1 if OPTIONS.smoke else OPTIONS.runs
SMALL = OPTIONS.smoke


def timed(command, **environment):
    """Wall seconds, CPU seconds, peak RSS in MiB, exit status, output; by the launcher, as this parent would hide the RSS."""
    with tempfile.NamedTemporaryFile("r") as output:
        done = subprocess.run([os.environ["LAUNCH"], "1", output.name, shutil.which(command[0]), *command[1:]], check=True,
                              capture_output=True, text=True, env={**os.environ, **environment})
        wall, rss, cpu, status, _ = done.stdout.split()
        return float(wall), float(cpu), float(rss) / 1024, int(status), output.read()


def ours(rules, program=MIRRORCTL):
    """A run with these rules; the fifth value is its report."""
    with tempfile.TemporaryDirectory() as folder:
        auth, images, report = (os.path.join(folder, name) for name in ("auth.json", "images.json", "report.json"))
        hosts = {name.split("/")[0] for source, to in rules.items() for name in (source, *to)}
        with open(os.open(auth, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            json.dump({host: {"insecure": True} for host in hosts}, file)
        with open(images, "w") as file:
            json.dump(rules, file)
        done = timed([program, "--state-dir", folder + "/state", "-q", "sync", "--auth", auth, "--images", images, "--report", report])
        assert done[3] == 0, done[4]
        with open(report) as file:
            return *done[:4], json.load(file)


def skopeo(*pairs):
    total = [0, 0, 0, 0, ""]
    for source, destination in pairs:
        one = timed(["skopeo", "copy", "--all", "-q", "--src-tls-verify=false", "--dest-tls-verify=false",
                     "docker://" + source, "docker://" + destination])
        assert one[3] == 0, one[4]
        total = [total[0] + one[0], total[1] + one[1], max(total[2], one[2]), 0, ""]
    return total


def bare_heads(repository, tags, *servers):
    """The same questions by a client that does nothing else."""
    with tempfile.NamedTemporaryFile("w", suffix=".curl") as file:
        file.write("next\n".join(f'url = "http://{server.host}/v2/{repository}/manifests/{tag}"\nhead\nfail\noutput = /dev/null\nheader = "{ACCEPT}"\n'
                                 for tag in tags for server in servers))
        file.flush()
        done = timed(["curl", "-q", "-s", "--noproxy", "*", "--parallel", "--parallel-immediate", "--parallel-max", "32", "-K", file.name])
        assert done[3] == 0, done
        return done


def medians(results):
    return [statistics.median(r[i] for r in results) for i in range(3)]


def rows(name, mine, theirs, floor):
    a, b = medians(mine), medians(theirs)
    print(f"{name:10} ours {a[0]:.2f} s, {a[1]:.2f} CPU s, {a[2]:.0f} MiB   skopeo {b[0]:.2f} s, {b[1]:.2f} CPU s, {b[2]:.0f} MiB"
          f"   {b[0] / a[0]:.2f}x (goal {floor}x), CPU {a[1] / b[1]:.2f}", flush=True)


def big(a, b):
    size = (1 if SMALL else 256) << 20
    digest = a.put_image("big/image", "1", [os.urandom(size) for _ in range(4)])
    mine, theirs, static = [], [], []
    for _ in range(RUNS):
        b.wipe()
        mine.append(ours({f"{a.host}/big/image:1": [f"{b.host}/x/big"]}))
        assert b.digest("x/big", "1") == digest
        b.wipe()
        theirs.append(skopeo((f"{a.host}/big/image:1", f"{b.host}/x/big:1")))
        if os.access(STATIC, os.X_OK):
            b.wipe()
            static.append(ours({f"{a.host}/big/image:1": [f"{b.host}/x/big"]}, STATIC))
    rows("big", mine, theirs, 1.3)
    print(f"memory     {medians(mine)[2]:.1f} MiB with shared libraries, " +
          (f"{medians(static)[2]:.1f} MiB the static program" if static else "the static program is not built") + " (goal 16 MiB)", flush=True)


def shared(a, b):
    base = os.urandom((2 if SMALL else 20) << 20)
    names = [f"app{i}" for i in range(10)]
    for name in names:
        a.put_image(f"med/{name}", "1", [base] + [os.urandom((1 if SMALL else 8) << 20) for _ in range(4)])
    unique = len(base) + 40 * ((1 if SMALL else 8) << 20)
    mine, theirs = [], []
    for _ in range(RUNS):
        b.wipe()
        proxy = registries.Proxy(a.port)
        rules = lambda host: {f"{host}/med/{name}:1": [f"{b.host}/med/{name}"] for name in names}  # noqa: E731
        counted = ours(rules(proxy.host))
        proxy.stop()
        assert proxy.bytes < unique * 1.02, (proxy.bytes, unique, counted[4])
        b.wipe()
        mine.append(ours(rules(a.host)))
        b.wipe()
        theirs.append(skopeo(*[(f"{a.host}/med/{n}:1", f"{b.host}/med/{n}:1") for n in names]))
    rows("10 repos", mine, theirs, 2)
    print(f"           each blob read once: {proxy.bytes / unique:.3f} of the unique bytes")


def small(a, b):
    count = 20 if SMALL else 200
    common = [os.urandom(4096), os.urandom(4096)]
    for i in range(count):
        a.put_image("small/app", f"v{i}", [*common, os.urandom(4096)])
    rules = {f"{a.host}/small/app": [f"{b.host}/small/app"]}
    mine, theirs, again, floor = [], [], [], []
    for _ in range(RUNS):
        b.wipe()
        mine.append(ours(rules))
        again.append(ours(rules))
        floor.append(bare_heads("small/app", [f"v{i}" for i in range(count)], a, b))
        assert [image["outcome"] for image in again[-1][4]["images"]] == ["skipped"] * count, again[-1][4]
        b.wipe()
        one = timed(["skopeo", "sync", "--all", "--src", "docker", "--dest", "docker", "--src-tls-verify=false",
                     "--dest-tls-verify=false", f"{a.host}/small/app", f"{b.host}/small"])
        assert one[3] == 0, one[4]
        theirs.append(one)
    rows("tags", mine, theirs, 3)
    proxy = registries.Proxy(a.port)
    b.wipe()
    ours(rules)
    ours({f"{proxy.host}/small/app": [f"{b.host}/small/app"]})
    proxy.stop()
    manifests = [m for m, p in proxy.requests if b"/manifests/" in p]
    assert manifests and set(manifests) == {b"HEAD"}, set(manifests)
    wall, cpu, _ = medians(again)
    least = medians(floor)[0]
    print(f"no-op      {wall:.2f} s, {cpu:.2f} CPU s on {count} tags (goal 0.3 s), only HEAD at the source")
    print(f"           floor: {least:.2f} s (curl, the same {2 * count} HEADs, nothing else); ours is {wall / least:.2f} of it")


def two(a, b, c):
    size = (1 if SMALL else 64) << 20
    a.put_image("fan/image", "1", [os.urandom(size) for _ in range(2)])
    proxy = registries.Proxy(a.port)
    ours({f"{proxy.host}/fan/image:1": [f"{b.host}/fan/image", f"{c.host}/fan/image"]})
    proxy.stop()
    assert b.digest("fan/image", "1") == c.digest("fan/image", "1") is not None
    ratio = proxy.bytes / (2 * size)
    print(f"two        {ratio:.3f} of the bytes of one (goal 1.05)")
    assert ratio < (1.05 if not SMALL else 1.1)


def cut(a, b):
    size = (16 if SMALL else 256) << 20
    a.put_image("cut/image", "1", [os.urandom(size)])
    proxy = registries.Proxy(a.port)
    proxy.cuts = [size // 3, size // 4, size // 5]
    b.wipe()
    done = ours({f"{proxy.host}/cut/image:1": [f"{b.host}/cut/image"]})
    proxy.stop()
    assert not proxy.cuts
    read = done[4]["totals"]["bytes_read"]
    print(f"3 resets   {read / size:.4f} of the bytes read, {proxy.bytes / size:.4f} on the wire (goal 1.01), {done[0]:.1f} s")
    assert read <= size * 1.01


def main():
    if why := registries.missing():
        print(f"skipped: {why}")
        return 77
    with registries.folder() as folder:
        servers = [registries.Registry(folder, name) for name in ("a", "b", "c")]
        try:
            big(*servers[:2])
            shared(*servers[:2])
            small(*servers[:2])
            two(*servers)
            cut(*servers[:2])
        finally:
            for server in servers:
                server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
