#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""JSON for machines: the shapes load, the mapping's types fit, and cutting a capture with overlap loses no chain."""

import json
import sys
import unittest
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bench"))
import generate  # noqa: E402
from support import tshark  # noqa: E402

TOP = tshark.source_dir()
CAPTURES = sorted((TOP / "captures").glob("*.pcap*"))
FIELD = "sip_redirect_sip_redirect_"


def ndjson(*args):
    """The documents that scripts/ndjson writes, checked for the bulk interface's pairs of lines."""
    lines = tshark.run([TOP / "scripts" / "ndjson", *args], program=sys.executable).splitlines()
    for action in lines[0::2]:
        assert set(json.loads(action)["index"]) == {"_index", "_id"}, action
    identifiers = [json.loads(action)["index"]["_id"] for action in lines[0::2]]
    assert len(set(identifiers)) == len(identifiers)
    return [json.loads(line) for line in lines[1::2]]


def layers(document):
    layer = document["layers"]["sip_redirect"]
    return layer if isinstance(layer, list) else [layer]


def chains(documents):
    """chain_id -> (path, outcome)"""
    return {document["chain_id"]: (layers(document)[0].get(FIELD + "chain_path"),
                                   layers(document)[0].get(FIELD + "chain_outcome")) for document in documents}


def fits(kind, value):
    if kind == "boolean":
        return isinstance(value, bool) or value in ("0", "1", "true", "false")
    if kind in ("long", "integer", "short"):
        return int(value) >= 0
    if kind == "float":
        float(value)
        return True
    return isinstance(value, (str, int, float))


class Json(unittest.TestCase):
    def test_ek_fits_the_mapping(self):
        text = tshark.run(["-G", "elastic-mapping", "--elastic-mapping-filter", "sip_redirect"])
        kinds = json.loads(text)["mappings"]["properties"]["layers"]["properties"]["sip_redirect"]["properties"]
        self.assertGreater(len(kinds), 20)
        seen = Counter()
        for capture in CAPTURES:
            out = tshark.run(["-2", "-r", capture, "-Y", "sip_redirect", "-T", "ek", "-J", "sip_redirect"])
            for line in out.splitlines():
                if not line.strip() or line.startswith('{"index"'):
                    continue
                for layer in layers(json.loads(line)):
                    for name, value in layer.items():
                        if name not in kinds:
                            continue
                        for single in value if isinstance(value, list) else [value]:
                            self.assertTrue(fits(kinds[name]["type"], single), (capture.name, name, single))
                            seen[name] += 1
        for name in ("code", "definitive", "chain", "chain_hop", "chain_outcome", "target_q", "chain_request_in"):
            self.assertGreater(seen[FIELD + name], 0, name)

    def test_json_loads(self):
        for capture in CAPTURES:
            out = tshark.run(["-2", "-r", capture, "-Y", "sip_redirect", "-T", "json", "--no-duplicate-keys", "-J",
                              "sip_redirect"])
            for packet in json.loads(out):
                self.assertIn("sip_redirect", packet["_source"]["layers"], capture.name)

    def test_json_keeps_what_repeats(self):
        out = tshark.run(["-2", "-r", TOP / "captures" / "sipp-302-udp.pcap", "-Y", "sip_redirect.code", "-T", "json",
                          "--no-duplicate-keys", "-J", "sip_redirect"])
        self.assertIsInstance(json.loads(out)[0]["_source"]["layers"]["sip_redirect"]["sip_redirect.explanation"]
                              ["sip_redirect.differs"], list)


class Farm(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.path = tshark.scratch("farm") / "farm.pcap"
        pcap = generate.Pcap(cls.path)
        generate.sip(pcap, 1500)
        pcap.close()
        cls.path.chmod(0o644)
        cls.whole = chains(ndjson(cls.path))

    def test_whole(self):
        self.assertEqual(Counter(outcome for _, outcome in self.whole.values()), {"1": 63})

    def test_pieces_with_overlap_lose_nothing(self):
        pieces = chains(ndjson("--piece", "6", "--overlap", "5", self.path))
        self.assertEqual(Counter(pieces.values()), Counter(self.whole.values()))

    def test_pieces_without_overlap_lose_what_the_document_says(self):
        pieces = chains(ndjson("--piece", "6", "--overlap", "0", self.path))
        self.assertEqual(Counter(outcome for _, outcome in pieces.values()), {"1": 60, "0": 3})
        self.assertIn("the 3 that lie across a cut are\nunfinished", (TOP / "docs" / "farm.md").read_text())


if __name__ == "__main__":
    unittest.main()
