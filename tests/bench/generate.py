#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes large captures for measuring.

    generate.py KIND N OUT.pcap      prints how many frames and SIP messages it wrote; without arguments: the kinds

Everything is deterministic. Real software could record such captures, but not commit them: they are too large.
The hostile ones are in hostile_cases.py.
"""

import heapq
import random
import struct
import sys

from sipcap import SIP_PORT, Pcap, contacts, place, request, response

SERVERS = [place(index, 60) for index in range(4)]
TARGETS = [place(index, 61) for index in range(50)]
CALLERS = 5000  # as many addresses, each with a user of its own
SETUP_INTERVAL = 0.0008  # 25,000 calls in 20 s, and 0.8 s for the last one

SHORT_SDP = "v=0\r\no=- {number} 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio {port} RTP/AVP 8 0\r\n"
LONG_SDP = SHORT_SDP[:-4] + (
    "9 18 96 97 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:9 G722/8000\r\na=rtpmap:18 G729/8000\r\n"
    "a=fmtp:18 annexb=no\r\na=rtpmap:96 opus/48000/2\r\na=fmtp:96 useinbandfec=1;maxplaybackrate=16000\r\n"
    "a=rtpmap:97 AMR-WB/16000\r\na=fmtp:97 mode-change-capability=2\r\na=rtpmap:101 telephone-event/8000\r\n"
    "a=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\n"
)


class Style:
    """Which headers messages have besides those that all of them need: in every request, in every response, in those
    that open a dialog, and the body of an offer or answer."""

    def __init__(self, every_request, every_response, dialog, sdp):
        self.every_request, self.every_response, self.dialog, self.sdp = every_request, every_response, dialog, sdp


_LONG_ALWAYS = (
    "Date: Tue, 14 Nov 2023 22:13:20 GMT\r\nP-Charging-Vector: icid-value=1f6c4e2a7b90d1c3;icid-generated-at=10.60.0.1;"
    "orig-ioi=home1.example.net\r\nP-Access-Network-Info: 3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=2620130a4c0ffee1\r\n"
    "Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, SUBSCRIBE, NOTIFY, INFO, PUBLISH, MESSAGE, UPDATE, PRACK\r\n"
    "Supported: 100rel, timer, replaces, path, norefersub, from-change, histinfo, precondition, outbound\r\n"
    "Privacy: none\r\n"
)
SHORT = Style("User-Agent: PBX 4.2\r\n", "Server: PBX 4.2\r\n", "Supported: replaces, timer\r\n", SHORT_SDP)
LONG = Style(
    "User-Agent: Example-SBC/7.40.1 (linux; x86_64)\r\n" + _LONG_ALWAYS,
    "Server: Example-SBC/7.40.1 (linux; x86_64)\r\n" + _LONG_ALWAYS,
    "Session-Expires: 1800;refresher=uac\r\nMin-SE: 90\r\nAllow-Events: talk, hold, conference, refer, check-sync\r\n"
    "Record-Route: <sip:10.60.0.9;lr;ftag=as5c2b;did=8f1.4c2>\r\nAccept: application/sdp, application/dtmf-relay\r\n",
    LONG_SDP,
)


class Call:
    """The messages of one call, from one caller to one server, and on to a target where it is redirected."""

    def __init__(self, number, caller, server, user, callee, style=SHORT):
        host, port = caller
        self.number, self.caller, self.server, self.callee, self.style = number, caller, server, callee, style
        self.uri = f"sip:{callee}@{server[0]}"
        self.hash = number * 2654435761 & 0xFFFFFFFF
        self.via = f"Via: SIP/2.0/UDP {host}:{port};rport;branch=z9hG4bK{self.hash:08x}."
        self.party = f'\r\nMax-Forwards: 70\r\nFrom: "{user}" <sip:{user}@{host}>;tag={self.hash:x}\r\nTo: <{self.uri}>'
        self.call_id = f"\r\nCall-ID: {self.hash:08x}-{number:06x}-4f1c@{host}\r\nCSeq: "
        self.contact = f"Contact: <sip:{user}@{host}:{port}>\r\n"

    def sdp(self, host):
        body = self.style.sdp.format(number=self.number, host=host, port=10000 + self.number % 20000 * 2)
        return f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n{body}"

    def request(self, method, cseq, branch, to_tag="", end="Content-Length: 0\r\n\r\n"):
        dialog = self.contact + self.style.dialog if method == "INVITE" else ""
        return (
            f"{method} {self.uri} SIP/2.0\r\n{self.via}{branch}{self.party}{to_tag}{self.call_id}{cseq} {method}\r\n"
            f"{self.style.every_request}{dialog}{end}"
        )

    def response(self, status, cseq, branch, to_tag="", contact="", method="INVITE", end="Content-Length: 0\r\n\r\n"):
        return (
            f"SIP/2.0 {status}\r\n{self.via}{branch}{self.party}{to_tag}{self.call_id}{cseq} {method}\r\n"
            f"{self.style.every_response}{contact}{end}"
        )

    def tag(self, cseq):
        return f";tag=t{self.hash:x}.{cseq}"

    def server_contact(self):
        return f"Contact: <sip:{self.callee}@{self.server[0]}:{self.server[1]}>\r\n{self.style.dialog}"

    def step(self, name, cseq):
        """(from the caller?, text) of one message; cseq is that of the INVITE."""
        tag = self.tag(cseq)
        if name == "INVITE":
            return True, self.request("INVITE", cseq, cseq, end=self.sdp(self.caller[0]))
        if name == "100":
            return False, self.response("100 Trying", cseq, cseq)
        if name == "180":
            return False, self.response("180 Ringing", cseq, cseq, tag, self.server_contact())
        if name == "200":
            contact = self.server_contact()
            return False, self.response("200 OK", cseq, cseq, tag, contact, end=self.sdp(self.server[0]))
        if name == "302":
            target = TARGETS[self.number % len(TARGETS)]
            contact = f"Contact: <sip:{self.callee}@{target[0]}:{target[1]}>\r\n"
            return False, self.response("302 Moved Temporarily", cseq, cseq, tag, contact)
        if name == "ACK":
            return True, self.request("ACK", cseq, f"{cseq}a", tag)
        if name == "ACK 302":
            return True, self.request("ACK", cseq, cseq, tag)
        if name == "BYE":
            return True, self.request("BYE", cseq + 1, f"{cseq}b", tag)
        return False, self.response("200 OK", cseq + 1, f"{cseq}b", tag, method="BYE")

    def follow(self):
        """The caller goes on to the target, as a client of RFC 3261 does: everything but the Request-URI stays."""
        self.server = TARGETS[self.number % len(TARGETS)]
        self.uri = f"sip:{self.callee}@{self.server[0]}:{self.server[1]}"


#: What happens in a call, and how many seconds after its first message.
PLAIN = ((0.0, "INVITE"), (0.01, "100"), (0.05, "180"), (0.5, "200"), (0.52, "ACK"), (0.8, "BYE"), (0.81, "200 BYE"))
REDIRECTED = ((0.0, "INVITE"), (0.004, "302"), (0.006, "ACK 302")) + tuple((at + 0.008, name) for at, name in PLAIN)


def make_call(number, style):
    caller = number * 7919 % CALLERS
    return Call(
        number, place(caller), SERVERS[number % len(SERVERS)], f"+1202555{caller:04d}", f"+1303{number % 9999991:07d}", style
    )


def overlapping_calls(pcap, calls, style, redirected, interval=SETUP_INTERVAL):
    """Calls that overlap, in order of time; every third is redirected, or none."""

    def events(steps, index, numbers):
        delay, name = steps[index]
        return ((number * interval + delay, number, index, len(steps), name) for number in numbers)

    plain = [number for number in range(calls) if not redirected or number % 3]
    streams = [events(PLAIN, index, plain) for index in range(len(PLAIN))]
    if redirected:
        streams += [events(REDIRECTED, index, range(0, calls, 3)) for index in range(len(REDIRECTED))]
    current = {}
    for time, number, index, length, name in heapq.merge(*streams):
        call = current.get(number)
        if call is None:
            call = current[number] = make_call(number, style)
        before = length - len(PLAIN)  # messages up to the follow-up
        if before and index == before:
            call.follow()
        sent, text = call.step(name, 2 if before and index >= before else 1)
        ends = (call.caller, call.server) if sent else (call.server, call.caller)
        pcap.udp(time, *ends, text)
        if index == length - 1:
            del current[number]


def calls(pcap, amount):
    """N calls of seven short messages each, 25,000 in less than 22 s; none is redirected"""
    overlapping_calls(pcap, amount, SHORT, False)


def redirected_short(pcap, amount):
    """N calls of short messages (about 400 bytes), a third redirected: seven messages a call, or ten"""
    overlapping_calls(pcap, amount, SHORT, True)


def redirected_long(pcap, amount):
    """N calls of long messages (about 1,000 bytes), a third redirected"""
    overlapping_calls(pcap, amount, LONG, True)


def sip(pcap, messages):
    """ten calls a second until there are N short messages, a third of the calls redirected"""
    count = total = 0
    while total < messages:
        total += len(PLAIN if count % 3 else REDIRECTED)
        count += 1
    overlapping_calls(pcap, count, SHORT, True, interval=0.1)


def rtp(pcap, amount):
    """N packets: one redirected call at a time, then its media, 50 packets a second each way: RTP is 97 % of all"""
    number, time, sequence = 0, 0.0, 0
    silence = b"\xff" * 160
    while pcap.count < amount:
        call = make_call(number, SHORT)
        for index, (delay, name) in enumerate(REDIRECTED):
            if index == 3:
                call.follow()
            sent, text = call.step(name, 1 if index < 3 else 2)
            ends = (call.caller, call.server) if sent else (call.server, call.caller)
            if name != "BYE" and name != "200 BYE":
                pcap.udp(time + delay, *ends, text)
            elif name == "BYE":
                port = 10000 + number % 20000 * 2
                ends_of_media = (call.caller[0], port), (call.server[0], port)
                for _ in range(170):
                    time += 0.02
                    sequence = (sequence + 1) & 0xFFFF
                    head = struct.pack("!BBHII", 0x80, 0, sequence, sequence * 160 & 0xFFFFFFFF, number)
                    pcap.udp(time + 1, *ends_of_media, head + silence, messages=0)
                    pcap.udp(time + 1, *reversed(ends_of_media), head + silence, messages=0)
                pcap.udp(time + 1.01, *ends, text)
            else:
                pcap.udp(time + 1.02, *ends, text)
        number += 1
        time += 2.0


def no_sip(pcap, amount):
    """N packets without any SIP: DNS queries and answers, and HTTP over TCP in between"""
    chance = random.Random(7)
    number = 0
    while pcap.count < amount:
        time, client = number * 0.01, (place(number % 400)[0], 20000 + number % 40000)
        resolver, web = ("10.60.0.53", 53), (f"10.62.0.{number % 200 + 1}", 80)
        name = b"".join(bytes([len(part)]) + part for part in (b"host%d" % (number % 1000), b"example", b"com")) + b"\0"
        head = struct.pack("!H", number & 0xFFFF)
        question = name + b"\0\x01\0\x01"
        pcap.udp(time, client, resolver, head + b"\x01\0\0\x01\0\0\0\0\0\0" + question, messages=0)
        answer = b"\xc0\x0c\0\x01\0\x01\0\0\x0e\x10\0\x04" + struct.pack("!I", 0x0A3E0001 + number % 200)
        pcap.udp(time + 0.001, resolver, client, head + b"\x81\x80\0\x01\0\x01\0\0\0\0" + question + answer, messages=0)
        get = f"GET /item/{number} HTTP/1.1\r\nHost: host{number % 1000}.example.com\r\nAccept: */*\r\n\r\n"
        pcap.tcp(time + 0.002, client, web, get, messages=0)
        page = "x" * chance.randrange(400, 4000)
        body = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {len(page)}\r\n\r\n{page}"
        pcap.tcp(time + 0.004, web, client, body, messages=0, segment=1460)
        number += 1


def distinct302(pcap, amount):
    """N calls with Call-IDs, callers and targets of their own, each an INVITE and its 302; 10,000 a second"""
    for number in range(amount):
        user = f"u{number}"
        caller = place(number % 60000)
        named = dict(
            call_id=f"{number:x}-d3@{caller[0]}", branch=f"z9hG4bK{number:x}", from_uri=f"sip:{user}@{caller[0]}",
            from_tag=f"f{number:x}", to_uri=f"sip:b{number}@10.60.0.1", via=f"{caller[0]}:{SIP_PORT}",
        )
        pcap.udp(number * 0.0001, caller, SERVERS[0], request("INVITE", f"sip:b{number}@10.60.0.1", **named))
        target = f"sip:b{number}@{TARGETS[number % len(TARGETS)][0]}"
        moved = response("302 Moved Temporarily", extra=contacts([target]), **named)
        pcap.udp(number * 0.0001 + 0.00005, SERVERS[0], caller, moved)


def trunk(pcap, amount, seed=1):
    """N calls over a busy trunk: one SBC, few targets, follow-ups under new Call-IDs that no header ties

    A third of the calls is redirected and followed by a new call 0.2 to 3 s later; a third is redirected and never
    followed; a third goes straight to one of the same targets. From users come from a pool, so that they meet now and
    then. Returns the truth, {frame of the new INVITE: frame of its 3xx, or None}.
    """
    chance = random.Random(seed)
    sbc, server = ("192.0.2.10", SIP_PORT), ("192.0.2.20", SIP_PORT)
    targets = [(f"198.51.100.{index}", SIP_PORT) for index in range(1, 5)]
    pending, truth, answers = [], {}, {}
    for number in range(amount):
        time = number * 0.35 + chance.random() * 0.1
        user = f"+1202555{chance.randrange(2000):04d}"
        target, agent = chance.choice(targets), f"agent{chance.randrange(8)}"
        kind = ("redirected", "abandoned", "direct")[number % 3]
        heapq.heappush(pending, (time, number, kind, user, target, agent))
    while pending:
        time, number, kind, user, target, agent = heapq.heappop(pending)
        if kind in ("redirected", "abandoned"):
            callee = f"+1303555{number % 10000:04d}"
            call = Call(number, sbc, server, user, callee)
            contact = f"Contact: <sip:{agent}@{target[0]}>\r\n"
            pcap.udp(time, sbc, server, call.step("INVITE", 1)[1])
            moved = call.response("302 Moved Temporarily", 1, 1, call.tag(1), contact)
            answers[number] = pcap.udp(time + 0.01, server, sbc, moved)
            pcap.udp(time + 0.011, sbc, server, call.step("ACK 302", 1)[1])
            if kind == "redirected":
                again = time + 0.2 + chance.random() * 2.8
                heapq.heappush(pending, (again, number, "follow", user, target, agent))
        else:
            # A B2BUA: another Call-ID, and the callee of the first leg is forgotten.
            call = Call(number + 1_000_000, sbc, target, user, agent)
            frame = pcap.udp(time, sbc, target, call.step("INVITE", 1)[1])
            truth[frame] = answers.get(number) if kind == "follow" else None
            for delay, name in ((0.02, "180"), (0.03, "200")):
                pcap.udp(time + delay, target, sbc, call.step(name, 1)[1])
            pcap.udp(time + 0.04, sbc, target, call.step("ACK", 1)[1])
    return truth


def empty(_pcap, _amount):
    """no packets: what starting and stopping costs"""


KINDS = {
    function.__name__: function
    for function in (calls, redirected_short, redirected_long, sip, rtp, no_sip, distinct302, trunk, empty)
}


def main():
    import hostile_cases

    kinds = {**KINDS, **{name: case.write for name, case in hostile_cases.CASES.items()}}
    if len(sys.argv) != 4 or sys.argv[1] not in kinds:
        print(__doc__)
        for name, function in kinds.items():
            print(f"    {name:<20} {(function.__doc__ or '').splitlines()[0]}")
        return 2
    with Pcap(sys.argv[3]) as pcap:
        truth = kinds[sys.argv[1]](pcap, int(sys.argv[2]))
    if truth:
        for frame, redirect in sorted(truth.items()):
            print(frame, redirect or "-")
    else:
        print(f"{pcap.count} frames, {pcap.messages} messages, {pcap.bytes} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
