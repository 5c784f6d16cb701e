# SPDX-License-Identifier: GPL-2.0-or-later
# ctest: label=dissection
"""Wrong clocks and files in the wrong order: what needs time to pass is not claimed, and no time is negative."""

import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support import tshark  # noqa: E402

PASSES = (False, True)
OPEN, NOT_FOLLOWED = "0", "4"


def capture(name):
    return tshark.source_dir() / "captures" / name


def shifted(path, seconds):
    target = tshark.scratch("clocks") / f"{path.stem}-{seconds}.pcapng"
    subprocess.run(["editcap", "-t", str(seconds), path, target], check=True, stderr=subprocess.DEVNULL)
    return target


def start_of(path):
    return float(tshark.run(["-r", path, "-c", "1", "-T", "fields", "-e", "frame.time_epoch"]))


def appended(name, *paths):
    target = tshark.scratch("clocks") / f"{name}.pcapng"
    subprocess.run(["mergecap", "-a", "-w", target, *paths], check=True, stderr=subprocess.DEVNULL)
    return target


class ClocksTest(unittest.TestCase):
    def outcomes(self, path, two_pass):
        """{frame of a 3xx: (outcome, whether "not_followed" is there)}"""
        rows = tshark.fields(path, ["frame.number", "sip_redirect.code", "sip_redirect.chain.outcome",
                                    "sip_redirect.not_followed", "sip_redirect.verdict"], two_pass)
        for row in rows:
            if row[1] and two_pass:
                self.assertEqual(bool(row[3]), "no follow-up in this capture within" in row[4], row)
        return {int(row[0]): (row[2], bool(row[3])) for row in rows if row[1].startswith("3")}

    def test_one_frame_stamped_in_another_century(self):
        for two_pass in PASSES:
            self.assertEqual(self.outcomes(capture("made-far-future.pcap"), two_pass), {2: (OPEN, False)})

    def test_appended_in_the_wrong_order(self):
        """cut-short says nothing of its 302, 2 s before its end; nor does it after a file that was recorded later."""
        short = capture("cut-short.pcap")
        for other in ("sipp-302-udp.pcap", "not-followed.pcap"):
            later = shifted(capture(other), start_of(short) + 3600 - start_of(capture(other)))
            both = appended(f"later-{other}", later, short)
            frames = int(tshark.run(["-r", later, "-T", "fields", "-e", "frame.number"]).split()[-1])
            for two_pass in PASSES:
                self.assertEqual(self.outcomes(both, two_pass)[frames + 2], (OPEN, False), other)

    def test_appended_in_the_wrong_order_behind_it(self):
        """A file that was recorded before it says nothing of what came after it."""
        short = capture("cut-short.pcap")
        earlier = shifted(capture("not-followed.pcap"), start_of(short) - 3600 - start_of(capture("not-followed.pcap")))
        both = appended("earlier", short, earlier)
        for two_pass in PASSES:
            self.assertEqual(self.outcomes(both, two_pass)[2], (OPEN, False))

    def test_appended_in_the_right_order(self):
        """Then the second one goes on long enough for both."""
        short = capture("cut-short.pcap")
        later = shifted(capture("not-followed.pcap"), start_of(short) + 10 - start_of(capture("not-followed.pcap")))
        both = appended("right", short, later)
        self.assertEqual(self.outcomes(both, True)[2], (NOT_FOLLOWED, True))

    def test_no_negative_times(self):
        for name in ("made-clock-back.pcap", "made-out-of-order.pcap"):
            for two_pass in PASSES:
                for row in tshark.fields(capture(name), ["frame.number", "sip_redirect.chain.delay",
                                                         "sip_redirect.follow_time"], two_pass):
                    self.assertNotIn("-", row[1] + row[2], f"{name}, frame {row[0]}")
                table = tshark.run(["-n", *(["-2"] if two_pass else []), "-q", "-r", capture(name), "-z",
                                    "sip_redirect,chains"])
                self.assertNotRegex(table, r"answered .* -\d")


if __name__ == "__main__":
    unittest.main()
