# SPDX-License-Identifier: GPL-2.0-or-later
"""Packets for test_locate.py, byte by byte: segments that no socket would send in this order or of this size."""

import struct

CLIENT = "192.0.2.1"
SERVER = "192.0.2.2"

ETHERTYPE_IPV4 = 0x0800
ETHERTYPE_IPV6 = 0x86DD
ICMP, IPIP, TCP, UDP, IPV6, GRE, SCTP = 1, 4, 6, 17, 41, 47, 132
FIN, SYN, PSH, ACK = 0x01, 0x02, 0x08, 0x10


class Capture:
    """Ethernet frames, a millisecond apart, in the classic pcap format."""

    def __init__(self):
        self.frames = []

    def add(self, packet, ethertype=ETHERTYPE_IPV4, trailer=b"", snaplen=None):
        """Adds a frame and returns its number."""
        frame = bytes.fromhex("020000000002 020000000001") + struct.pack("!H", ethertype) + packet + trailer
        self.frames.append((frame[:snaplen], len(frame)))
        return len(self.frames)

    def write(self, path):
        with open(path, "wb") as out:
            out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
            for index, (frame, length) in enumerate(self.frames):
                out.write(struct.pack("<IIII", 1700000000 + index // 1000, index % 1000 * 1000, len(frame), length))
                out.write(frame)
        return path


def checksum(data):
    total = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def address(text):
    return bytes(int(part) for part in text.split("."))


def ipv4(payload, protocol, src=CLIENT, dst=SERVER, ident=0, fragment=0, more=False):
    """fragment is the payload's offset in bytes, a multiple of 8."""
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), ident, (0x2000 if more else 0) | fragment // 8,
                         64, protocol, 0, address(src), address(dst))
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + payload


def ipv6(payload, protocol):
    return struct.pack("!IHBB16s16s", 0x60000000, len(payload), protocol, 64,
                       bytes.fromhex("20010db8000000000000000000000001"),
                       bytes.fromhex("20010db8000000000000000000000002")) + payload


def fragments(payload, protocol, size, ident=7):
    size -= size % 8
    return [ipv4(payload[at:at + size], protocol, ident=ident, fragment=at, more=at + size < len(payload))
            for at in range(0, len(payload), size)]


def udp(payload, sport=5060, dport=5060, check=0):
    return struct.pack("!HHHH", sport, dport, 8 + len(payload), check) + payload


def tcp(payload, sport, dport, seq, ack=1, flags=PSH | ACK):
    numbers = (seq & 0xFFFFFFFF, ack & 0xFFFFFFFF)
    return struct.pack("!HHIIBBHHH", sport, dport, *numbers, 0x50, flags, 65000, 0, 0) + payload


def sctp_data(*payloads, sport=5060, dport=5060, tsn=1):
    """One packet with a DATA chunk for each payload."""
    packet = struct.pack("!HHII", sport, dport, 1, 0)
    for index, payload in enumerate(payloads):
        packet += struct.pack("!BBHIHHI", 0, 3, 16 + len(payload), tsn + index, 0, index, 0) + payload
        packet += b"\0" * (-len(payload) % 4)
    return packet


class TcpConnection:
    """A connection in a capture; each direction has its own stream."""

    def __init__(self, capture, sport, dport=5060, handshake=True):
        self.capture = capture
        self.ends = [(CLIENT, sport), (SERVER, dport)]
        self.sent = [1, 1]
        if handshake:
            for side, flags in ((0, SYN), (1, SYN | ACK), (0, ACK)):
                self._add(side, b"", 1 if flags == ACK else 0, 1 if flags == ACK else flags & ACK and 1, flags)

    def _add(self, side, payload, seq, ack, flags, **settings):
        (src, sport), (dst, dport) = self.ends[side], self.ends[1 - side]
        return self.capture.add(ipv4(tcp(payload, sport, dport, seq, ack, flags), TCP, src, dst), **settings)

    def segment(self, payload, offset, side=0, flags=PSH | ACK, **settings):
        """Sends payload, which stands at offset in the side's stream. Returns the frame's number."""
        self.sent[side] = max(self.sent[side], 1 + offset + len(payload))
        return self._add(side, payload, 1 + offset, self.sent[1 - side], flags, **settings)

    def send(self, payload, side=0, **settings):
        """Sends payload after all that the side has sent; settings are those of Capture.add()."""
        return self.segment(payload, self.sent[side] - 1, side, **settings)


def websocket(payload, mask=None, opcode=1, fin=True):
    """RFC 6455 5.2; mask is 4 bytes or None."""
    head = bytes([(0x80 if fin else 0) | opcode])
    masked = 0x80 if mask else 0
    if len(payload) < 126:
        head += bytes([masked | len(payload)])
    else:
        head += bytes([masked | 126]) + struct.pack("!H", len(payload))
    if mask:
        return head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
    return head + payload
