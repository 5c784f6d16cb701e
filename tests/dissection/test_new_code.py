# SPDX-License-Identifier: GPL-2.0-or-later
# ctest: label=dissection
"""One row more in the table of response codes, and nothing else, makes a code known everywhere.

The plugin is built once more with three codes of its own invention in plugin/sip-response.c: a redirection, a failure
at one place, a global failure. Its fields, expert items, comparisons and field reference have what these rows say.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from dissection import report_story  # noqa: E402
from support import tshark  # noqa: E402

ROW_BEFORE = {398: ".code = 404,", 498: ".code = 503,", 699: ".code = SIP_RESPONSE_CLASS_REDIRECTION,"}
ROW = """.code = {code},
        .phrase = "{phrase}",
        .gist = "invented for {code}",
        .expert_summary = "its summary in {code}",
        .meaning = "What {code} means.",
        .seen_when = "When {code} is seen.",
        .remedy = "What {code} asks for.",
        .use_when = "Answer {code} when it is tested.",
        .reference = "RFC 3261 section {code}",
        .differs = {{{{302, "302 is real; {code} is not."}}}},
{more}    }},
    {{
        """
PHRASES = {398: "Moved Sideways", 498: "Kept Out", 699: "Gone Fishing"}
MORE = {398: "        .lifetime = SIP_RESPONSE_LIFETIME_PERMANENT,\n", 498: "", 699: "        .definitive = true,\n"}
SHOWN = (398, 699)  # the 3xx and 6xx have fields and expert items
EXPERTS = {code: f"{code} {PHRASES[code]}: its summary in {code}" for code in SHOWN}


def build(folder):
    """Copies what the plugin is built from, adds the rows, builds it there. @return its plugin folder"""
    top = tshark.source_dir()
    shutil.copyfile(top / "CMakeLists.txt", folder / "CMakeLists.txt")
    for name in ("cmake", "docs", "packaging", "plugin", "profile"):
        shutil.copytree(top / name, folder / name)
    table = folder / "plugin" / "sip-response.c"
    text = table.read_text(encoding="utf-8")
    for code, anchor in ROW_BEFORE.items():
        if text.count(anchor) != 1:
            raise AssertionError(f"{anchor} is in {table.name} {text.count(anchor)} times")
        text = text.replace(anchor, ROW.format(code=code, phrase=PHRASES[code], more=MORE[code]) + anchor)
    table.write_text(text, encoding="utf-8")
    for command in (["cmake", "-S", folder, "-B", folder / "build", "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug",
                     "-DSIP_REDIRECT_TESTS=OFF"],
                    ["cmake", "--build", folder / "build", "-j2", "--target", "sip_redirect"]):
        done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              check=False, encoding="utf-8")
        if done.returncode:
            raise AssertionError(done.stdout[-4000:])
    return folder / "build" / "wireshark-plugins"


def capture():
    """Two calls: one is answered 398 with a target, the other 699."""
    story = report_story.Story()
    for number, (code, contact) in enumerate(((398, "<sip:carol@192.0.2.30>"), (699, ""))):
        call = report_story.Call(story, f"call-{code}")
        call.invite(number * 10, report_story.BOB, "sip:bob@192.0.2.20")
        call.answer(number * 10 + 1, code, contact, phrase=PHRASES[code])
    return story.write("new-codes")


def field_reference():
    """The lines that scripts/field-reference prints for the plugin under test."""
    script = tshark.source_dir() / "scripts" / "field-reference"
    return subprocess.run([sys.executable, str(script)], stdout=subprocess.PIPE, check=True,
                          encoding="utf-8").stdout.splitlines()


class NewCode(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.capture = capture()
        cls.reference_before = field_reference()
        cls.rows_before = cls.rows()
        folder = tempfile.TemporaryDirectory(prefix="sip_redirect-new-code-")
        cls.addClassCleanup(folder.cleanup)
        os.environ["PLUGIN_DIR"] = str(build(Path(folder.name)))

    @classmethod
    def rows(cls):
        """What the responses carry: code, class, and which of the expert items."""
        names = ["sip_redirect.code", "sip_redirect.class", "sip_redirect.3xx", "sip_redirect.6xx"]
        return tshark.fields(cls.capture, names, display_filter="sip_redirect.code")

    def compare(self, *codes):
        return tshark.run_process(["-q", "-n", "-r", self.capture, "-z", "sip_redirect,compare," + ",".join(codes)])

    def test_without_its_row_a_code_is_that_of_its_class(self):
        self.assertEqual([[bool(cell) if i > 1 else cell for i, cell in enumerate(row)] for row in self.rows_before],
                         [["398", "3", True, False], ["699", "6", False, True]])

    def test_fields(self):
        rows = [line.split("\t") for line in tshark.run(["-G", "fields"]).splitlines()]
        for code in SHOWN:
            self.assertEqual([row[1:4] for row in rows if row[2] == f"sip_redirect.{code}"],
                             [[EXPERTS[code], f"sip_redirect.{code}", "FT_NONE"]])
        self.assertFalse([row for row in rows if row[2] == "sip_redirect.498"], "a 4xx has no expert item")

    def test_value_string(self):
        rows = [line.split("\t") for line in tshark.run(["-G", "values"]).splitlines()]
        values = {row[2]: row[3] for row in rows if row[:2] == ["V", "sip_redirect.code"]}
        self.assertEqual({code: values.get(str(code)) for code in PHRASES},
                         {398: PHRASES[398], 498: None, 699: PHRASES[699]})

    def test_expert_items(self):
        self.assertEqual([[row[0], row[1], bool(row[2]), bool(row[3])] for row in self.rows()],
                         [["398", "3", False, False], ["699", "6", False, False]])
        for code in SHOWN:
            rows = tshark.fields(self.capture, ["frame.number", "sip_redirect.code"],
                                 display_filter=f"sip_redirect.{code}")
            self.assertEqual([row[1] for row in rows], [str(code)])
        summary = tshark.run(["-q", "-n", "-r", self.capture, "-z", "expert"])
        for code, severity in ((398, "Notes"), (699, "Warns")):
            part = summary.partition(f"\n{severity} ")[2].partition("\n\n")[0]
            self.assertIn(f"  {code} {PHRASES[code]}", part)

    def test_details(self):
        text = tshark.run(["-n", "-r", self.capture, "-O", "sip_redirect", "-Y", "sip_redirect.code"])
        for code in SHOWN:
            for wanted in (f"Code: {PHRASES[code]} ({code})", f"What {code} means.", f"When {code} is seen.",
                           f"What {code} asks for.", f"302 is real; {code} is not."):
                self.assertIn(wanted, text)
        self.assertEqual(tshark.fields(self.capture, ["sip_redirect.target.lifetime"]), [["2"]])

    def test_compare(self):
        for code in PHRASES:
            done = self.compare("302", str(code))
            self.assertEqual(done.returncode, 0, done.stderr)
            for wanted in (f"{code} {PHRASES[code]}", f"What {code} means.", f"When {code} is seen.",
                           f"What {code} asks for.", f"302 is real; {code} is not.",
                           f"Answer {code} when it is tested.", f"RFC 3261 section {code}"):
                self.assertEqual(done.stdout.count(wanted), 1, wanted)

    def test_compare_names_the_codes_that_it_knows(self):
        done = self.compare("302", "499")
        self.assertEqual(done.returncode, 1)
        self.assertIn("603+, 403, 404, ", done.stderr)
        self.assertIn(", 498 and 503.", done.stderr)

    def test_field_reference(self):
        expected = list(self.reference_before)
        for code in SHOWN:
            rows = [(int(row.group(1)), i) for i, line in enumerate(expected)
                    if (row := re.match(r"\| `sip_redirect\.(\d+)` \|", line))]
            self.assertGreaterEqual(len(rows), 11)
            after = max(i for known, i in rows if known < code)
            expected.insert(after + 1, f"| `sip_redirect.{code}` | {EXPERTS[code]} |")
        self.assertEqual(field_reference(), expected)


if __name__ == "__main__":
    unittest.main()
