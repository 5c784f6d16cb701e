#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The plugin beside those that come with Wireshark, as users have it: all other tests load it alone.

Wireshark runs post-dissectors in the order in which it finds their files, which depends on the folders. MATE, which
takes no frame without a configuration, therefore comes before and after this plugin.
"""

import shutil
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support import package, tshark  # noqa: E402

CAPTURE = tshark.source_dir() / "captures" / "kamailio-302-q-603.pcap"


def verdicts(ours_in, others_in):
    """Frames with a verdict, with this plugin and all others in these folders: "home" or "system"."""
    version = package.series()
    with tempfile.TemporaryDirectory(dir=tshark.scratch()) as folder:
        top = Path(folder)
        places = {
            "home": top / ".local/lib/wireshark/plugins" / version / "epan",
            "system": top / "system" / version / "epan",
        }
        for place in places.values():
            place.mkdir(parents=True)
        for path in package.global_plugins():
            shutil.copyfile(path, places[others_in] / path.name)
        shutil.copyfile(tshark.plugin_dir() / version / "epan" / "sip_redirect.so", places[ours_in] / "sip_redirect.so")
        for path in [top, *top.rglob("*")]:
            path.chmod(0o755)
        return tshark.run(
            ["-2", "-r", CAPTURE, "-Y", "sip_redirect.verdict", "-T", "fields", "-e", "frame.number"],
            env={"HOME": folder, "WIRESHARK_PLUGIN_DIR": str(top / "system")},
        ).split()


class BesideOthers(unittest.TestCase):
    def test_wireshark_brings_post_dissectors(self):
        names = [path.name for path in package.global_plugins()]
        self.assertIn("mate.so", names)
        self.assertIn("transum.so", names)

    def test_in_every_order(self):
        for ours_in in ("home", "system"):
            for others_in in ("home", "system"):
                with self.subTest(ours_in=ours_in, others_in=others_in):
                    self.assertEqual(verdicts(ours_in, others_in), ["4", "7"])


if __name__ == "__main__":
    unittest.main()
