# SPDX-License-Identifier: GPL-2.0-or-later
# ctest: label=memcheck
"""Valgrind finds nothing of the plugin's over all captures: no value used unset, no block lost when tshark ends.

tshark and the libraries below it have findings of their own; those do not count. A finding counts as the plugin's where
one of its files is anywhere in the call stack, so a block that Wireshark allocates for it counts too.
"""

import re
import shutil
import sys

from dissection import test_memory
from support import sanitized, tshark

ALLOCATE_EACH_BLOCK = {"WIRESHARK_DEBUG_WMEM_OVERRIDE": "simple", "G_SLICE": "always-malloc"}


def findings(log):
    """Valgrind's records: paragraphs of lines that begin with ==pid==."""
    return re.split(r"\n==\d+== *\n", log)


def main():
    valgrind = shutil.which("valgrind")
    if not valgrind:
        sys.exit("valgrind is not installed")
    log = tshark.scratch("valgrind") / "log"
    capture = test_memory.merged()
    output = tshark.run(
        ["--keep-debuginfo=yes", "--leak-check=full", "--num-callers=40", f"--log-file={log}",
         tshark.executable(), "--enable-protocol", tshark.PROTOCOL,
         "-2", "-n", "-r", capture, *sanitized.key_options(), "-V"],
        program=valgrind, env=ALLOCATE_EACH_BLOCK, statuses=(0, 2),
    )
    if "SIP Redirect Analysis" not in output:
        sys.exit("the plugin shows nothing at all")
    names = {path.name for path in (tshark.source_dir() / "plugin").glob("*.[ch]")} | {"sip_redirect.so"}
    ours = re.compile(r"\b(?:" + "|".join(map(re.escape, sorted(names))) + r")\b")
    text = log.read_text(encoding="utf-8", errors="replace")
    if "ERROR SUMMARY" not in text:
        sys.exit(f"valgrind did not finish:\n{text[-3000:]}")
    bad = [record for record in findings(text) if ours.search(record)]
    print("\n\n".join(bad))
    print(f"{len(bad)} findings of the plugin's, {text.count(' at 0x') - len(bad)} of others")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
