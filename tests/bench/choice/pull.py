"""The oracle: pulls the reference image through mirrors as dockerd does, every pull with an access link of its own, and says how long it took.

/v2/, index, manifest, then the configuration and the three layers at once, everything checked by its digest. TASK (a JSON file):
{"image", "digest", "ca", "batches": [[{"name", "url", "source", "cap"}, ...], ...]}; the pulls of a batch run at once. A pull that takes
longer than `cap` seconds is cut, and the rest counted at the mean speed so far.
"""

import hashlib
import json
import sys
import threading
import time

import wire


class Pull:
    def __init__(self, task, one):
        self.task, self.one = task, one
        self.client = wire.Client(one["url"], task["ca"], one.get("source"), timeout=one["cap"])
        self.repository = task["image"].split(":")[0]
        self.began = time.monotonic()
        self.received, self.wanted, self.error = 0, 0, None
        self.lock = threading.Lock()

    def checked(self, connection, path, digest, headers=None):
        answer = self.client.fetch(connection, f"/v2/{self.repository}/{path}", headers)
        if answer.status != 200:
            raise wire.Bad(f"{path.split('/')[0]}: {answer.status}")
        body = answer.body()
        if "sha256:" + hashlib.sha256(body).hexdigest() != digest:
            raise wire.Bad(f"{path.split('/')[0]}: other bytes than the digest says")
        return body

    def blob(self, digest, connection=None):
        connection = connection or self.client.connect()
        try:
            answer = self.client.fetch(connection, f"/v2/{self.repository}/blobs/{digest}")
            if answer.status != 200:
                raise wire.Bad(f"blob: {answer.status}")
            state = hashlib.sha256()
            for piece in answer.pieces():
                state.update(piece)
                with self.lock:
                    self.received += len(piece)
                if time.monotonic() - self.began > self.one["cap"] or self.error:
                    return
            if "sha256:" + state.hexdigest() != digest:
                raise wire.Bad("blob: other bytes than the digest says")
        finally:
            connection.close()

    def guarded(self, *arguments):
        try:
            self.blob(*arguments)
        except (OSError, wire.Bad, ValueError) as error:
            self.error = self.error or str(error) or type(error).__name__

    def run(self):
        connection = self.client.connect()
        connection.get("/v2/").body()
        accept = {"Accept": wire.ACCEPT}
        index = json.loads(self.checked(connection, f"manifests/{self.task['digest']}", self.task["digest"], accept))
        child = next(one["digest"] for one in index["manifests"] if one["platform"]["architecture"] == "amd64")
        manifest = json.loads(self.checked(connection, f"manifests/{child}", child, accept))
        self.wanted = sum(layer["size"] for layer in manifest["layers"])
        threads = [threading.Thread(target=self.guarded, args=(manifest["config"]["digest"], connection))]
        threads += [threading.Thread(target=self.guarded, args=(layer["digest"],)) for layer in manifest["layers"]]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def result(self):
        try:
            self.run()
        except (OSError, wire.Bad, ValueError, KeyError, StopIteration) as error:
            self.error = str(error) or type(error).__name__
        seconds = time.monotonic() - self.began
        if self.error and seconds < self.one["cap"]:
            return {"name": self.one["name"], "seconds": None, "error": self.error}
        if self.received == 0:
            return {"name": self.one["name"], "seconds": None, "error": "nothing came"}
        cut = self.received < self.wanted
        if cut:  # the rest at the mean speed so far
            seconds *= self.wanted / self.received
        return {"name": self.one["name"], "seconds": round(seconds, 4), "extrapolated": cut}


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        task = json.load(file)
    results = []
    for batch in task["batches"]:
        threads = [threading.Thread(target=lambda one=one: results.append(Pull(task, one).result())) for one in batch]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    print(json.dumps(results))


if __name__ == "__main__":
    main()
