"""A headless Chromium, driven over its debugging pipe (chromedevtools.github.io/devtools-protocol), and its pictures as pixels."""

import base64
import fcntl
import json
import os
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import zlib

TIMEOUT = 120  # seconds for one answer: the machine may be busy
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-extensions", "--disable-dev-shm-usage", "--hide-scrollbars",
         "--force-color-profile=srgb", "--remote-debugging-pipe"]


def program():
    """The browser's path, None where there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def above_ten(descriptors):
    """The same files under numbers that get in nobody's way."""
    moved = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10) for fd in descriptors]
    for fd in descriptors:
        os.close(fd)
    return moved


class Picture:
    """The pixels of a PNG as browsers write it: eight bits, RGB or RGBA, not interlaced (PNG specification, section 9 for the filters)."""

    def __init__(self, data):
        assert data[:8] == b"\x89PNG\r\n\x1a\n", data[:8]
        at, packed = 8, b""
        while at < len(data):
            size, kind = struct.unpack(">I4s", data[at:at + 8])
            body = data[at + 8:at + 8 + size]
            if kind == b"IHDR":
                self.width, self.height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", body)
                assert depth == 8 and colour in (2, 6) and interlaced == 0, (depth, colour, interlaced)
                self.channels = 3 if colour == 2 else 4
            elif kind == b"IDAT":
                packed += body
            at += 12 + size
        self.rows = self._unfiltered(zlib.decompress(packed))

    def _unfiltered(self, raw):
        step, stride = self.channels, self.width * self.channels
        rows, above = [], bytearray(stride)
        for y in range(self.height):
            kind, row = raw[y * (stride + 1)], bytearray(raw[y * (stride + 1) + 1:(y + 1) * (stride + 1)])
            if kind == 2:
                for i in range(stride):
                    row[i] = (row[i] + above[i]) & 255
            elif kind != 0:
                for i in range(stride):
                    left = row[i - step] if i >= step else 0
                    if kind == 1:
                        guess = left
                    elif kind == 3:
                        guess = (left + above[i]) // 2
                    else:
                        corner = above[i - step] if i >= step else 0
                        guess = min((left, above[i], corner), key=lambda v, p=left + above[i] - corner: abs(p - v))
                    row[i] = (row[i] + guess) & 255
            rows.append(row)
            above = row
        return rows

    def at(self, x, y):
        i = int(x) * self.channels
        return tuple(self.rows[int(y)][i:i + 3])


class Browser:
    """`page` is opened for each size and colour scheme; `requests` and `complaints` are what it asked for and what it complained about."""

    def __init__(self):
        self.home = tempfile.mkdtemp(prefix="mirrorctl-browser-")
        self.number, self.buffer, self.session = 0, b"", None
        self.requests, self.complaints, self.loaded = [], [], False
        their_in, self.out = above_ten(os.pipe())
        self.inp, their_out = above_ten(os.pipe())
        # The protocol's descriptors are 3 and 4; the shell puts ours there (dash takes one digit only).
        script = f'exec "$0" "$@" 3<&{their_in} 4>&{their_out}'
        self.process = subprocess.Popen(["bash", "-c", script, program(), *FLAGS, f"--user-data-dir={self.home}", "about:blank"],
                                        pass_fds=(their_in, their_out), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, start_new_session=True, env={**os.environ, "HOME": self.home})
        os.close(their_in)
        os.close(their_out)
        try:
            self._attach()
        except BaseException:
            self.close()
            raise

    def _attach(self):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime", "Accessibility"):
            self.call(domain + ".enable")

    def close(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)  # its own session: the browser and its children
        except ProcessLookupError:
            pass
        self.process.wait()
        os.close(self.inp)
        os.close(self.out)
        shutil.rmtree(self.home, ignore_errors=True)

    def _message(self, end):
        while b"\0" not in self.buffer:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.inp], [], [], left)[0]:
                raise RuntimeError("the browser does not answer")
            data = os.read(self.inp, 1 << 20)
            if not data:
                raise RuntimeError(f"the browser ended with {self.process.wait()}")
            self.buffer += data
        text, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(text)

    def _note(self, message):
        what, details = message.get("method"), message.get("params", {})
        if what == "Page.loadEventFired":
            self.loaded = True
        elif what == "Network.requestWillBeSent":
            self.requests.append(details["request"]["url"])
        elif what == "Log.entryAdded":
            self.complaints.append(details["entry"]["text"])
        elif what in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled"):
            self.complaints.append(json.dumps(details)[:300])

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + TIMEOUT
        while True:
            answer = self._message(end)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self._note(answer)

    def open(self, path, width, dark=False, media="screen"):
        self.requests.clear()
        self.complaints.clear()
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", media=media,
                  features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.loaded = False
        self.call("Page.navigate", url=f"file://{path}")
        end = time.monotonic() + TIMEOUT
        while self.evaluate("location.protocol") != "file:" or not self.loaded:
            if time.monotonic() > end:
                raise RuntimeError("the page does not load")
            time.sleep(0.05)

    def evaluate(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(json.dumps(result["exceptionDetails"])[:500])
        return result["result"].get("value")

    def screenshot(self, bottom=None):
        """A PNG of the page down to `bottom`, of the whole page without it."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": bottom or size["height"], "scale": 1}
        return base64.b64decode(self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)["data"])
