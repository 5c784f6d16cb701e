# SPDX-License-Identifier: GPL-2.0-or-later
# ctest: label=dissection
"""Bad input through tshark: odd messages, random bytes after a valid start line, messages without measure.

The odd messages have the features that RFC 4475 collects, in this file's own words. Whatever comes:
- the frame's other protocols show what they show without the plugin, byte for byte (PDML), in one pass and in two;
- nothing is malformed that was not, and nothing is printed on stderr;
- no message is linked to a redirect (they have no cause in common), while a sound call at the end of each capture is;
- reading ends soon.
For odd messages the test also says which targets and expert items they must give.
"""

import random
import re
import string
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from dissection import locate_frames as net  # noqa: E402
from support import tshark  # noqa: E402

SECONDS = 60  # for one run of tshark; the slowest takes 3 s on an idle machine
CRLF = "\r\n"

HEAD = {
    "Via": "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK-{id}",
    "From": "<sip:alice@example.com>;tag=from-{id}",
    "To": "<sip:bob@example.com>;tag=to-{id}",
    "Call-ID": "{id}@192.0.2.1",
    "CSeq": "1 INVITE",
}


def message(start, ident, *headers, body="", length=None, without=(), **changed):
    """A message with the usual headers; changed replaces one of them ("_" for "-")."""
    values = {name: value for name, value in HEAD.items() if name not in without}
    values.update({name.replace("_", "-"): value for name, value in changed.items()})
    lines = [start, *(f"{name}: {value.format(id=ident)}" for name, value in values.items()), *headers]
    lines.append(f"Content-Length: {len(body.encode()) if length is None else length}")
    return (CRLF.join(lines) + CRLF * 2 + body).encode("utf-8", "surrogateescape")


def moved(ident, *headers, **rest):
    return message("SIP/2.0 302 Moved Temporarily", ident, *headers, **rest)


class Odd:
    """An odd message and what must be shown: targets in order (None: not checked), expert items, code (None: none).

    rest: the headers, and what message() takes; the status line is that of a 302 where no other start line is given.
    """

    def __init__(self, name, *headers, targets=None, experts="", code=302, start=None, text=None, **rest):
        self.name, self.targets, self.experts, self.code = name, targets, experts.split(), code
        ident = re.sub("[^a-z0-9]+", "-", name.lower())
        self.text = message(start or "SIP/2.0 302 Moved Temporarily", ident, *headers, **rest) if text is None else text


BOB = "sip:bob@192.0.2.40"
CAROL = "sip:carol@192.0.2.50"
CONTACT = f"Contact: <{BOB}>"
BAD_START_LINES = (  # no responses, whatever the number in them
    "SIP/2.0 3020 four digits", "SIP/2.0 30 two digits", "SIP/7.0 302 version", "SIP/2.0 4294967598 wraps",
    "SIP/2.0 -302 sign", "SIP/2.0  302 two spaces", "SIP/2.0\t302 tab", " SIP/2.0 302 indented",
    "INVITE <sip:bob@example.com> SIP/2.0", "INVITE  sip:bob@example.com  SIP/2.0", "INVITE sip:bob@example.com",
    "INVITE sip:bob@example.com; lr SIP/2.0", "INVITE nobodyknowsthis:opaque SIP/2.0", "INVITE sip:b@c SIP/7.0",
    "!interesting-Method0123456789_*+`.%indeed'~ sip:bob@example.com SIP/2.0",
)


def odd_contacts():
    quoted = '"Bo\\"b, \\\\ jr"'
    yield Odd("folded, with a tab and with spaces, a comma and an escaped quote in the display name",
              f"Contact: {quoted}\r\n\t<sip:b%6fb@192.0.2.40>\r\n  ;q=0.5\r\n ,\r\n <{CAROL}>;q=0.9",
              targets=[CAROL, "sip:b%6fb@192.0.2.40"])
    yield Odd("compact, odd case, spaces around the colon", f"m  : <{BOB}>", f"cOnTaCt:<{CAROL}>", targets=[BOB, CAROL])
    schemes = ["urn:service:sos", "soap.beep://192.0.2.1:3002", "nobodyknowsthis:totally/opaque,with comma"]
    yield Odd("schemes that nobody knows", f"Contact: <{schemes[2]}>;q=0.1, <{schemes[1]}>;q=0.2",
              f"Contact: <{schemes[0]}>;q=0.3, <{BOB}>;q=0.4", targets=[BOB, *schemes])
    yield Odd("star", "Contact: *", targets=[], experts="contact_star")
    yield Odd("no closing bracket", f"Contact: <{BOB}", experts="bad_contact")
    yield Odd("quote without end", f'Contact: "Bob <{BOB}>', experts="bad_contact")
    yield Odd("nothing at all", "Contact:", targets=[], experts="no_contact")
    yield Odd("commas only", "Contact: ,,, ,", targets=[], experts="no_contact")
    yield Odd("bare: parameters are the header's", f"Contact: {BOB};transport=tcp;q=0.3", targets=[BOB])
    odd_user = "sip:user;par=u%40example.net;x?y@192.0.2.40?Replaces=1%3Bto-tag%3D2"
    yield Odd("semicolon and question mark in the user part", f"Contact: <{odd_user}>", targets=[odd_user])
    yield Odd("escaped NUL, empty user", "Contact: <sip:%00bob%00@192.0.2.40>, <sip:@192.0.2.40>",
              experts="bad_contact")
    yield Odd("password", "Contact: <sip:bob:secret@192.0.2.40>", targets=["sip:bob:***@192.0.2.40"],
              experts="password")
    yield Odd("q and expires that are none", f"Contact: <{BOB}>;q=7.5;expires=99999999999999999999",
              f"Contact: <{CAROL}>;q=0.5.5;expires=forever", experts="bad_q bad_expires")
    yield Odd("IPv6 without and with half of its brackets", "Contact: <sip:[2001:db8::1]>, <sip:2001:db8::1>",
              "Contact: <sip:[2001:db8>", experts="bad_contact")
    yield Odd("ports that are none", f"Contact: <{BOB}:>, <{BOB}:99999>, <{BOB}:x>", experts="bad_contact")
    yield Odd("control characters, bytes that are no UTF-8", 'Contact: "\udcff\udcfe" <sip:b\udc80\x01b@192.0.2.40>')
    yield Odd("a NUL inside", "Contact: <sip:bo\0b@192.0.2.40>")
    yield Odd("the same parameter many times", CONTACT + ";q=0.1" * 200)


def odd_start_lines():
    yield Odd("no phrase, no space", CONTACT, start="SIP/2.0 302", code=-1)
    yield Odd("empty phrase", CONTACT, start="SIP/2.0 302 ", targets=[BOB])
    yield Odd("phrase in UTF-8", CONTACT, start="SIP/2.0 302 \u4e34\u65f6\u8f6c\u79fb", targets=[BOB])
    yield Odd("unregistered 3xx", CONTACT, start="SIP/2.0 399 ?", targets=[BOB], experts="3xx", code=399)
    yield Odd("unregistered 6xx", start="SIP/2.0 699 !", targets=[], experts="6xx", code=699)
    for start in BAD_START_LINES:
        yield Odd(start, CONTACT, start=start, code=None)
    yield Odd("small letters", CONTACT, start="sip/2.0 302 small", code=-1)


def odd_headers():
    for name in HEAD:
        yield Odd(f"no {name}", CONTACT, without=[name])
    yield Odd("no header at all", text=b"SIP/2.0 302 Moved\r\n\r\n")
    yield Odd("start line only", text=b"SIP/2.0 302 Moved\r\n", code=-1)
    yield Odd("cut inside the start line", text=b"SIP/2.0 302", code=-1)
    yield Odd("line feeds only", text=moved("lf", CONTACT).replace(b"\r", b""))
    yield Odd("no empty line", text=moved("no-end", CONTACT)[:-2])
    yield Odd("Via with white space and a comment", CONTACT, targets=[BOB],
              Via="SIP  / 2.0\r\n /UDP\r\n    192.0.2.1 : 5060 ;branch = z9hG4bK-via ; hidden (a, \\) b)")
    yield Odd("Via of another transport, empty, without branch", CONTACT,
              Via=", SIP/2.0/TLS-SCTP-UNKNOWN x;;;branch=,SIP/2.0/UDP")
    yield Odd("CSeq too large", CONTACT, CSeq="36893488147419103232 INVITE")
    yield Odd("CSeq without method", CONTACT, CSeq="7")
    yield Odd("several of what must be one", "Call-ID: other", "CSeq: 2 BYE", "f: <sip:x@y>;tag=1", "t: *", CONTACT)
    yield Odd("negative length", CONTACT, length=-999, targets=[BOB])
    yield Odd("length beyond the datagram", CONTACT, length=9999)
    yield Odd("length that is no number", CONTACT, length="many")
    yield Odd("headers without colon or name", "Contact", ": x", " : y", ":", "=", CONTACT)
    yield Odd("history, diversion, reasons that are none", 'Diversion: ;;,"',
              "History-Info: <sip:a@b>;index=1.1.1.999999999999999999,;;;,<",
              'Reason: ;cause=,SIP;cause=-1;text="', "Session-ID: zz;remote=", "X-Call-ID: ", CONTACT,
              targets=[BOB])
    yield Odd("603+ in pieces", 'Reason: Q.850;cause=21;text="v=analytics1;url=;tel=,', "Reason: ,",
              start="SIP/2.0 603 Network Blocked", targets=[], code=603)
    yield Odd("380 with XML that never ends", "Content-Type: application/3gpp-ims+xml", targets=[], code=380,
              start="SIP/2.0 380 Alternative Service", body="<ims-3gpp><alternative-service><type>" + "<a>" * 200)
    yield Odd("a body that holds a message", "Content-Type: message/sipfrag", start="SIP/2.0 200 OK", code=None,
              body="SIP/2.0 302 Moved\r\nContact: <sip:x@y>\r\n\r\n")


ODD = [*odd_contacts(), *odd_start_lines(), *odd_headers()]


def random_messages(seed, count):
    """Random bytes after a start line, random header values, and a sound 302 with some of its bytes changed."""
    source = random.Random(seed)
    starts = [f"{start}\r\n".encode()
              for start in ("SIP/2.0 302 x", "SIP/2.0 603 x", "SIP/2.0 380 x", f"INVITE {BOB} SIP/2.0")]
    names = (b"Via v Contact m From f To t Call-ID i CSeq Reason History-Info Diversion Session-ID Content-Length l "
             b"Route").split()
    signs = ('<>"\\,;:=@%*?&()[]{}/. \t\r\n' + string.ascii_lowercase + string.digits).encode()
    for number in range(count):
        start = starts[source.randrange(len(starts))]
        kind = number % 3
        if kind == 0:
            yield start + source.randbytes(source.randrange(1400))
        elif kind == 1:
            lines = []
            for _ in range(source.randrange(1, 30)):
                value = bytes(source.choice(signs) for _ in range(source.randrange(80)))
                lines.append(source.choice(names) + b":" + value)
            yield start + b"\r\n".join(lines) + b"\r\n\r\n"
        else:
            contact = f'Contact: "Bob, B" <{BOB}>;q=0.5;expires=60, <{CAROL}>'
            text = bytearray(moved(f"random-{number}", contact, "Reason: SIP;cause=486"))
            for _ in range(source.randrange(1, 12)):
                at = source.randrange(len(b"SIP/2.0 302 "), len(text))
                what = source.randrange(3)
                if what == 0:
                    text[at] = source.randrange(256)
                elif what == 1:
                    del text[at:at + source.randrange(1, 9)]
                else:
                    text[at:at] = bytes(source.choice(signs) for _ in range(source.randrange(1, 9)))
                if len(text) < 40:
                    break
            yield bytes(text)


def sound_call():
    """[(payload, side)]: a call that is redirected and followed; side 0 is the caller."""
    def part(start, cseq, *headers, method="INVITE"):
        ends = {"From": "<sip:alice@example.com>;tag=sound", "To": "<sip:bob@example.com>", "Call-ID": "sound"}
        return message(start, f"sound-{cseq}", *headers, CSeq=f"{cseq} {method}", **ends)

    return [
        (part("INVITE sip:bob@192.0.2.20 SIP/2.0", 1), 0),
        (part("SIP/2.0 302 Moved Temporarily", 1, CONTACT), 1),
        (part("ACK sip:bob@192.0.2.20 SIP/2.0", 1, method="ACK"), 0),
        (part(f"INVITE {BOB} SIP/2.0", 2), 0),
        (part("SIP/2.0 200 OK", 2), 1),
    ]


class TortureTest(unittest.TestCase):
    def setUp(self):
        self.capture, self.path = net.Capture(), tshark.scratch() / f"{self.id()}.pcap"

    def udp(self, payload, side=1):
        """Adds a datagram, in IP fragments where it is long; returns the number of the frame that completes it."""
        ends = [(net.CLIENT, net.SERVER), (net.SERVER, net.CLIENT)][side]
        frame = 0
        for packet in self.datagram(net.udp(payload), *ends):
            frame = self.capture.add(packet)
        return frame

    @staticmethod
    def datagram(segment, src, dst, size=1480):
        return [net.ipv4(segment[at:at + size], net.UDP, src, dst, 7, at, at + size < len(segment))
                for at in range(0, len(segment), size)]

    def stream(self, *payloads):
        """Adds a TCP connection; returns the last frame's number."""
        connection = net.TcpConnection(self.capture, 40000 + len(self.capture.frames) % 20000)
        frame = 0
        for payload in payloads:
            for at in range(0, len(payload), 1400):
                frame = connection.send(payload[at:at + 1400], 1)
        return frame

    def finish(self):
        """Adds the sound call, and checks all that holds for any capture. Returns {frame: {field: [values]}}."""
        sound = [self.udp(payload, side) for payload, side in sound_call()]
        path = self.capture.write(self.path)
        for two_pass in (False, True):
            arguments = ["-n", "-r", path, *(["-2"] if two_pass else [])]
            without = self.pdml(arguments, plugin=False)
            started = time.monotonic()
            shown = self.pdml(arguments, plugin=True)
            self.assertLess(time.monotonic() - started, SECONDS)
            self.assertEqual(len(without), len(shown))
            for number, (before, after) in enumerate(zip(without, shown), 1):
                rest, own = split(after)
                self.assertEqual(before, rest, f"frame {number} shows something else with the plugin")
                self.assertNotRegex(own, "_ws.malformed|Dissector bug|Malformed", f"frame {number}")
        rows = self.fields(path)
        linked = {frame: row["sip_redirect.chain.redirected_in"] for frame, row in rows.items()
                  if row["sip_redirect.chain.redirected_in"]}
        self.assertEqual({sound[3]: [str(sound[1])], sound[4]: [str(sound[1])]}, linked)
        self.expert_table(path)
        tshark.run(["-n", "-q", "-r", path, "-z", "sip_redirect,chains", "-z", "sip_redirect,tree"], timeout=SECONDS)
        return rows

    @staticmethod
    def expert_table(path):
        """The second pass without a tree. Wireshark itself drops expert items beyond 5000 in a frame, and says so."""
        arguments = ["-n", "-2", "-q", "-r", path, "-z", "expert"]
        stock = tshark.run_process(arguments, plugin=False, timeout=SECONDS)
        if "Too many taps queued" in stock.stderr:
            arguments += ["--log-level", "critical"]
        tshark.run(arguments, timeout=SECONDS)

    @staticmethod
    def pdml(arguments, plugin):
        """Each packet's PDML."""
        text = tshark.run([*arguments, "-T", "pdml"], plugin=plugin, timeout=SECONDS)
        return text.split("<packet>")[1:]

    @staticmethod
    def fields(path):
        names = ["sip_redirect." + name
                 for name in ("code", "target", "target_count", "chain.redirected_in", "targets_left_out")]
        experts = sorted({"sip_redirect." + expert for odd in ODD for expert in odd.experts})
        rows = tshark.fields(path, ["frame.number", *names, *experts], timeout=SECONDS)
        return {int(row[0]): {name: [value for value in cell.split(tshark.SEPARATOR) if value]
                              for name, cell in zip([*names, *experts], row[1:])} for row in rows}

    def test_odd_messages(self):
        frames = [self.udp(odd.text) for odd in ODD]
        rows = self.finish()
        nothing = {}
        for odd, frame in zip(ODD, frames):
            with self.subTest(odd.name):
                row = rows.get(frame, nothing)
                if odd.code is None:
                    self.assertEqual([], row.get("sip_redirect.code", []))
                elif odd.code > 0:
                    self.assertEqual([str(odd.code)], row.get("sip_redirect.code", []))
                if odd.targets is not None:
                    self.assertEqual(odd.targets, row.get("sip_redirect.target", []))
                for expert in odd.experts:
                    self.assertTrue(row.get("sip_redirect." + expert), f"no {expert}")

    def test_odd_messages_on_tcp(self):
        for odd in ODD:
            self.stream(odd.text)
        self.finish()

    def test_odd_messages_cut_short(self):
        """By the capture's snapshot length, at each of some lengths."""
        for odd in ODD[::3]:
            for packet in self.datagram(net.udp(odd.text), net.SERVER, net.CLIENT)[:1]:
                for length in range(42, 14 + len(packet), 37):
                    self.capture.add(packet, snaplen=length)
        self.finish()

    def test_random_bytes(self):
        for text in random_messages(20, 450):
            self.udp(text)
        self.finish()

    def test_random_bytes_on_tcp(self):
        for text in random_messages(21, 150):
            self.stream(text)
        self.finish()

    def test_many_contacts(self):
        contacts = [f"<sip:bob-{number}@192.0.2.40>;q=0.{number % 10}" for number in range(500)]
        one = self.udp(moved("one-header", "Contact: " + ", ".join(contacts)))
        many = self.udp(moved("many-headers", *(f"Contact: {contact}" for contact in contacts)))
        rows = self.finish()
        best = sorted(range(500), key=lambda number: -(number % 10))[:64]  # of equal ones those written first
        expected = [f"sip:bob-{number}@192.0.2.40" for number in best]
        for frame in (one, many):
            with self.subTest(frame=frame):
                row = rows[frame]
                self.assertEqual(["500"], row["sip_redirect.target_count"])
                self.assertEqual(expected, row["sip_redirect.target"])
                self.assertTrue(row["sip_redirect.targets_left_out"])

    def test_without_measure(self):
        large = 60000
        for ident, headers in {
            "name": [f'Contact: "{"x" * large}" <{BOB}>'],
            "uri": [f"Contact: <sip:{'b' * large}@192.0.2.40>"],
            "parameters": [CONTACT + ";a=b" * (large // 4)],
            "quotes": ["Contact: " + '"\\' * (large // 2)],
            "brackets": ["Contact: " + "<" * large],
            "commas": ["Contact: " + "," * large],
            "escapes": [f"Contact: <sip:{'%41' * (large // 3)}@192.0.2.40>"],
            "folds": ["Contact:" + "\r\n " * (large // 3) + f"<{BOB}>"],
            "lines": [f"X-{number}: y" for number in range(5000)] + [CONTACT],
            "reasons": ["Reason: " + "SIP;cause=302," * (large // 14)],
            "history": ["History-Info: " + "<sip:a@b>;index=1.1," * (large // 20)],
            "diversion": ["Diversion: " + "<sip:a@b>;reason=no-answer," * (large // 27)],
        }.items():
            self.udp(moved(ident, *headers))
            self.udp(message("INVITE sip:bob@192.0.2.40 SIP/2.0", "invite-" + ident, *headers), 0)
        vias = [f"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK-via-{number}" for number in range(10000)]
        self.stream(moved("ten-thousand-vias", *vias, CONTACT))
        self.stream(moved("vias-in-one", "Via: " + ", ".join(via[5:] for via in vias), CONTACT))
        self.stream(*(moved(f"pipeline-{number}", CONTACT) for number in range(300)))
        self.stream(b"".join(moved(f"packed-{number}", CONTACT) for number in range(300)))
        self.stream(b"SIP/2.0 302 x\r\n" + b"Contact: <sip:a@b>\r\n" * 20000)
        self.finish()


def split(packet):
    """(PDML of a packet without the plugin's part, the plugin's part)"""
    own = []

    def keep(match):
        own.append(match.group(0))
        return ""

    rest = re.sub(r'^  <proto name="sip_redirect".*?^  </proto>\n', keep, packet, flags=re.DOTALL | re.MULTILINE)
    return rest, "".join(own)


if __name__ == "__main__":
    unittest.main()
