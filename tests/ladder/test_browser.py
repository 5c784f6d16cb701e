# SPDX-License-Identifier: GPL-2.0-or-later
# ctest: serial label=gui
"""The page of -z sip_redirect,ladder,html in a real browser: Chromium, without a window.

What the browser made of the page is read, not the page. What a page must not do is first done by one that does it, so
that a browser which shows nothing of it fails here.
"""

import html.parser
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from dissection import report_story  # noqa: E402
from ladder import drawings, hostile  # noqa: E402
from support import tshark  # noqa: E402

NAMES = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 300  # seconds
WIDTHS = (1200, 420)

# Shows a page at some width, and says how wide it would like to be. Served from files, hence --allow-file-access-from-files.
FRAME = """<!DOCTYPE html><title>waits</title><iframe id="page" src="{page}" style="width:{width}px;height:900px;border:0">
</iframe><script>
document.getElementById("page").onload = event => {{
    const root = event.target.contentDocument.documentElement;
    document.title = "wide " + root.scrollWidth + " of " + root.clientWidth;
}};
</script>"""


class Elements(html.parser.HTMLParser):
    """What a dumped page holds: the names of its elements, and the texts of each class."""

    def __init__(self, page):
        super().__init__()
        self.names, self.texts, self.title, self._open = [], [], "", []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        if tag not in ("meta", "img", "br", "rect", "path", "iframe", "link"):
            self._open.append((tag, (dict(attrs).get("class") or "").split()))

    def handle_endtag(self, tag):
        if tag in [name for name, _ in self._open]:
            while self._open.pop()[0] != tag:
                pass

    def handle_data(self, data):
        if self._open and self._open[-1][0] == "title" and not any(name == "svg" for name, _ in self._open):
            self.title += data
        if data.strip():
            self.texts.append(({word for _, words in self._open for word in words}, data))

    def of(self, *classes):
        return [text for words, text in self.texts if set(classes) <= words]


class Browser(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.program = next(filter(None, map(shutil.which, NAMES)), None)
        if cls.program is None:
            raise AssertionError(f"none of {', '.join(NAMES)} is installed; scripts/common.sh has the package's name")
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="sip_redirect-browser-")))
        cls.hostile = cls.page("hostile", hostile.capture())
        cls.real = cls.page("real", tshark.source_dir() / "captures" / "kamailio-302-q-603.pcap")

    @classmethod
    def page(cls, name, capture):
        path = cls.folder / f"{name}.html"
        path.write_text(drawings.draw(capture, "html"), encoding="utf-8")
        return path

    def run_browser(self, path, *options):
        done = subprocess.run(
            [self.program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--allow-file-access-from-files",
             "--hide-scrollbars", f"--user-data-dir={self.folder / 'profile'}", *options, path.as_uri()],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=PATIENCE, check=True,
            encoding="utf-8", errors="replace")
        return done.stdout

    def dom(self, path):
        return Elements(self.run_browser(path, "--virtual-time-budget=5000", "--dump-dom"))

    def test_what_a_reader_looks_for(self):
        seen = self.dom(self.real)
        self.assertEqual(seen.of("participant", "name"), ["caller", "redirect server", "target 1", "target 2"] * 2)
        self.assertEqual([text for text in seen.of("arrow", "frame") if text.strip()], [str(number) for number in range(3, 13)])
        self.assertIn("302 Moved Temporarily", seen.of("arrow", "redirect", "on"))
        self.assertIn("603 Decline", seen.of("arrow", "global", "on"))
        self.assertIn("INVITE sip:bob@192.0.2.50:5060", seen.of("arrow", "followup", "on"))
        self.assertIn("sip:bob@192.0.2.40:5060", " ".join(seen.of("verdict", "note")))
        self.assertIn("follows the 302 in frame 4 (same call, exact URI)", seen.of("said", "note"))
        self.assertTrue(any("answered, 200 in frame 11" in text for text in seen.of("badge")))

    def test_no_script_runs(self):
        """A page that lets the same text through as it is, and then the plugin's own."""
        control = self.folder / "control.html"
        control.write_text(f"<!DOCTYPE html><title>control</title><p>{hostile.URI}</p>", encoding="utf-8")
        self.assertEqual(self.dom(control).title, "2")
        seen = self.dom(self.hostile)
        self.assertEqual(seen.title.strip(), "SIP redirect chains")
        self.assertNotIn("script", seen.names)
        self.assertNotIn("img", seen.names)
        self.assertTrue(any(hostile.URI in text for _, text in seen.texts))
        self.assertTrue(any(hostile.CALL_ID in text for _, text in seen.texts))

    def test_the_page_does_not_scroll_sideways(self):
        wide = self.folder / "wide.html"
        wide.write_text("<!DOCTYPE html><div style='width:2000px'>wide</div>", encoding="utf-8")
        self.assertEqual(self.wanted_width(wide, 420), (2008, 420))  # a margin of 8 at the left and none behind it
        long_uri = report_story.Story()
        call = report_story.Call(long_uri, "long" * 30)
        call.invite(0, report_story.BOB, "sip:" + "bob" * 60 + "@192.0.2.20")
        call.answer(1, 302, "<sip:" + "carol" * 60 + "@192.0.2.30>")
        for page in (self.real, self.hostile, self.page("long", long_uri.write("long-ladder"))):
            for width in WIDTHS:
                self.assertEqual(self.wanted_width(page, width), (width, width), page)

    def wanted_width(self, page, width):
        frame = self.folder / "frame.html"
        frame.write_text(FRAME.format(page=page.as_uri(), width=width), encoding="utf-8")
        title = self.dom(frame).title
        match = re.fullmatch(r"wide (\d+) of (\d+)", title)
        self.assertTrue(match, f"the page in the frame was not loaded: {title}")
        return int(match.group(1)), int(match.group(2))

    def test_a_picture(self):
        """There is one, of that size, and it is not all of one colour."""
        for width in WIDTHS:
            picture = self.folder / f"picture-{width}.png"
            self.run_browser(self.real, f"--window-size={max(width, 500)},900", f"--screenshot={picture}")
            data = picture.read_bytes()
            self.assertEqual(data[:8], b"\x89PNG\r\n\x1a\n")
            self.assertEqual(struct.unpack(">II", data[16:24]), (max(width, 500), 900))
            self.assertGreater(len(data), 20000)


if __name__ == "__main__":
    unittest.main()
