# SPDX-License-Identifier: GPL-2.0-or-later
"""tshark with the plugin that has AddressSanitizer and UBSan in it, under Wireshark's strict allocator."""

import os
import subprocess
import sys
from pathlib import Path

from support import tshark

ENDS = (".pcap", ".pcapng", ".cap")


def captures():
    """All captures of the project, by name."""
    found = sorted(path for path in (tshark.source_dir() / "captures").rglob("*") if path.suffix in ENDS)
    if not found:
        sys.exit("no captures")
    return found


def key_options():
    """-o for the keys of every capture that is encrypted."""
    keys = sorted((tshark.source_dir() / "captures").rglob("*.keys"))
    if not keys:
        return []
    together = tshark.scratch("keys") / "all.keys"
    together.write_text("\n".join(path.read_text() for path in keys), encoding="utf-8")
    return ["-o", f"tls.keylog_file:{together}"]


def preloaded():
    """libasan, which must be there before tshark is: Wireshark itself has no sanitizer in it."""
    library = subprocess.run(
        [os.environ.get("CC", "gcc"), "-print-file-name=libasan.so"], check=True, stdout=subprocess.PIPE, text=True
    ).stdout.strip()
    real = os.path.realpath(library)
    if not os.path.isfile(real):
        sys.exit(f"no libasan: {library}")
    return real


def environment():
    """For tshark.run_process()."""
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


def demand_plugin(env):
    """Stops where tshark has not loaded the sanitized plugin."""
    plugins = tshark.run(["-G", "plugins"], env=env)
    if "wireshark-plugins-asan" not in plugins:
        sys.exit(f"tshark has not loaded the sanitized plugin:\n{plugins}")


def finding(done):
    """What a run of tshark found, as text; None where it found nothing.

    Other dissectors may complain of damaged frames; ours, AddressSanitizer and a crash may not.
    """
    ours = ("Sanitizer", "runtime error", "protocol SIP_REDIRECT", "protocol SIP Redirect")
    if done.returncode in (0, 2) and not any(sign in done.stderr for sign in ours):
        return None
    return f"exit status {done.returncode}\n{done.stderr[-6000:]}"
