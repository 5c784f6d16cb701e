#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The benchmarks in short, for every run of the tests: that they measure what they say, and that nothing got much worse.

The limits are wide, so that a busy machine fails none of them: instructions do not depend on it, and the hostile cases
take many times as long as here allowed where the plugin's cost grows with the square of the input. The figures that the
project keeps to are in bench.py and hostile.py.
"""

import statistics
import sys
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import hostile_cases  # noqa: E402
import measure  # noqa: E402
from support import tshark  # noqa: E402

RATIO = 1.06  # of instructions; the limit, which bench.py --check holds on more messages, is 1.05
HOSTILE_SECONDS = 1.0  # CPU time that the plugin adds to a case
# The case, and its n: with a cost that is quadratic or worse each takes the plugin several seconds.
HOSTILE = {"params": 32, "openkeys": 20, "cr": 30_000, "bigchain": 96}


class Captures(unittest.TestCase):
    """A generator that wrote something else would make all figures wrong without a sign."""

    @classmethod
    def setUpClass(cls):
        cls.calls = 60
        cls.short = measure.capture("redirected_short", cls.calls)
        cls.long = measure.capture("redirected_long", cls.calls)

    def test_every_message_is_one(self):
        for capture in (self.short, self.long):
            rows = tshark.fields(capture.path, ["sip.Call-ID", "sip.CSeq.method"])
            self.assertEqual(len(rows), capture.messages)
            self.assertEqual(capture.messages, 20 * 10 + 40 * 7)

    def test_sizes(self):
        headers = 42  # Ethernet, IPv4, UDP
        for capture, size in ((self.short, 400), (self.long, 1000)):
            mean = capture.bytes / capture.frames - headers
            self.assertAlmostEqual(mean, size, delta=size * 0.1)

    def test_a_third_is_redirected_and_followed(self):
        rows = tshark.fields(
            self.short.path, ["sip_redirect.chain.redirected_in"], display_filter="sip.Method == INVITE"
        )
        self.assertEqual(len([row for row in rows if row[0]]), 20)

    def test_lua_script_sees_the_same_follow_ups(self):
        lua = measure.lua()
        if lua is None:
            self.skipTest("this tshark has no Lua")
        names = ["frame.number", "by_call_id.redirected_in", "sip_redirect.chain.redirected_in"]
        rows = tshark.fields(self.short.path, names, display_filter="sip.Method == INVITE", options=lua.options)
        self.assertEqual([row[1] for row in rows], [row[2] for row in rows])

    def test_in_order_of_time_and_as_many_a_second_as_promised(self):
        capture = measure.capture("calls", 2500)
        times = [float(row) for row in tshark.run(
            ["-r", capture.path, "-T", "fields", "-e", "frame.time_epoch"]).split()]
        self.assertEqual(times, sorted(times))
        self.assertLess(times[-1] - times[0], 2.2 + 0.81)


class Cost(unittest.TestCase):
    def test_instructions(self):
        variants = (measure.stock(), measure.plugin())
        paths = [measure.capture(kind, amount).path for kind, amount in (("empty", 0), ("redirected_short", 1000))]
        runs = [(variant, path) for path in paths for variant in variants]
        with ThreadPoolExecutor(2) as pool:
            counts = list(pool.map(lambda run: measure.instructions(*run), runs))
        stock, plugin = counts[2] - counts[0], counts[3] - counts[1]
        self.assertGreater(stock, 100_000_000)
        self.assertLess(plugin / stock, RATIO, f"{plugin:,} / {stock:,} instructions")

    def test_hostile(self):
        variants = (measure.stock(), measure.plugin())
        empty = measure.rounds(variants, measure.capture("empty").path, 3)
        start = {name: statistics.median(run.cpu for run in runs) for name, runs in empty.items()}
        for name, size in HOSTILE.items():
            with self.subTest(case=name, n=size):
                path = measure.capture(name, size).path
                case = hostile_cases.CASES[name]
                stock = measure.cost(variants[0], path, case.options).cpu - start["stock"]
                try:
                    plugin = measure.cost(variants[1], path, case.options, limit=10).cpu - start["plugin"]
                except measure.TooLong:
                    self.fail("ended after more than 10 s")
                self.assertLess(plugin - stock, HOSTILE_SECONDS)


if __name__ == "__main__":
    unittest.main()
