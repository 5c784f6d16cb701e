# SPDX-License-Identifier: GPL-2.0-or-later
# ctest: label=dissection
"""What finding messages costs grows with the input, not with its square; frames without SIP cost next to nothing.

Two measures:
- User CPU time of tshark with the plugin, on messages whose lines end in a bare CR: against tshark without it, and
  against the same messages with CRLF.
- Instructions within redirect_locate(), counted by callgrind call by call: one capture holds each kind of frame in
  sizes that double, and each may cost at most GROWTH times what the one of half the size costs. Left out where valgrind
  is not installed.

Messages are as short as they can be, so that many fit into a frame.
"""

import re
import resource
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "bench")]

import generate  # noqa: E402
from dissection import locate_frames as net  # noqa: E402
from support import tshark  # noqa: E402

SEGMENT = 60_000
RUNS = 4
RATIO = 2.0
GROWTH = 2.2
# Wireshark keeps what dissectors leave for a frame in one list, and has no way in but to look for one key at a time. Each
# body leaves something there, so these grow a little faster, as Wireshark itself does.
GROWTH_OF = {"many_bodies": 2.8, "nested_messages": 2.8, "websocket_messages": 2.8}
# Instructions for a frame without SIP, and for a lone message of about 400 bytes over UDP, from an optimizing compiler.
# They differ by a dozen from run to run, as Wireshark's hash tables do.
WITHOUT_SIP = 100
LONE = 650


def long_message(size, eol, number, outer=b"\r\n"):
    """A request of about that many bytes, nearly all of them in header lines of one letter, which end in eol.

    The lines before and after these end in outer.
    """
    head = outer.join((
        b"INVITE sip:bob@example.com SIP/2.0",
        b"Via: SIP/2.0/TCP 192.0.2.1;branch=z9hG4bK%d" % number,
        b"From: <sip:a@example.com>;tag=1",
        b"To: <sip:b@example.com>",
    )) + outer
    tail = outer.join((b"Call-ID: c%d" % number, b"CSeq: 1 INVITE", b"Content-Length: 0", b"", b""))
    filler = b"a" + eol
    return head + filler * ((size - len(head) - len(tail)) // len(filler)) + tail


def tiny(number, method=b"A"):
    return b"%s sip:b SIP/2.0\r\ni:%d\r\nl:0\r\n\r\n" % (method, number)


def with_body(number, body, content_type):
    return b"A sip:b SIP/2.0\r\ni:%d\r\nc:%s\r\nContent-Length:%d\r\n\r\n%s" % (
        number, content_type, len(body), body)


def send_over_segments(connection, message):
    for at in range(0, len(message), SEGMENT):
        connection.send(message[at:at + SEGMENT])


class CpuTest(unittest.TestCase):
    def cpu(self, path, plugin=True):
        """The least user CPU time of several runs."""
        times = []
        for _ in range(RUNS):
            before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
            tshark.run(["-n", "-r", path], plugin=plugin)
            times.append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before)
        return min(times)

    def write(self, folder, name, build, eol):
        capture = net.Capture()
        build(net.TcpConnection(capture, 20000), eol)
        return capture.write(Path(folder) / f"{name}.pcap")

    def test_segments(self):
        """20 messages, each in a segment of its own, with bare CRs only. There the dissector itself takes its time."""
        def build(connection, eol):
            for number in range(20):
                connection.send(long_message(SEGMENT, eol, number, eol))

        with tempfile.TemporaryDirectory() as folder:
            for name, eol in (("cr", b"\r"), ("lf", b"\r\n")):
                path = self.write(folder, name, build, eol)
                ours, stock = self.cpu(path), self.cpu(path, plugin=False)
                print(f"{self.id()}: {name} {ours:.2f} s, without the plugin {stock:.2f} s")
                self.assertLess(ours / stock, RATIO, name)

    def test_one_long_message(self):
        """500 kB in one message, over segments."""
        def build(connection, eol):
            send_over_segments(connection, long_message(500_000, eol, 1))

        with tempfile.TemporaryDirectory() as folder:
            cr, lf = (self.cpu(self.write(folder, name, build, eol)) for name, eol in (("cr", b"\r"), ("lf", b"\r\n")))
        print(f"{self.id()}: cr {cr:.2f} s, lf {lf:.2f} s")
        self.assertLess(cr / lf, RATIO)


class Kinds:
    """Frames of each kind in sizes that double. Each method adds one of size n to a connection."""

    SIZES = (50, 100, 200, 400, 800, 1600)

    def tiny_messages(self, connection, n):
        """n messages without a body in one segment."""
        connection.send(b"".join(tiny(i) for i in range(n)))

    def failing_messages(self, connection, n):
        """n messages that the dissector sees and whose text is not found: of another version."""
        connection.send(b"".join(tiny(i).replace(b"SIP/2.0", b"SIP/3.0") for i in range(n)))

    def many_bodies(self, connection, n):
        """n messages with a body in one segment; the body adds layers, which are counted in 8 bits."""
        connection.send(b"".join(with_body(i, b"v=0\r\n", b"application/sdp") for i in range(n // 8)))

    def websocket_messages(self, connection, n):
        """n messages in WebSocket frames: each is a layer and a data source of its own."""
        connection.send(b"GET / HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: sip\r\n"
                        b"Sec-WebSocket-Version: 13\r\n\r\n")
        connection.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: sip\r\n\r\n", 1)
        connection.send(b"".join(net.websocket(tiny(i), b"\1\2\3\4") for i in range(n // 16)))

    def long_headers(self, connection, n):
        """One message of n quarters of a kB, over segments; the frame that completes it counts."""
        send_over_segments(connection, long_message(250 * n, b"\r\n", n))

    def long_headers_cr(self, connection, n):
        send_over_segments(connection, long_message(250 * n, b"\r", n))

    def long_body(self, connection, n):
        send_over_segments(connection, with_body(n, b"x" * 250 * n, b"text/plain"))

    def start_lines(self, connection, n):
        """A multipart body that begins with n start lines of the method of the message in it, and is no message there."""
        inner = tiny(7)
        body = b"A sip:b SIP/2.0\r\n" * n + b"--x\r\nContent-Type:message/sip\r\n\r\n" + inner + b"\r\n--x--\r\n"
        connection.send(with_body(n, body, b"multipart/mixed;boundary=x") + tiny(9))

    def slashes(self, connection, n):
        """As before, with n beginnings of nothing."""
        inner = tiny(7)
        body = b"SIP/2.0/" * n + b"\r\n--x\r\nContent-Type:message/sip\r\n\r\n" + inner + b"\r\n--x--\r\n"
        connection.send(with_body(n, body, b"multipart/mixed;boundary=x") + tiny(9))

    def nested_messages(self, connection, n):
        """A multipart body with n messages in it."""
        part = b"--x\r\nContent-Type:message/sip\r\n\r\n"
        body = b"".join(part + tiny(i) + b"\r\n" for i in range(n // 16)) + b"--x--\r\n"
        connection.send(with_body(n, body, b"multipart/mixed;boundary=x") + tiny(9))


def instructions_of_each_call(path, options=()):
    """Instructions within redirect_locate(), for each frame."""
    folder = tshark.scratch("callgrind")
    for old in folder.glob("out*"):
        old.unlink()
    tshark.run(
        ["--tool=callgrind", f"--callgrind-out-file={folder}/out", "--toggle-collect=redirect_locate",
         "--dump-after=redirect_locate", tshark.executable(), "--enable-protocol", tshark.PROTOCOL, "-n", "-r", path,
         *options],
        program="valgrind")
    dumps = [dump for dump in folder.glob("out.*")]
    costs = {int(dump.suffix[1:]): re.search(r"^(?:summary|totals): (\d+)", dump.read_text(), re.MULTILINE)
             for dump in dumps}
    return [int(costs[number].group(1)) for number in sorted(costs)]


def is_optimized():
    cache = Path(tshark.plugin_dir()).parent / "CMakeCache.txt"
    return not cache.exists() or "CMAKE_BUILD_TYPE:STRING=Debug" not in cache.read_text()


@unittest.skipUnless(shutil.which("valgrind"), "valgrind is not installed")
class InstructionTest(unittest.TestCase):
    def test_growth(self):
        """Twice the input costs at most GROWTH times as much."""
        kinds = [name for name in vars(Kinds) if not name.startswith("_") and name.islower()]
        capture, frames = net.Capture(), {}
        for kind in kinds:
            for size in Kinds.SIZES:
                port = 80 if kind == "websocket_messages" else 5060
                getattr(Kinds(), kind)(net.TcpConnection(capture, 10000 + len(frames), port), size)
                frames[kind, size] = len(capture.frames)
        with tempfile.TemporaryDirectory() as folder:
            path = capture.write(Path(folder) / "kinds.pcap")
            costs = instructions_of_each_call(path, ["-o", "sip.strict_sip_version:FALSE"])
        self.assertEqual(len(costs), len(capture.frames))
        for kind in kinds:
            row = [costs[frames[kind, size] - 1] for size in Kinds.SIZES]
            print(f"{kind:20}" + "".join(f"{cost:12,}" for cost in row))
        for kind in kinds:
            row = [costs[frames[kind, size] - 1] for size in Kinds.SIZES]
            with self.subTest(kind=kind):
                for less, more in zip(row, row[1:]):
                    self.assertLess(more, GROWTH_OF.get(kind, GROWTH) * less)

    def test_usual_frames(self):
        """Frames without SIP, and a lone message over UDP."""
        path = tshark.scratch("cost") / "usual.pcap"
        with generate.Pcap(path) as pcap:
            generate.rtp(pcap, 600)
        path.chmod(0o644)
        costs = instructions_of_each_call(path)
        is_sip = [bool(row[1]) for row in tshark.fields(path, ["frame.number", "sip.Call-ID", "udp.port"])]
        self.assertEqual(len(costs), len(is_sip))
        self.assertIn(True, is_sip)
        means = [sum(cost for cost, sip in zip(costs, is_sip) if sip == wanted) / is_sip.count(wanted)
                 for wanted in (False, True)]
        print(f"a frame without SIP {means[0]:.0f}, with one message {means[1]:.0f} instructions")
        if is_optimized():
            self.assertLess(means[0], WITHOUT_SIP)
            self.assertLess(means[1], LONE)


if __name__ == "__main__":
    unittest.main()
