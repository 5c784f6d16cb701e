#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The plugin in the user's own folder, beside the plugins that Wireshark brings.

The other tests see no plugins but ours. Here all are loaded, and ours is the last that Wireshark finds, so that its
post-dissector comes before MATE's, which takes no frame as long as it has no configuration.
"""

import shutil
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support import tshark  # noqa: E402

CAPTURES = tshark.source_dir() / "captures"


def home():
    """A home whose own folder for plugins holds ours."""
    folder = tshark.scratch("home-with-plugin")
    own = folder / ".local/lib/wireshark/plugins"
    if not own.exists():
        shutil.copytree(tshark.plugin_dir(), own)
    return folder


def environment():
    env = tshark.environment(extra={"HOME": str(home())})
    del env["WIRESHARK_PLUGIN_DIR"]
    return env


def run(program, *args, stdin=None):
    return subprocess.run(tshark.command(program, args), env=environment(), input=stdin, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=120, check=False, text=True, cwd=home())


class OwnFolder(unittest.TestCase):
    def test_all_plugins_are_loaded(self):
        plugins = {line.split()[0]: line.split()[-1] for line in run(tshark.executable(), "-G", "plugins").stdout
                   .splitlines() if line.strip()}
        self.assertIn("mate.so", plugins)
        self.assertTrue(plugins["sip_redirect.so"].startswith(str(home())), plugins["sip_redirect.so"])

    def test_same_verdicts_as_alone(self):
        for name in ("kamailio-302-q-603", "codes", "tcp-segments"):
            for passes in ([], ["-2"]):
                with self.subTest(name, passes=passes):
                    args = ["-n", *passes, "-r", CAPTURES / f"{name}.pcap", "-T", "fields", "-e", "frame.number",
                            "-e", "sip_redirect.verdict", "-e", "sip_redirect.chain.path"]
                    done = run(tshark.executable(), *args)
                    self.assertEqual((done.returncode, done.stderr), (0, ""))
                    self.assertEqual(done.stdout, tshark.run(args))
                    self.assertIn("sip:", done.stdout)


if __name__ == "__main__":
    unittest.main()
