# SPDX-License-Identifier: GPL-2.0-or-later
# ctest: timeout=600 label=memcheck
"""The plugin with AddressSanitizer and UBSan in it, in tshark, over every capture of the project, whole and damaged.

All captures are merged into one (in the order of their names, so a failure is repeatable); that one, and copies of it
in which editcap has changed some of the bytes, go through tshark in one pass and in two. Wireshark's allocator is told
to take each block from malloc, with a canary at both ends, so that both it and AddressSanitizer watch the bounds.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from support import tshark

# Share of bytes changed, from which byte of a frame on, seed. Most frames are SIP from their 43rd byte on.
DAMAGE = [(0.0005, 42, 1), (0.002, 42, 2), (0.005, 42, 3), (0.02, 42, 4), (0.1, 42, 5), (0.002, 0, 6), (0.01, 0, 7)]
ENDS = (".pcap", ".pcapng", ".cap")


def captures():
    found = sorted(path for path in (tshark.source_dir() / "captures").rglob("*") if path.suffix in ENDS)
    if not found:
        sys.exit("no captures")
    return found


def merged():
    target = tshark.scratch("merged") / "all.pcapng"
    subprocess.run(["mergecap", "-a", "-w", target, *captures()], check=True)
    return target


def damaged(capture, share, offset, seed):
    target = capture.with_name(f"damaged-{seed}.pcapng")
    subprocess.run(
        ["editcap", "-E", str(share), "--seed", str(seed), "-o", str(offset), capture, target],
        check=True, stderr=subprocess.DEVNULL,
    )
    return target


def options():
    """-o for the keys of every capture that is encrypted."""
    keys = sorted((tshark.source_dir() / "captures").rglob("*.keys"))
    if not keys:
        return []
    together = tshark.scratch("keys") / "all.keys"
    together.write_text("\n".join(path.read_text() for path in keys), encoding="utf-8")
    return ["-o", f"tls.keylog_file:{together}"]


def preloaded():
    library = subprocess.run(
        [os.environ.get("CC", "gcc"), "-print-file-name=libasan.so"], check=True, stdout=subprocess.PIPE, text=True
    ).stdout.strip()
    real = os.path.realpath(library)
    if not os.path.isfile(real):
        sys.exit(f"no libasan: {library}")
    return real


def sanitized_environment():
    plugins = Path(os.environ["BUILD_DIR"], "wireshark-plugins-asan")
    if not list(plugins.glob("*/epan/sip_redirect.so")):
        sys.exit(f"no plugin below {plugins}: configure with SIP_REDIRECT_SANITIZE=ON and gcc")
    return {
        "WIRESHARK_PLUGIN_DIR": str(tshark.reachable(plugins)),
        "WIRESHARK_DEBUG_WMEM_OVERRIDE": "strict",
        "LD_PRELOAD": preloaded(),
        "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=0:exitcode=99",
        "UBSAN_OPTIONS": "print_stacktrace=1",
    }


def main():
    env = sanitized_environment()
    plugins = tshark.run(["-G", "plugins"], env=env)
    if "wireshark-plugins-asan" not in plugins:
        sys.exit(f"tshark has not loaded the sanitized plugin:\n{plugins}")
    whole = merged()
    runs = [("whole", whole), *((f"damaged {how}", damaged(whole, *how)) for how in DAMAGE)]
    for name, capture in runs:
        for two_pass in (False, True):
            start = time.monotonic()
            args = ["-n", *(["-2"] if two_pass else []), "-r", capture, *options(), "-V"]
            # Other dissectors may complain of damaged frames; ours, AddressSanitizer and a crash may not.
            done = tshark.run_process(args, env=env, timeout=300)
            lines = done.stdout.count("SIP Redirect Analysis")
            if done.returncode not in (0, 2) or "Sanitizer" in done.stderr or "runtime error" in done.stderr:
                sys.exit(f"{name}: exit status {done.returncode}\n{done.stderr[-6000:]}")
            if "protocol SIP_REDIRECT" in done.stderr or "protocol SIP Redirect" in done.stderr:
                sys.exit(f"{name}: {done.stderr[-6000:]}")
            if name == "whole" and not lines:
                sys.exit("the plugin shows nothing at all")
            print(f"{name}, {2 if two_pass else 1} pass: {lines} subtrees, {time.monotonic() - start:.1f} s")


if __name__ == "__main__":
    if not shutil.which("mergecap") or not shutil.which("editcap"):
        sys.exit("mergecap and editcap (package wireshark-common) are missing")
    main()
