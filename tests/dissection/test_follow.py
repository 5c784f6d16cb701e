# SPDX-License-Identifier: GPL-2.0-or-later
# ctest: core label=dissection
"""Follow Stream along a chain: tshark's -z follow,sip_redirect, and sharkd's, which asks as the GUI of 4.4 does."""

import base64
import re
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from dissection import report_story  # noqa: E402
from dissection.test_reports import sharkd  # noqa: E402
from support import tshark  # noqa: E402

REFUSED = ["INVITE sip:bob@192.0.2.20 SIP/2.0", "SIP/2.0 302 Moved Temporarily", "ACK sip:bob@192.0.2.20 SIP/2.0",
           "INVITE sip:carol@192.0.2.30 SIP/2.0", "SIP/2.0 180 Ringing", "SIP/2.0 603 Decline",
           "ACK sip:carol@192.0.2.30 SIP/2.0"]


def start_lines(text):
    """The first lines of the messages, each after its length."""
    return re.findall(r"^\t?\d+\n(.*)$", text, re.MULTILINE)


class Follow(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.capture = report_story.nine_chains()

    def follow(self, chain, two_pass=True, capture=None, mode="ascii"):
        return tshark.run(["-q", "-n", *(["-2"] if two_pass else []), "-r", capture or self.capture,
                           "-z", f"follow,sip_redirect,{mode},{chain}"])

    def test_the_chain_in_order(self):
        text = self.follow(0)
        self.assertEqual(start_lines(text), REFUSED)
        self.assertIn("Filter: sip_redirect.chain == 0\n", text)
        self.assertIn("Node 0: 192.0.2.10:5060\nNode 1: 192.0.2.20:5060\n", text)

    def test_responses_are_the_other_side(self):
        sides = re.findall(r"^(\t?)\d+\n(SIP/2.0 )?", self.follow(0), re.MULTILINE)
        self.assertEqual([bool(tab) for tab, _ in sides], [bool(response) for _, response in sides])
        self.assertEqual(sum(bool(tab) for tab, _ in sides), 3)

    def test_one_pass_begins_with_the_redirect(self):
        self.assertEqual(start_lines(self.follow(0, two_pass=False)), REFUSED[1:])

    def test_every_chain_and_no_other(self):
        for chain in report_story.CHAINS:
            expected = tshark.fields(self.capture, ["frame.number"], two_pass=True,
                                     display_filter=f"sip_redirect.chain == {chain[0]}")
            self.assertEqual(len(start_lines(self.follow(chain[0]))), len(expected), chain)
        self.assertEqual(start_lines(self.follow(len(report_story.CHAINS))), [])

    def test_messages_whole(self):
        """Each byte of them: as the frames have it."""
        hexes = tshark.fields(self.capture, ["frame.number", "udp.payload"], two_pass=True,
                              display_filter="sip_redirect.chain == 5")
        raw = [line.strip() for line in self.follow(5, mode="raw").splitlines() if re.fullmatch(r"\t?[0-9a-f]+", line)]
        self.assertEqual(raw, [payload.replace(":", "") for _, payload in hexes])

    def test_two_chains_in_one_frame(self):
        story = report_story.Story()
        calls = [report_story.Call(story, name) for name in ("one", "two")]
        for call in calls:
            call.invite(0, report_story.BOB, f"sip:{call.name}@192.0.2.20")
            call.answer(1, 603)
        messages = {}
        for time, source, destination, text, _ in story.messages:
            messages.setdefault((time, source, destination), []).append(text + "\n")
        story.messages = [(time, source + ":5060", destination + ":5060", "".join(texts)[:-1], "tcp raw")
                          for (time, source, destination), texts in messages.items()]
        capture = story.write("segments")
        self.assertEqual(tshark.fields(capture, ["sip.Status-Code"], separator=","), [["603,603"]])
        for chain, name in enumerate(("one", "two")):
            self.assertEqual(start_lines(self.follow(chain, capture=capture)),
                             [f"INVITE sip:{name}@192.0.2.20 SIP/2.0", "SIP/2.0 603 Decline",
                              f"ACK sip:{name}@192.0.2.20 SIP/2.0"])

    def test_addresses_name_no_chain(self):
        done = tshark.run_process(["-q", "-n", "-r", self.capture, "-z",
                                   "follow,sip_redirect,ascii,192.0.2.10:5060,192.0.2.20:5060"])
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("address/port pair", done.stderr)

    def test_sharkd(self):
        followed, frame = sharkd(self.capture, ("follow", {"follow": "SIP Redirect",
                                                           "filter": "sip_redirect.chain == 0"}),
                                 ("frame", {"frame": 6, "proto": True}))
        lines = [base64.b64decode(payload["d"]).decode().split("\r\n")[0] for payload in followed["payloads"]]
        self.assertEqual(lines, REFUSED)
        self.assertIn(["SIP Redirect", "sip_redirect.chain == 0"], frame["fol"])


if __name__ == "__main__":
    unittest.main()
