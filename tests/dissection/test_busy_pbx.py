#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A busy PBX, 270 overlapping calls of five callers: all legs and follow-ups are those of the truth, which stands in
captures/asterisk-busy-pbx.truth.md; and with the Diversion taken out what can not be told is not told wrongly."""

import sys
import unittest
from collections import Counter, defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support import tshark  # noqa: E402

CAPTURE = tshark.source_dir() / "captures" / "asterisk-busy-pbx.pcap"
FIELDS = [
    "frame.number", "sip_redirect.chain", "sip_redirect.chain.leg_of_in", "sip_redirect.chain.leg_confidence",
    "sip_redirect.chain.redirected_in", "sip_redirect.chain.confidence", "sip_redirect.chain.request_in",
    "sip_redirect.chain.final_in", "sip_redirect.chain.outcome",
]


def truth():
    """Rows of the table: caller, dialled, INVITE, to the phone, 302, target, to the target, its final, the caller's."""
    text = CAPTURE.with_suffix(".truth.md").read_text()
    cells = ([cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|"))
    return [row for row in cells if len(row) == 9 and row[0].isdigit()]


def dissect(capture):
    """frame -> {field: value} of all requests and of the redirects."""
    wanted = "sip.Method == INVITE || sip_redirect.code"
    rows = tshark.fields(capture, FIELDS, display_filter=wanted, two_pass=True)
    return defaultdict(lambda: dict.fromkeys(FIELDS, ""), {row[0]: dict(zip(FIELDS, row)) for row in rows})


def verdict(got, wanted):
    return "none" if not got else "right" if got == wanted else f"wrong: {got} for {wanted}"


class BusyPbx(unittest.TestCase):
    def judge(self, seen):
        """Counts of (what, verdict, confidence), and the rows whose chain is not the caller's whole call."""
        counts, broken = Counter(), []
        for row in truth():
            _, _, invite, phone, redirect, _, target, _, final = row
            if not redirect:
                if seen[invite]["sip_redirect.chain"] or seen[phone]["sip_redirect.chain"]:
                    broken.append(row)
                continue
            for what, frame, field, wanted in (
                ("leg to the phone", phone, "leg_of_in", invite), ("leg to the target", target, "leg_of_in", invite),
                ("follow-up", target, "redirected_in", redirect),
            ):
                confidence = "confidence" if field == "redirected_in" else "leg_confidence"
                got = verdict(seen[frame][f"sip_redirect.chain.{field}"], wanted)
                counts[what, got, seen[frame][f"sip_redirect.chain.{confidence}"]] += 1
            code, _, frame = final.split()
            told = [seen[redirect][f"sip_redirect.chain.{name}"] for name in ("request_in", "final_in", "outcome")]
            if told != [invite, frame, "1" if code == "200" else "2"]:
                broken.append((row, told))
        return counts, broken

    def test_truth(self):
        self.assertEqual(Counter(bool(row[4]) for row in truth()), {True: 220, False: 50})

    def test_all_is_found(self):
        counts, broken = self.judge(dissect(CAPTURE))
        self.assertEqual(counts, {
            ("leg to the phone", "right", "2"): 220,
            ("leg to the target", "right", "1"): 220,
            ("follow-up", "right", "1"): 220,
        })
        self.assertEqual(broken, [])

    def test_without_diversion_nothing_is_wrong(self):
        folder = tshark.scratch("busy-pbx")
        path = folder / "no-diversion.pcap"
        path.write_bytes(CAPTURE.read_bytes().replace(b"\r\nDiversion:", b"\r\nX-version:"))
        path.chmod(0o644)
        counts, _ = self.judge(dissect(path))
        self.assertEqual([key for key in counts if "wrong" in key[1]], [])
        self.assertEqual(counts["leg to the phone", "right", "2"], 220)
        self.assertGreater(counts["follow-up", "right", "2"], 120)

    def test_off(self):
        rows = tshark.fields(CAPTURE, ["sip_redirect.chain.leg_of_in"], display_filter="sip_redirect.chain.leg_of_in",
                             two_pass=True, options=["-o", "sip_redirect.link_legs:FALSE"])
        self.assertEqual(rows, [])


if __name__ == "__main__":
    unittest.main()
