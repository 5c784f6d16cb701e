#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the plugin costs, beside tshark without it, with transum, and with a Lua script: README.md says how to read it.

    bench.py [--rows ROW,...] [--columns COLUMN,...] [--check] [--plugin-dir DIR] [--before DIR] [--pairs N]

Rows: no-sip, rtp, short, long, calls, distinct, scale (instructions); calls-cpu, distinct-cpu, scale-cpu; calls-memory,
distinct-memory; or instructions, memory, cpu for all of a kind. All of them take about 40 minutes on a quiet
machine, the instructions 15 of them.

Environment: PLUGIN_DIR or BUILD_DIR, as for the tests (cmake --build BUILD --target bench sets them).
"""

import argparse
import os
import statistics
import sys
from pathlib import Path

import measure

# name: (kind of measurement, capture, its size, limit of plugin / stock, what it is)
ROWS = {
    "no-sip": ("instructions", "no_sip", 20_000, 1.01, "no SIP: DNS and HTTP"),
    "rtp": ("instructions", "rtp", 20_000, 1.02, "RTP-heavy"),
    "short": ("instructions", "redirected_short", 3_000, 1.05, "SIP only, a third redirected, short messages"),
    "long": ("instructions", "redirected_long", 3_000, 1.05, "SIP only, a third redirected, long messages"),
    "calls": ("instructions", "calls", 25_000, None, "25,000 calls in 22 s"),
    "distinct": ("instructions", "distinct302", 30_000, None, "30,000 distinct 302s"),
    "calls-cpu": ("cpu", "calls", 25_000, 1.06, "25,000 calls in 22 s"),
    "calls-memory": ("memory", "calls", 25_000, 1.05, "25,000 calls in 22 s"),
    "distinct-cpu": ("cpu", "distinct302", 300_000, 1.4, "300,000 distinct 302s"),
    "distinct-memory": ("memory", "distinct302", 300_000, 1.4, "300,000 distinct 302s"),
}
# The plugin's own cost of a message must be the same at all of these sizes.
SCALE = (10_000, 100_000, 1_000_000)
SCALE_LIMIT = 1.2
MESSAGES_PER_CALL = 7
# Runs at each size: the smaller a capture, the more of its time is start-up, and the more runs it takes to see the rest.
SCALE_PAIRS = {10_000: 41, 100_000: 15, 1_000_000: 7}
MEMORY_RUNS = 3
# Hash seeds differ from run to run, and with them a few instructions in a thousand: where the limit is as narrow as
# that, the least of so many runs is taken.
INSTRUCTION_RUNS, NARROW = 3, 1.06


class Table:
    """Prints rows as they are measured, and remembers whether all limits were kept."""

    def __init__(self, variants):
        self.variants = variants
        self.kept = True
        columns = "".join(f"{variant.name:>10}" for variant in variants[1:])
        print(f"{'capture':<46} {'measure':<13} {'stock':>14}{columns}   limit of the plugin")

    def row(self, what, measure_name, base, ratios, limit, note=""):
        cells = "".join(f"{ratio:10.3f}" if ratio else f"{'-':>10}" for ratio in ratios)
        verdict = ""
        if limit:
            within = ratios[0] <= limit
            self.kept = self.kept and within
            verdict = f"{limit:.2f} {'kept' if within else 'BROKEN'}"
        print(f"{what:<46} {measure_name:<13} {base:>14}{cells}   {verdict}{note}", flush=True)

    def note(self, text, within=True):
        self.kept = self.kept and within
        print(text, flush=True)


class Bench:
    def __init__(self, variants, pairs):
        self.variants, self.pairs = variants, pairs
        self.captures, self.runs, self.start_instructions, self.start_cost = {}, {}, None, None

    def capture(self, kind, amount=0):
        if (kind, amount) not in self.captures:
            self.captures[kind, amount] = measure.capture(kind, amount)
        return self.captures[kind, amount]

    def costs(self, kind, amount, count):
        """At least count runs of each variant, in turn."""
        done = self.runs.get((kind, amount))
        if done is None or len(done[self.variants[0].name]) < count:
            done = self.runs[kind, amount] = measure.rounds(self.variants, self.capture(kind, amount).path, count)
        return done

    def start_of_instructions(self):
        if self.start_instructions is None:
            empty = self.capture("empty").path
            self.start_instructions = {
                variant.name: measure.instructions(variant, empty) for variant in self.variants
            }
        return self.start_instructions

    def start_of_costs(self):
        """Medians of CPU time and memory of a run that reads nothing."""
        if self.start_cost is None:
            runs = measure.rounds(self.variants, self.capture("empty").path, 15)
            self.start_cost = {
                name: measure.Cost(
                    statistics.median(run.cpu for run in costs), statistics.median(run.memory for run in costs)
                )
                for name, costs in runs.items()
            }
        return self.start_cost

    def instructions(self, table, kind, amount, limit, what):
        start, path = self.start_of_instructions(), self.capture(kind, amount).path
        runs = INSTRUCTION_RUNS if limit and limit < NARROW else 1
        counts = [
            min(measure.instructions(variant, path) for _ in range(runs)) - start[variant.name]
            for variant in self.variants
        ]
        ratios = [count / counts[0] for count in counts[1:]]
        table.row(what, "instructions", f"{counts[0] / 1e6:,.0f} M", ratios, limit)

    def memory(self, table, kind, amount, limit, what):
        """The limit is one of the whole process; without start-up the figures are in the note."""
        start, runs = self.start_of_costs(), self.costs(kind, amount, MEMORY_RUNS)
        peaks = {name: statistics.median(run.memory for run in costs) for name, costs in runs.items()}
        stock = self.variants[0].name
        ratios = [peaks[variant.name] / peaks[stock] for variant in self.variants[1:]]
        table.row(what, "peak memory", f"{peaks[stock] / 1024:,.0f} MiB", ratios, limit)
        own = {name: peak - start[name].memory for name, peak in peaks.items()}
        ratios = [own[variant.name] / own[stock] for variant in self.variants[1:]]
        table.row("", "  above start", f"{own[stock] / 1024:,.0f} MiB", ratios, None)

    def cpu(self, table, kind, amount, limit, what):
        start, runs = self.start_of_costs(), self.costs(kind, amount, self.pairs)
        stock = self.variants[0].name
        ratios, spread = [], ""
        for variant in self.variants[1:]:
            each = sorted(
                (run.cpu - start[variant.name].cpu) / (base.cpu - start[stock].cpu)
                for run, base in zip(runs[variant.name], runs[stock])
            )
            ratios.append(statistics.median(each))
            least = [min(run.cpu for run in runs[name]) - start[name].cpu for name in (variant.name, stock)]
            spread = spread or f"   pairs {each[0]:.3f} to {each[-1]:.3f}, least runs {least[0] / least[1]:.3f}"
        base = statistics.median(run.cpu for run in runs[stock]) - start[stock].cpu
        table.row(what, "CPU", f"{base:.2f} s", ratios, limit, spread)

    def scale(self, table):
        """Instructions of the plugin's own for each message."""
        start = self.start_of_instructions()
        stock, plugin = self.variants[:2]
        own = []
        for messages in SCALE[:2]:
            found = self.capture("calls", messages // MESSAGES_PER_CALL)
            counts = [measure.instructions(variant, found.path) - start[variant.name] for variant in (stock, plugin)]
            own.append((counts[1] - counts[0]) / found.messages)
        within = max(own) / min(own) <= SCALE_LIMIT
        figures = ", ".join(f"{value:,.0f} at {messages:,}" for value, messages in zip(own, SCALE))
        table.note(f"the plugin's own instructions for each message: {figures}: "
                   f"ratio {max(own) / min(own):.2f}, limit {SCALE_LIMIT}, {'kept' if within else 'BROKEN'}", within)

    def scale_cpu(self, table):
        """Microseconds of the plugin's own for each message, with what the runs leave open.

        The limit is broken only where the figures cannot be within it: the difference of two runs is small, and noisy
        where the capture is.
        """
        variants = self.variants[:2]
        stock, plugin = (variant.name for variant in variants)
        lows, highs, shown = [], [], []
        for messages in SCALE:
            found = self.capture("calls", messages // MESSAGES_PER_CALL)
            count = max(SCALE_PAIRS[messages], self.pairs)
            starts = measure.rounds(variants, self.capture("empty").path, min(count, 21))
            start = statistics.median(b.cpu - a.cpu for a, b in zip(starts[stock], starts[plugin]))
            runs = measure.rounds(variants, found.path, count)
            each = [
                (b.cpu - a.cpu - start) / found.messages * 1e6 for a, b in zip(runs[stock], runs[plugin])
            ]
            middle = statistics.median(each)
            # Of a median of n values, the standard error is 1.25 times that of their mean.
            doubt = 2 * 1.25 * statistics.stdev(each) / len(each) ** 0.5
            lows.append(middle - doubt)
            highs.append(middle + doubt)
            shown.append(f"{middle:.2f} +- {doubt:.2f} us at {messages:,}")
        within = all(low <= SCALE_LIMIT * high for low in lows for high in highs)
        table.note(f"the plugin's own CPU time for each message: {', '.join(shown)}: "
                   f"limit {SCALE_LIMIT}, {'kept' if within else 'BROKEN'}", within)


def chosen_rows(text):
    names = [*ROWS, "scale", "scale-cpu"]
    if not text:
        return names
    rows = []
    for word in text.split(","):
        of_kind = [name for name in ROWS if ROWS[name][0] == word]
        if word == "instructions":
            of_kind.append("scale")
        if word == "cpu":
            of_kind.append("scale-cpu")
        if not of_kind and word not in names:
            raise SystemExit(f"no row {word}; there are {', '.join(names)}, instructions, memory, cpu")
        rows += of_kind or [word]
    return rows


def chosen_variants(args):
    if args.plugin_dir:
        os.environ["PLUGIN_DIR"] = os.path.abspath(args.plugin_dir)
    makers = {"transum": measure.transum, "lua": measure.lua}
    wanted = args.columns.split(",") if args.columns else []
    variants = [measure.stock(), measure.plugin()]
    if args.before:
        variants.append(measure.plugin(Path(args.before).resolve(), "before"))
    for word in wanted:
        if word not in makers:
            raise SystemExit(f"no column {word}; there are {', '.join(makers)}")
        variant = makers[word]()
        if variant is None:
            print(f"this tshark has no {word}")
        else:
            variants.append(variant)
    return variants


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", help="comma-separated; default: all")
    parser.add_argument("--columns", default="transum,lua", help="beside stock and the plugin: transum,lua (default both)")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a limit is broken")
    parser.add_argument("--plugin-dir", help="measure the plugin of this folder, not that of this build")
    parser.add_argument("--before", help="a further column: the plugin of this folder")
    parser.add_argument("--pairs", type=int, default=9, help="runs of each for CPU time (default 9)")
    args = parser.parse_args()
    variants = chosen_variants(args)
    for line in measure.description(variants):
        print(line)
    table, bench = Table(variants), Bench(variants, args.pairs)
    for name in chosen_rows(args.rows):
        if name == "scale":
            bench.scale(table)
        elif name == "scale-cpu":
            bench.scale_cpu(table)
        else:
            kind, capture, amount, limit, what = ROWS[name]
            getattr(bench, kind)(table, capture, amount, limit, what)
    return 1 if args.check and not table.kept else 0


if __name__ == "__main__":
    sys.exit(main())
