#!/usr/bin/env python3
"""What must be right whatever the speed: indexes with attestations, subjects, digests, refusals, Ctrl-C and a second run."""
import hashlib
import json
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import registries

COPY = os.environ["SYNC_COPY"]
INDEX = "application/vnd.oci.image.index.v1+json"


def run(*words, **environment):
    done = subprocess.run([COPY, *words], text=True, capture_output=True, env={**os.environ, **environment}, timeout=120)
    return done.returncode, done.stdout


def sha(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def index(a, b):
    one = a.put_image("multi/app", "one", [os.urandom(5000)])
    two = a.put_image("multi/app", "two", [b"", os.urandom(5000)])
    raw = [a.request("GET", f"/v2/multi/app/manifests/{d}", headers={"Accept": registries.TYPE})[1] for d in (one, two)]
    children = [{"mediaType": registries.TYPE, "digest": d, "size": len(r)} for d, r in zip((one, two), raw)]
    children[0]["platform"] = {"os": "linux", "architecture": "amd64"}
    text = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "odd": [1], "manifests": children}, indent=3).encode()
    a.put_manifest("multi/app", "all", text, INDEX)
    nested = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [{"mediaType": INDEX, "digest": sha(text), "size": len(text)}]}).encode()
    a.put_manifest("multi/app", "nested", nested, INDEX)
    kind = "application/vnd.oci.image.manifest.v1+json"
    config = {"mediaType": "application/vnd.oci.empty.v1+json", **a.put_blob("multi/app", b"{}")}
    artifact = json.dumps({"schemaVersion": 2, "mediaType": kind, "config": config, "layers": [],
                           "subject": {"mediaType": INDEX, "digest": sha(text), "size": len(text)}}).encode()
    a.put_manifest("multi/app", sha(artifact), artifact, kind)
    fallback = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [{"mediaType": kind, "digest": sha(artifact), "size": len(artifact)}]}).encode()
    a.put_manifest("multi/app", sha(text).replace(":", "-"), fallback, INDEX)
    code, output = run(f"{a.host}/multi/app:all", f"{b.host}/multi/app", "--", f"{a.host}/multi/app:nested", f"{b.host}/multi/app", SYNC_REFERRERS="1")
    assert code == 0, output
    assert b.digest("multi/app", "all") == sha(text) and b.digest("multi/app", "nested") == sha(nested)
    assert b.digest("multi/app", sha(artifact)) == sha(artifact), "the artifact with a subject did not come along"
    listed = b.request("GET", f"/v2/multi/app/manifests/{sha(text).replace(':', '-')}", headers={"Accept": INDEX})[1]
    assert [m["digest"] for m in json.loads(listed)["manifests"]] == [sha(artifact)], listed


def refusals(a, b):
    code, output = run(f"{a.host}/multi/app:nope", f"{b.host}/x/y", "--", f"{a.host}/multi/app:one", f"{b.host}/x/y")
    assert code == 1 and "no such image" in output and "copied 1" in output, output
    code, output = run(f"{a.host}/multi/app:one", f"{a.host}/multi/app")
    assert code == 1 and "the same" in output, output
    code, output = run(f"{a.host}/multi/app:one", f"{b.host}/x/y", "--", f"{a.host}/small/app:one", f"{b.host}/x/y")
    assert code == 1 and "two images for one name" in output, output


def interrupted(a, b):
    digest = a.put_image("big/one", "1", [os.urandom(8 << 20) for _ in range(4)])
    process = subprocess.Popen([COPY, f"{a.host}/big/one:1", f"{b.host}/big/one"], text=True, stdout=subprocess.PIPE,
                               env={**os.environ, "SYNC_RATE": str(8 << 20), "SYNC_CONCURRENCY": "1"})
    time.sleep(2.5)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 1 and b.digest("big/one", "1") is None
    code, output = run(f"{a.host}/big/one:1", f"{b.host}/big/one")
    assert code == 0 and b.digest("big/one", "1") == digest, output
    read = int(output.split(" read ")[1].split()[0])
    assert read < 32 << 20, f"the second run read everything again: {read}"


def main():
    if why := registries.missing():
        print(f"skipped: {why}")
        return 77
    with registries.folder() as folder:
        servers = [registries.Registry(folder, name) for name in ("a", "b")]
        try:
            for check in (index, refusals, interrupted):
                check(*servers)
                print("passed", check.__name__)
        finally:
            for server in servers:
                server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
