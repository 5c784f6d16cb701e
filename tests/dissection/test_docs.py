#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The documents say what is so: the field reference is that of the registered fields, and every filter finds its frames."""

import importlib.machinery
import importlib.util
import re
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support import tshark  # noqa: E402

TOP = tshark.source_dir()
ROW = re.compile(r"^\| (?P<what>[^|]+) \| `(?P<filter>.+?)` \| `(?P<capture>[\w.-]+)` \| (?P<frames>[^|]+) \|$")


def filters():
    rows = [ROW.match(line) for line in (TOP / "docs" / "filters.md").read_text().splitlines()]
    return [row.groupdict() for row in rows if row]


def numbers(text):
    found = []
    for part in text.replace("none", "").split(","):
        if part.strip():
            first, _, last = part.strip().partition("-")
            found += range(int(first), int(last or first) + 1)
    return found


def field_reference():
    path = TOP / "scripts" / "field-reference"
    loader = importlib.machinery.SourceFileLoader("field_reference", str(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("field_reference", loader))
    loader.exec_module(module)
    return module


class Docs(unittest.TestCase):
    maxDiff = None

    def test_field_reference(self):
        self.assertEqual((TOP / "docs" / "fields.md").read_text(), field_reference().page(),
                         "run scripts/field-reference --write")

    def test_every_field_has_a_description(self):
        for name, entries in field_reference().registered().items():
            for _, kind, text in entries:
                self.assertTrue(kind == "FT_NONE" or text, name)

    def test_every_capture_is_described(self):
        table = (TOP / "captures" / "README.md").read_text()
        for path in sorted((TOP / "captures").glob("*.pcap*")):
            with self.subTest(path.name):
                self.assertTrue(path.with_suffix(".truth.md").exists(), "it has no truth")
                self.assertIn(f"| {path.stem} |", table)
                self.assertTrue(list((TOP / "tests" / "dissection").glob(f"{path.stem}*.case")), "it has no case")

    def test_filters(self):
        rows = filters()
        self.assertGreaterEqual(len(rows), 12)
        for row in rows:
            with self.subTest(row["filter"]):
                out = tshark.run(["-2", "-r", TOP / "captures" / row["capture"], "-Y", row["filter"], "-T", "fields",
                                  "-e", "frame.number"])
                self.assertEqual([int(line) for line in out.split()], numbers(row["frames"]))

    def test_manual_page_names_every_preference_and_report(self):
        manual = (TOP / "docs" / "sip_redirect.4.in").read_text()
        for line in tshark.run(["-G", "currentprefs"]).splitlines():
            match = re.match(r"^#?(sip_redirect\.\w+):", line)
            if match:
                self.assertIn(match.group(1), manual)
        for report in ("sip_redirect,chains", "sip_redirect,tree", "sip_redirect,compare"):
            self.assertIn(report, manual)


if __name__ == "__main__":
    unittest.main()
