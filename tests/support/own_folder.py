# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs as users have them: with the plugin in their own folder, beside the plugins that Wireshark brings."""

import shutil
import subprocess

from support import tshark


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
