#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks what tshark prints about a capture against a .case file, and rewrites that file with --update.

    run_case.py [--update] FILE.case ...

A case is text; lines that begin with # say what the capture shows and how the expected rows were found:

    # RFC 3261 21.3.3: a UAC follows a 302.
    capture: captures/x.pcap
    options: -o sip_redirect.max_hops:3
    filter: sip_redirect
    fields: frame.number sip_redirect.code sip_redirect.verdict
    expected:
    3<TAB>302<TAB>...

capture is relative to the top of the project; {capture_dir} in options is its folder (for key logs). options, filter
and comments may be missing. Repeated values of a field stand with " | " between them. Frames that have none of the
fields (frame.* aside) are left out.

tshark runs four times: in one pass and in two (-2), each with the filter and without it; the rows of the filtered
frames must be the same with and without. A fifth run shows the fields as columns, which takes another path through
Wireshark (no -e, no filter): what is there must be there as well, and text must begin alike.

Fields that look ahead (contract: outcome, result, tried_in ...) are known late in one pass. Such a case has two blocks:

    expected (one pass):
    ...
    expected (two passes):
    ...

--update writes one block where both agree. It is for reviewing a difference that is understood, not for making it go.
"""

import argparse
import difflib
import functools
import os
import re
import shlex
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support import tshark, versions  # noqa: E402

BOTH, ONE, TWO = "expected:", "expected (one pass):", "expected (two passes):"
BETWEEN = " | "
# Columns are shown by another formatter: times, floats and value strings differ, and labels are cut.
COLUMN_TYPES = {"FT_STRING", "FT_FRAMENUM"}
COLUMN_COMPARED = 60


class Case:
    """A .case file: head as lines, blocks by their title."""

    def __init__(self, path):
        self.path = Path(path)
        self.head, self.blocks, self.settings = [], {}, {}
        block = None
        for line in self.path.read_text(encoding="utf-8").splitlines():
            if line in (BOTH, ONE, TWO):
                block = self.blocks.setdefault(line, [])
            elif block is not None:
                block.append(line)
            else:
                self.head.append(line)
                key, colon, value = line.partition(":")
                if colon and not line.startswith("#"):
                    self.settings[key.strip()] = value.strip()
        unknown = set(self.settings) - {"capture", "options", "filter", "fields"}
        if unknown or not {"capture", "fields"} <= set(self.settings):
            raise SystemExit(f"{path}: needs capture: and fields:, knows options: and filter:, got {self.settings}")
        self.capture = tshark.source_dir() / self.settings["capture"]
        if not self.capture.is_file():
            raise SystemExit(f"{path}: no capture {self.capture}")
        options = self.settings.get("options", "").replace("{capture_dir}", str(self.capture.parent))
        self.options = shlex.split(options)
        self.filter = self.settings.get("filter")
        self.fields = self.settings["fields"].split()

    def expected(self, title):
        block = self.blocks.get(title, self.blocks.get(BOTH))
        if block is None:
            raise SystemExit(f"{self.path}: neither '{BOTH}' nor '{title}'; make it with --update")
        return [line for line in block if line]

    def write(self, one_pass, two_pass):
        blocks = [(BOTH, one_pass)] if one_pass == two_pass else [(ONE, one_pass), (TWO, two_pass)]
        lines = list(self.head)
        for title, rows in blocks:
            lines += [title, *rows]
        self.path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def rows(self, two_pass, with_filter):
        """{frame number: printed row}"""
        names = list(dict.fromkeys(["frame.number", *self.fields]))  # tshark fills a field named twice only once
        printed = [names.index(name) for name in self.fields]
        rows = tshark.fields(self.capture, names, two_pass, self.filter if with_filter else None, self.options)
        return {
            int(row[0]): "\t".join(
                versions.as_in_4_0(names[i], row[i]).replace(tshark.SEPARATOR, BETWEEN) for i in printed
            )
            for row in rows
        }


def columns(case, types):
    """{frame number: {field: column text}} from a run with custom columns, in one pass and without a filter."""
    names = [name for name in case.fields if types.get(name) in COLUMN_TYPES]
    if not names:
        return {}, []
    layout = ['"No.","%m"', *(f'"{i}","%Cus:{name}:0:R"' for i, name in enumerate(names))]
    args = ["-n", "-r", case.capture, *case.options, "-o", "gui.column.format:" + ",".join(layout), "-T", "tabs"]
    result = {}
    for line in tshark.run(args).splitlines():
        cells = line.split("\t")
        result[int(cells[0])] = dict(zip(names, [cell.strip() for cell in cells[1:]]))
    return result, names


@functools.lru_cache(maxsize=None)
def field_types():
    rows = (line.split("\t") for line in tshark.run(["-G", "fields"]).splitlines())
    return {row[2]: row[3] for row in rows if row[0] == "F" and row[2].startswith("sip_redirect")}


def compare(title, expected, got):
    """True where they are the same; else prints how they differ."""
    diff = list(difflib.unified_diff(expected, got, "expected", "tshark", title, title, lineterm="", n=2))
    for line in diff:
        print(line.replace("\t", " \u2409 "))
    return not diff


def check_filter(case, title, filtered, unfiltered):
    kept = {frame: row for frame, row in unfiltered.items() if frame in filtered}
    return compare(f"{title}, with a filter and without", list(filtered.values()), list(kept.values()))


def check_columns(case, one_pass):
    shown, names = columns(case, field_types())
    good = True
    for frame, row in one_pass.items():
        for name, cell in zip(case.fields, row.split("\t")):
            if name not in names:
                continue
            column = shown.get(frame, {}).get(name, "")
            begin = cell.split(BETWEEN)[0][:COLUMN_COMPARED]
            if not column.startswith(begin) or bool(column) != bool(cell):
                print(f"frame {frame}: {name} is {cell!r}, but its column shows {column!r}")
                good = False
    return good


def run(path, update):
    case = Case(path)
    one_pass = case.rows(two_pass=False, with_filter=True)
    two_pass = case.rows(two_pass=True, with_filter=True)
    if update:
        case.write(list(one_pass.values()), list(two_pass.values()))
    good = compare(ONE, case.expected(ONE) if not update else list(one_pass.values()), list(one_pass.values()))
    good &= compare(TWO, case.expected(TWO) if not update else list(two_pass.values()), list(two_pass.values()))
    if case.filter:
        good &= check_filter(case, ONE, one_pass, case.rows(two_pass=False, with_filter=False))
        good &= check_filter(case, TWO, two_pass, case.rows(two_pass=True, with_filter=False))
    good &= check_columns(case, one_pass)
    if not one_pass and not two_pass and not re.search("nothing", "".join(case.head)):
        print(f"{path}: no row at all; a case that expects this says 'nothing' in its comment")
        good = False
    print(f"{case.path.name}: {len(one_pass)} rows in one pass, {len(two_pass)} in two: {'ok' if good else 'FAILED'}")
    return good


def main():
    parser = argparse.ArgumentParser(description="Check tshark's output against .case files.")
    parser.add_argument("--update", action="store_true", help="rewrite the expected blocks")
    parser.add_argument("cases", nargs="+", metavar="FILE.case")
    arguments = parser.parse_args()
    results = [run(path, arguments.update) for path in arguments.cases]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
