# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures that a test makes while it runs: too long to be kept, or different in each case.

    story = made.Story()
    story.request(0.0, "REGISTER", "sip:example.com", call="one", cseq=1)
    story.response(0.1, 401, "REGISTER", call="one", cseq=1)
    path = story.write("name")
"""

import importlib.util
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support import tshark  # noqa: E402

_SCRIPT = tshark.source_dir() / "captures" / "scripts" / "handmade.py"
_SPEC = importlib.util.spec_from_file_location("handmade", _SCRIPT)
handmade = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(handmade)

CLIENT, SERVER = "192.0.2.10", "192.0.2.20"


class Story:
    def __init__(self):
        self.lines = []

    def _message(self, time, source, destination, start, method, call, cseq, headers, tag=""):
        self.lines += [
            f"== {time:.3f} {source} > {destination}", start,
            f"Via: SIP/2.0/UDP {CLIENT}:5060;branch=z9hG4bK-{call}-{cseq}",
            f"From: <sip:alice@example.com>;tag={call}", f"To: <sip:bob@example.com>{tag}",
            f"Call-ID: {call}", f"CSeq: {cseq} {method}", *headers, "Content-Length: 0",
        ]

    def request(self, time, method, uri, call, cseq, *headers, server=SERVER):
        self._message(time, CLIENT, server, f"{method} {uri} SIP/2.0", method, call, cseq, headers)

    def response(self, time, status, method, call, cseq, *headers, server=SERVER):
        self._message(time, server, CLIENT, f"SIP/2.0 {status} As Coded", method, call, cseq, headers, ";tag=server")

    def write(self, name):
        story = handmade.Story()
        story.read("\n".join(self.lines) + "\n")
        path = tshark.scratch("made") / f"{name}.pcap"
        story.write(path)
        return path
