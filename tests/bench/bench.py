#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the plugin costs: instructions by callgrind, and memory, of plain `tshark -r` with it against without it.

    bench.py [--quick] [--memory-messages N]

Start-up (a capture without packets) is subtracted on both sides. Instruction counts repeat; times do not, so none are
given. Prints one line a figure with the limit that it must keep, and exits with 1 where one is not kept.

Environment: PLUGIN_DIR or BUILD_DIR, as for the tests.
"""

import argparse
import os
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import generate
from support import tshark

LIMIT_RTP = 1.05
LIMIT_SIP = 1.10
LIMIT_MEMORY = 1.05


def capture(kind, amount=0):
    """Writes a generated capture and returns its path."""
    path = tshark.scratch("bench") / f"{kind}-{amount}.pcap"
    if not path.exists():
        pcap = generate.Pcap(path)
        if kind != "empty":
            {"sip": generate.sip, "rtp": generate.rtp, "open": generate.open_chains}[kind](pcap, amount)
        pcap.close()
        path.chmod(0o644)
    return path


def instructions(path, plugin):
    """Instructions that tshark executes to read path."""
    args = ["--tool=callgrind", "--callgrind-out-file=/dev/null", tshark.executable(), "-r", str(path)]
    done = tshark.run_process(args, program="valgrind", plugin=plugin, timeout=3600)
    match = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or not match:
        raise SystemExit(f"callgrind failed:\n{done.stderr[-2000:]}")
    return int(match.group(1))


def peak_memory(path, plugin):
    """Peak resident memory of tshark, in KiB, as the kernel counts it."""
    code = (
        "import resource, subprocess, sys\n"
        "subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
    )
    args = ["-c", code, tshark.executable(), "-r", str(path)]
    return int(tshark.run(args, program=sys.executable, plugin=plugin, timeout=3600))


def ratio(kind, amount, start):
    """(with / without, without, with), start-up subtracted."""
    path = capture(kind, amount)
    counts = [instructions(path, plugin) - start[plugin] for plugin in (False, True)]
    return counts[1] / counts[0], *counts


def report(name, value, limit, detail):
    kept = value <= limit
    print(f"{name:<58} {value:7.3f}  at most {limit:.2f}  {'ok' if kept else 'TOO HIGH'}   {detail}", flush=True)
    return kept


def per_message(amount, start):
    """Instructions a message that the plugin adds while amount redirects are open."""
    _, without, with_plugin = ratio("open", amount, start)
    return (with_plugin - without) / (3 * amount)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="smaller captures; no memory, no open chains")
    parser.add_argument("--memory-messages", type=int, default=250_000)
    args = parser.parse_args()
    start = {plugin: instructions(capture("empty"), plugin) for plugin in (False, True)}
    print(f"start-up: {start[False]:,} instructions without, {start[True]:,} with the plugin", flush=True)
    size = 1 if args.quick else 4
    kept = []
    for kind, amount, limit, name in (
        ("rtp", 5_000 * size, LIMIT_RTP, "instructions, RTP-heavy capture"),
        ("sip", 2_000 * size, LIMIT_SIP, "instructions, SIP only, a third of the calls redirected"),
    ):
        value, without, with_plugin = ratio(kind, amount, start)
        kept.append(report(name, value, limit, f"{with_plugin:,} / {without:,}"))
    if not args.quick:
        few, many = per_message(5_000, start), per_message(50_000, start)
        kept.append(report("added per message, 50,000 open chains against 5,000", many / few, 1.10,
                           f"{many:,.0f} / {few:,.0f} instructions"))
        path = capture("sip", args.memory_messages)
        memory = [peak_memory(path, plugin) for plugin in (False, True)]
        kept.append(report(f"peak memory, SIP only, {args.memory_messages:,} messages", memory[1] / memory[0],
                           LIMIT_MEMORY, f"{memory[1]:,} / {memory[0]:,} KiB"))
    return 0 if all(kept) else 1


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    sys.exit(main())
