#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""check_mermaid.py FOLDER: draws all captures, and a hostile one, for Mermaid; has npm's mermaid parse the drawings.

npm installs what it needs into FOLDER. Run it as: cmake --build build --target check-mermaid
"""

import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ladder import drawings, hostile  # noqa: E402
from support import tshark  # noqa: E402

# Versions that Debian 12's and 13's nodejs run, or Node 20.
PACKAGES = ("mermaid@11", "jsdom@24")


def main():
    folder = Path(sys.argv[1])
    diagrams = folder / "diagrams"
    shutil.rmtree(diagrams, ignore_errors=True)
    diagrams.mkdir(parents=True)
    if not (folder / "node_modules" / "mermaid").is_dir():
        (folder / "package.json").write_text('{"private": true}\n', encoding="utf-8")
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", *PACKAGES], cwd=folder, check=True)
    for capture in [*sorted((tshark.source_dir() / "captures").glob("*.pcap*")), hostile.capture()]:
        drawn = drawings.split(tshark.run(["-q", "-n", "-r", capture, "-z", "sip_redirect,ladder,mermaid",
                                           "-z", "sip_redirect,ladder,html"]))["mermaid"]
        for number, diagram in enumerate(drawn):
            (diagrams / f"{capture.stem}-{number}.mmd").write_text(diagram, encoding="utf-8")
    shutil.copy(Path(__file__).with_name("parse.mjs"), folder)
    files = sorted(str(path) for path in diagrams.glob("*.mmd"))
    return subprocess.run(["node", "parse.mjs", *files], cwd=folder, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
