#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Write a capture from SIP messages given as text: for what real software will not do.

    handmade.py story.sip out.pcap

A story is UTF-8 text. Lines that begin with '#' between messages are comments.

Directives, one a line, anywhere between messages:

    @host NAME ADDRESS[:PORT]       IPv6 as [2001:db8::1]:5060; the port defaults to 5060
    @define NAME                    the lines up to '@end' replace {NAME} in later messages
    @end
    @start SECONDS                  time of 0.0 in the story, in seconds since 1970 (default 1700000000)
    @tsresol DIGITS                 write pcapng, with times of so many decimals of a second (0: whole seconds, which may
                                    then be as large as 64 bits hold)
    @handshake on|off               write SYN, SYN/ACK and ACK before a TCP connection's first bytes (default on)

A message begins with a line

    == TIME SOURCE > DESTINATION [OPTION ...]

and goes on to the next line that begins with '==' or '@'. TIME is in seconds from the start; '+0.01' counts from the
message before. Packets are written in the order of the story, also where times run backwards. SOURCE and DESTINATION
are names of hosts, or ADDRESS:PORT.

The text: every line ends in CRLF on the wire; empty lines at its end are dropped; a message without a body gets the
empty line that ends its headers. {len} becomes the length of the body in bytes. Write {{ for {. With the option
'escapes', \\r \\n \\t \\\\ and \\xHH stand for those bytes.

Options:

    udp                 the default
    tcp                 one connection per pair of address:port, whichever side speaks first
    split=N[,N...]      tcp: cut at these byte offsets, a segment each, 1 ms apart
    hold                tcp: send nothing yet, put the bytes in front of the next message of this direction
    resend              tcp: the same sequence number as the message before in this direction
    frag=N              cut the IP datagram into fragments of N bytes of payload (a multiple of 8)
    raw                 nothing is added: line ends as CRLF, but no empty line and none dropped
    nofinal             no CRLF after the last line of a body
    escapes             see above
    copy=N              no text: packet N of the story (from 1; a fragment or segment counts) again, as it was
    icmp=N              no text: ICMP port unreachable that quotes packet N of the story
    quote=N             icmp: bytes of the IP datagram to quote (default 548)
    vlan=ID             an 802.1Q tag; may be given twice
    gre=A>B  ipip=A>B  vxlan=A>B    put the packet into a tunnel between two IPv4 addresses
"""

import ipaddress
import re
import struct
import sys

SEGMENT_GAP = 0.001
HANDSHAKE_GAP = 0.0002
ETHERTYPE = {4: 0x0800, 6: 0x86DD}


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def mac(address):
    """A locally administered address that shows the last four bytes of the IP address."""
    return b"\x02\x00" + address.packed[-4:]


def ethernet(source, destination, ethertype, payload, vlans=()):
    tags = b"".join(struct.pack("!HH", 0x8100, vlan) for vlan in vlans)
    return mac(destination) + mac(source) + tags + struct.pack("!H", ethertype) + payload


def ipv4(source, destination, protocol, payload, ident, flags_offset=0):
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), ident & 0xFFFF, flags_offset, 64, protocol, 0,
                         source.packed, destination.packed)
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + payload


def ipv6(source, destination, protocol, payload):
    return struct.pack("!IHBB", 6 << 28, len(payload), protocol, 64) + source.packed + destination.packed + payload


def datagrams(source, destination, protocol, payload, ident, piece=0):
    """The payload as one IP datagram, or as fragments of `piece` bytes each."""
    if not piece or len(payload) <= piece:
        if source.version == 4:
            return [ipv4(source, destination, protocol, payload, ident)]
        return [ipv6(source, destination, protocol, payload)]
    if piece % 8:
        sys.exit("frag= must be a multiple of 8")
    result = []
    for offset in range(0, len(payload), piece):
        more = offset + piece < len(payload)
        part = payload[offset:offset + piece]
        if source.version == 4:
            result.append(ipv4(source, destination, protocol, part, ident, (0x2000 if more else 0) | offset // 8))
        else:
            extension = struct.pack("!BBHI", protocol, 0, offset | more, ident)
            result.append(ipv6(source, destination, 44, extension + part))
    return result


def with_transport_checksum(source, destination, protocol, segment, at):
    lengths = struct.pack("!BBH", 0, protocol, len(segment))
    if source.version == 6:
        lengths = struct.pack("!IHBB", len(segment), 0, 0, protocol)
    pseudo = source.packed + destination.packed + lengths
    value = checksum(pseudo + segment) or 0xFFFF
    return segment[:at] + struct.pack("!H", value) + segment[at + 2:]


def udp(source, destination, payload):
    segment = struct.pack("!HHHH", source[1], destination[1], 8 + len(payload), 0) + payload
    return with_transport_checksum(source[0], destination[0], 17, segment, 6)


def tcp(source, destination, seq, ack, flags, payload=b""):
    segment = struct.pack("!HHIIBBHHH", source[1], destination[1], seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, 0x50, flags,
                          65535, 0, 0) + payload
    return with_transport_checksum(source[0], destination[0], 6, segment, 16)


FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


class Story:
    def __init__(self):
        self.hosts = {}
        self.defines = {}
        self.start = 1700000000.0
        self.tsresol = None
        self.handshake = True
        self.now = 0.0
        self.ident = 0
        self.seq = {}       # (source, destination) -> next sequence number
        self.last_seq = {}  # (source, destination) -> sequence number of the last message
        self.held = {}      # (source, destination) -> bytes that wait for the next message
        self.packets = []   # (time, frame bytes, first IP datagram inside)

    def endpoint(self, text):
        text = self.hosts.get(text, text)
        match = re.fullmatch(r"\[?([0-9a-fA-F:.]+?)\]?(?::(\d+))?", text)
        if text.startswith("["):
            match = re.fullmatch(r"\[([^]]+)\](?::(\d+))?", text)
        if not match:
            sys.exit(f"no such host: {text}")
        return ipaddress.ip_address(match[1]), int(match[2] or 5060)

    def emit(self, time, source, destination, protocol, payload, options):
        self.ident += 1
        for datagram in datagrams(source[0], destination[0], protocol, payload, self.ident,
                                  int(options.get("frag", 0))):
            self.wrap(time, source[0], destination[0], datagram, options)

    def wrap(self, time, source, destination, datagram, options):
        inner = datagram
        version = datagram[0] >> 4
        for kind in ("gre", "ipip", "vxlan"):
            if kind not in options:
                continue
            outer = [ipaddress.ip_address(part) for part in options[kind].split(">")]
            self.ident += 1
            if kind == "gre":
                datagram = ipv4(*outer, 47, struct.pack("!HH", 0, ETHERTYPE[version]) + datagram, self.ident)
            elif kind == "ipip":
                datagram = ipv4(*outer, 4 if version == 4 else 41, datagram, self.ident)
            else:
                frame = ethernet(source, destination, ETHERTYPE[version], datagram)
                vxlan = struct.pack("!BBHI", 8, 0, 0, 42 << 8) + frame
                datagram = ipv4(*outer, 17, udp((outer[0], 54321), (outer[1], 4789), vxlan), self.ident)
            source, destination = outer
            version = 4
        vlans = [int(vlan) for vlan in options.get("vlan", "").split(",") if vlan]
        self.packets.append((time, ethernet(source, destination, ETHERTYPE[version], datagram, vlans), inner))

    def send_tcp(self, time, source, destination, data, options):
        forth, back = (source, destination), (destination, source)
        if forth not in self.seq:
            self.seq[forth], self.seq[back] = 1000, 5000
            if self.handshake:
                before = time - 3 * HANDSHAKE_GAP
                self.emit(before, source, destination, 6, tcp(source, destination, 999, 0, SYN), options)
                self.emit(before + HANDSHAKE_GAP, destination, source, 6,
                          tcp(destination, source, 4999, 1000, SYN | ACK), options)
                self.emit(before + 2 * HANDSHAKE_GAP, source, destination, 6,
                          tcp(source, destination, 1000, 5000, ACK), options)
        data = self.held.pop(forth, b"") + data
        if "hold" in options:
            self.held[forth] = data
            return
        seq = self.last_seq.get(forth, self.seq[forth]) if "resend" in options else self.seq[forth]
        self.last_seq[forth] = seq
        cuts = [0] + [int(cut) for cut in options.get("split", "").split(",") if cut] + [len(data)]
        for index, (begin, end) in enumerate(zip(cuts, cuts[1:])):
            self.emit(time + index * SEGMENT_GAP, source, destination, 6,
                      tcp(source, destination, seq + begin, self.seq[back], PSH | ACK, data[begin:end]), options)
        self.seq[forth] = max(self.seq[forth], seq + len(data))

    def send_icmp(self, time, source, destination, options):
        quoted = self.packets[int(options["icmp"]) - 1][2][:int(options.get("quote", 548))]
        kind, code, protocol = (3, 3, 1) if source[0].version == 4 else (1, 4, 58)
        message = struct.pack("!BBHI", kind, code, 0, 0) + quoted
        if protocol == 58:
            message = with_transport_checksum(source[0], destination[0], 58, message, 2)
        else:
            message = message[:2] + struct.pack("!H", checksum(message)) + message[4:]
        self.emit(time, source, destination, protocol, message, options)

    def text_to_bytes(self, lines, options):
        text = "\n".join(lines)
        text = re.sub(r"(?<!\{)\{(\w+)\}", lambda m: self.defines.get(m[1], m[0]), text)
        text = text.replace("{{", "{")
        if "raw" not in options:
            text = text.rstrip("\n")
        head, gap, body = text.partition("\n\n")

        def wire(part):
            data = part.replace("\n", "\r\n").encode()
            if "escapes" in options:
                table = {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"\\": b"\\"}
                data = re.sub(rb"\\(?:x([0-9a-fA-F]{2})|([rnt\\]))",
                              lambda m: bytes([int(m[1], 16)]) if m[1] else table[m[2]], data)
            return data

        if "raw" in options:
            return wire(text)
        body = wire(body)
        if gap and "nofinal" not in options:
            body += b"\r\n"
        return wire(head).replace(b"{len}", str(len(body)).encode()) + b"\r\n\r\n" + body

    def message(self, line, lines):
        match = re.fullmatch(r"==\s+(\+?[\d.]+)\s+(\S+)\s+>\s+(\S+)\s*(.*)", line)
        if not match:
            sys.exit(f"cannot read: {line}")
        self.now = self.now + float(match[1][1:]) if match[1].startswith("+") else float(match[1])
        time = self.start + self.now
        source, destination = self.endpoint(match[2]), self.endpoint(match[3])
        options = {}
        for word in match[4].split():
            name, _, value = word.partition("=")
            options[name] = f"{options[name]},{value}" if name == "vlan" and name in options else value
        if "copy" in options:
            self.packets.append((time, *self.packets[int(options["copy"]) - 1][1:]))
        elif "icmp" in options:
            self.send_icmp(time, source, destination, options)
        elif "tcp" in options:
            self.send_tcp(time, source, destination, self.text_to_bytes(lines, options), options)
        else:
            self.emit(time, source, destination, 17, udp(source, destination, self.text_to_bytes(lines, options)),
                      options)

    def read(self, text):
        pending, lines, define = None, [], None
        for line in text.split("\n") + ["@flush"]:
            if define:
                if line == "@end":
                    self.defines[define], define, lines = "\n".join(lines), None, []
                else:
                    lines.append(line)
                continue
            if not line.startswith(("==", "@")):
                if pending:
                    lines.append(line)
                elif line.strip() and not line.startswith("#"):
                    sys.exit(f"text outside a message: {line}")
                continue
            if pending:
                self.message(pending, lines)
                pending, lines = None, []
            if line.startswith("=="):
                pending = line
                continue
            words = line.split()
            if words[0] == "@host":
                self.hosts[words[1]] = words[2]
            elif words[0] == "@define":
                define, lines = words[1], []
            elif words[0] == "@start":
                self.start = float(words[1])
            elif words[0] == "@tsresol":
                self.tsresol = int(words[1])
            elif words[0] == "@handshake":
                self.handshake = words[1] == "on"
            elif words[0] != "@flush":
                sys.exit(f"no such directive: {line}")

    def write(self, path):
        if self.tsresol is not None:
            self.write_pcapng(path)
            return
        with open(path, "wb") as out:
            out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
            for time, frame, _ in self.packets:
                microseconds = round(time * 1000000)
                out.write(struct.pack("<IIII", microseconds // 1000000, microseconds % 1000000, len(frame),
                                      len(frame)) + frame)


    def write_pcapng(self, path):
        """One section, one interface with the option if_tsresol."""
        def block(kind, body):
            body += bytes(-len(body) % 4)
            return struct.pack("<II", kind, 12 + len(body)) + body + struct.pack("<I", 12 + len(body))

        with open(path, "wb") as out:
            out.write(block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)))
            out.write(block(1, struct.pack("<HHIHHB3xHH", 1, 0, 262144, 9, 1, self.tsresol, 0, 0)))
            for time, frame, _ in self.packets:
                units = round(time * 10 ** self.tsresol)
                out.write(block(6, struct.pack("<IIIII", 0, units >> 32, units & 0xFFFFFFFF, len(frame), len(frame))
                                + frame))


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    story = Story()
    with open(sys.argv[1], encoding="utf-8") as text:
        story.read(text.read())
    story.write(sys.argv[2])


if __name__ == "__main__":
    main()
