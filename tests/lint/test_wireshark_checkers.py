# SPDX-License-Identifier: GPL-2.0-or-later
"""wireshark_checkers.py fails for what a checker finds anew, for one that does not run, and for one that is blind."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

CHECKERS = Path(__file__).resolve().parent / "wireshark_checkers.py"
# Stand-ins for tools/checkhf.pl; the source of them is all that the tree of each test holds.
SEES_THE_CANARY = 'print "Unused href entry: $_\\n" for grep { /canary/ } @ARGV;'
SEES_NOTHING = "exit 0;"
FINDS_ONE = SEES_THE_CANARY + 'print "Unused href entry: $_: hf_x\\n" for grep { /sip-redirect/ } @ARGV;'
DIES = SEES_THE_CANARY + 'die "cannot go on" if grep { /sip-redirect/ } @ARGV;'
# ... and for tools/checkAPIs.pl.
FINDS_EXPLAINED = """
if (grep { /canary/ } @ARGV) { print "Error: Found prohibited APIs\\n"; }
else { print "Warning: Found shadow variable(s) in $_ : index,time\\n" for @ARGV; }"""
FINDS_ANOTHER = FINDS_EXPLAINED.replace("index,time", "index,close")


class Checkers(unittest.TestCase):
    def run_with(self, **programs):
        with tempfile.TemporaryDirectory() as source:
            tools = Path(source, "tools")
            tools.mkdir()
            for name, text in programs.items():
                Path(tools, f"{name}.pl").write_text(f"#!/usr/bin/env perl\n{text}\n", encoding="utf-8")
            done = subprocess.run([sys.executable, str(CHECKERS), source], stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, check=False, encoding="utf-8")
        return done.returncode, done.stdout

    def test_no_findings(self):
        status, said = self.run_with(checkhf=SEES_THE_CANARY)
        self.assertEqual(status, 0, said)
        self.assertIn("checkhf.pl: 0 new, 0 explained\n", said)

    def test_a_new_finding(self):
        status, said = self.run_with(checkhf=FINDS_ONE)
        self.assertEqual(status, 1, said)
        self.assertIn("\n    Unused href entry: packet-sip-redirect.c: hf_x\n", said)

    def test_a_checker_that_is_blind(self):
        status, said = self.run_with(checkhf=SEES_NOTHING)
        self.assertEqual(status, 1, said)
        self.assertIn("does not see the faults", said)

    def test_a_checker_that_dies(self):
        status, said = self.run_with(checkhf=DIES)
        self.assertEqual(status, 1, said)
        self.assertIn("cannot go on", said)

    def test_an_explained_finding(self):
        status, said = self.run_with(checkhf=SEES_THE_CANARY, checkAPIs=FINDS_EXPLAINED)
        self.assertEqual(status, 0, said)
        self.assertIn("explained: checkAPIs.pl,", said)

    def test_one_like_an_explained_finding(self):
        status, said = self.run_with(checkhf=SEES_THE_CANARY, checkAPIs=FINDS_ANOTHER)
        self.assertEqual(status, 1, said)
        self.assertIn("index,close", said)

    def test_no_source_tree(self):
        status, said = self.run_with(other=SEES_THE_CANARY)
        self.assertEqual(status, 1, said)
        self.assertIn("not a Wireshark source tree", said)


if __name__ == "__main__":
    unittest.main()
