# SPDX-License-Identifier: GPL-2.0-or-later
"""Damages captures at random and dissects them with the sanitized plugin. A person calls it: it is no test.

    cmake --build build --target fuzz-captures
    BUILD_DIR=build PYTHONPATH=tests python3 tests/fuzz/damage_captures.py [RUNS [FIRST-SEED]]

Each run takes the next capture of the project, lets editcap change a share of its bytes (0.002, 0.01, 0.02 and 0.05 in
turn), and dissects it once in one pass and once in two, under Wireshark's strict allocator. A finding stops it and names
the seed: the same command with that seed and one run shows it again.
"""

import itertools
import random
import struct
import subprocess
import sys
import time

from support import sanitized, tshark

SHARES = (0.002, 0.01, 0.02, 0.05)
# Larger ones take minutes under the sanitizer.
MOST_BYTES = 700_000


ENHANCED_PACKET, SECRETS = 6, 10  # block types of pcapng


def blocks(data):
    """(type, start, end) of each block of a pcapng file of this machine's byte order."""
    at = 0
    while at + 12 <= len(data):
        kind, size = struct.unpack_from("=II", data, at)
        yield kind, at, at + size
        at += size


def damage_packets(data, share, seed):
    """As editcap -E does it: each byte of a packet is changed with the probability share."""
    chance = random.Random(seed)
    for kind, start, _ in list(blocks(data)):
        if kind == ENHANCED_PACKET:
            captured, = struct.unpack_from("=I", data, start + 20)
            for at in range(start + 28, start + 28 + captured):
                if chance.random() < share:
                    data[at] = chance.randrange(256)


def has_secrets(data):
    return data[:4] == b"\x0a\x0d\x0d\x0a" and any(kind == SECRETS for kind, *_ in blocks(data))


def damaged(capture, share, seed):
    target = tshark.scratch("damaged") / f"{seed}.pcapng"
    data = bytearray(capture.read_bytes())
    if has_secrets(data):  # editcap refuses to write such a file
        damage_packets(data, share, seed)
        target.write_bytes(data)
    else:
        subprocess.run(
            ["editcap", "-E", str(share), "--seed", str(seed), capture, target], check=True, stderr=subprocess.DEVNULL
        )
    return target


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    env = sanitized.environment()
    sanitized.demand_plugin(env)
    keys = sanitized.key_options()
    small = [path for path in sanitized.captures() if path.stat().st_size <= MOST_BYTES]
    chosen = itertools.islice(itertools.cycle(small), first - 1, first - 1 + runs)
    start = time.monotonic()
    for seed, capture in enumerate(chosen, first):
        # All captures meet all shares: the share changes only after a round.
        share = SHARES[(seed - 1) // len(small) % len(SHARES)]
        broken = damaged(capture, share, seed)
        for passes in ([], ["-2"]):
            done = tshark.run_process(["-n", *passes, "-r", broken, *keys, "-V"], env=env)
            found = sanitized.finding(done)
            if found:
                sys.exit(f"seed {seed}, {share} of {capture.name}, {passes or 'one pass'}: {found}")
        broken.unlink()
        if seed % 50 == 0 or seed == first + runs - 1:
            print(f"{seed - first + 1} runs of two, {time.monotonic() - start:.0f} s, no findings", flush=True)


if __name__ == "__main__":
    main()
