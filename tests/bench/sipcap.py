# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes captures of SIP quickly: frames from templates, a million messages in a few seconds.

    with sipcap.Pcap(path) as pcap:
        pcap.udp(0.5, UAC, SERVER, sipcap.request("INVITE", "sip:bob@example.com", call_id="1@a", branch="z9hG4bK1"))

Times are seconds from START. An endpoint is ("192.0.2.1", 5060).
"""

import struct

START = 1_700_000_000
SIP_PORT = 5060
UAC = ("192.0.2.1", SIP_PORT)
SERVER = ("192.0.2.2", SIP_PORT)

_FILE_HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
_RECORD = struct.Struct("<IIII").pack
_IP = struct.Struct("!HHHHH").pack  # total length, identification, fragment, TTL and protocol, checksum
_UDP = struct.Struct("!HH").pack  # length, checksum (0: none)
_TCP = struct.Struct("!IIHHHH").pack  # sequence, acknowledgement, offset and flags, window, checksum, urgent
_ETHERNET_IPV4 = b"\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x08\0\x45\0"
_PROTOCOL_UDP, _PROTOCOL_TCP = 0x4011, 0x4006
_LARGEST_DATAGRAM = 65535 - 28
_LARGEST_SEGMENT = 65535 - 40
_WRITE_AT_ONCE = 4096  # frames


def address(endpoint):
    return bytes(int(octet) for octet in endpoint[0].split("."))


def place(index, net=51):
    """An address and port for a numbered host."""
    return (f"10.{net + index // 62500}.{index // 250 % 250}.{index % 250 + 1}", SIP_PORT)


class Pcap:
    """Ethernet and IPv4 with UDP or TCP. Counts the frames, the SIP messages in them, and the bytes of all frames."""

    def __init__(self, path):
        self.count = self.messages = self.bytes = 0
        self._file = open(path, "wb")
        self._parts = [_FILE_HEADER]
        self._routes = {}
        self._sequence = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if not self._file.closed:
            self._flush()
            self._file.close()

    def _flush(self):
        self._file.write(b"".join(self._parts))
        self._parts.clear()

    def _route(self, source, destination):
        """Both addresses and ports as they stand in the frame, and their part of the header's checksum."""
        route = self._routes.get((source, destination))
        if route is None:
            addresses = address(source) + address(destination)
            total = 0x4500 + sum(struct.unpack("!4H", addresses))
            route = addresses + struct.pack("!HH", source[1], destination[1]), total
            self._routes[source, destination] = route
        return route

    def _frame(self, time, protocol, source, destination, transport, payload):
        route, total = self._route(source, destination)
        length = 24 + len(transport) + len(payload)
        number = self.count & 0xFFFF
        total += length + number + protocol
        total = (total & 0xFFFF) + (total >> 16)
        total = (total & 0xFFFF) + (total >> 16)
        whole = int(time * 1e6 + 0.5)
        size = 14 + length
        self._parts += (
            _RECORD(START + whole // 1_000_000, whole % 1_000_000, size, size),
            _ETHERNET_IPV4,
            _IP(length, number, 0, protocol, ~total & 0xFFFF),
            route,
            transport,
            payload,
        )
        self.count += 1
        self.bytes += size
        if self.count % _WRITE_AT_ONCE == 0:
            self._flush()
        return self.count

    def udp(self, time, source, destination, payload, messages=1):
        """Writes one datagram. Returns its frame number."""
        if isinstance(payload, str):
            payload = payload.encode()
        if len(payload) > _LARGEST_DATAGRAM:
            raise ValueError(f"{len(payload)} bytes do not fit into a datagram")
        self.messages += messages
        return self._frame(time, _PROTOCOL_UDP, source, destination, _UDP(8 + len(payload), 0), payload)

    def tcp(self, time, source, destination, payload, messages=1, segment=_LARGEST_SEGMENT):
        """Writes payload as so many segments as it takes, of one connection without handshake."""
        if isinstance(payload, str):
            payload = payload.encode()
        self.messages += messages
        sequence = self._sequence.get((source, destination), 1)
        for at in range(0, len(payload), segment):
            part = payload[at : at + segment]
            acknowledged = self._sequence.get((destination, source), 1)
            self._frame(
                time, _PROTOCOL_TCP, source, destination, _TCP(sequence, acknowledged, 0x5018, 65535, 0, 0), part
            )
            sequence = (sequence + len(part)) & 0xFFFFFFFF
        self._sequence[source, destination] = sequence
        return self.count

    def message(self, time, source, destination, payload):
        """Writes one message, over TCP where it is too large for a datagram."""
        send = self.udp if len(payload) <= _LARGEST_DATAGRAM else self.tcp
        return send(time, source, destination, payload)


def _headers(method, call_id, branch, cseq, from_uri, from_tag, to_uri, to_tag, via, vias, extra, body):
    tag = f";tag={to_tag}" if to_tag else ""
    return (
        f"Via: SIP/2.0/UDP {via};branch={branch}\r\n{vias}"
        f"From: <{from_uri}>;tag={from_tag}\r\nTo: <{to_uri}>{tag}\r\n"
        f"Call-ID: {call_id}\r\nCSeq: {cseq} {method}\r\n{extra}Content-Length: {len(body)}\r\n\r\n{body}"
    )


def request(
    method, uri, *, call_id, branch, cseq=1, from_uri="sip:alice@192.0.2.1", from_tag="f1", to_uri="sip:bob@192.0.2.2",
    to_tag="", via="192.0.2.1:5060", vias="", extra="", body="",
):
    """A request with no more headers than it needs; vias and extra are whole header lines."""
    return f"{method} {uri} SIP/2.0\r\n" + _headers(
        method, call_id, branch, cseq, from_uri, from_tag, to_uri, to_tag, via, vias, extra, body
    )


def response(
    status, *, call_id, branch, method="INVITE", cseq=1, from_uri="sip:alice@192.0.2.1", from_tag="f1",
    to_uri="sip:bob@192.0.2.2", to_tag="t1", via="192.0.2.1:5060", vias="", extra="", body="",
):
    """A response to such a request; status is "302 Moved Temporarily"."""
    return f"SIP/2.0 {status}\r\n" + _headers(
        method, call_id, branch, cseq, from_uri, from_tag, to_uri, to_tag, via, vias, extra, body
    )


def contacts(uris):
    """One Contact header that lists uris."""
    return "Contact: " + ", ".join(f"<{uri}>" for uri in uris) + "\r\n"
