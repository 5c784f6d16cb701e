#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Write large captures for measuring: SIP with redirects, RTP around SIP, many redirects open at once.

    generate.py sip OUT.pcap --messages 250000     SIP only, a third of the calls redirected
    generate.py rtp OUT.pcap --packets 40000       one call in which RTP is 95 % of the packets or more, repeated
    generate.py open OUT.pcap --chains 50000       that many redirects, none of them followed, inside 30 seconds
    generate.py trunk OUT.pcap --calls 1000        a busy trunk: see trunk()
    generate.py empty OUT.pcap                     no packets: what starting and stopping costs

Everything is deterministic. Real software could record such captures, but not commit them: they are too large.
"""

import argparse
import random
import struct
import sys

START = 1_700_000_000


class Pcap:
    """Ethernet, IPv4, UDP; times in seconds from START."""

    def __init__(self, path):
        self.file = open(path, "wb")
        self.file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        self.count = 0

    def udp(self, time, source, destination, payload):
        """Writes one datagram; source and destination are ("192.0.2.1", 5060). Returns its frame number."""
        if isinstance(payload, str):
            payload = payload.encode()
        udp = struct.pack("!HHHH", source[1], destination[1], 8 + len(payload), 0) + payload
        header = struct.pack(
            "!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), self.count & 0xFFFF, 0, 64, 17, 0, ip(source), ip(destination)
        )
        total = sum(struct.unpack("!10H", header))
        total = (total & 0xFFFF) + (total >> 16)
        header = header[:10] + struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF) + header[12:]
        frame = b"\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x08\0" + header + udp
        whole = int(time)
        self.file.write(
            struct.pack("<IIII", START + whole, round((time - whole) * 1e6) % 1_000_000, len(frame), len(frame))
        )
        self.file.write(frame)
        self.count += 1
        return self.count

    def close(self):
        self.file.close()


def ip(endpoint):
    return bytes(int(octet) for octet in endpoint[0].split("."))


SDP = (
    "v=0\r\no=- {number} 1 IN IP4 {host}\r\ns=call\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
    "m=audio {port} RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
    "a=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n"
)


class Call:
    """The messages of one call, with the headers that software of the field sends."""

    def __init__(self, number, caller, callee, caller_user="alice", callee_user="bob", call_id=None, to_user=None):
        self.number, self.caller, self.callee = number, caller, callee
        self.from_user, self.user = caller_user, callee_user
        self.to_user = to_user or callee_user
        self.call_id = call_id or f"{number:08x}-4f1c@{caller[0]}"
        self.cseq = 1
        self.branch = f"z9hG4bK{number:08x}.1"
        self.original = callee

    def headers(self, method, to_tag="", via=None):
        return (
            f"Via: SIP/2.0/UDP {self.caller[0]}:{self.caller[1]};rport;branch={via or self.branch}\r\n"
            f"Max-Forwards: 70\r\n"
            f"From: \"{self.from_user}\" <sip:{self.from_user}@{self.caller[0]}>;tag=f{self.number:x}\r\n"
            f"To: <sip:{self.to_user}@{self.original[0]}>{to_tag}\r\n"
            f"Call-ID: {self.call_id}\r\nCSeq: {self.cseq} {method}\r\n"
        )

    def request(self, method, to_tag="", body="", via=None):
        contact = f"Contact: <sip:{self.from_user}@{self.caller[0]}:{self.caller[1]}>\r\n" if method == "INVITE" else ""
        kind = "Content-Type: application/sdp\r\n" if body else ""
        extra = (
            "Allow: INVITE,ACK,BYE,CANCEL,OPTIONS,UPDATE,INFO,REFER\r\nSupported: replaces,timer,100rel\r\n"
            "User-Agent: bench\r\n"
            if method == "INVITE"
            else ""
        )
        return (
            f"{method} sip:{self.user}@{self.callee[0]} SIP/2.0\r\n{self.headers(method, to_tag, via)}"
            f"{contact}{extra}{kind}Content-Length: {len(body)}\r\n\r\n{body}"
        )

    def response(self, status, method="INVITE", extra="", body=""):
        tag = "" if status.startswith("100") else f";tag=t{self.number:x}.{self.cseq}"
        kind = "Content-Type: application/sdp\r\n" if body else ""
        return (
            f"SIP/2.0 {status}\r\n{self.headers(method, tag)}{extra}{kind}Content-Length: {len(body)}\r\n\r\n{body}"
        )

    def to_tag(self):
        return f";tag=t{self.number:x}.{self.cseq}"

    def sdp(self, host):
        return SDP.format(number=self.number, host=host[0], port=10000 + self.number % 20000 * 2)

    def redirect(self, to, user=None):
        """The caller goes on to another place, as a client of RFC 3261 does."""
        self.cseq += 1
        self.branch = f"z9hG4bK{self.number:08x}.{self.cseq}"
        self.callee = to
        self.user = user or self.user


def plain_call(pcap, time, call):
    """INVITE, 100, 180, 200, ACK, BYE, 200: seven messages."""
    caller, callee = call.caller, call.callee
    pcap.udp(time, caller, callee, call.request("INVITE", body=call.sdp(caller)))
    pcap.udp(time + 0.01, callee, caller, call.response("100 Trying"))
    pcap.udp(time + 0.05, callee, caller, call.response("180 Ringing"))
    pcap.udp(time + 0.5, callee, caller, call.response("200 OK", body=call.sdp(callee)))
    pcap.udp(time + 0.52, caller, callee, call.request("ACK", call.to_tag(), via=call.branch + "a"))
    tag = call.to_tag()
    call.cseq += 1
    call.branch += "b"
    pcap.udp(time + 0.8, caller, callee, call.request("BYE", tag))
    pcap.udp(time + 0.81, callee, caller, call.response("200 OK", "BYE"))


def redirected_call(pcap, time, call, server, target):
    """INVITE, 302, ACK, then the call at the target: ten messages."""
    caller = call.caller
    contact = f"Contact: <sip:{call.user}@{target[0]}:{target[1]}>\r\n"
    pcap.udp(time, caller, server, call.request("INVITE", body=call.sdp(caller)))
    pcap.udp(time + 0.004, server, caller, call.response("302 Moved Temporarily", extra=contact))
    pcap.udp(time + 0.006, caller, server, call.request("ACK", call.to_tag()))
    call.redirect(target)
    plain_call(pcap, time + 0.008, call)


def place(index, net=51):
    """An address and port for a numbered host."""
    return (f"10.{net}.{index // 250 % 250}.{index % 250 + 1}", 5060)


def sip(pcap, messages):
    """SIP only: every third call is redirected once. Calls overlap as little as they can, for a steady state."""
    number = 0
    while pcap.count < messages:
        time = number * 0.1
        if number % 3 == 0:
            call = Call(number, place(number % 400), place(0, 60))
            redirected_call(pcap, time, call, call.callee, place(number % 50, 61))
        else:
            plain_call(pcap, time, Call(number, place(number % 400), place(number % 50, 61)))
        number += 1


def rtp(pcap, packets):
    """One redirected call at a time, then its media, 50 packets a second each way: RTP is 97 % of all."""
    number, time, sequence = 0, 0.0, 0
    while pcap.count < packets:
        call = Call(number, place(number % 400), place(0, 60))
        redirected_call(pcap, time, call, call.callee, place(number % 50, 61))
        port = 10000 + number % 20000 * 2
        for _ in range(170):
            time += 0.02
            sequence = (sequence + 1) & 0xFFFF
            head = struct.pack("!BBHII", 0x80, 0, sequence, sequence * 160 & 0xFFFFFFFF, number)
            pcap.udp(time + 0.6, (call.caller[0], port), (call.callee[0], port), head + b"\xff" * 160)
            pcap.udp(time + 0.6, (call.callee[0], port), (call.caller[0], port), head + b"\xff" * 160)
        number += 1
        time += 1.0


def open_chains(pcap, chains):
    """INVITE and 302 only, so many in 30 seconds that all of them are open; then one ordinary call in ten."""
    for number in range(chains):
        time = number * 29.0 / chains
        call = Call(number, place(number % 60000), place(0, 60), caller_user=f"user{number}")
        target = place(number % 50, 61)
        contact = f"Contact: <sip:bob@{target[0]}:{target[1]}>\r\n"
        pcap.udp(time, call.caller, call.callee, call.request("INVITE", body=call.sdp(call.caller)))
        pcap.udp(time + 0.0001, call.callee, call.caller, call.response("302 Moved Temporarily", extra=contact))
        pcap.udp(time + 0.0002, call.caller, call.callee, call.request("ACK", call.to_tag()))


def trunk(pcap, calls, seed=1):
    """A busy trunk: one SBC, few targets, every follow-up under a new Call-ID without any header that ties it.

    Of all calls a third is redirected and followed by a new call 0.2 to 3 s later; a third is redirected and never
    followed; a third goes straight to one of the same targets. From users come from a pool, so that they meet now and
    then. Returns the truth: {frame of the new INVITE: frame of its 3xx, or None}.
    """
    chance = random.Random(seed)
    sbc, server = ("192.0.2.10", 5060), ("192.0.2.20", 5060)
    targets = [(f"198.51.100.{i}", 5060) for i in range(1, 5)]
    events = []
    for number in range(calls):
        time = number * 0.35 + chance.random() * 0.1
        user = f"+1202555{chance.randrange(2000):04d}"
        callee = f"+1303555{number % 10000:04d}"
        target, target_user = chance.choice(targets), f"agent{chance.randrange(8)}"
        events.append((time, number, ("redirected", "abandoned", "direct")[number % 3], user, callee, target, target_user))
    pending, truth = [], {}
    for time, number, kind, user, callee, target, target_user in events:
        if kind == "direct":
            pending.append((time, number, "invite", user, target_user, target, target_user, None))
        else:
            pending.append((time, number, "redirect", user, callee, target, target_user, kind))
    pending.sort()
    answers = {}
    while pending:
        time, number, what, user, callee, target, target_user, kind = pending.pop(0)
        if what == "redirect":
            call = Call(number, sbc, server, user, callee)
            contact = f"Contact: <sip:{target_user}@{target[0]}>\r\n"
            pcap.udp(time, sbc, server, call.request("INVITE", body=call.sdp(sbc)))
            answers[number] = pcap.udp(
                time + 0.01, server, sbc, call.response("302 Moved Temporarily", extra=contact)
            )
            pcap.udp(time + 0.011, sbc, server, call.request("ACK", call.to_tag()))
            if kind == "redirected":
                follow = time + 0.2 + chance.random() * 2.8
                pending.append((follow, number, "invite", user, callee, target, target_user, "follow"))
                pending.sort()
        else:
            # A B2BUA: another Call-ID, and the callee of the first leg is forgotten.
            call = Call(number + 1_000_000, sbc, target, user, target_user)
            frame = pcap.udp(time, sbc, target, call.request("INVITE", body=call.sdp(sbc)))
            truth[frame] = answers.get(number) if kind == "follow" else None
            pcap.udp(time + 0.02, target, sbc, call.response("180 Ringing"))
            pcap.udp(time + 0.03, target, sbc, call.response("200 OK", body=call.sdp(target)))
            pcap.udp(time + 0.04, sbc, target, call.request("ACK", call.to_tag(), via=call.branch + "a"))
    return truth


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=["sip", "rtp", "open", "trunk", "empty"])
    parser.add_argument("out")
    parser.add_argument("--messages", type=int, default=250_000)
    parser.add_argument("--packets", type=int, default=40_000)
    parser.add_argument("--chains", type=int, default=50_000)
    parser.add_argument("--calls", type=int, default=1000)
    args = parser.parse_args()
    pcap = Pcap(args.out)
    if args.kind == "sip":
        sip(pcap, args.messages)
    elif args.kind == "rtp":
        rtp(pcap, args.packets)
    elif args.kind == "open":
        open_chains(pcap, args.chains)
    elif args.kind == "trunk":
        for frame, redirect in sorted(trunk(pcap, args.calls).items()):
            print(frame, redirect or "-")
    pcap.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
