# SPDX-License-Identifier: GPL-2.0-or-later
# ctest: label=dissection
"""Bytes that no line may hold, wherever a message carries them: what tshark prints of it can be read by what reads it.

captures/made-control-bytes.pcap has escape sequences, DEL, C1 controls, bytes that are no UTF-8, and a character that
turns the direction of writing, in a method, reason phrases, Reason, Network Blocked, Contact, Call-ID, a leg header.
"""

import json
import re
import subprocess
import sys
import unittest
import xml.etree.ElementTree
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support import tshark  # noqa: E402

CAPTURE = tshark.source_dir() / "captures" / "made-control-bytes.pcap"
PASSES = ([], ["-2"])
# Controls but for tab and line feed; C1 controls; the characters of bidirectional writing.
UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]")
SHOWN = range(1, 11)  # all its frames belong to chains once they are visited again
SHOWN_AT_ONCE = (2, 4, 6, 8, 9, 10)  # the responses that begin chains, and what comes after them


def printed(*args):
    """The bytes that tshark prints; support.tshark.run() would put something readable in place of some."""
    done = subprocess.run(tshark.command(tshark.executable(), ["-n", "-r", CAPTURE, *args]), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, env=tshark.environment(), timeout=120,
                          check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


class DisplayTest(unittest.TestCase):
    def fit(self, data):
        """data as text, which holds nothing unfit."""
        text = data.decode("utf-8")
        found = UNFIT.search(text)
        if found:
            around = text[max(0, found.start() - 60):found.end() + 20]
            self.fail(f"U+{ord(found.group(0)):04X} is printed: {ascii(around)}")
        return text

    def test_pdml(self):
        for two_pass in PASSES:
            with self.subTest(two_pass):
                root = xml.etree.ElementTree.fromstring(printed(*two_pass, "-T", "pdml"))
                own = [proto for proto in root.iter("proto") if proto.get("name") == "sip_redirect"]
                self.assertEqual(len(own), len(SHOWN) if two_pass else len(SHOWN_AT_ONCE))
                for proto in own:
                    for element in proto.iter():
                        self.assertNotRegex(" ".join(element.attrib.values()), UNFIT)

    def test_json(self):
        for kind in ("json", "ek"):
            with self.subTest(kind):
                data = printed("-2", "-T", kind, "-j", "sip_redirect", "-Y", "sip_redirect")
                text = data.decode("utf-8")
                for part in [text] if kind == "json" else text.splitlines():
                    self.all_fit(json.loads(part))

    def all_fit(self, value):
        if isinstance(value, dict):
            for name, inner in value.items():
                self.assertNotRegex(name, UNFIT)
                self.all_fit(inner)
        elif isinstance(value, list):
            for inner in value:
                self.all_fit(inner)
        elif isinstance(value, str):
            self.assertNotRegex(value, UNFIT)

    def test_details(self):
        for two_pass in PASSES:
            text = printed(*two_pass, "-O", "sip_redirect", "-Y", "sip_redirect").decode("utf-8", "surrogateescape")
            own, inside = [], False
            for line in text.splitlines():
                if not line.startswith(" "):
                    inside = line.startswith("[SIP Redirect Analysis")
                if inside:
                    own.append(line)
            self.assertGreater(len(own), 7)
            self.fit("\n".join(own).encode("utf-8", "surrogateescape"))

    def test_experts(self):
        """Wireshark's own expert items in this capture repeat nothing of it."""
        for two_pass in PASSES:
            text = self.fit(printed(*two_pass, "-q", "-z", "expert"))
            self.assertIn("302 Moved Temporarily", text)
            self.assertIn("Network Blocked", text)
        self.assertRegex(text, r"Response +SIP Redirect ")

    def test_reports(self):
        for two_pass in PASSES:
            for name in ("sip_redirect,chains", "sip_redirect,tree"):
                self.fit(printed(*two_pass, "-q", "-z", name))

    def test_fields(self):
        names = sorted(set(re.findall(r"\t(sip_redirect\.[\w.]+)\t", tshark.run(["-G", "fields"]))))
        self.assertIn("sip_redirect.verdict", names)
        for two_pass in PASSES:
            for at in range(0, len(names), 20):
                fields = [word for name in names[at:at + 20] for word in ("-e", name)]
                self.fit(printed(*two_pass, "-T", "fields", "-E", "aggregator=;", *fields))

    def test_columns(self):
        layout = '"Verdict","%Cus:sip_redirect.verdict:0:R","Path","%Cus:sip_redirect.chain.path:0:R"'
        self.fit(printed("-o", f"gui.column.format:{layout}"))

    def test_it_is_told_nonetheless(self):
        """What is left out is put right, not the message: every target and every way to object is there."""
        rows = tshark.fields(CAPTURE, ["frame.number", "sip_redirect.code", "sip_redirect.target_count"])
        self.assertEqual([row for row in rows if row[1]],
                         [["2", "302", "1"], ["4", "603", ""], ["6", "302", "1"], ["8", "302", "1"]])
        blocked = tshark.fields(CAPTURE, ["frame.number", "sip_redirect.network_blocked.url"])
        self.assertEqual(len(blocked), 1)
        self.assertTrue(blocked[0][1].startswith("https://x.example/"))

    def test_retry_after_says_the_rest(self):
        """What Retry-After says beside its seconds stands behind them, where there is anything (codes.truth.md)."""
        capture = tshark.source_dir() / "captures" / "codes.pcap"
        shown = {}
        for frame in (17, 20):
            text = tshark.run(["-n", "-r", capture, "-O", "sip_redirect", "-Y", f"frame.number == {frame}"])
            shown[frame] = re.search(r"\[Retry after: (\d+) ?s(?:econds)?(.*)\]", text).groups()
        self.assertEqual(shown, {17: ("300", ', "in a meeting"'), 20: ("18000", ", for 3600 s from then on")})


if __name__ == "__main__":
    unittest.main()
