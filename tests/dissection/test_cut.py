# SPDX-License-Identifier: GPL-2.0-or-later
# ctest: label=dissection
"""The captures of this project, cut by editcap as a snap length cuts them: what is after the cut is not said to be absent.

At every length: a 3xx or 6xx whose headers are cut off says that it is, and not that it names no Contact or that one is
written wrongly; its targets are those of the whole capture as far as they go; nothing is claimed of a whole capture's
frames that the whole capture does not show; and nothing is malformed that is not without the plugin.
"""

import shutil
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support import tshark  # noqa: E402

LENGTHS = (96, 128, 200, 300, 400)
NAMES = ("sipp-302-udp", "baresip-302", "kamailio-302-q-486", "kamailio-fork-603", "forwarded-302", "b2bua-plain",
         "b2bua-x-call-id", "codes", "register-302", "ims-380")
FIELDS = ["frame.number", "frame.len", "frame.cap_len", "sip_redirect.code", "sip_redirect.target", "sip_redirect.cut_off",
          "sip_redirect.no_contact", "sip_redirect.bad_contact", "sip_redirect.followed_elsewhere",
          "sip_redirect.not_followed", "sip_redirect.network_blocked_incomplete", "sip_redirect.verdict"]
CLAIMS = FIELDS[6:11]


def captures():
    return [tshark.source_dir() / "captures" / f"{name}.pcap" for name in NAMES]


def rows(capture, two_pass=True):
    """{frame: {field: [values]}} of 3xx and 6xx and of whatever a claim is made of."""
    found = tshark.fields(capture, FIELDS, two_pass)
    return {int(row[0]): {name: [value for value in cell.split(tshark.SEPARATOR) if value]
                          for name, cell in zip(FIELDS, row)} for row in found}


class CutTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not shutil.which("editcap"):
            raise AssertionError("editcap (package wireshark-common) is missing")
        cls.whole = {capture: rows(capture) for capture in captures()}
        cls.cuts = [(capture, cls.cut(capture, length)) for capture in captures() for length in LENGTHS]
        cls.rows = {target: rows(target) for _, target in cls.cuts}

    @staticmethod
    def cut(capture, length):
        target = tshark.scratch("cut") / f"{capture.stem}-{length}.pcapng"
        subprocess.run(["editcap", "-s", str(length), capture, target], check=True, stderr=subprocess.DEVNULL)
        return target

    @staticmethod
    def cut_in_headers(target):
        """The frames in whose bytes the empty line that ends the headers is not captured."""
        shown = tshark.run(["-n", "-r", target, "-Y", "udp", "-T", "fields", "-e", "frame.number", "-e", "udp.payload"])
        payloads = (line.split("\t") for line in shown.splitlines())
        return {int(frame) for frame, data in payloads if b"\r\n\r\n" not in bytes.fromhex(data.replace(":", ""))}

    def each(self):
        for capture, target in self.cuts:
            yield capture, target, self.rows[target]

    def test_a_cut_response_says_so(self):
        seen = 0
        for _, target, cut in self.each():
            inside = self.cut_in_headers(target)
            for frame, row in cut.items():
                if row["sip_redirect.code"]:
                    seen += frame in inside
                    self.assertEqual(bool(row["sip_redirect.cut_off"]), frame in inside, f"{target.name}, frame {frame}")
        self.assertGreater(seen, 60)

    def test_nothing_is_claimed_that_the_whole_capture_does_not_show(self):
        for capture, target, cut in self.each():
            for frame, row in cut.items():
                whole = self.whole[capture].get(frame, {})
                for claim in CLAIMS:
                    if row[claim]:
                        self.assertTrue(whole.get(claim), f"{target.name}, frame {frame}: {claim}: {row['sip_redirect.verdict']}")

    def test_targets_are_whole(self):
        for capture, target, cut in self.each():
            for frame, row in cut.items():
                whole = self.whole[capture].get(frame, {}).get("sip_redirect.target", [])
                for uri in row["sip_redirect.target"]:
                    self.assertIn(uri, whole, f"{target.name}, frame {frame}")

    def test_the_verdict_names_no_lack(self):
        for capture, target, cut in self.each():
            for frame, row in cut.items():
                if row["sip_redirect.cut_off"]:
                    whole = self.whole[capture][frame]["sip_redirect.verdict"]
                    for claim in ("no target is named", "no follow-up"):
                        if claim not in whole[0]:
                            self.assertNotIn(claim, row["sip_redirect.verdict"][0], f"{target.name}, frame {frame}")

    def test_one_pass_and_two_say_the_same(self):
        for _, target, cut in self.each():
            one = rows(target, two_pass=False)
            for frame, row in cut.items():
                if row["sip_redirect.code"]:
                    for name in ("sip_redirect.target", "sip_redirect.cut_off", "sip_redirect.no_contact"):
                        self.assertEqual(one[frame][name], row[name], f"{target.name}, frame {frame}")


if __name__ == "__main__":
    unittest.main()
