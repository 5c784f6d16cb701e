# SPDX-License-Identifier: GPL-2.0-or-later
"""The first test: tshark has loaded this build's plugin, from this build's folder, and knows its protocol.

Every test that uses tshark depends on it. It fails where it is not sure; it is never skipped.
"""

import os
import sys

from support import tshark


def main():
    expected = tshark.plugin_dir()
    lines = [line.split("\t") for line in tshark.run(["-G", "plugins"]).splitlines()]
    loaded = [[cell.strip() for cell in line] for line in lines if line[0].strip() == "sip_redirect.so"]
    if len(loaded) != 1:
        sys.exit(f"tshark lists sip_redirect.so {len(loaded)} times; expected it once, from {expected}")
    path = loaded[0][-1]
    if not os.path.realpath(path).startswith(os.path.realpath(expected) + os.sep):
        sys.exit(f"tshark loaded {path}, not the one below {expected}")
    fields = [line.split("\t") for line in tshark.run(["-G", "fields"]).splitlines() if "sip_redirect" in line]
    if not any(line[0] == "P" and line[2] == "sip_redirect" for line in fields):
        sys.exit("the plugin is loaded, but no protocol sip_redirect is registered")
    print(f"{path} ({loaded[0][1]}), {len(fields)} fields")


if __name__ == "__main__":
    main()
