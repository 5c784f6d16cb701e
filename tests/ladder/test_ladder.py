# SPDX-License-Identifier: GPL-2.0-or-later
# ctest: label=dissection timeout=3600
"""tshark's -z sip_redirect,ladder: what it draws of real captures, in which format, and what it says of wrong options.

What is expected stands in the captures' truth.md. Verdicts are looked for, and not compared: their words are tested elsewhere.
"""

import re
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from dissection import report_story  # noqa: E402
from ladder import drawings, hostile  # noqa: E402
from support import tshark  # noqa: E402

CAPTURES = tshark.source_dir() / "captures"


def capture(name):
    return next(CAPTURES.glob(f"{name}.pcap*"))


def text(name, **options):
    drawn = drawings.draw(capture(name), "text", **options)
    drawings.check_text(drawn)
    return drawn


def after(drawn, pattern):
    """The lines that follow the first one with that pattern, up to the next arrow, as one line."""
    lines = drawn.splitlines()
    first = next(number for number, line in enumerate(lines) if re.search(pattern, line))
    own = [re.sub(r"^[ |]+|[ |]+$", "", line) for line in lines[first + 1:]]
    end = next((number for number, line in enumerate(lines[first + 1:]) if re.match(r" *\d+ +\d+\.\d{3} ", line)), None)
    return " ".join(own[:end])


class RealCaptures(unittest.TestCase):
    def test_two_targets(self):
        drawn = text("kamailio-302-q-603")
        self.assertIn("chain 0: answered, 200 in frame 11\n", drawn)
        self.assertIn("redirect server: 192.0.2.20 (kamailio", drawn)
        for name, address in (("caller", 10), ("target 1", 40), ("target 2", 50)):
            self.assertIn(f"{name}: 192.0.2.{address}\n", drawn)
        self.assertRegex(drawn, r" 4  0\.000  \|<- 302 Moved Temporarily -+\| ")
        self.assertRegex(drawn, r" 6  0\.003  \|-- INVITE sip:bob@192\.0\.2\.40:5060 -+>\| ")
        self.assertRegex(after(drawn, r"^ +4 "), "302.*frame 6.*and 9")
        self.assertIn("follows the 302 in frame 4 (same call, exact URI)", after(drawn, r"^ +9 "))
        self.assertRegex(after(drawn, r"^ +7 "), "603.*200 in frame 11")

    def test_legs_of_a_b2bua(self):
        drawn = text("asterisk-302-busy-603")
        self.assertRegex(drawn, r"PBX: 192\.0\.2\.30 \(Asterisk PBX")
        self.assertIn("probably made of the request in frame 1.", after(drawn, r"^ +3 "))
        self.assertIn("follows the 302 in frame 4 (Diversion names the redirected party)", after(drawn, r"^ +7 "))
        self.assertRegex(drawn, r"Outcome +global failure, 603 in frame 10\n")
        self.assertEqual(len(re.search(r"Call-ID +(.*)", drawn).group(1).split()), 3)

    def test_hidden_from_the_caller(self):
        drawn = text("asterisk-603-rings")
        self.assertRegex(drawn, r"\|<\. 603 Decline \.+\|")
        self.assertRegex(after(drawn, r"603 Decline"),
                         r"the caller got 503 in frame 8 .* hidden from the caller \(probably the same call\) *$")

    def test_branches_of_a_fork(self):
        drawn = text("fork-302-and-603")
        branches = re.findall(r"branch (\d) of (\d) of the request in frame (\d+)", drawn)
        self.assertEqual(branches, [("1", "2", "1"), ("2", "2", "1")])
        self.assertIn("proxy: ", drawn)

    def test_a_loop_is_folded(self):
        """Hops 0 to 8: rounds 0 to 2 of each URI are drawn, hop 6 and 7 are the fourth, and 8 is where it stops."""
        drawn = text("baresip-loop")
        self.assertRegex(drawn, r"\.\.\. 1 more round of the loop left out: 6 messages, frames 19 to 24 \.\.\.")
        self.assertRegex(drawn, r"\n +25  +0\.\d{3}  \|-- INVITE")
        self.assertIn("sent 3 times until 1.", drawn)
        self.assertEqual(len(re.findall(r"-- INVITE ", drawn)), 7)
        self.assertRegex(drawn, r"Outcome +open when the capture ended\n")

    def test_copies_are_one_arrow(self):
        drawn = text("two-points")
        self.assertRegex(drawn, r" 13  +0\.208  \|<- 200 OK, captured twice -+\|")
        self.assertNotRegex(drawn, r"\n +14 ")

    def test_not_followed(self):
        drawn = text("not-followed")
        self.assertIn("not followed", drawn.lower().replace("no follow-up", "not followed"))
        self.assertIn("302", after(drawn, "302"))

    def test_several_chains(self):
        for name in ("trunk", "codes"):
            drawn = text(name)
            heads = [int(number) for number in re.findall(r"^SIP redirect chain (\d+): ", drawn, re.MULTILINE)]
            self.assertEqual(heads, list(range(len(heads))))
            self.assertGreater(len(heads), 1)

    def test_ports_where_one_host_plays_several_parts(self):
        drawn = text("baresip-302")
        self.assertNotRegex(drawn, r"caller: \S+:\d")
        story = report_story.Story()
        call = report_story.Call(story, "one-host", "127.0.0.1:5070")
        call.invite(0, "127.0.0.1:5060", "sip:bob@127.0.0.1")
        call.answer(1, 302, "<sip:carol@127.0.0.1:5080>")
        call.invite(2, "127.0.0.1:5080", "sip:carol@127.0.0.1:5080")
        call.answer(3, 603)
        drawn = drawings.draw(story.write("one-host"), "text")
        for name, port in (("caller", 5070), ("redirect server", 5060), ("target 1", 5080)):
            self.assertIn(f"{name}: 127.0.0.1:{port}\n", drawn)

    def test_many_participants_are_lines(self):
        story = report_story.Story()
        call = report_story.Call(story, "many")
        for hop in range(6):
            call.invite(2 * hop, f"192.0.2.{100 + hop}", f"sip:bob@192.0.2.{100 + hop}")
            call.answer(2 * hop + 1, 302, f"<sip:bob@192.0.2.{101 + hop}>")
        drawn = drawings.draw(story.write("many"), "text")
        drawings.check_text(drawn)
        self.assertRegex(drawn, r"\n +4 +2\.000  caller -> target 1: INVITE sip:bob@192\.0\.2\.101\n")
        self.assertIn("follows the 302 in frame 2 (same call, exact URI)", drawn)
        self.assertNotIn("|", drawn)


class Documentation(unittest.TestCase):
    def test_the_drawings_of_the_page_are_what_is_printed(self):
        """docs/ladder.md; a line with "..." and what follows of a verdict is left open."""
        page = (tshark.source_dir() / "docs" / "ladder.md").read_text(encoding="utf-8")
        for form, start in (("text", "```\nSIP redirect chain"), ("mermaid", "```mermaid\nsequenceDiagram")):
            shown = page[page.index(start):].split("```")[1].removeprefix("mermaid").strip("\n").splitlines()
            printed = iter(drawings.draw(capture("kamailio-302-q-603"), form).splitlines())
            for line in shown:
                pattern = re.escape(line).replace(r"\.\.\.", ".*")
                self.assertTrue(any(re.fullmatch(pattern, other) for other in printed), f"{form}: {line}")


class EveryCapture(unittest.TestCase):
    def test_three_formats_and_two_passes(self):
        for path in sorted(CAPTURES.glob("*.pcap*")):
            with self.subTest(path.name):
                drawn = drawings.draw_all(path)
                self.check(drawn)
                self.assertEqual(drawings.draw_all(path, two_pass=True), drawn)

    def check(self, drawn):
        drawings.check_text(drawn["text"])
        chains = re.findall(r"^SIP redirect chain (\d+): ", drawn["text"], re.MULTILINE)
        for diagram in drawn["mermaid"]:
            drawings.check_mermaid(diagram)
        self.assertEqual(len(drawn["mermaid"]), len(chains))
        root = drawings.check_html(drawn["html"])
        rows = root.findall(f".//{drawings.XHTML}table[@id='chains']/{drawings.XHTML}tbody/{drawings.XHTML}tr")
        self.assertEqual(len(rows), len(chains))
        for number, diagram in zip(chains, drawn["mermaid"], strict=True):
            self.check_same(number, diagram, root)

    def check_same(self, number, diagram, root):
        """The same arrows in two formats, each 3xx and 6xx with a verdict, and no label cut without its whole elsewhere."""
        frames = [frame for frame, _ in drawings.arrows(root, number)]
        self.assertEqual(frames, [int(frame) for frame in re.findall(r"^    p\d+\S+p\d+: (\d+) ", diagram, re.MULTILINE)])
        section = root.find(f".//{drawings.XHTML}section[@id='chain-{number}']")
        whole = " ".join(section.find(f"{drawings.XHTML}details").itertext())
        for group in section.iter(drawings.SVG + "g"):
            classes = group.get("class").split()
            if "arrow" in classes:
                notes = [note for note in group if note.tag == drawings.SVG + "g"]
                self.assertTrue(notes or not {"redirect", "global"} & set(classes), whole)
        for _, label in drawings.arrows(root, number):
            self.assertIn(re.sub(r"\s+|\.\.\.$", "", label), re.sub(r"\s+", "", whole))


class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.drawn = drawings.draw_all(hostile.capture())

    def test_text(self):
        drawings.check_text(self.drawn["text"])
        self.assertIn(hostile.CALL_ID, self.drawn["text"])
        self.assertIn(hostile.URI, re.sub(r"\s+\|?\s*", " ", self.drawn["text"]))

    def test_mermaid(self):
        self.assertEqual(len(self.drawn["mermaid"]), 1)
        drawings.check_mermaid(self.drawn["mermaid"][0])
        plain = re.sub(r"#(\d+);", lambda match: chr(int(match.group(1))), self.drawn["mermaid"][0])
        self.assertIn(hostile.URI, plain)

    def test_html(self):
        root = drawings.check_html(self.drawn["html"])
        told = " ".join(root.itertext())
        for part in (hostile.CALL_ID, hostile.URI, hostile.TARGET, hostile.SERVER.split("\n", 1)[0]):
            self.assertIn(part, told)
        self.assertEqual([frame for frame, _ in drawings.arrows(root)], [1, 2, 3, 4, 5, 6])


class Options(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.capture = report_story.nine_chains()

    def numbers(self, **options):
        drawn = drawings.draw(self.capture, "text", **options)
        return [int(number) for number in re.findall(r"^SIP redirect chain (\d+): ", drawn, re.MULTILINE)]

    def test_choosing(self):
        self.assertEqual(self.numbers(), list(range(9)))
        self.assertEqual(self.numbers(chain=3), [3])
        # In one pass the original request is seen before it is known to belong to a chain.
        self.assertEqual(self.numbers(expression='sip.Method == "INVITE" && sip.r-uri == "sip:ignored@192.0.2.20"'), [1])
        self.assertEqual(self.numbers(expression="ip.addr == 192.0.2.40"), [2, 4])
        self.assertEqual(self.numbers(chain=4, expression="ip.addr == 192.0.2.40"), [4])
        self.assertEqual(self.numbers(expression='sip.Call-ID in {"deep@example.com", "busy@example.com"}'), [3, 4])

    def test_one_diagram_is_bare_and_several_are_markdown(self):
        drawings.check_mermaid(drawings.draw(self.capture, "mermaid", chain=0))
        several = drawings.draw(self.capture, "mermaid")
        self.assertEqual(several.count("```mermaid\nsequenceDiagram\n"), 9)
        self.assertTrue(several.startswith("```mermaid\n") and several.endswith("```\n\n"))

    def test_wrong_options_end_the_run(self):
        for option, complaint in (("", "needs a format"), (",svg", "needs a format"), (",text,0,no.such.field", "no.such.field"),
                                  (",html,no.such.field", "no.such.field"), ("s,text", "sip_redirect,ladders,text")):
            done = tshark.run_process(["-q", "-n", "-r", self.capture, "-z", f"sip_redirect,ladder{option}"])
            self.assertEqual((done.returncode, done.stdout), (1, ""), option)
            self.assertIn(complaint, done.stderr)
            self.assertEqual(len([line for line in done.stderr.splitlines() if "sip_redirect,ladder" in line]), 1)

    def test_a_chain_that_is_not_there(self):
        for form, said in (("text", "There is no chain 9: this capture has 9, from 0 to 8."),
                           ("mermaid", "%% There is no chain 9: this capture has 9, from 0 to 8."),
                           ("html", "There is no chain 9: this capture has 9, from 0 to 8.")):
            done = tshark.run_process(["-q", "-n", "-r", self.capture, "-z", f"sip_redirect,ladder,{form},9"])
            self.assertEqual(done.returncode, 1, form)
            self.assertIn(said, done.stdout)
            if form == "html":
                drawings.check_html(done.stdout)

    def test_no_chain_at_all(self):
        story = report_story.Story()
        call = report_story.Call(story, "plain")
        call.invite(0, report_story.BOB, "sip:bob@192.0.2.20")
        call.answer(1, 200)
        plain = story.write("plain")
        self.assertEqual(drawings.draw(plain, "text").strip(),
                         "This capture has no chain: no 3xx or 6xx that belongs to a request.")
        self.assertRegex(drawings.draw(plain, "mermaid"), "^%% This capture has no chain.*\n$")
        drawings.check_html(drawings.draw(plain, "html"))
        self.assertIn("No chain fits the filter: ip.addr == 192.0.2.123",
                      drawings.draw(self.capture, "text", expression="ip.addr == 192.0.2.123"))


if __name__ == "__main__":
    unittest.main()
