# SPDX-License-Identifier: GPL-2.0-or-later
"""The tests that are written for Wireshark's own tree (upstream/group_sip_redirect.py), with the plugin of this build.

They need pytest (python3-pytest); no other test here does.
"""

import re
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import tshark  # noqa: E402

SUITE = tshark.source_dir() / "upstream"


def python_with_pytest():
    """An interpreter that has pytest, for the user of the tests."""
    for program in dict.fromkeys((sys.executable, "/usr/bin/python3")):
        try:
            done = tshark.run_process(["-c", "import pytest"], program=program)
        except OSError:
            continue
        if done.returncode == 0:
            return program
    raise AssertionError("no pytest: install python3-pytest")


class UpstreamSuite(unittest.TestCase):
    def run_suite(self, plugin=True):
        return tshark.run_process(
            ["-B", "-m", "pytest", "-p", "no:cacheprovider", "-q", "--tb=short",
             Path(tshark.reachable(SUITE)) / "group_sip_redirect.py",
             "--program-path", str(Path(tshark.executable()).parent)],
            program=python_with_pytest(), plugin=plugin, timeout=900,
            env={"CAPTURES": str(tshark.reachable(tshark.source_dir() / "captures"))})

    def test_passes(self):
        done = self.run_suite()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        written = len(re.findall(r"^    def test_", (SUITE / "group_sip_redirect.py").read_text(), re.MULTILINE))
        self.assertIn(f"{written} passed", done.stdout)

    def test_fails_without_the_plugin(self):
        done = self.run_suite(plugin=False)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertNotIn(" passed", done.stdout.splitlines()[-1])


class Patches(unittest.TestCase):
    """docs/upstream.md speaks of the files that are there."""

    def test_named(self):
        text = (tshark.source_dir() / "docs" / "upstream.md").read_text()
        for path in SUITE.iterdir():
            if path.is_file():
                self.assertIn(f"upstream/{path.name}", text)

    def test_are_patches(self):
        patches = sorted(SUITE.glob("*.patch"))
        self.assertTrue(patches)
        for patch in patches:
            done = subprocess.run(["git", "apply", "--numstat", str(patch)], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, check=False, encoding="utf-8")
            self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
