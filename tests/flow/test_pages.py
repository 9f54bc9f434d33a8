"""bench --html as people see it: rendered in a real browser, on a phone and a desk, by day and by night, and on paper."""

import functools
import json
import os
import stat
import unittest
from pathlib import Path

import browser
import harness

HOSTILE = "<script>document.title=1</script><img src=x onerror=alert(1)>"
PHONE, DESK = 360, 1280
KEEP = os.environ.get("MIRRORCTL_SCREENSHOTS")  # a directory: the pictures stay there, to be looked at

# All that is text, with its colour, what is behind it, and where it ends.
TEXTS = """(() => {
  const out = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || element.closest('title, thead')) continue;
    const range = document.createRange();
    range.selectNodeContents(walker.currentNode);
    const box = range.getBoundingClientRect();
    if (box.width === 0) continue;
    let behind = element, style = getComputedStyle(element);
    while (behind && getComputedStyle(behind).backgroundColor === 'rgba(0, 0, 0, 0)') behind = behind.parentElement;
    out.push({text: walker.currentNode.data.trim().slice(0, 40), colour: element.namespaceURI.endsWith('svg') ? style.fill : style.color,
              behind: getComputedStyle(behind || document.body).backgroundColor, size: parseFloat(style.fontSize), left: box.left, right: box.right});
  }
  return out;
})()"""

# The bars of one chart: where they stand, and the colour that each part should have.
BARS = """[...document.querySelectorAll('%s .row:not(.axis)')].map(row => {
  const svg = row.querySelector('svg.bar'), box = svg.getBoundingClientRect();
  return {url: row.querySelector('bdi').textContent, name: svg.getAttribute('aria-label'), left: box.left, right: box.right,
          top: box.top + scrollY, cut: !!svg.querySelector('.cut'),
          parts: [...svg.querySelectorAll('.part')].map(part => {
            const at = part.getBoundingClientRect();
            return {kind: part.classList[1], left: at.left, right: at.right, fill: getComputedStyle(part).fill};
          })};
})"""


def on_every_side(test):
    """Runs it on a phone and on a desk, by day and by night."""
    @functools.wraps(test)
    def run(self):
        for width in (PHONE, DESK):
            for dark in (False, True):
                with self.subTest(width=width, dark=dark):
                    test(self, width, dark)
    return run


def numbers(colour):
    """'rgb(1, 2, 3)' -> (1, 2, 3)"""
    return tuple(int(float(word)) for word in colour[colour.index("(") + 1:-1].split(",")[:3])


def luminance(colour):
    """WCAG 2.2, "relative luminance"."""
    parts = [c / 255 for c in colour]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def near(one, other, far=12):
    return all(abs(a - b) <= far for a, b in zip(one, other))


@unittest.skipUnless(browser.program(), "no chromium here (scripts/setup --full installs it)")
class Rendered(harness.FlowCase):
    """One bench of the demo's world, seen from all sides."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        lab = harness.mirrorlab.Lab("demo.yaml")
        cls.addClassCleanup(lab.close)
        lab.command("set refuses fault {kind: unauthorized, type: 'Bearer realm=\"" + HOSTILE + "\"'}")
        box = harness.Sandbox()
        cls.addClassCleanup(box.close)
        cls.file = box.base / "page.html"
        profile = harness.write_profile(box, harness.profile_for(lab))
        done = box.run("bench", "--profile", profile, "--html", cls.file, "--json")
        assert done.code == 0, str(done)
        cls.report = json.loads(done.out)
        cls.urls, cls.pictures = lab.urls, {}
        cls.browser = browser.Browser()
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        pass  # the sandbox is shared

    def see(self, width, dark=False, media="screen"):
        """The pixels of the page's upper part, down to the end of the first chart; taken once for each side."""
        self.browser.open(self.file, width, dark, media)
        side = f"{width}-{'dark' if dark else 'light'}-{media}"
        if side not in self.pictures:
            if KEEP:
                (Path(KEEP) / f"{side}.png").write_bytes(self.browser.screenshot())
            end = self.browser.evaluate("document.querySelector('.pulls').getBoundingClientRect().bottom + scrollY")
            self.pictures[side] = browser.Picture(self.browser.screenshot(end))
        return self.pictures[side]

    def ranking(self, usable=True):
        return [m for m in self.report["upstreams"]["docker.io"]["ranking"] if (m["verdict"] == "usable") == usable]

    @on_every_side
    def test_nothing_is_wider_than_the_window(self, width, dark):
        self.browser.open(self.file, width, dark)
        size = self.browser.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        self.assertEqual(size, [width, width])
        outside = [text for text in self.browser.evaluate(TEXTS) if text["left"] < 0 or text["right"] > width]
        self.assertEqual(outside, [])

    @on_every_side
    def test_text_can_be_read(self, width, dark):
        self.browser.open(self.file, width, dark)
        texts = self.browser.evaluate(TEXTS)
        self.assertGreater(len(texts), 50)
        weak = [text for text in texts if contrast(numbers(text["colour"]), numbers(text["behind"])) < 4.5]
        self.assertEqual(weak, [])
        self.assertEqual([text for text in texts if text["size"] < 11.5], [])

    @on_every_side
    def test_background_follows_the_reader(self, width, dark):
        colour = self.see(width, dark).at(2, 2)
        self.assertTrue(luminance(colour) < 0.05 if dark else luminance(colour) > 0.9, colour)

    def test_paper_is_white_also_by_night(self):
        picture = self.see(800, dark=True, media="print")
        self.assertEqual(picture.at(2, 2), (255, 255, 255))
        text = numbers(self.browser.evaluate("getComputedStyle(document.body).color"))
        self.assertGreater(contrast(text, (255, 255, 255)), 10)

    @on_every_side
    def test_bars_are_there_in_their_colours(self, width, dark):
        picture = self.see(width, dark)
        page = picture.at(2, 2)
        bars = self.browser.evaluate(BARS % "#upstream-1 .pulls")
        self.assertGreaterEqual(len(bars), 4)
        seen = set()
        for bar in bars:
            line = bar["top"] + 7  # inside the bar, above the whisker
            for part in bar["parts"]:
                fill = numbers(part["fill"])
                self.assertGreaterEqual(contrast(fill, page), 3, part)
                if part["right"] - part["left"] < 6:
                    continue
                middle = (part["left"] + part["right"]) / 2
                self.assertTrue(near(picture.at(middle, line), fill), (bar, part, picture.at(middle, line)))
                seen.add(part["kind"])
            if not bar["cut"]:
                self.assertTrue(near(picture.at(bar["right"] - 2, line), page, 60), bar)
        self.assertIn("transfer", seen)
        waits = {part["kind"] for bar in self.browser.evaluate(BARS % ".waits") for part in bar["parts"]}
        self.assertLessEqual({"connect", "first_byte"}, waits)

    @on_every_side
    def test_bars_are_as_long_as_the_pulls(self, width, dark):
        picture = self.see(width, dark)
        page = picture.at(2, 2)
        bars = {bar["url"]: bar for bar in self.browser.evaluate(BARS % "#upstream-1 .pulls")}
        scales = []
        for mirror in self.ranking():
            bar = bars[mirror["url"]]
            line = bar["top"] + 7
            # The last pixel that is neither page nor grid line.
            end = max(x for x in range(int(bar["left"]), int(bar["right"])) if not near(picture.at(x, line), page, 60))
            if bar["cut"]:
                self.assertGreater(end, bar["right"] - 4)
            else:
                scales.append((mirror["predicted_pull_seconds"], end + 1 - bar["left"]))
        self.assertGreaterEqual(len(scales), 2)
        seconds, pixels = max(scales)
        for own, length in scales:
            self.assertAlmostEqual(length, own * pixels / seconds, delta=3)

    def test_the_origin_is_cut_and_says_so(self):
        self.browser.open(self.file, DESK)
        bars = {bar["url"]: bar for bar in self.browser.evaluate(BARS % "#upstream-1 .pulls")}
        self.assertTrue(bars[self.urls["hub-origin"]]["cut"])
        self.assertFalse(bars[self.urls["east"]]["cut"])
        self.assertIn("longer than the axis", self.browser.evaluate("document.body.innerText"))

    def test_throughput_is_drawn(self):
        self.browser.open(self.file, PHONE)
        curves = self.browser.evaluate("""[...document.querySelectorAll('#upstream-1 .panel')].map(panel => {
          const curve = panel.querySelector('.curve').getBoundingClientRect(), frame = panel.querySelector('svg').getBoundingClientRect();
          return {url: panel.querySelector('bdi').textContent, wide: curve.width / frame.width, top: (frame.bottom - curve.top) / frame.height};
        })""")
        measured = {mirror["url"]: mirror["series"] for mirror in self.ranking() if mirror["series"]}
        self.assertEqual({curve["url"] for curve in curves}, set(measured))
        self.assertAlmostEqual(max(curve["wide"] for curve in curves), 1, delta=0.05)
        peaks = {url: max(point["bps"] for point in series) for url, series in measured.items()}
        for curve in curves:
            self.assertAlmostEqual(curve["top"], peaks[curve["url"]] / max(peaks.values()), delta=0.08)

    def test_rejected_ones_stand_there_with_the_reason(self):
        self.browser.open(self.file, PHONE)
        text = self.browser.evaluate("document.body.innerText")
        for mirror in self.ranking(usable=False):
            self.assertIn(mirror["url"], text)
            self.assertIn(mirror["reason"][:120], text)

    def test_what_servers_say_stays_text(self):
        self.browser.open(self.file, DESK)
        self.assertIn("script", json.dumps(self.ranking(usable=False)))
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('script, img, iframe, object, link').length"), 0)
        self.assertNotEqual(self.browser.evaluate("document.title"), "1")
        self.assertIn("<script>", self.browser.evaluate("document.body.innerText"))

    @on_every_side
    def test_it_asks_nobody_and_complains_of_nothing(self, width, dark):
        self.browser.open(self.file, width, dark)
        self.browser.evaluate("1")
        self.assertEqual(self.browser.requests, [f"file://{self.file}"])
        self.assertEqual(self.browser.complaints, [])

    def test_pictures_have_words(self):
        self.browser.open(self.file, PHONE)
        nodes = self.browser.call("Accessibility.getFullAXTree")["nodes"]
        images = [node for node in nodes if node.get("role", {}).get("value") in ("image", "img") and not node.get("ignored")]
        self.assertGreaterEqual(len(images), 12)
        self.assertEqual([node for node in images if not node.get("name", {}).get("value")], [])
        words = " ".join(node["name"]["value"] for node in images)
        self.assertIn("transfer", words)
        self.assertIn("first byte", words)


class Written(harness.FlowCase):
    """The file itself; no browser is needed."""

    def page(self, name="page.html"):
        return self.box.base / name

    def test_readable_by_all_and_replaced_in_one_step(self):
        page = self.page()
        for _ in range(2):
            self.ok(self.box.run("bench", "--profile", self.profile(), "--html", page))
            self.assertEqual(stat.S_IMODE(page.stat().st_mode), 0o644)
            text = page.read_text()
            self.assertTrue(text.startswith("<!doctype html>") and text.endswith("</html>\n"))
            self.assertIn(self.lab.urls["fast"], text)
        self.assertEqual([name for name in os.listdir(self.box.base) if name.startswith(".mirrorctl")], [])

    def test_the_ranking_is_printed_as_without_it(self):
        document = self.document(self.box.run("bench", "--profile", self.profile(), "--html", self.page(), "--json"), "bench", 0)
        self.assertIn(document["upstreams"]["docker.io"]["ranking"][0]["url"], self.page().read_text())

    def test_refuses_what_is_no_file_before_it_measures(self):
        other = self.box.beside("other", "mine")
        link = self.page("link.html")
        link.symlink_to(other)
        lab = self.own_lab()
        for path in ("/dev/null", link, self.box.base, self.box.base / "no/such/dir/page.html"):
            done = self.box.run("bench", "--profile", self.profile(lab), "--html", path)
            self.assertEqual(done.code, 1, str(done))
            self.assertIn("cannot write the page", done.errors)
        self.assertEqual(lab.accesses(), [])
        self.assertEqual(other.read_text(), "mine")
        self.assertTrue(stat.S_ISCHR(os.stat("/dev/null").st_mode))

    def test_an_ordinary_user_writes_where_everybody_may(self):
        if os.geteuid() != 0:
            self.skipTest("only root can become somebody else")
        if self.box.run("--version", user=65534, group=65534).code != 0:
            self.skipTest("an ordinary user cannot reach the program where it was built")
        self.box.base.chmod(0o755)
        shared = self.box.base / "shared"
        shared.mkdir()
        shared.chmod(0o1777)
        profile = self.profile()
        page = shared / "page.html"
        done = self.box.run("bench", "--profile", profile, "--html", page, user=65534, group=65534)
        self.ok(done)
        self.assertEqual(page.stat().st_uid, 65534)


if __name__ == "__main__":
    unittest.main()
