# SPDX-License-Identifier: GPL-2.0-or-later
# ctest: label=memcheck
"""The plugin with AddressSanitizer and UBSan in it, in tshark, over every capture of the project, whole and damaged.

All captures are merged into one (in the order of their names, so a failure is repeatable); that one, and copies of it
in which editcap has changed some of the bytes, go through tshark in one pass and in two. Wireshark's allocator is set
to take each block from malloc, with a canary at both ends, so that both it and AddressSanitizer watch the bounds.
"""

import shutil
import subprocess
import sys
import time

from support import sanitized, tshark

# Share of bytes changed, from which byte of a frame on, seed. Most frames are SIP from their 43rd byte on.
DAMAGE = [(0.0005, 42, 1), (0.002, 42, 2), (0.005, 42, 3), (0.02, 42, 4), (0.1, 42, 5), (0.002, 0, 6), (0.01, 0, 7)]


def merged():
    target = tshark.scratch("merged") / "all.pcapng"
    subprocess.run(["mergecap", "-a", "-w", target, *sanitized.captures()], check=True)
    return target


def damaged(capture, share, offset, seed):
    target = capture.with_name(f"damaged-{seed}.pcapng")
    subprocess.run(
        ["editcap", "-E", str(share), "--seed", str(seed), "-o", str(offset), capture, target],
        check=True, stderr=subprocess.DEVNULL,
    )
    return target


def main():
    env = sanitized.environment()
    sanitized.demand_plugin(env)
    whole = merged()
    runs = [("whole", whole), *((f"damaged {how}", damaged(whole, *how)) for how in DAMAGE)]
    for name, capture in runs:
        for two_pass in (False, True):
            start = time.monotonic()
            args = ["-n", *(["-2"] if two_pass else []), "-r", capture, *sanitized.key_options(), "-V"]
            # Other dissectors may complain of damaged frames; ours, AddressSanitizer and a crash may not.
            done = tshark.run_process(args, env=env)
            lines = done.stdout.count("SIP Redirect Analysis")
            finding = sanitized.finding(done)
            if finding:
                sys.exit(f"{name}: {finding}")
            if name == "whole" and not lines:
                sys.exit("the plugin shows nothing at all")
            print(f"{name}, {2 if two_pass else 1} pass: {lines} subtrees, {time.monotonic() - start:.1f} s")


if __name__ == "__main__":
    if not shutil.which("mergecap") or not shutil.which("editcap"):
        sys.exit("mergecap and editcap (package wireshark-common) are missing")
    main()
