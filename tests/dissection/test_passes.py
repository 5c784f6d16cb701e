# SPDX-License-Identifier: GPL-2.0-or-later
# ctest: label=dissection timeout=3600
"""Frames may be visited once, twice, without a protocol tree, or in any order: what the plugin shows is the same.

For every capture of captures/:
- what tshark shows of a frame does not depend on a filter, in one pass and in two (-2);
- one pass and two differ only in what looks ahead (docs/fields.md), and in messages before their chain began;
- columns without a filter show what -e shows, in one pass and in two;
- -z expert counts alike in one pass and in two, sip_redirect.not_followed aside;
- -2 -q -z expert, whose second pass has no tree (as Wireshark's Expert Information window), shows what the tree has;
- sharkd, asked for frames in random order as a user clicks on them, shows the tree that -2 shows.

Run by itself on other captures: BUILD_DIR=<build> python3 tests/dissection/test_passes.py FILE...
"""

import functools
import json
import os
import random
import re
import shutil
import sys
import unittest
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support import tshark  # noqa: E402

AHEAD = {
    "sip_redirect." + name
    for name in (
        "verdict target.tried_in target.result chain.hops chain.path chain.outcome chain.final_code chain.final_in "
        "chain.followed_in chain.hidden_in not_followed hidden_from_caller answered_elsewhere "
        "sent_to_old_server contact_unreachable credentials_missing ack_missing made_of_busy compared"
    ).split()
}
# Expert items in hindsight; a rule with look_back is one (plugin/redirect-rules.c).
IN_HINDSIGHT = " or ".join(
    f"sip_redirect.{name}"
    for name in (
        "not_followed hidden_from_caller answered_elsewhere sent_to_old_server contact_unreachable credentials_missing "
        "ack_missing made_of_busy"
    ).split()
)
TREE_NAME = "SIP Redirect"  # as the Protocol column of -z expert, and the top of the subtree, show it
PASSES = ("one pass", "two passes")
COLUMN_CUT = 60  # columns are cut, and times in them are written otherwise
LABEL_CUT = 200  # labels are cut at different lengths by different printers; they must be alike up to here


def captures():
    return sorted(path for path in (tshark.source_dir() / "captures").glob("*.pcap*") if path.is_file())


@functools.lru_cache(maxsize=None)
def field_names():
    rows = (line.split("\t") for line in tshark.run(["-G", "fields"]).splitlines())
    return tuple(row[2] for row in rows if row[0] == "F" and row[2].startswith("sip_redirect."))


@functools.lru_cache(maxsize=None)
def text_fields():
    rows = (line.split("\t") for line in tshark.run(["-G", "fields"]).splitlines())
    return tuple(
        row[2]
        for row in rows
        if row[0] == "F" and row[2].startswith("sip_redirect.") and row[3] in ("FT_STRING", "FT_FRAMENUM")
    )


@functools.lru_cache(maxsize=None)
def shown(capture, two_pass, display_filter=None):
    """{frame number: {field: values}} of the fields that are there."""
    names = field_names()
    rows = tshark.fields(capture, ["frame.number", *names], two_pass, display_filter)
    return {int(row[0]): {name: value for name, value in zip(names, row[1:]) if value} for row in rows}


def columns(capture, two_pass):
    """{frame number: {field: text}} from custom columns; Wireshark then dissects without any -e and any filter."""
    names = text_fields()
    layout = ",".join(['"No.","%m"', *(f'"{i}","%Cus:{name}:1:R"' for i, name in enumerate(names))])
    args = ["-n", "-r", capture, *(["-2"] if two_pass else []), "-o", "gui.column.format:" + layout, "-T", "tabs"]
    result = {}
    for line in tshark.run(args).splitlines():
        cells = line.split("\t")
        result[int(cells[0])] = {name: cell.strip() for name, cell in zip(names, cells[1:]) if cell.strip()}
    return {frame: cells for frame, cells in result.items() if cells}


@functools.lru_cache(maxsize=None)
def expert_table(capture, two_pass):
    """Counter of (severity, group, summary) that -z expert shows for the plugin, without any other output."""
    text = tshark.run(["-n", "-r", capture, *(["-2"] if two_pass else []), "-q", "-z", "expert"])
    result, severity = Counter(), ""
    for line in text.splitlines():
        title = re.fullmatch(r"(\w+)s \(\d+\)", line)
        row = re.match(r" *(\d+) +(.*?) +" + TREE_NAME + r"  (.*)", line)
        if title:
            severity = title.group(1)
        elif row:
            result[severity, row.group(2), row.group(3)] += int(row.group(1))
    return result


@functools.lru_cache(maxsize=None)
def expert_messages(capture, plugin):
    """{frame: Counter of expert messages} of all protocols and frames, from the trees of a second pass."""
    names = ["frame.number", "_ws.expert.message"]
    args = ["-n", "-r", capture, "-2", "-T", "fields", "-E", "occurrence=a", "-E", f"aggregator={tshark.SEPARATOR}"]
    for name in names:
        args += ["-e", name]
    result = {}
    for line in tshark.run(args, plugin=plugin).splitlines():
        frame, _, messages = line.partition("\t")
        result[int(frame)] = Counter(message for message in messages.split(tshark.SEPARATOR) if message)
    return result


def plugin_messages(capture):
    """Counter of the plugin's own expert messages: those that are not there without it."""
    with_plugin, without = expert_messages(capture, True), expert_messages(capture, False)
    result = Counter()
    for frame, messages in with_plugin.items():
        if without[frame] - messages:
            raise AssertionError(f"{capture.name}, frame {frame}: the plugin hides {without[frame] - messages}")
        result.update(messages - without[frame])
    return result


def hindsight_messages(capture):
    """The expert messages of frames that have one in hindsight, once all is known."""
    rows = tshark.fields(capture, ["frame.number", "_ws.expert.message"], True, IN_HINDSIGHT)
    messages = Counter()
    for row in rows:
        messages.update(message for message in row[1].split(tshark.SEPARATOR))
    return messages


def plain(label):
    label = label.strip()
    return (label[1:-1] if label.startswith("[") and label.endswith("]") else label.lstrip("["))[:LABEL_CUT]


def trees_of_tshark(capture):
    """{frame: [(depth, label)]} of the plugin's subtrees in a second pass."""
    text = tshark.run(["-n", "-2", "-r", capture, "-O", "frame,sip_redirect"])
    result, frame, inside = {}, 0, False
    for line in text.splitlines():
        depth = len(line) - len(line.lstrip(" "))
        top = re.match(r"Frame (\d+)\b", line)
        if depth == 0:
            inside = plain(line).startswith(TREE_NAME)
            frame = int(top.group(1)) if top else frame
        if inside and line:
            result.setdefault(frame, []).append((depth // 4, plain(line)))
    return result


def flat(nodes, depth=0):
    for node in nodes:
        yield depth, plain(node["l"])
        yield from flat(node.get("n", []), depth + 1)


def trees_of_sharkd(capture, order):
    """[(frame, [(depth, label)])] in the order in which the frames are asked for."""
    requests = [{"method": "load", "params": {"file": str(tshark.reachable(capture))}}]
    for position, frame in enumerate(order):
        requests.append({"method": "frame", "params": {"frame": frame, "proto": True}})
        if position % 7 == 3:  # the packet list is drawn in between: frames are visited without a tree
            requests.append({"method": "frames", "params": {}})
    requests.append({"method": "bye"})
    for number, request in enumerate(requests, 1):
        request.update(jsonrpc="2.0", id=number)
    program = shutil.which("sharkd") or "/usr/bin/sharkd"
    text = tshark.run(["-"], program=program, stdin="".join(json.dumps(request) + "\n" for request in requests))
    answers = {answer["id"]: answer for answer in map(json.loads, text.splitlines()) if "id" in answer}
    result = []
    for request in requests:
        answer = answers.get(request["id"])
        if answer is None or "error" in answer:
            raise AssertionError(f"sharkd: {request} gave {answer}")
        if request["method"] == "frame":
            tops = [node for node in answer["result"]["tree"] if plain(node["l"]).startswith(TREE_NAME)]
            result.append((request["params"]["frame"], list(flat(tops))))
    return result


class PassesTest(unittest.TestCase):
    files = None
    maxDiff = 4000

    def each_capture(self, check):
        for path in self.files or captures():
            with self.subTest(capture=path.name):
                check(path)

    def test_filter_changes_nothing(self):
        def check(path):
            for two_pass in (False, True):
                everything, filtered = shown(path, two_pass), shown(path, two_pass, "sip_redirect")
                self.assertEqual(everything, filtered, PASSES[two_pass])

        self.each_capture(check)

    def test_one_pass_against_two(self):
        def check(path):
            one, two = shown(path, False), shown(path, True)
            self.assertLessEqual(set(one), set(two))
            for frame, values in one.items():
                constant = {name: value for name, value in values.items() if name not in AHEAD}
                later = {name: value for name, value in two[frame].items() if name not in AHEAD}
                if "sip_redirect.chain" not in constant:  # shown before its chain began: that comes to what it said
                    later = {name: value for name, value in later.items() if name in constant}
                self.assertEqual(constant, later, f"frame {frame}")
            visible = {values["sip_redirect.chain"] for values in one.values() if "sip_redirect.chain" in values}
            for frame in set(two) - set(one):
                self.assertIn(two[frame].get("sip_redirect.chain"), visible, f"frame {frame}")
                self.assertNotIn("sip_redirect.code", two[frame], f"frame {frame}")

        self.each_capture(check)

    def test_columns(self):
        def check(path):
            for two_pass in (False, True):
                fields, cells = shown(path, two_pass), columns(path, two_pass)
                for frame in set(fields) | set(cells):
                    for name in text_fields():
                        value = fields.get(frame, {}).get(name, "").split(tshark.SEPARATOR)[0]
                        cell = cells.get(frame, {}).get(name, "")
                        where = f"{name} in frame {frame}, {PASSES[two_pass]}"
                        self.assertEqual(value.strip()[:COLUMN_CUT], cell[:COLUMN_CUT], where)

        self.each_capture(check)

    def test_expert_alike(self):
        """Messages are alike in one pass and two; those that look ahead come in two only."""

        def check(path):
            one, two = expert_table(path, False), expert_table(path, True)
            self.assertEqual(one - two, Counter(), "in one pass only")
            added = {summary for _, _, summary in two - one}
            if added:
                self.assertLessEqual(added, set(hindsight_messages(path)), "in two passes only")

        self.each_capture(check)

    def test_expert_without_tree(self):
        seen = Counter()

        def check(path):
            table = Counter()
            for (_, _, summary), count in expert_table(path, True).items():
                table[summary] += count
            seen.update(table)
            self.assertEqual(table, plugin_messages(path))

        self.each_capture(check)
        self.assertTrue(seen, "no expert item in any capture")

    def test_random_order(self):
        seen = Counter()

        def check(path):
            expected = trees_of_tshark(path)
            order = [*expert_messages(path, True)] * 3
            random.Random(path.name).shuffle(order)
            for frame, tree in trees_of_sharkd(path, order):
                seen["trees"] += bool(tree)
                self.assertEqual(expected.get(frame, []), tree, f"frame {frame}")

        self.each_capture(check)
        self.assertGreater(seen["trees"], 0, "no subtree in any frame of any capture")


if __name__ == "__main__":
    if any(os.path.isfile(argument) for argument in sys.argv[1:]):
        PassesTest.files = [Path(argument).resolve() for argument in sys.argv[1:] if os.path.isfile(argument)]
        sys.argv[1:] = [argument for argument in sys.argv[1:] if not os.path.isfile(argument)]
    unittest.main()
