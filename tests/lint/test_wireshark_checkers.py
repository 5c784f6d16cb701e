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
    def check(self, status, said, **programs):
        """With these programs for checkers: the exit status, and something of what is said."""
        with tempfile.TemporaryDirectory() as source:
            tools = Path(source, "tools")
            tools.mkdir()
            for name, text in programs.items():
                Path(tools, f"{name}.pl").write_text(f"#!/usr/bin/env perl\n{text}\n", encoding="utf-8")
            done = subprocess.run([sys.executable, str(CHECKERS), source], stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, check=False, encoding="utf-8")
        self.assertEqual(done.returncode, status, done.stdout)
        self.assertIn(said, done.stdout)

    def test_no_findings(self):
        self.check(0, "checkhf.pl: 0 new, 0 explained\n", checkhf=SEES_THE_CANARY)

    def test_a_new_finding(self):
        self.check(1, "\n    Unused href entry: packet-sip-redirect.c: hf_x\n", checkhf=FINDS_ONE)

    def test_a_checker_that_is_blind(self):
        self.check(1, "does not see the faults", checkhf=SEES_NOTHING)

    def test_a_checker_that_dies(self):
        self.check(1, "cannot go on", checkhf=DIES)

    def test_an_explained_finding(self):
        self.check(0, "explained: checkAPIs.pl,", checkhf=SEES_THE_CANARY, checkAPIs=FINDS_EXPLAINED)

    def test_one_like_an_explained_finding(self):
        self.check(1, "index,close", checkhf=SEES_THE_CANARY, checkAPIs=FINDS_ANOTHER)

    def test_no_source_tree(self):
        self.check(1, "not a Wireshark source tree", other=SEES_THE_CANARY)


if __name__ == "__main__":
    unittest.main()
