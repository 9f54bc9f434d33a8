"""How others choose, as rules: re-implemented from what is known of them, not their code. Every one is given a real blob's URL, which is
kinder than what most of them ask for. As a program (TASK is a JSON file) it applies one rule and prints the pick and the time it took.

chsrc          one mirror after another, GET for up to 8 s, mean speed, status not looked at
librepo        one TCP connect to each, all at once, 2 s window, the quickest connect wins
rate-mirrors   16 at once; speed after the headers until steady or 1 s; the five best again alone; status not looked at
reflector      one after another, clock starts at the headers, 5 s; whoever needs longer has rate 0
gentoo-deep    one after another, 100 kB from connect to last byte, checked; later ones get only as long as the third best took
403unlocker    one after another, the whole image for up to 10 s; bytes / 10 s
v2-latency     HEAD /v2/, 16 at once, 5 s; 200, 401, 404 and redirects count as healthy; the quickest wins
"""

import hashlib
import json
import queue
import socket
import ssl
import sys
import threading
import time
from urllib.parse import urlsplit

import wire

START = 102_400  # bytes of a blob that are checked by who checks
FAILURES = (OSError, wire.Bad, ValueError, KeyError, ssl.SSLError)


class Timed:
    """One download with clocks: `connect`, `first` (headers) and `pieces` [(seconds since the start, bytes)]."""

    def __init__(self, task, mirror, path, most_seconds, headers=None, most_bytes=1 << 60, patience=None):
        self.pieces, self.bytes, self.status, self.complete = [], 0, 0, False
        self.sha = hashlib.sha256()
        self.began = time.monotonic()
        client = wire.Client(mirror["url"], task["ca"], timeout=patience or most_seconds)
        connection = client.connect()
        try:
            self.connect = time.monotonic() - self.began
            answer = client.fetch(connection, path, headers)
            self.status, self.first = answer.status, time.monotonic() - self.began
            answer.connection.socket.settimeout(max(0.05, most_seconds - self.first))
            self.read(answer, most_seconds, most_bytes)
        finally:
            connection.close()

    def read(self, answer, most_seconds, most_bytes):
        try:
            for piece in answer.pieces(16384):
                self.sha.update(piece[:max(0, START - self.bytes)])
                self.bytes += len(piece)
                now = time.monotonic() - self.began
                self.pieces.append((now, len(piece)))
                if now >= most_seconds or self.bytes >= most_bytes:
                    return answer.connection.close()
                if self.steady():
                    return None
            self.complete = True
        except TimeoutError:
            pass
        return None

    def steady(self):
        return False

    @property
    def seconds(self):
        return time.monotonic() - self.began


class Steady(Timed):
    """Ends as soon as the last chunks came at one speed."""

    def steady(self):
        since = self.pieces[-1][0] - self.first
        if self.bytes < 70_000 or since < 0.3 or len(self.pieces) < 40:
            return since >= 1.0
        got, speeds = 0, []
        for at, size in self.pieces:
            got += size
            speeds.append(got / max(1e-6, at - self.first))
        last = speeds[-40:]
        mean = sum(last) / len(last)
        spread = (sum((one - mean) ** 2 for one in last) / len(last)) ** 0.5
        return since >= 1.0 or spread <= 0.0625 * mean


def at_once(task, count, work):
    """work(mirror) for all mirrors, `count` at a time; {index: result} of those that did not fail."""
    todo, out = queue.SimpleQueue(), {}
    for index, mirror in enumerate(task["mirrors"]):
        todo.put((index, mirror))

    def lane():
        while True:
            try:
                index, mirror = todo.get_nowait()
            except queue.Empty:
                return
            try:
                out[index] = work(mirror)
            except FAILURES:
                pass

    threads = [threading.Thread(target=lane) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return out


def best(results, smallest=False):
    """The index with the best value that says anything, None without any."""
    known = {index: value for index, value in results.items() if value > 0}
    if not known:
        return None
    return (min if smallest else max)(known, key=known.get)


def one_by_one(task, work):
    return at_once(task, 1, work)


def chsrc(task):
    def work(mirror):
        got = Timed(task, mirror, task["blobs"][-1], 8.0)
        return got.bytes / got.seconds
    return best(one_by_one(task, work))


def librepo(task):
    def work(mirror):
        parts = urlsplit(mirror["url"])
        address = socket.gethostbyname(parts.hostname)
        began = time.monotonic()
        socket.create_connection((address, parts.port), 2.0).close()
        return time.monotonic() - began
    return best(at_once(task, len(task["mirrors"]), work), smallest=True)


def rate_mirrors(task):
    def work(mirror):
        got = Steady(task, mirror, task["blob"], 4.0, patience=4.0)
        return got.bytes / max(1e-6, got.pieces[-1][0] - got.first) if got.bytes >= 70_000 else 0
    found = at_once(task, 16, work)
    top = sorted((index for index in found if found[index] > 0), key=lambda index: -found[index])[:5]
    again = {}
    for index in top:
        try:
            again[index] = work(task["mirrors"][index])
        except FAILURES:
            pass
    return best(again)


def reflector(task):
    def work(mirror):
        got = Timed(task, mirror, task["blob"], 5.0, patience=5.0)
        if got.status >= 400 or not got.complete and got.bytes < task["blob_bytes"]:
            return 0
        return got.bytes / max(1e-6, got.seconds - got.first)
    return best(one_by_one(task, work))


def gentoo_deep(task):
    times = []

    def work(mirror):
        allowed = sorted(times)[2] if len(times) >= 3 else 10.0
        limit = float(-(-allowed // 1))  # whole seconds
        got = Timed(task, mirror, task["blob"], limit, {"Range": f"bytes=0-{START - 1}"}, START)
        if got.sha.hexdigest() != task["start"]:
            return 0
        times.append(got.pieces[-1][0])
        return got.pieces[-1][0]
    return best(one_by_one(task, work), smallest=True)


def unlocker(task):
    def work(mirror):
        size, began = 0, time.monotonic()
        for path in task["blobs"]:
            left = 10.0 - (time.monotonic() - began)
            if left <= 0:
                break
            got = Timed(task, mirror, path, left)
            if got.status != 200:
                return 0
            size += got.bytes
        return size // 10
    return best(one_by_one(task, work))


def latency(task):
    def work(mirror):
        connection = wire.Client(mirror["url"], task["ca"], timeout=5.0).connect()
        began = time.monotonic() - connection.connect_seconds
        try:
            status = connection.get("/v2/", method="HEAD").status
            return time.monotonic() - began if status in (200, 401, 404, 301, 302, 307) else 0
        finally:
            connection.close()
    return best(at_once(task, 16, work), smallest=True)


RULES = {"chsrc": chsrc, "librepo": librepo, "rate-mirrors": rate_mirrors, "reflector": reflector, "gentoo-deep": gentoo_deep,
         "403unlocker": unlocker, "v2-latency": latency}


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        task = json.load(file)
    repository = task["image"].split(":")[0]
    layers = sorted((size, digest) for digest, size in task["layers"].items() if size > START)
    task["blobs"] = [f"/v2/{repository}/blobs/{digest}" for _, digest in layers]
    # 8 MiB, about what pacman's extra.db has; chsrc gets the biggest, as from the tarballs that it names.
    task["blob"], task["blob_bytes"] = task["blobs"][1], layers[1][0]
    if task["rule"] == "start":
        got = Timed(task, task["mirrors"][0], task["blob"], 10.0, {"Range": f"bytes=0-{START - 1}"}, START)
        print(json.dumps(got.sha.hexdigest()))
        return
    began = time.monotonic()
    index = RULES[task["rule"]](task)
    seconds = time.monotonic() - began
    print(json.dumps({"pick": None if index is None else task["mirrors"][index]["name"], "t_sel": round(seconds, 4)}))


if __name__ == "__main__":
    main()
