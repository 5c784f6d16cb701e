# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures for the tests of the reports, written so that every figure in a report is known beforehand."""

import importlib.util

from support import tshark

ALICE, BOB, CAROL, DAVE = "192.0.2.10", "192.0.2.20", "192.0.2.30", "192.0.2.40"
PHRASES = {100: "Trying", 180: "Ringing", 200: "OK", 300: "Multiple Choices", 301: "Moved Permanently",
           302: "Moved Temporarily", 407: "Proxy Authentication Required", 486: "Busy Here",
           487: "Request Terminated", 600: "Busy Everywhere", 603: "Decline"}


def _handmade():
    spec = importlib.util.spec_from_file_location(
        "handmade", tshark.source_dir() / "captures" / "scripts" / "handmade.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Story:
    """Messages in the order in which they are added; written as a capture in the order of their times."""

    def __init__(self):
        self.messages = []

    def tell(self, time, source, destination, text, options=""):
        """A message; an address without a port has SIP's. options as handmade.py has them."""
        self.messages.append((time, source, destination, text, options))

    def write(self, name):
        """A capture file of that name; its path."""
        story = _handmade().Story()
        for time, source, destination, text, options in sorted(self.messages, key=lambda message: message[0]):
            source, destination = (name if ":" in name else name + ":5060" for name in (source, destination))
            story.read(f"== {time:.6f} {source} > {destination} {options}\n{text}\n")
        path = tshark.scratch("stories") / f"{name}.pcap"
        story.write(path)
        return path


class Call:
    """One Call-ID of one caller."""

    def __init__(self, story, name, caller=ALICE):
        self.story, self.name, self.caller, self.cseq = story, name, caller, 0

    def _head(self, start, method, cseq, branch, tag=""):
        return (f"{start}\nVia: SIP/2.0/UDP {self.caller}:5060;branch=z9hG4bK-{self.name}-{branch}\n"
                f"From: <sip:alice@example.com>;tag={self.name}\nTo: <sip:bob@example.com>{tag}\n"
                f"Call-ID: {self.name}@example.com\nCSeq: {cseq} {method}\nMax-Forwards: 70\n")

    def invite(self, time, host, uri, extra=""):
        """A new INVITE to host."""
        self.cseq += 1
        self.host, self.uri = host, uri
        text = self._head(f"INVITE {uri} SIP/2.0", "INVITE", self.cseq, self.cseq)
        self.story.tell(time, self.caller, host, text + f"Contact: <sip:alice@{self.caller}>\n{extra}"
                                                        "Content-Length: 0\n")

    def answer(self, time, code, contact="", phrase=None):
        """A response to the last INVITE; a final one is acknowledged 1 ms later."""
        tag = f";tag={self.name}-{self.cseq}"
        text = self._head(f"SIP/2.0 {code} {phrase or PHRASES[code]}", "INVITE", self.cseq, self.cseq, tag)
        text += f"Contact: {contact}\n" if contact else ""
        self.story.tell(time, self.host, self.caller, text + "Content-Length: 0\n")
        if code >= 200:
            branch = self.cseq if code >= 300 else f"{self.cseq}-ack"
            ack = self._head(f"ACK {self.uri} SIP/2.0", "ACK", self.cseq, branch, tag)
            self.story.tell(time + 0.001, self.caller, self.host, ack + "Content-Length: 0\n")

    def cancel(self, time):
        """A CANCEL of the last INVITE, answered 1 ms later."""
        text = self._head(f"CANCEL {self.uri} SIP/2.0", "CANCEL", self.cseq, self.cseq)
        self.story.tell(time, self.caller, self.host, text + "Content-Length: 0\n")
        text = self._head("SIP/2.0 200 OK", "CANCEL", self.cseq, self.cseq, f";tag={self.name}-c")
        self.story.tell(time + 0.001, self.host, self.caller, text + "Content-Length: 0\n")


class ProxiedCall:
    """One request through a proxy, seen on both its legs: Alice, proxy, Bob."""

    PROXY = "192.0.2.99"

    def __init__(self, story, name):
        self.story, self.name = story, name

    def _legs(self):
        """Sender, receiver, Vias of each leg, the caller's first."""
        alice = f"Via: SIP/2.0/UDP {ALICE}:5060;branch=z9hG4bK-{self.name}-alice\n"
        proxy = f"Via: SIP/2.0/UDP {self.PROXY}:5060;branch=z9hG4bK-{self.name}-proxy\n"
        return (ALICE, self.PROXY, alice), (self.PROXY, BOB, proxy + alice)

    def _rest(self, method, tag=""):
        return (f"From: <sip:alice@example.com>;tag={self.name}\nTo: <sip:bob@example.com>{tag}\n"
                f"Call-ID: {self.name}@example.com\nCSeq: 1 {method}\nContent-Length: 0\n")

    def invite(self, time, uri):
        self.uri = uri
        for number, (source, destination, vias) in enumerate(self._legs()):
            self.story.tell(time + number / 100, source, destination,
                            f"INVITE {uri} SIP/2.0\n{vias}{self._rest('INVITE')}")

    def answer(self, time, code, contact, passed_on, answered=None):
        """A final response; the proxy tells Alice passed_on as its Contact, and answered in place of the code."""
        for number, (source, destination, vias) in enumerate(reversed(self._legs())):
            tag = f";tag={self.name}-{'proxy' if number and answered else 'bob'}"
            code = answered if number and answered else code
            text = (f"SIP/2.0 {code} {PHRASES[code]}\n{vias}Contact: {passed_on if number else contact}\n"
                    f"{self._rest('INVITE', tag)}")
            self.story.tell(time + number / 100, destination, source, text)
            self.story.tell(time + number / 100 + 0.001, source, destination,
                            f"ACK {self.uri} SIP/2.0\n{vias}{self._rest('ACK', tag)}")


LONG = "sip:a-very-long-user-name-that-no-table-has-room-for@a-long-host-name.in.some.department.example.com:5060"


def nine_chains():
    """A capture with one chain for each outcome, and what shows a report at its limits. See CHAINS."""
    story = Story()

    refused = Call(story, "refused")
    refused.invite(0.0, BOB, "sip:bob@192.0.2.20")
    refused.answer(0.1, 302, "<sip:carol@192.0.2.30>")
    refused.invite(0.15, CAROL, "sip:carol@192.0.2.30")
    refused.answer(0.2, 180)
    refused.answer(1.0, 603)

    ignored = Call(story, "ignored")
    ignored.invite(2.0, BOB, "sip:ignored@192.0.2.20")
    ignored.answer(2.25, 301, "<sip:carol@192.0.2.30>")

    long = Call(story, "long", DAVE)
    long.invite(3.0, BOB, LONG)
    long.answer(3.01, 302, f"<{LONG};line=1>")
    long.invite(3.02, CAROL, f"{LONG};line=1")
    long.answer(3.5, 200)

    deep = Call(story, "deep")
    for hop in range(12):
        deep.invite(4.0 + hop * 0.1, BOB if hop % 2 else CAROL, f"sip:hop{hop}@192.0.2.{30 if hop % 2 == 0 else 20}")
        if hop < 11:
            deep.answer(4.05 + hop * 0.1, 302, f"<sip:hop{hop + 1}@192.0.2.{20 if hop % 2 == 0 else 30}>")
    deep.answer(6.0, 200)

    busy = Call(story, "busy")
    busy.invite(7.0, BOB, "sip:busy@192.0.2.20")
    busy.answer(7.1, 300, "<sip:one@192.0.2.30>;q=0.9, <sip:two@192.0.2.40>;q=0.5")
    busy.invite(7.2, CAROL, "sip:one@192.0.2.30")
    busy.answer(7.3, 486)
    busy.invite(7.4, DAVE, "sip:two@192.0.2.40")
    busy.answer(7.5, 486)

    cancelled = Call(story, "cancelled")
    cancelled.invite(8.0, BOB, "sip:gone@192.0.2.20")
    cancelled.answer(8.004, 302, "<sip:carol@192.0.2.30>")
    cancelled.invite(8.008, CAROL, "sip:carol@192.0.2.30")
    cancelled.answer(8.1, 180)
    cancelled.cancel(9.0)
    cancelled.answer(9.002, 487)

    everywhere = Call(story, "everywhere")
    everywhere.invite(10.0, BOB, "sip:bob@192.0.2.20")
    everywhere.answer(10.5, 600)

    silent = Call(story, "silent")
    silent.invite(11.0, BOB, "sip:silent@192.0.2.20")
    silent.answer(11.1, 302, "<sip:carol@10.0.0.30>")
    silent.invite(11.2, CAROL, "sip:carol@10.0.0.30")

    # A call without any redirect, as long after the others as it takes to say that nobody followed, or answered.
    plain = Call(story, "plain")
    plain.invite(60.0, BOB, "sip:plain@192.0.2.20")
    plain.answer(60.1, 200)

    late = Call(story, "late")
    late.invite(61.0, BOB, "sip:late@192.0.2.20")
    late.answer(61.1, 302, "<sip:carol@192.0.2.30>")
    return story.write("nine-chains")


# Chain, start, hops, outcome, code, delay added by redirects.
CHAINS = [
    (0, "0.000", 1, "global failure", "603", "0.150000"),
    (1, "2.000", 0, "not followed", "301", "-"),
    (2, "3.000", 1, "answered", "200", "0.020000"),
    (3, "4.000", 11, "answered", "200", "1.100000"),
    (4, "7.000", 1, "failed", "486", "0.400000"),
    (5, "8.000", 1, "cancelled", "487", "0.008000"),
    (6, "10.000", 0, "global failure", "600", "-"),
    (7, "11.000", 1, "no answer", "-", "0.200000"),
    (8, "61.000", 0, "unfinished", "-", "-"),
]

# The same chains: first frame, and how many redirects.
FIRST_FRAMES = (1, 8, 11, 17, 53, 62, 71, 74, 81)
REDIRECTS = (1, 1, 1, 11, 1, 1, 0, 1, 1)
BEGAN = 1700000000  # time of 0.0, in seconds since 1970: 2023-11-14 22:13:20 UTC
