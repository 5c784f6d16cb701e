# SPDX-License-Identifier: GPL-2.0-or-later
"""Compiled for a Wireshark newer than those tried, the plugin says so in one sentence; for the one at hand it does not."""

import os
import re
import shlex
import subprocess
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(os.environ["SOURCE_DIR"]) / "plugin" / "packet-sip-redirect.c"
NOTE = re.compile(r"#pragma message\(\s*\"sip_redirect is not tried with a Wireshark as new as this")


class NewerWireshark(unittest.TestCase):
    def preprocessed(self, version=None):
        flags = shlex.split(subprocess.run(
            ["pkg-config", "--cflags", "wireshark"], check=True, capture_output=True, text=True).stdout)
        with tempfile.TemporaryDirectory() as folder:
            if version:
                major, minor = version
                (Path(folder) / "ws_version.h").write_text(
                    f"#define WIRESHARK_VERSION_MAJOR {major}\n#define WIRESHARK_VERSION_MINOR {minor}\n"
                    "#define WIRESHARK_VERSION_MICRO 0\n")
            return subprocess.run(
                ["cc", "-E", "-I", folder, "-I", Path(os.environ["BUILD_DIR"]) / "generated", *flags, SOURCE],
                check=True, capture_output=True, text=True).stdout

    def test_known_versions_are_silent(self):
        self.assertNotRegex(self.preprocessed(), NOTE)
        self.assertNotRegex(self.preprocessed((4, 6)), NOTE)

    def test_newer_versions_are_told(self):
        self.assertRegex(self.preprocessed((4, 7)), NOTE)
        self.assertRegex(self.preprocessed((5, 0)), NOTE)


if __name__ == "__main__":
    unittest.main()
