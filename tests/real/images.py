"""Images made of nothing but noise, and a pusher for them (OCI distribution-spec 1.1, "Pushing blobs monolithically")."""

import gzip
import hashlib
import io
import json
import platform
import random
import tarfile
import urllib.parse
import urllib.request

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Image:
    """One layer per size (bytes), then one per file (path: bytes); the same `seed` gives the same image."""

    def __init__(self, seed, sizes, files=None):
        noise = random.Random(seed)
        content = {f"layer{number}": noise.randbytes(size) for number, size in enumerate(sizes)}
        self.layers, diffs = [], []
        for name, data in {**content, **(files or {})}.items():
            tar = self._tar(name, data)
            diffs.append(digest(tar))
            self.layers.append(gzip.compress(tar, compresslevel=1, mtime=0))
        self.config = json.dumps({"architecture": ARCHITECTURE, "os": "linux", "created": "2026-01-01T00:00:00Z",
                                  "config": {"Cmd": ["/none"]}, "rootfs": {"type": "layers", "diff_ids": diffs},
                                  "history": [{"created_by": "noise"} for _ in diffs]}).encode()
        self.manifest = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": self._descriptor(CONFIG, self.config),
                                    "layers": [self._descriptor(LAYER, layer) for layer in self.layers]}).encode()
        self.digest = digest(self.manifest)

    @staticmethod
    def _tar(name, data):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), 0o755
            tar.addfile(entry, io.BytesIO(data))
        return out.getvalue()

    @staticmethod
    def _descriptor(media_type, data):
        return {"mediaType": media_type, "size": len(data), "digest": digest(data)}


def _send(method, url, data, content_type):
    request = urllib.request.Request(url, data=data, method=method, headers={"Content-Type": content_type})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=30) as answer:
        return answer.headers


def _push_blob(base, repository, data):
    location = _send("POST", f"{base}/v2/{repository}/blobs/uploads/", b"", "application/octet-stream")["Location"]
    upload = urllib.parse.urljoin(base, location)
    separator = "&" if "?" in upload else "?"
    _send("PUT", f"{upload}{separator}digest={urllib.parse.quote(digest(data))}", data, "application/octet-stream")


def push(base, repository, tag, image):
    for data in (image.config, *image.layers):
        _push_blob(base, repository, data)
    _send("PUT", f"{base}/v2/{repository}/manifests/{tag}", image.manifest, MANIFEST)
