"""Starts mirrorlab and talks to it. The program comes from $MIRRORLAB."""

import json
import os
import select
import subprocess
import tempfile
from pathlib import Path

SCENARIOS = Path(__file__).resolve().parent / "scenarios"


def program():
    path = os.environ.get("MIRRORLAB", "")
    if not path or not os.access(path, os.X_OK):
        raise RuntimeError("MIRRORLAB must name the mirrorlab program (ctest sets it)")
    return path


class Lab:
    """One running mirrorlab. Use it as a context manager: the process is gone afterwards on every path."""

    def __init__(self, scenario, max_seconds=300):
        scenario = Path(scenario)
        self.scenario = scenario if scenario.is_absolute() else SCENARIOS / scenario
        self._directory = tempfile.TemporaryDirectory(prefix="mirrorlab-log-")
        self.log_file = Path(self._directory.name) / "access.jsonl"
        self._process = subprocess.Popen(
            [program(), "--log", str(self.log_file), "--max-seconds", str(max_seconds), str(self.scenario)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        line = self._line(20)
        if not line:
            raise RuntimeError("mirrorlab did not start: " + self._stop())
        ready = json.loads(line)
        self.urls = ready["mirrors"]          # name -> URL as a profile has it
        self.upstreams = ready["upstreams"]   # upstream -> [{image, digest, stale_digest, platforms, layer_bytes}]
        self.token_servers = ready["token_servers"]
        self.ca = ready["ca"]

    def _line(self, seconds):
        ready, _, _ = select.select([self._process.stdout], [], [], seconds)
        return self._process.stdout.readline().decode() if ready else ""

    def command(self, text):
        """Turns the failure switch: "set NAME fault X", "set NAME rate 1MiB", "clear NAME"."""
        self._process.stdin.write((text + "\n").encode())
        self._process.stdin.flush()
        answer = self._line(10).strip()
        if answer != "ok":
            raise RuntimeError(f"mirrorlab: {text}: {answer}")

    def accesses(self, mirror=None):
        """The access log so far, for one mirror or for all of them."""
        if not self.log_file.exists():
            return []
        lines = [json.loads(line) for line in self.log_file.read_text().splitlines()]
        return [line for line in lines if mirror is None or line["mirror"] == mirror]

    def image(self, upstream="docker.io"):
        return self.upstreams[upstream][0]

    def _stop(self):
        self._process.terminate()
        try:
            _, errors = self._process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            _, errors = self._process.communicate()
        return errors.decode().strip()

    def close(self):
        errors = self._stop()
        self._directory.cleanup()
        if self._process.returncode != 0:
            raise RuntimeError(f"mirrorlab ended with {self._process.returncode}: {errors}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
