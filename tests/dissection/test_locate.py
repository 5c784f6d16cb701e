# SPDX-License-Identifier: GPL-2.0-or-later
# ctest: label=dissection
"""The messages that redirect-locate.c finds are those that the SIP dissector's own fields show.

A test-only plugin (locate_plugin.c) shows what was located as fields. They are held against sip.* in every frame of
every capture of captures/, and of captures that this script makes: TCP streams cut at every byte, segments out of
order, sent twice or overlapping, bodies that hold SIP, tunnels, fragments, WebSocket, TLS, SCTP, SIP quoted in ICMP.
Where the script made the stream itself it also knows which messages there are.

Each capture is read in one pass and with -2, whose first pass has no protocol tree; locate.changed must stay empty.

Run by itself on other captures: BUILD_DIR=<build> python3 tests/dissection/test_locate.py FILE...
"""

import gzip
import io
import os
import random
import ssl
import struct
import sys
import tempfile
import unittest
from pathlib import Path
from xml.etree import ElementTree

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from dissection import locate_frames as net  # noqa: E402
from support import tshark, versions  # noqa: E402

# ---- tshark with the test's own plugin ----

def plugin_dir():
    folder = os.environ.get("LOCATE_PLUGIN_DIR") or Path(os.environ["BUILD_DIR"]) / "locate-plugins"
    if not list(Path(folder).glob("*/epan/sip_redirect_locate_test.so")):
        raise AssertionError(f"no */epan/sip_redirect_locate_test.so below {folder}: build first")
    return Path(folder)


_reachable_plugin_dir = None


def run(args):
    global _reachable_plugin_dir
    if _reachable_plugin_dir is None:
        _reachable_plugin_dir = str(tshark.reachable(plugin_dir()))
    return tshark.run(args, plugin=False, env={"WIRESHARK_PLUGIN_DIR": _reachable_plugin_dir})


class Frame:
    """What one frame shows: sip and located are lists of (offset, start line as hex, Call-ID, CSeq, its method)."""

    def __init__(self, packet):
        self.number = int(show(packet, "frame.number"))
        # Those in a body are no children of the packet.
        is_quoted = any(packet.find(f"proto[@name='{name}']") is not None for name in ("icmp", "icmpv6"))
        dissected = [] if is_quoted else [sip_tuple(proto) for proto in packet.findall("proto[@name='sip']")]
        self.sip = [message for message in dissected if message]
        locate = packet.find("proto[@name='locate']")
        found = locate.findall("field[@name='locate.length']") if locate is not None else []
        self.located = [locate_tuple(field) for field in found]
        self.lengths = [int(field.get("show")) for field in found]
        self.bodies = [int(show(field, "locate.body_length") or 0) for field in found]
        self.complete = [show(field, "locate.complete") == "1" for field in found]
        self.headers_complete = [show(field, "locate.headers_complete") == "1" for field in found]
        self.transports = [show(field, "locate.transport") for field in found]
        self.missed = locate is not None and int(show(locate, "locate.missed") or 0)
        self.changed = locate is not None and bool(show(locate, "locate.changed"))

    def difference(self):
        """None where the located messages are those that the SIP dissector shows."""
        if self.missed or len(self.sip) != len(self.located) or not all(map(is_same, self.sip, self.located)):
            return f"frame {self.number}: sip {readable(self.sip)}, located {readable(self.located)}, " \
                   f"missed {self.missed}"
        return None


def show(element, name):
    field = element.find(f".//field[@name='{name}']")
    return None if field is None else field.get("show")


def direct_field(element, name):
    """The first such field that belongs to this message, not to one in its body."""
    for child in element:
        if child.get("name") == name:
            return child
        if child.get("name") != "sip.msg_body":
            field = direct_field(child, name)
            if field is not None:
                return field
    return None


def sip_tuple(proto):
    for name in ("sip.Request-Line", "sip.Status-Line"):
        line = direct_field(proto, name)
        if line is not None:
            shown = [direct_field(proto, field) for field in ("sip.Call-ID", "sip.CSeq.seq", "sip.CSeq.method")]
            texts = [None if field is None else field.get("show").strip() for field in shown]
            return (int(line.get("pos")), line.get("value"), *texts)
    return None


def locate_tuple(field):
    line = field.find("field[@name='locate.start_line']")
    texts = [show(field, name) for name in ("locate.call_id", "locate.cseq", "locate.cseq_method")]
    return (int(line.get("pos")), line.get("value"), *texts)


def is_same(sip, located):
    """The place and the start line must be equal; the rest, too, as far as both the dissector and the parser got."""
    if sip[:2] != located[:2]:
        return False
    was_parsed = located[2:] != (None, None, None)
    (call_id, cseq, method), (our_call_id, our_cseq, our_method) = sip[2:], located[2:]
    return not was_parsed or (call_id in (None, our_call_id) and (
        our_cseq is None or (cseq in (None, our_cseq) and method in (None, first_word(our_method)))))


def first_word(text):
    return text.split()[0] if text else None


def readable(messages):
    return [(at, bytes.fromhex(line).decode("latin-1"), *rest) for at, line, *rest in messages]


def read_frames(capture, two_pass=False, options=()):
    args = ["-n", "-r", capture, *(["-2"] if two_pass else []), *options]
    text = run([*args, "-T", "pdml", "-J", "frame icmp icmpv6 sip locate"])
    for _, element in ElementTree.iterparse(io.BytesIO(text.encode())):
        if element.tag == "packet":
            yield Frame(element)
            element.clear()


def differences(frames):
    return [difference for difference in (frame.difference() for frame in frames) if difference]


def read_twice(test, capture, options=()):
    """Reads in one pass and in two, holds both against the dissector, and returns the frames of each."""
    passes = [list(read_frames(capture, two_pass, options)) for two_pass in (False, True)]
    for two_pass, frames in zip(("one pass", "two passes"), passes):
        test.assertEqual(differences(frames), [], two_pass)
    # The dissector itself may see other messages later; then, and only then, so do we.
    changed = [after.number for before, after in zip(*passes)
               if before.changed or (after.changed and before.sip == after.sip)]
    test.assertEqual(changed, [], "a later visit located other messages than the first")
    return passes


BATCH = 600  # connections in a capture: PDML is long


# ---- Messages ----

def message(start_line, call_id, cseq, body=b"", content_type=None, content_length=True, extra=()):
    """A message as bytes. content_length: True for the right one, a string for another value, None for none."""
    lines = [
        start_line,
        "Via: SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bK" + call_id,
        "Max-Forwards: 70",
        "From: <sip:alice@example.com>;tag=1",
        "To: <sip:bob@example.com>",
        f"Call-ID: {call_id}",
        f"CSeq: {cseq}",
        *extra,
    ]
    if content_type:
        lines.append(f"Content-Type: {content_type}")
    if content_length is not None:
        lines.append(f"Content-Length: {len(body) if content_length is True else content_length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


SDP = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
INNER = message("INVITE sip:nested@example.com SIP/2.0", "nested-1", "1 INVITE")
INNER_STATUS = message("SIP/2.0 302 Moved nested", "nested-2", "1 INVITE")
FRAG = b"SIP/2.0 302 Moved nested\r\nContact: <sip:nested@example.com>\r\n"


def call_messages():
    """A stream's worth of messages, with all that a body may do."""
    return [
        message("INVITE sip:bob@example.com SIP/2.0", "call-1", "1 INVITE", SDP, "application/sdp"),
        message("MESSAGE sip:bob@example.com SIP/2.0", "call-2", "7 MESSAGE", INNER + INNER_STATUS, "text/plain"),
        message("SIP/2.0 302 Moved Temporarily", "call-1", "1 INVITE",
                extra=["Contact: <sip:carol@example.com>;q=0.5"]),
        message("NOTIFY sip:bob@example.com SIP/2.0", "call-3", "2 NOTIFY", FRAG, "message/sipfrag;version=2.0"),
        message("MESSAGE sip:bob@example.com SIP/2.0", "call-4", "8 MESSAGE", INNER, "message/sip"),
        message("ACK sip:bob@example.com SIP/2.0", "call-1", "1 ACK"),
    ]


class StreamTest(unittest.TestCase):
    """Many small connections in one capture, each with the same messages."""

    messages = call_messages()
    stream = b"".join(messages)

    def check(self, build, cuts, all_found=True, options=()):
        """build(connection, cut) sends the stream; then every frame is compared, and every connection.

        all_found: the capture has all that is needed to find each message, once and whole.
        """
        cuts = list(cuts)
        for first in range(0, len(cuts), BATCH):
            self.check_batch(build, cuts[first:first + BATCH], all_found, options)

    def check_batch(self, build, cuts, all_found, options):
        capture = net.Capture()
        owner = []
        for index, cut in enumerate(cuts):
            build(net.TcpConnection(capture, 10000 + index), cut)
            owner += [index] * (len(capture.frames) - len(owner))
        with tempfile.TemporaryDirectory() as folder:
            path = capture.write(Path(folder) / "streams.pcap")
            with self.subTest(options=options, cuts=f"{cuts[0]} to {cuts[-1]}"):
                for frames in read_twice(self, path, options):
                    self.assertEqual(len(frames), len(capture.frames))
                    self.assertTrue(any(frame.located for frame in frames))
                    if all_found:
                        self.compare_connections(frames, owner, cuts)

    def compare_connections(self, frames, owner, cuts):
        found = [[] for _ in cuts]
        for frame in frames:
            lines = [bytes.fromhex(message[1]) for message in frame.located]
            found[owner[frame.number - 1]] += zip(lines, frame.lengths, frame.complete, frame.transports)
        expected = [(text.split(b"\r\n", 1)[0], len(text), True, "tcp") for text in self.messages]
        for cut, messages in zip(cuts, found):
            self.assertEqual(messages, expected, f"cut {cut}")

    def test_whole(self):
        """All messages in one segment."""
        self.check(lambda connection, _: connection.send(self.stream), [0])

    def test_one_each(self):
        self.check(lambda connection, _: [connection.send(text) for text in self.messages], [0])

    def test_cut_everywhere(self):
        """Two segments, for every place between two bytes."""
        self.check(lambda connection, cut: (connection.send(self.stream[:cut]), connection.send(self.stream[cut:])),
                   range(1, len(self.stream)))

    def test_cut_often(self):
        """Segments of random sizes."""
        chance = random.Random(3261)

        def build(connection, mean):
            at = 0
            while at < len(self.stream):
                size = min(chance.randint(1, 2 * mean), len(self.stream) - at)
                connection.send(self.stream[at:at + size])
                at += size

        self.check(build, [mean for mean in (5, 20, 80, 200, 400, 800) for _ in range(20)])

    def test_cut_evenly(self):
        """Segments of one size, as a sender with a small maximum makes them."""
        def build(connection, size):
            for at in range(0, len(self.stream), size):
                connection.send(self.stream[at:at + size])

        self.check(build, [1, 2, 3, 7, 64, 100, 256, 536, 700, 1000, 1460])

    def test_sent_twice(self):
        """Every segment is retransmitted."""
        def build(connection, cut):
            for part, offset in ((self.stream[:cut], 0), (self.stream[cut:], cut)):
                connection.segment(part, offset)
                connection.segment(part, offset)

        self.check(build, range(1, len(self.stream), 7), all_found=False)

    def test_overlap(self):
        """The second segment repeats the last bytes of the first."""
        def build(connection, cut):
            connection.segment(self.stream[:cut], 0)
            connection.segment(self.stream[max(cut - 40, 0):], max(cut - 40, 0))

        self.check(build, range(1, len(self.stream), 7), all_found=False)

    def test_out_of_order(self):
        """Three segments, the last two swapped; with and without Wireshark's own reordering."""
        def build(connection, cut):
            ends = (cut, cut + 300)
            connection.segment(self.stream[:ends[0]], 0)
            connection.segment(self.stream[ends[1]:], ends[1])
            connection.segment(self.stream[ends[0]:ends[1]], ends[0])

        cuts = range(1, len(self.stream) - 300, 7)
        self.check(build, cuts, all_found=False)
        self.check(build, cuts, all_found=False, options=["-o", "tcp.reassemble_out_of_order:TRUE"])

    def test_lost(self):
        """A segment in the middle is missing."""
        def build(connection, cut):
            connection.segment(self.stream[:cut], 0)
            connection.segment(self.stream[cut + 100:], cut + 100)

        self.check(build, range(1, len(self.stream) - 100, 7), all_found=False)

    def test_middle_of_a_connection(self):
        """The capture begins within a message."""
        self.check(lambda connection, cut: connection.segment(self.stream[cut:], cut), range(0, len(self.stream), 5),
                   all_found=False)

    def test_no_reassembly(self):
        cuts = range(1, len(self.stream), 11)
        for options in (["-o", "tcp.desegment_tcp_streams:FALSE"], ["-o", "sip.desegment_body:FALSE"],
                        ["-o", "sip.desegment_headers:FALSE", "-o", "sip.desegment_body:FALSE"]):
            self.check(lambda connection, cut: (connection.send(self.stream[:cut]), connection.send(self.stream[cut:])),
                       cuts, all_found=False, options=options)


INVITE = message("INVITE sip:bob@example.com SIP/2.0", "one", "1 INVITE", SDP, "application/sdp")
REDIRECT = message("SIP/2.0 302 Moved Temporarily", "one", "1 INVITE", extra=["Contact: <sip:carol@example.com>"])
BYE = message("BYE sip:bob@example.com SIP/2.0", "two", "2 BYE")
CANCEL = message("CANCEL sip:bob@example.com SIP/2.0", "three", "3 CANCEL")
HEADERS = INVITE.index(b"\r\n\r\n") + 4
# RFC 3261 23.4: the body holds a copy of the request itself.
TUNNELLED = message("INVITE sip:bob@example.com SIP/2.0", "one", "1 INVITE", INVITE, "message/sip")


class FrameTest(unittest.TestCase):
    """What carries a message, one kind at a time."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.capture = net.Capture()
        self.expected = {}

    def expect(self, number, *messages, transport="udp", complete=True, headers=True):
        """messages are located in the frame of that number; a frame that is never named holds none.

        complete and headers say whether all of the message, and all of its headers, are there.
        """
        self.expected[number] = [(text.split(b"\r\n", 1)[0], len(text), complete, headers, transport)
                                 for text in messages]

    def check(self, options=()):
        path = self.capture.write(self.folder / "frames.pcap")
        for frames in read_twice(self, path, options):
            self.assertEqual(self.found(frames),
                             {number: messages for number, messages in self.expected.items() if messages})

    @staticmethod
    def found(frames):
        return {
            frame.number: list(zip((bytes.fromhex(message[1]) for message in frame.located), frame.lengths,
                                   frame.complete, frame.headers_complete, frame.transports))
            for frame in frames if frame.located
        }

    def udp(self, text, **settings):
        return self.capture.add(net.ipv4(net.udp(text), net.UDP), **settings)

    def test_udp(self):
        for text in (INVITE, REDIRECT, BYE):
            self.expect(self.udp(text), text)
        self.check()

    def test_udp_printable_checksum(self):
        """The two bytes before the message look like a part of its method."""
        for check in (0x4142, 0x2020, 0x5349):
            packet = net.ipv4(net.udp(INVITE, check=check), net.UDP)
            self.expect(self.capture.add(packet), INVITE)
            self.expect(self.capture.add(net.ipv4(net.udp(REDIRECT, check=check), net.UDP)), REDIRECT)
        self.check()

    def test_udp_any_port(self):
        """Found by Wireshark's heuristics."""
        self.expect(self.capture.add(net.ipv4(net.udp(INVITE, 40001, 40002), net.UDP)), INVITE)
        self.check()

    def test_udp_trailer(self):
        """What follows the datagram in the frame (a checksum, padding) is no part of the message."""
        self.expect(self.udp(INVITE, trailer=b"INVI"), INVITE)
        self.expect(self.udp(REDIRECT, trailer=b"\0" * 20), REDIRECT)
        self.check()

    def test_udp_behind_content_length(self):
        """To the end of the datagram: what lies after the body is for others to judge (RFC 3261 18.3)."""
        text = INVITE + b"more"
        self.expect(self.udp(text), text)
        text = INVITE + BYE
        self.expect(self.udp(text), text)
        self.check()

    def test_udp_body_too_short(self):
        """Captured whole, and yet not whole: bytes were lost on the way, or the sender counts wrongly."""
        text = message("MESSAGE sip:bob@example.com SIP/2.0", "one", "1 MESSAGE", b"hello", "text/plain", "50")
        self.expect(self.udp(text), text, complete=False)
        packet = net.sctp_data(text)
        self.expect(self.capture.add(net.ipv4(packet, net.SCTP)), text, transport="sctp", complete=False)
        text = message("MESSAGE sip:bob@example.com SIP/2.0", "one", "1 MESSAGE", b"hello", "text/plain", None)
        self.expect(self.udp(text), text)
        self.check()

    def test_udp_no_end_of_headers(self):
        """The sender's error: the whole datagram is there."""
        text = BYE[:-2]
        self.expect(self.udp(text), text)
        packet = net.sctp_data(text, INVITE)
        self.expected[self.capture.add(net.ipv4(packet, net.SCTP))] = [
            (part.split(b"\r\n", 1)[0], len(part), True, True, "sctp") for part in (text, INVITE)]
        self.check()

    def test_keep_alive(self):
        self.udp(b"\r\n\r\n")
        self.udp(b"\0\0\0\0")
        self.check()

    def test_cut_by_snaplen(self):
        at = 14 + 20 + 8
        for length in (len(INVITE) - 10, 250, 100):
            self.expect(self.udp(INVITE, snaplen=at + length), INVITE[:length], complete=False,
                        headers=length > HEADERS)
        self.check()

    def test_cut_at_every_byte(self):
        """The headers are whole from the CR of the empty line on, the message from its own last byte on."""
        self.assertIn(b"\r\n\r\n", INVITE[HEADERS - 4:HEADERS])
        at = 14 + 20 + 8
        for length in range(len(INVITE.split(b"\r\n")[0]) + 2, len(INVITE) + 1):
            self.expect(self.udp(INVITE, snaplen=at + length), INVITE[:length], complete=length == len(INVITE),
                        headers=length >= HEADERS - 1)
        self.check()

    def test_cut_in_trailer(self):
        """What is cut off is no part of the message."""
        self.expect(self.udp(INVITE, trailer=b"\0" * 20, snaplen=14 + 20 + 8 + len(INVITE) + 5), INVITE)
        self.check()

    def test_cut_tcp(self):
        """The first of two is whole, wherever the second is cut, which only newer versions of Wireshark dissect."""
        at = 14 + 20 + 20
        for length in (100, HEADERS - 2, HEADERS, HEADERS + 10):
            connection = net.TcpConnection(self.capture, 20000 + length)
            number = connection.send(BYE + INVITE, snaplen=at + len(BYE) + length)
            self.expect(number, BYE, transport="tcp")
            if versions.dissects_second_cut_message():
                self.expected[number].append((INVITE.split(b"\r\n", 1)[0], length, False, length >= HEADERS, "tcp"))
            connection = net.TcpConnection(self.capture, 30000 + length)
            self.expect(connection.send(INVITE, snaplen=at + length), INVITE[:length], transport="tcp", complete=False,
                        headers=length >= HEADERS)
        self.check()

    def test_cut_without_content_length(self):
        """Over a stream, what is left of the segment is the body; how much was cut off is not known."""
        text = message("MESSAGE sip:bob@example.com SIP/2.0", "one", "1 MESSAGE", b"hello", "text/plain", None)
        self.expect(net.TcpConnection(self.capture, 20000).send(text), text, transport="tcp")
        number = net.TcpConnection(self.capture, 20001).send(text, snaplen=14 + 20 + 20 + len(text) - 2)
        self.expect(number, text[:-2], transport="tcp", complete=False)
        self.check()

    def test_first_fragment_alone(self):
        """The UDP header announces more than the frame has, and no snap length says so."""
        for size in (120, 320):
            parts = net.fragments(net.udp(INVITE), net.UDP, size, ident=size)
            self.expect(self.capture.add(parts[0]), INVITE[:size // 8 * 8 - 8], complete=False,
                        headers=size - 8 >= HEADERS)
        self.check(options=["-o", "ip.defragment:FALSE"])

    def test_stream_not_put_together(self):
        """Without reassembly, each segment is dissected as far as it goes."""
        for cut in (len(INVITE) - 10, HEADERS, HEADERS - 2, 150):
            connection = net.TcpConnection(self.capture, 20000 + cut)
            self.expect(connection.send(INVITE[:cut]), INVITE[:cut], transport="tcp", complete=False,
                        headers=cut >= HEADERS)
        self.check(options=["-o", "sip.desegment_headers:FALSE", "-o", "sip.desegment_body:FALSE"])

    def test_udp_content_length(self):
        """A number that no body of a datagram can have says that something is missing; what is no number says nothing."""
        for value, complete in (("5", True), ("4", True), ("0", True), ("6", False), ("65536", False),
                                ("2147483648", False), ("4294967296", False), ("99999999999999999999", False),
                                ("-1", True), ("abc", True), ("", True)):
            text = message("MESSAGE sip:bob@example.com SIP/2.0", "one", "1 MESSAGE", b"hello", "text/plain", value)
            self.expect(self.udp(text), text, complete=complete)
            text = text.replace(b"Content-Length", b"l")
            self.expect(self.udp(text), text, complete=complete)
        self.check()

    def test_bodies(self):
        for body_type in ("text/plain", "message/sip", "message/sipfrag", "application/x"):
            for body in (INNER, INNER_STATUS, FRAG, INNER + INNER_STATUS):
                text = message("NOTIFY sip:bob@example.com SIP/2.0", "one", "1 NOTIFY", body, body_type)
                self.expect(self.udp(text), text)
        for parts in ([SDP, INNER], [INNER, INNER_STATUS]):
            body = b"".join(b"--x\r\nContent-Type: " + (b"application/sdp" if part is SDP else b"message/sip") +
                            b"\r\n\r\n" + part + b"\r\n" for part in parts) + b"--x--\r\n"
            text = message("INVITE sip:bob@example.com SIP/2.0", "one", "1 INVITE", body, "multipart/mixed;boundary=x")
            self.expect(self.udp(text), text)
        self.check()

    def test_tunnelled_in_itself(self):
        self.expect(self.udp(TUNNELLED), TUNNELLED)
        connection = net.TcpConnection(self.capture, 20000)
        self.expect(connection.send(TUNNELLED + BYE), TUNNELLED, BYE, transport="tcp")
        body = len(TUNNELLED) - len(INVITE)
        for cut in (30, body - 3, body, body + 5, len(TUNNELLED) - 5):
            connection.send(TUNNELLED[:cut])
            self.expect(connection.send(TUNNELLED[cut:] + BYE), TUNNELLED, BYE, transport="tcp")
        self.check()

    def test_compressed_body(self):
        """Wireshark decompresses the body and dissects what it finds: a data source that holds no message."""
        body = gzip.compress(INNER, mtime=0)
        text = message("MESSAGE sip:bob@example.com SIP/2.0", "one", "1 MESSAGE", body, "message/sip",
                       extra=["Content-Encoding: gzip"])
        self.expect(self.udp(text), text)
        connection = net.TcpConnection(self.capture, 20000)
        connection.send(text[:200])
        self.expect(connection.send(text[200:] + BYE), text, BYE, transport="tcp")
        path = self.capture.write(self.folder / "frames.pcap")
        # As the dissector shows it, too: the inner message is no child of the packet.
        for frames in read_twice(self, path):
            self.assertEqual([frame.number for frame in frames if frame.located], [1, 6])
            self.assertEqual([frame.lengths for frame in frames if frame.located], [[len(text)], [len(text), len(BYE)]])
            self.assertEqual([frame.missed for frame in frames if frame.located], [0, 0])

    def test_odd_headers(self):
        lines = INVITE.split(b"\r\n\r\n")[0].split(b"\r\n")
        odd = [
            b"\n".join(lines) + b"\n\n" + SDP,                                         # bare line feeds
            INVITE.replace(b"Call-ID", b"i").replace(b"Content-Length", b"l"),          # compact
            INVITE.replace(b"Call-ID: ", b"CALL-ID:\t ").replace(b"CSeq", b"cseq"),
            INVITE.replace(b"Call-ID: one", b"Call-ID:\r\n one"),                      # folded
            INVITE.replace(b"CSeq: 1 INVITE", b"CSeq: 1\r\n\tINVITE"),
            INVITE.replace(b"Call-ID: one", b"Call-ID: " + b"x" * 300),                 # longer than the record
            INVITE.replace(b"Call-ID: one", b"Call-ID: \xc3\xa4\xff"),                  # not ASCII
            INVITE.replace(b"Call-ID: one\r\n", b""),
            INVITE.replace(b"CSeq: 1 INVITE\r\n", b""),
            INVITE.replace(b"CSeq: 1 ", b"CSeq: 99999999999 "),
            INVITE.replace(b"Call-ID: one", b"Call-ID: one\r\nCall-ID: two"),
            INVITE.replace(b"INVITE", b"N\xc3\x84H"),
            INVITE.replace(b"sip:bob", b"sip:b/SIP/2.0/ob"),
        ]
        for text in odd:
            number = self.udp(text)
            self.expected[number] = [(text.splitlines()[0], len(text), True, True, "udp")]
        self.check()

    def test_tunnels(self):
        inner = net.ipv4(net.udp(INVITE), net.UDP)
        self.expect(self.capture.add(net.ipv4(inner, net.IPIP)), INVITE)
        self.expect(self.capture.add(net.ipv4(b"\0\0\x08\0" + inner, net.GRE)), INVITE)
        self.expect(self.capture.add(net.ipv6(net.udp(INVITE), net.UDP), net.ETHERTYPE_IPV6), INVITE)
        self.expect(self.capture.add(net.ipv4(net.ipv6(net.udp(INVITE), net.UDP), net.IPV6)), INVITE)
        self.expect(self.capture.add(b"\0\x05\x08\0" + inner, 0x8100), INVITE)
        gtp = b"\x30\xff" + len(inner).to_bytes(2, "big") + b"\0\0\0\1" + inner
        self.expect(self.capture.add(net.ipv4(net.udp(gtp, 2152, 2152), net.UDP)), INVITE)
        vxlan = b"\x08\0\0\0\0\0\1\0" + bytes.fromhex("0200000000020200000000010800") + inner
        self.expect(self.capture.add(net.ipv4(net.udp(vxlan, 40000, 4789), net.UDP)), INVITE)
        self.check()

    def test_fragments(self):
        for text in (TUNNELLED, INVITE):
            for size in (80, 200, 400):
                for part in net.fragments(net.udp(text), net.UDP, size, ident=size):
                    number = self.capture.add(part)
                self.expect(number, text)
        self.check()

    def test_fragments_in_tunnel(self):
        for part in net.fragments(net.ipv4(net.udp(INVITE), net.UDP), net.IPIP, 160):
            number = self.capture.add(part)
        self.expect(number, INVITE)
        self.check()

    def test_quoted_in_icmp(self):
        quoted = net.ipv4(net.udp(INVITE), net.UDP)
        self.capture.add(net.ipv4(b"\x03\x03\0\0\0\0\0\0" + quoted, net.ICMP))
        self.capture.add(net.ipv4(b"\x0b\0\0\0\0\0\0\0" + quoted[:200], net.ICMP))
        self.check()

    def test_tcp_any_port(self):
        """Found by Wireshark's heuristics, which know less about the ends of messages."""
        connection = net.TcpConnection(self.capture, 40001, 40002)
        self.expect(connection.send(INVITE + REDIRECT), INVITE, REDIRECT, transport="tcp")
        connection.send(INVITE[:150])
        connection.send(INVITE[150:] + BYE)
        path = self.capture.write(self.folder / "frames.pcap")
        for frames in read_twice(self, path):
            self.assertEqual([len(frame.located) for frame in frames][:4], [0, 0, 0, 2])

    def test_tcp_keep_alives(self):
        """Empty lines before, between and after messages, in segments of their own and not."""
        connection = net.TcpConnection(self.capture, 20000)
        for payload in (b"\r\n\r\n", b"\r\n\r\n" + INVITE, INVITE + b"\r\n\r\n", INVITE + b"\r\n" + BYE, b"\r\n",
                        b"\r\n" + BYE[:50], BYE[50:] + b"\r\n\r\n" + REDIRECT, REDIRECT):
            connection.send(payload)
        path = self.capture.write(self.folder / "frames.pcap")
        for frames in read_twice(self, path):
            self.assertTrue(frames[-1].located)

    def test_tcp_content_length(self):
        """None, wrong ones and unreadable ones, each with another message after it: as the dissector counts."""
        for index, value in enumerate((None, "0", "3", "5", "500", "-1", "abc", "", "5 ", "0005", "4294967295",
                                       "99999999999", "2147483648", "5;x")):
            for compact in (False, True):
                text = message("MESSAGE sip:bob@example.com SIP/2.0", "one", "1 MESSAGE", b"hello", "text/plain", value)
                if compact:
                    text = text.replace(b"Content-Length", b"l")
                for cut in (len(text) + len(BYE), len(text) + 20, len(text) - 2, len(text) - 7, 50):
                    connection = net.TcpConnection(self.capture, 20000 + len(self.capture.frames))
                    connection.send((text + BYE)[:cut])
                    connection.send((text + BYE)[cut:] + REDIRECT)
        path = self.capture.write(self.folder / "frames.pcap")
        read_twice(self, path)

    def test_same_message_twice(self):
        """Two that differ in nothing are two."""
        connection = net.TcpConnection(self.capture, 20000)
        self.expect(connection.send(REDIRECT + REDIRECT + REDIRECT), REDIRECT, REDIRECT, REDIRECT, transport="tcp")
        connection.send(INVITE + INVITE + INVITE[:40])
        self.expect(len(self.capture.frames), INVITE, INVITE, transport="tcp")
        self.expect(connection.send(INVITE[40:] + INVITE), INVITE, INVITE, transport="tcp")
        self.check()

    def test_many_messages(self):
        """More than a frame's layers can count, without bodies that add layers."""
        connection = net.TcpConnection(self.capture, 20000)
        text = b"".join(message("OPTIONS sip:bob@example.com SIP/2.0", f"call-{i}", f"{i} OPTIONS") for i in range(200))
        number = connection.send(text)
        path = self.capture.write(self.folder / "frames.pcap")
        for frames in read_twice(self, path):
            self.assertEqual(len(frames[number - 1].located), 200)

    def test_websocket(self):
        mask = b"\x11\x22\x33\x44"
        no_length = message("INVITE sip:bob@example.com SIP/2.0", "one", "1 INVITE", SDP, "application/sdp", None)
        connection = net.TcpConnection(self.capture, 20000, 80)
        connection.send(b"GET / HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: sip\r\n"
                        b"Sec-WebSocket-Version: 13\r\n\r\n")
        connection.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: sip\r\n\r\n", 1)
        for text in (INVITE, no_length, TUNNELLED):
            self.expect(connection.send(net.websocket(text, mask)), text, transport="ws")
            self.expect(connection.send(net.websocket(text), 1), text, transport="ws")
        # Several in a segment, and one in several segments.
        for side, key in ((0, mask), (1, None)):
            both = net.websocket(no_length, key) + net.websocket(BYE, key)
            self.expect(connection.send(both, side), no_length, BYE, transport="ws")
            connection.send(both[:200], side)
            self.expect(connection.send(both[200:], side), no_length, BYE, transport="ws")
            connection.send(net.websocket(INVITE[:100], key, fin=False), side)
            self.expect(connection.send(net.websocket(INVITE[100:], key, opcode=0), side), INVITE, transport="ws")
        self.check()

    def test_sctp(self):
        no_length = message("INVITE sip:bob@example.com SIP/2.0", "one", "1 INVITE", SDP, "application/sdp", None)
        for tsn, texts in ((1, [INVITE]), (2, [no_length]), (3, [no_length, BYE, INVITE])):
            packet = net.sctp_data(*texts, tsn=tsn)
            self.expect(self.capture.add(net.ipv4(packet, net.SCTP)), *texts, transport="sctp")
        self.check()

    def test_tls(self):
        """Records that hold a message, two, or a part of one; records and segments that end in different places."""
        stream = b"".join(call_messages())
        records = [call_messages()[0], call_messages()[1] + call_messages()[2][:50], call_messages()[2][50:] +
                   call_messages()[3] + call_messages()[4][:-30], call_messages()[4][-30:] + call_messages()[5]]
        self.assertEqual(b"".join(records), stream)
        keys = self.folder / "keys"
        flights, sent = tls_flights(records, keys)
        ports = iter(range(20000, 30000))

        def connect():
            connection = net.TcpConnection(self.capture, next(ports), 5061)
            for side, payload in flights:
                connection.send(payload, side)
            return connection

        connection = connect()
        numbers = [connection.send(record) for record in sent]
        texts = call_messages()
        for number, messages in zip(numbers, (texts[:1], texts[1:2], texts[2:4], texts[4:])):
            self.expect(number, *messages, transport="tls")
        self.expect(connect().send(b"".join(sent)), *texts, transport="tls")
        cipher = b"".join(sent)
        for cut in range(1, len(cipher), 97):
            connection = connect()
            first = connection.send(cipher[:cut])
            second = connection.send(cipher[cut:])
            ends = [sum(map(len, sent[:i + 1])) for i in range(len(sent))]
            whole = [texts[:1], texts[1:2], texts[2:4], texts[4:]]
            early = [text for end, part in zip(ends, whole) if end <= cut for text in part]
            self.expect(first, *early, transport="tls")
            self.expect(second, *texts[len(early):], transport="tls")
        self.check(options=["-o", f"tls.keylog_file:{keys}"])


class MissedTest(unittest.TestCase):
    """Messages that the dissector sees and that are not found are counted, each once."""

    OTHER_VERSION = BYE.replace(b"SIP/2.0\r\nVia", b"SIP/3.0\r\nVia")
    OPTIONS = ["-o", "sip.strict_sip_version:FALSE"]

    def read(self, capture):
        """(how many are located, how many are missed) for each frame; the same in each pass."""
        with tempfile.TemporaryDirectory() as folder:
            path = capture.write(Path(folder) / "missed.pcap")
            passes = [[(len(frame.located), frame.missed) for frame in read_frames(path, two_pass, self.OPTIONS)]
                      for two_pass in (False, True)]
        self.assertEqual(*passes)
        return passes[0]

    def stream(self, *parts):
        """What is located and missed where all parts stand in one segment."""
        capture = net.Capture()
        number = net.TcpConnection(capture, 20000).send(b"".join(parts))
        return self.read(capture)[number - 1]

    def test_other_version(self):
        capture = net.Capture()
        capture.add(net.ipv4(net.udp(self.OTHER_VERSION), net.UDP))
        capture.add(net.ipv4(net.udp(INVITE), net.UDP))
        self.assertEqual(self.read(capture), [(0, 1), (1, 0)])

    def test_among_others(self):
        self.assertEqual(self.stream(INVITE, self.OTHER_VERSION, BYE), (2, 1))
        self.assertEqual(self.stream(self.OTHER_VERSION, self.OTHER_VERSION, INVITE), (1, 2))

    def test_after_a_body_that_may_hold_messages(self):
        """Such a body hides messages only where it, or a part of it, is encoded."""
        part = b"--x\r\nContent-Type: message/sip\r\n%s\r\n" + INNER + b"\r\n--x--\r\n"
        for content_type, body in (("message/sip", INNER), ("message/sipfrag", FRAG),
                                   ("multipart/mixed;boundary=x", part % b"")):
            text = message("NOTIFY sip:bob@example.com SIP/2.0", "three", "3 NOTIFY", body, content_type)
            with self.subTest(content_type=content_type):
                self.assertEqual(self.stream(text, self.OTHER_VERSION), (1, 1))
                self.assertEqual(self.stream(text, self.OTHER_VERSION, BYE), (2, 1))

    def test_many(self):
        """More than are looked for."""
        for count in (1, 10, 300):
            self.assertEqual(self.stream(*[self.OTHER_VERSION.replace(b"two", b"2")] * count), (0, count))

    def test_many_layers(self):
        """Layers are counted in 8 bits; beyond, records get old numbers again."""
        for count in (240, 251, 252, 300, 400):
            texts = [b"A sip:b SIP/2.0\r\ni:%d\r\nc:application/sdp\r\nContent-Length:5\r\n\r\nv=0\r\n" % i
                     for i in range(count)]
            located, missed = self.stream(*texts)
            with self.subTest(count=count, located=located):
                self.assertEqual(located + missed, count)
                self.assertEqual(missed, 0)

    def test_many_layers_in_disorder(self):
        """Messages with and without a body among them: not all are found, and none is forgotten."""
        texts = [b"A sip:b SIP/2.0\r\ni:%d\r\nc:application/sdp\r\nContent-Length:5\r\n\r\nv=0\r\n" % i +
                 b"A sip:b SIP/2.0\r\ni:x%d\r\nContent-Length:0\r\n\r\n" % i * (i % 3) for i in range(300)]
        located, missed = self.stream(*texts)
        self.assertEqual(located + missed, 300 + 300)
        self.assertGreater(missed, 0)

    def test_continuations_and_quotations(self):
        """These are no messages, so none is missed."""
        capture = net.Capture()
        capture.add(net.ipv4(net.udp(b"no message at all\r\n"), net.UDP))
        quoted = net.ipv4(net.udp(self.OTHER_VERSION), net.UDP)
        capture.add(net.ipv4(b"\x03\x03\0\0\0\0\0\0" + quoted, net.ICMP))
        self.assertEqual(self.read(capture), [(0, 0), (0, 0)])


def tls_flights(records, keylog):
    """A handshake as (side, bytes) flights, and the client's records encrypted. Anonymous: it needs no certificate."""
    contexts = [ssl.SSLContext(protocol) for protocol in (ssl.PROTOCOL_TLS_CLIENT, ssl.PROTOCOL_TLS_SERVER)]
    for context in contexts:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("AECDH-AES128-SHA:@SECLEVEL=0")
    contexts[0].keylog_filename = str(keylog)
    wires = [ssl.MemoryBIO(), ssl.MemoryBIO()]  # what each side receives
    ends = [contexts[side].wrap_bio(wires[side], wires[1 - side], server_side=bool(side)) for side in (0, 1)]
    flights = []
    for turn in range(6):
        side = turn % 2
        try:
            ends[side].do_handshake()
        except ssl.SSLWantReadError:
            pass
        payload = wires[1 - side].read()
        if payload:
            flights.append((side, payload))
            wires[1 - side].write(payload)
    sent = []
    for record in records:
        ends[0].write(record)
        sent.append(wires[1].read())
    return flights, sent


class CaptureTest(unittest.TestCase):
    """Every capture of captures/ (or those named on the command line)."""

    files = None

    def test_captures(self):
        files = self.files
        if files is None:
            folder = tshark.source_dir() / "captures"
            files = sorted(path for path in folder.rglob("*.pcap*") if path.is_file())
        self.assertTrue(files, "no captures")
        for path in files:
            with self.subTest(capture=path.name):
                passes = read_twice(self, path)
                if self.files is None:
                    # Real software sent these, and all of each was captured.
                    self.assertEqual([frame.number for frames in passes for frame in frames
                                      if not all(frame.complete) or not all(frame.headers_complete)], [])

    def test_cut_captures(self):
        """With a snap length, each message in a frame that was cut says so, and no other does."""
        folder = tshark.scratch("cut")
        for path in sorted((tshark.source_dir() / "captures").glob("*302*.pcap")):
            for length in (96, 128, 200, 300, 600):
                cut = folder / "cut.pcap"
                frames_bytes = cut_capture(path, cut, length)
                with self.subTest(capture=path.name, length=length):
                    for frame in read_frames(cut):
                        captured, whole = frames_bytes[frame.number - 1]
                        count = len(frame.located)
                        self.assertEqual(frame.missed, 0)
                        self.assertEqual(frame.complete, [len(captured) == whole] * count, f"frame {frame.number}")
                        if set(frame.transports) <= {"udp", "tcp"}:  # the text of others is not in the frame
                            self.assertEqual(frame.headers_complete, [b"\r\n\r" in captured] * count,
                                             f"frame {frame.number}")


def cut_capture(path, cut, length):
    """Writes the capture with that snap length, as editcap -s does; (captured bytes, length on the wire) by frame."""
    data = path.read_bytes()
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    frames, at = [], 24
    with open(cut, "wb") as out:
        out.write(data[:24])
        while at < len(data):
            seconds, fraction, captured, whole = struct.unpack_from(order + "IIII", data, at)
            frame = data[at + 16:at + 16 + min(captured, length)]
            out.write(struct.pack(order + "IIII", seconds, fraction, len(frame), whole) + frame)
            frames.append((frame, whole))
            at += 16 + captured
    cut.chmod(0o644)
    return frames


if __name__ == "__main__":
    if any(os.path.isfile(arg) for arg in sys.argv[1:]):
        CaptureTest.files = [Path(arg).resolve() for arg in sys.argv[1:]]
        sys.argv[1:] = ["CaptureTest"]
    unittest.main()
