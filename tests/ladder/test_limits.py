# SPDX-License-Identifier: GPL-2.0-or-later
# ctest: label=dissection
"""What -z sip_redirect,ladder keeps of a capture has a bound: what belongs to no chain makes room, and what is lost is said.

A build of the plugin keeps 64 messages, 32 texts and the names of 4 elements, and draws 5 chains of a page; see
ladder_limits_plugin.cmake. Each bound is reached by one capture, and not reached by one that comes close.
"""

import os
import re
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from dissection import report_story  # noqa: E402
from ladder import drawings  # noqa: E402
from support import tshark  # noqa: E402

NOT_KEPT = r"Of (\d+) messages the time is not shown, for the capture has more messages than are kept"
LOST = "Names of software, reason phrases and Call-IDs may be missing"


def draw(capture, form="text"):
    """The ladders of both passes, which are alike."""
    folder = Path(os.environ["BUILD_DIR"]) / "ladder-limits-plugins"
    if not list(folder.glob("*/epan/sip_redirect.so")):
        raise AssertionError(f"no */epan/sip_redirect.so below {folder}: build first")
    env = {"WIRESHARK_PLUGIN_DIR": str(tshark.reachable(folder))}
    one, two = (drawings.draw(capture, form, two_pass=two_pass, env=env) for two_pass in (False, True))
    if one != two:
        raise AssertionError(f"one pass:\n{one}\ntwo passes:\n{two}")
    return re.sub(r"\s+", " ", one) if form == "text" else one


def add_plain_calls(story, count):
    """Three messages each, no two with the same Call-ID."""
    for number in range(count):
        call = report_story.Call(story, f"plain-{number}")
        call.invite(number, report_story.BOB, "sip:bob@192.0.2.20")
        call.answer(number + 0.5, 200)


def add_redirected_call(story, time, extra=""):
    """Frames: INVITE, 302, ACK, INVITE, 603, ACK."""
    call = report_story.Call(story, "redirected")
    call.invite(time, report_story.BOB, "sip:bob@192.0.2.20", extra)
    call.answer(time + 0.1, 302, "<sip:carol@192.0.2.30>")
    call.invite(time + 0.2, report_story.CAROL, "sip:carol@192.0.2.30", extra)
    call.answer(time + 0.3, 603)


class Messages(unittest.TestCase):
    def test_what_is_in_no_chain_makes_room(self):
        """90 messages and 30 Call-IDs before the call, 90 after it: it is drawn with all its times and texts."""
        story = report_story.Story()
        add_plain_calls(story, 30)
        add_redirected_call(story, 40)
        for number in range(30):
            call = report_story.Call(story, f"after-{number}")
            call.invite(50 + number, report_story.BOB, "sip:bob@192.0.2.20")
            call.answer(50.5 + number, 200)
        drawn = draw(story.write("room"))
        for arrow in (r" 91 0\.000 \|-- INVITE ", r" 92 0\.100 \|<- 302 Moved Temporarily ", r" 94 0\.200 ",
                      r" 95 0\.300 .*603 Decline "):
            self.assertRegex(drawn, arrow)
        self.assertIn("redirected@example.com", drawn)
        self.assertNotRegex(drawn, NOT_KEPT)
        self.assertNotIn(LOST, drawn)

    def chain_of(self, hops):
        """INVITE, 302, ACK for each hop, then INVITE, 200, ACK."""
        story = report_story.Story()
        call = report_story.Call(story, "deep")
        for hop in range(hops):
            call.invite(hop, report_story.BOB, f"sip:hop{hop}@192.0.2.20")
            call.answer(hop + 0.5, 302, f"<sip:hop{hop + 1}@192.0.2.20>")
        call.invite(hops, report_story.BOB, f"sip:hop{hops}@192.0.2.20")
        call.answer(hops + 0.5, 200)
        return draw(story.write(f"hops-{hops}"))

    def test_a_chain_alone_is_more_than_is_kept(self):
        """24 hops are 75 messages."""
        drawn = self.chain_of(24)
        self.assertRegex(drawn, r" 64 21\.000 ")
        self.assertEqual(re.search(NOT_KEPT, drawn).group(1), "11")

    def test_close_to_it(self):
        """20 hops are 63 messages."""
        drawn = self.chain_of(20)
        self.assertRegex(drawn, r" 62 20\.500 ")
        self.assertNotRegex(drawn, NOT_KEPT)


class Names(unittest.TestCase):
    def drawn_after(self, others):
        """The caller names its software after so many others did."""
        story = report_story.Story()
        for number in range(others):
            call = report_story.Call(story, f"other-{number}", f"192.0.2.{100 + number}")
            call.invite(number, report_story.BOB, "sip:bob@192.0.2.20", f"User-Agent: other {number}\n")
        add_redirected_call(story, 40, "User-Agent: phone of Alice\n")
        return draw(story.write(f"names-{others}"))

    def test_more_names_than_are_kept(self):
        drawn = self.drawn_after(4)
        self.assertNotIn("phone of Alice", drawn)
        self.assertIn(LOST, drawn)

    def test_close_to_it(self):
        drawn = self.drawn_after(3)
        self.assertIn("phone of Alice", drawn)
        self.assertNotIn(LOST, drawn)


class Figures(unittest.TestCase):
    def figures(self, calls):
        story = report_story.Story()
        for number in range(calls):
            call = report_story.Call(story, f"figure-{number}")
            call.invite(number, report_story.BOB, f"sip:bob{number}@192.0.2.20")
            call.answer(number + 0.1, 600)
        page = draw(story.write(f"figures-{calls}"), "html")
        root = drawings.check_html(page)
        rows = root.findall(f".//{drawings.XHTML}table[@id='chains']/{drawings.XHTML}tbody/{drawings.XHTML}tr")
        self.assertEqual(len(rows), calls)
        return page, len(root.findall(f".//{drawings.XHTML}figure"))

    def test_more_chains_than_a_page_draws(self):
        page, drawn = self.figures(6)
        self.assertEqual(drawn, 5)
        self.assertIn("The first 5 of 6 chains are drawn. Choose others by number or filter.", page)

    def test_close_to_it(self):
        page, drawn = self.figures(5)
        self.assertEqual(drawn, 5)
        self.assertNotIn("are drawn.", page)


if __name__ == "__main__":
    unittest.main()
