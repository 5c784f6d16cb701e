# SPDX-License-Identifier: GPL-2.0-or-later
# ctest: core label=dissection
"""Codes compared: tshark's -z sip_redirect,compare, below each "Differs" of the packet details, and in the node of a chain
with a redirect and a refusal."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from dissection import report_story  # noqa: E402
from support import tshark  # noqa: E402

NAME = "sip_redirect,compare"


class Compare(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # Nothing of SIP in it: one UDP datagram.
        story = report_story.Story()
        story.tell(0, report_story.ALICE, report_story.BOB, "no SIP")
        cls.empty = story.write("no-sip")

    def compare(self, *codes, options=()):
        return tshark.run(["-q", "-n", *options, "-r", self.empty, "-z", ",".join([NAME, *codes])])

    def test_prints_without_any_sip(self):
        text = self.compare("302", "600")
        for wanted in ("302 Moved Temporarily", "600 Busy Everywhere", "Class", "Meaning", "Seen when", "What to do",
                       "Key differences", "When to use which"):
            self.assertEqual(text.count(wanted), 1, wanted)
        self.assertEqual(text, self.compare("302", "600", options=["-2"]))

    def test_codes_in_any_order_and_neighbours(self):
        for codes in (("600", "302"), ("603", "486"), ("404", "604"), ("399", "300"), ("302", "302"), ("403", "603"),
                      ("408", "480"), ("487", "600"), ("503", "486"), ("603", "603+"), ("603+", "608")):
            text = self.compare(*codes)
            self.assertIn(codes[0], text.splitlines()[0])
            self.assertIn(codes[1], text.splitlines()[0])

    def test_other_reports_still_come(self):
        story = report_story.Story()
        call = report_story.Call(story, "call")
        call.invite(0, report_story.BOB, "sip:bob@192.0.2.20")
        call.answer(1, 603)
        text = tshark.run(["-q", "-n", "-r", story.write("refused"), "-z", NAME + ",302,603",
                           "-z", "sip_redirect,chains"])
        self.assertIn("Key differences", text)
        self.assertIn("Chains: 1,", text)

    def test_without_a_capture(self):
        """tshark gets there where it finds an interface to capture on; then it must not begin to."""
        done = tshark.run_process(["-q", "-n", "-a", "duration:5", "-z", NAME + ",302,600"], timeout=60)
        self.assertEqual("Key differences" in done.stdout, done.returncode == 0, done.stderr)
        self.assertNotIn("Capturing on", done.stderr)

    def test_wrong_arguments_end_the_run(self):
        known = "Known are all 3xx and 6xx, 603+, 403, 404, 408, 410, 480, 485, 486, 487, 488 and 503."
        for rest, complaint in ((",302", "two SIP status codes"), ("", "two SIP status codes"),
                                (",302,600,603", "two SIP status codes"), (",,302,600", "two SIP status codes"),
                                *((rest, f'Nothing is known of "{word}". {known}') for rest, word in (
                                    (",302,499", "499"), (",200,302", "200"), (",302,abc", "abc"),
                                    (",302,70000", "70000"), (",302,-1", "-1"), (",302,", ""), (",302,608+", "608+")))):
            done = tshark.run_process(["-q", "-n", "-r", self.empty, "-z", NAME + rest])
            self.assertEqual(done.returncode, 1, rest)
            self.assertIn(complaint, done.stderr, rest)
            self.assertEqual(done.stdout, "", rest)


class Details(unittest.TestCase):
    def test_chain_with_both(self):
        rows = tshark.fields(report_story.nine_chains(), ["sip_redirect.code", "sip_redirect.compared"], two_pass=True,
                             display_filter='sip_redirect.code && sip.Call-ID contains "refused"')
        self.assertEqual([row[0] for row in rows], ["302", "603"])
        for (code, text), other in zip(rows, ("603", "302"), strict=True):
            self.assertTrue(text.startswith(code + " "), text)
            self.assertIn(f"; {other} ", text)
            self.assertIn("definitive", text)

    def test_chains_with_one_of_them(self):
        for name in ("ignored", "everywhere", "long"):
            rows = tshark.fields(report_story.nine_chains(), ["sip_redirect.code", "sip_redirect.compared"],
                                 two_pass=True, display_filter=f'sip_redirect.code && sip.Call-ID contains "{name}"')
            self.assertTrue(rows, name)
            self.assertEqual([row[1] for row in rows], [""] * len(rows), name)

    def neighbours(self, frame, *options):
        """{sentence of "Differs": the lines below it} of a response of codes.pcap."""
        text = tshark.run(["-n", "-2", *options, "-r", tshark.source_dir() / "captures" / "codes.pcap", "-O",
                           "sip_redirect", "-Y", f"frame.number == {frame}"])
        found = {}
        for line in text.splitlines():
            if line.startswith("        [Differs: "):
                below = found[line.strip()[len("[Differs: "):-1]] = []
            elif found and line.startswith("            ["):
                below.append(line.strip()[1:-1])
            elif found:
                break
        return found

    def test_any_redirect_can_be_compared_with_its_neighbours(self):
        found = self.neighbours(8)
        self.assertEqual([sentence[:4] for sentence in found], ["300 ", "301 ", "305 ", "380 ", "600 "])
        busy = found[next(sentence for sentence in found if sentence.startswith("600 "))]
        self.assertEqual([line.partition(": ")[0] for line in busy],
                         ["600 Busy Everywhere", "The other way round", "Use when"])
        self.assertIn("Definitive, unlike 486", busy[0])
        self.assertTrue(busy[1].startswith("The other way round: 302 names another address"), busy[1])
        self.assertTrue(busy[2].startswith("Use when: Answer 600 when"), busy[2])

    def test_a_603_plus_has_neighbours_of_its_own(self):
        found = self.neighbours(35)
        self.assertEqual([sentence[:4] for sentence in found], ["603 ", "607 ", "608 "])
        self.assertTrue(all("603+" in sentence for sentence in found), found)
        plain = self.neighbours(20)
        self.assertEqual([sentence.split()[0] for sentence in plain],
                         ["403", "480", "486", "487", "600", "603+", "607", "608"])
        self.assertTrue(next(below for sentence, below in plain.items() if sentence.startswith("603+ "))[0].startswith(
            "603+ Network Blocked: "))

    def test_without_explanations(self):
        self.assertEqual(self.neighbours(8, "-o", "sip_redirect.explain:FALSE"), {})
        rows = tshark.fields(tshark.source_dir() / "captures" / "codes.pcap", ["sip_redirect.use_when"],
                             options=["-o", "sip_redirect.explain:FALSE"])
        self.assertEqual([row for row in rows if row[0]], [])

    def test_the_code_of_a_603_plus_is_not_called_decline(self):
        for frame, wanted in ((35, "[Code: Network Blocked (603)]"), (41, "[Code: Decline (603)]")):
            text = tshark.run(["-n", "-r", tshark.source_dir() / "captures" / "codes.pcap", "-O", "sip_redirect", "-Y",
                               f"frame.number == {frame}"])
            self.assertEqual(text.count("[Code: "), 1)
            self.assertIn(wanted, text)


if __name__ == "__main__":
    unittest.main()
