#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the plugin costs on input that tries to make it work hard: README.md says how to read it.

    hostile.py [--cases CASE,...] [--plugin-dir DIR] [--list]

Each case of hostile_cases.py is read at three sizes, each twice as large as the one before, without and with the plugin.
Exits with 1 where doubling the input more than doubles the plugin's own cost, or where one message costs more than 5 ms.
Takes less than 20 minutes on two quiet cores.

Environment: PLUGIN_DIR or BUILD_DIR, as for the tests (cmake --build BUILD --target bench-hostile sets them).
"""

import argparse
import os
import statistics
import sys
from dataclasses import dataclass

import hostile_cases
import measure

PER_MESSAGE = 0.005  # seconds
GROWTH = 2.0  # of the plugin's own cost, where the input doubles
TIME_TOLERANCE = 1.3  # CPU times of one run differ by as much
INSTRUCTION_TOLERANCE = 1.1  # hash tables grow in steps
SMALLEST = 0.3  # seconds; of a smaller difference between two runs the growth cannot be judged
RUNS, RUNS_OF_SLOW, SLOW = 3, 2, 2.0
LIMIT = 40.0  # CPU seconds of one run
CLEAR = 4.0  # seconds; a cost as large as that is not noise, and its instructions would take minutes to count
FRAME_RUNS, FRAME_RUNS_MORE = 2, 3


@dataclass
class Point:
    """One size of a case."""

    size: int
    capture: measure.Capture
    stock: float
    own: float  # what the plugin adds, seconds
    memory: float  # MiB that the plugin adds


class Hostile:
    def __init__(self):
        self.stock, self.plugin = measure.stock(), measure.plugin()
        empty = measure.capture("empty").path
        runs = measure.rounds([self.stock, self.plugin], empty, 9)
        middle = {name: statistics.median(run.cpu for run in costs) for name, costs in runs.items()}
        self.start = middle["plugin"] - middle["stock"]
        self.empty = empty
        self.start_instructions = None

    def with_plugin(self, case):
        return measure.Variant("plugin", plugin=True, options=list(case.plugin_options))

    def point(self, name, case, size):
        """The least of several runs; raises measure.TooLong."""
        capture = measure.capture(name, size)
        best = {}
        runs = RUNS
        while runs > 0:
            for variant in (self.stock, self.with_plugin(case)):
                cost = measure.cost(variant, capture.path, case.options, LIMIT)
                old = best.get(variant.name, cost)
                best[variant.name] = measure.Cost(min(cost.cpu, old.cpu), min(cost.memory, old.memory))
            slow = best["plugin"].cpu
            runs = 0 if slow > 4 * SLOW else runs - (2 if slow > SLOW and runs == RUNS else 1)
        stock, plugin = best["stock"], best["plugin"]
        return Point(size, capture, stock.cpu, plugin.cpu - stock.cpu - self.start, (plugin.memory - stock.memory) / 1024)

    def own_instructions(self, case, path):
        if self.start_instructions is None:
            self.start_instructions = [measure.instructions(v, self.empty) for v in (self.stock, self.plugin)]
        counts = [measure.instructions(v, path, case.options) for v in (self.stock, self.with_plugin(case))]
        return (counts[1] - counts[0]) - (self.start_instructions[1] - self.start_instructions[0])

    def growth_is_kept(self, case, small, large):
        """Whether the plugin's own cost grows no faster than the input; and a note."""
        if large.own < SMALLEST:
            return True, ""
        allowed = max(GROWTH, large.capture.bytes / small.capture.bytes)
        grown = large.own / max(small.own, 0.001)
        if grown <= allowed * TIME_TOLERANCE:
            return True, ""
        if large.own > CLEAR:
            return False, f"grows {grown:.1f}-fold from n={small.size:,} to {large.size:,}"
        counts = [self.own_instructions(case, point.capture.path) for point in (small, large)]
        grown = counts[1] / counts[0]
        return grown <= allowed * INSTRUCTION_TOLERANCE, f"instructions grow {grown:.2f}-fold to n={large.size:,}"

    def slowest_frame(self, case, capture):
        """What the plugin adds to the frame that it slows down most, in seconds; a message's share of it."""
        plugin = self.with_plugin(case)
        runs = {"stock": [], "plugin": []}
        messages = measure.messages_by_frame(self.stock, capture.path)
        for count in range(FRAME_RUNS + FRAME_RUNS_MORE):
            runs["stock"].append(measure.frame_times(self.stock, capture.path))
            runs["plugin"].append(measure.frame_times(plugin, capture.path))
            least = {name: [min(times) for times in zip(*frames)] for name, frames in runs.items()}
            added = [b - a for a, b in zip(least["stock"], least["plugin"])]
            worst = max(time / max(1, held) for time, held in zip(added, messages))
            if count + 1 >= FRAME_RUNS and worst <= PER_MESSAGE:
                break
        return worst

    def run(self, name):
        """Measures one case and prints its line. Returns whether it is as it should be."""
        case = hostile_cases.CASES[name]
        points, faults = [], []
        for size in case.sizes:
            try:
                points.append(self.point(name, case, size))
            except measure.TooLong:
                faults.append(f"n={size:,} takes more than {LIMIT:.0f} s")
                break
        each, size = max(((point.own / point.capture.messages, point.size) for point in points), default=(0, 0))
        if each > PER_MESSAGE:
            faults.append(f"a message costs {each * 1000:.1f} ms at n={size:,}")
        notes = []
        for small, large in zip(points, points[1:]):
            kept, note = self.growth_is_kept(case, small, large)
            (notes if kept else faults).append(note)
        worst = None
        if not faults and not case.options:
            worst = self.slowest_frame(case, points[-1].capture)
            if worst > PER_MESSAGE:
                faults.append(f"one message costs {worst * 1000:.1f} ms")
        self.print(name, case, points, worst, faults, [note for note in notes if note])
        return not faults

    def print(self, name, case, points, worst, faults, notes):
        sizes = "/".join(f"{size:,}" for size in case.sizes)
        stock = " ".join(f"{point.stock:5.2f}" for point in points)
        own = " ".join(f"{point.own:6.2f}" for point in points)
        grown = " ".join(
            f"{large.own / small.own:4.1f}" if large.own >= SMALLEST and small.own > 0.02 else "   -"
            for small, large in zip(points, points[1:])
        )
        each = f"{points[-1].own / points[-1].capture.messages * 1e6:9,.1f}" if points else ""
        frame = f"{worst * 1000:6.2f}" if worst is not None else ""
        memory = f"{points[-1].memory:6.0f}" if points else ""
        verdict = "FAILS: " + "; ".join(faults) if faults else "; ".join(["ok", *notes])
        print(f"{name:<17}{sizes:<23}{stock:<18}{own:<22}{grown:<11}{each:>9}{frame:>8}{memory:>8}  {verdict}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", help="comma-separated; default: all")
    parser.add_argument("--plugin-dir", help="measure the plugin of this folder, not that of this build")
    parser.add_argument("--list", action="store_true", help="say what each case is")
    args = parser.parse_args()
    if args.list:
        for name, case in hostile_cases.CASES.items():
            print(f"{name:<18}{'/'.join(map(str, case.sizes)):<22}{case.write.__doc__.splitlines()[0]}")
        return 0
    names = args.cases.split(",") if args.cases else list(hostile_cases.CASES)
    unknown = [name for name in names if name not in hostile_cases.CASES]
    if unknown:
        parser.error(f"no case {', '.join(unknown)}; --list shows them")
    if args.plugin_dir:
        os.environ["PLUGIN_DIR"] = os.path.abspath(args.plugin_dir)
    hostile = Hostile()
    for line in measure.description([hostile.plugin]):
        print(line)
    print("CPU seconds; own: what the plugin adds. us: of its own for each message, at the largest n. frame: ms that it adds\n"
          "to the slowest frame. MiB: peak memory that it adds.")
    print(f"{'case':<17}{'n':<23}{'stock':<18}{'own':<22}{'growth':<11}{'us':>9}{'frame':>8}{'MiB':>8}")
    failed = [name for name in names if not hostile.run(name)]
    print(f"{len(names) - len(failed)} of {len(names)} cases as they should be"
          + (f"; not: {', '.join(failed)}" if failed else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
