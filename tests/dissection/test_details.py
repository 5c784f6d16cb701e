# SPDX-License-Identifier: GPL-2.0-or-later
# ctest: label=dissection
"""What the packet details and the Info column show, in which order: what became of the call first, the textbook last."""

import sys
import unittest
import xml.etree.ElementTree
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support import tshark  # noqa: E402

# Frame 3 is redirected in 4; 6 and 9 follow it, and get the 603 in 7 and the 200 in 11.
CAPTURE = tshark.source_dir() / "captures" / "kamailio-302-q-603.pcap"
EXPLAINED = ("meaning", "seen_when", "use_when", "differs", "compared", "reference")


def proto(frame, *options):
    pdml = tshark.run(["-2", "-r", CAPTURE, "-Y", f"frame.number == {frame}", "-T", "pdml", *options])
    return next(one for one in xml.etree.ElementTree.fromstring(pdml).iter("proto") if one.get("name") == "sip_redirect")


def name(field):
    return field.get("name").removeprefix("sip_redirect.") or field.get("show")


def title(field):
    return field.get("showname") or field.get("show")


class DetailsTest(unittest.TestCase):
    def test_titles_begin_with_what_became_of_it(self):
        for frame, expected in ((3, "chain 0, hop 0: redirected in frame 4, answered in 11"),
                                (4, "302: followed in frame 6 (603) and 9 (200), answered"),
                                (6, "chain 0, hop 1: follows the 302 in frame 4, 603 in 7, answered in 11"),
                                (9, "chain 0, hop 1: follows the 302 in frame 4, answered in 11")):
            with self.subTest(frame):
                self.assertEqual(title(proto(frame)), f"SIP Redirect Analysis: {expected}")

    def test_the_verdict_ends_with_the_uris(self):
        verdict = next(field for field in proto(4) if name(field) == "verdict").get("show")
        self.assertTrue(verdict.startswith("302: followed in frame 6 (603) and 9 (200), answered; try sip:bob@192.0.2.40"))

    def test_the_chain_stands_after_the_targets_and_the_textbook_last(self):
        children = list(proto(4))
        names = [name(field) for field in children]
        last_target = len(names) - 1 - names[::-1].index("target")
        self.assertEqual(names[last_target + 1:], ["chain", "remedy", "explanation"])
        self.assertEqual(title(children[-1]), "Explanation of 302")
        self.assertEqual(sorted({name(field) for field in children[-1]}), sorted(EXPLAINED))
        self.assertFalse(set(EXPLAINED) & set(names))

    def test_a_target_says_what_became_of_it_before_its_uri(self):
        targets = [title(field) for field in proto(4) if name(field) == "target"]
        self.assertEqual(targets, ["Target 1, tried in frame 6, 603: sip:bob@192.0.2.40:5060",
                                   "Target 2, tried in frame 9, 200: sip:bob@192.0.2.50:5060",
                                   "Target 3: sip:voicemail@192.0.2.60:5060"])

    def test_no_sentence_stands_twice(self):
        for frame in (3, 4, 6, 7, 11):
            with self.subTest(frame):
                root = proto(frame)
                lines = [title(root).removeprefix("SIP Redirect Analysis: ")]
                lines += [line.split(": ", 1)[-1] for field in root for line in [title(field) or ""]
                          if name(field) != "_ws.expert"]
                told = [line for line in lines if len(line.split()) > 4]
                self.assertEqual(len(told), len(set(told)), told)

    def test_without_explanation_neither_textbook_nor_remedy(self):
        names = [name(field) for field in proto(4, "-o", "sip_redirect.explain:FALSE")]
        self.assertEqual(names[-1], "chain")

    def info(self, *options):
        """The column as it is printed; _ws.col.info is filled in before the plugin, from Wireshark 4.2 on."""
        rows = tshark.run(["-2", "-r", CAPTURE, "-o", 'gui.column.format:"Info","%i"', *options]).splitlines()
        return {frame: row for frame, row in enumerate(rows, 1)}

    def test_info_column_by_preference(self):
        off, on = self.info(), self.info("-o", "sip_redirect.info_column:TRUE")
        self.assertFalse([row for row in off.values() if "[" in row])
        self.assertEqual(on[1], off[1])  # in no chain
        for frame, suffix in ((3, "[hop 0 of chain 0]"), (4, "[followed in 6, 9]"), (6, "[hop 1 of chain 0]"),
                              (7, "[definitive]"), (11, "[hop 1 of chain 0]")):
            with self.subTest(frame):
                self.assertTrue(on[frame].startswith(off[frame].rstrip()), on[frame])
                self.assertTrue(on[frame].endswith(f" {suffix}"), on[frame])


if __name__ == "__main__":
    unittest.main()
