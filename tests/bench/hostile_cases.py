# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures that try to make the plugin work hard: each case writes one of a size n, and names the sizes to measure.

What n counts is in each docstring. The sizes are such that a plugin whose cost grows with the square of n shows it, and
one whose cost grows with n stays below a second or so.
"""

from dataclasses import dataclass

from sipcap import SERVER, UAC, contacts, place, request, response

MOVED = "302 Moved Temporarily"
MANY_TARGETS = 64  # as many of a redirect as the plugin keeps
BIG_SEGMENT = 32_000


@dataclass
class Case:
    """How to write it, and how to measure it."""

    write: object
    sizes: tuple
    options: tuple = ()
    plugin_options: tuple = ()  # further ones for the run with the plugin


CASES = {}


def case(*sizes, name=None, **settings):
    def register(function):
        CASES[name or function.__name__] = Case(function, sizes, **settings)
        return function

    return register


def variant(function, name, *sizes, doc, **settings):
    """The same capture, measured otherwise."""

    def write(pcap, n):
        function(pcap, n)

    write.__doc__ = doc
    CASES[name] = Case(write, sizes, **settings)


def branch(number):
    return f"z9hG4bK{number:x}"


def hop(pcap, time, uri, targets, *, number, call_id, cseq=1, extra="", **named):
    """An INVITE to uri, and the 302 that it gets."""
    named = dict(call_id=call_id, branch=branch(number), cseq=cseq, **named)
    pcap.message(time, UAC, SERVER, request("INVITE", uri, extra=extra, **named))
    pcap.message(time + 0.0004, SERVER, UAC, response(MOVED, extra=contacts(targets), **named))


# --- many Contacts, many parameters -----------------------------------------------------------------------------------


def many_targets(number, parameters):
    """URIs that agree in user and host, so that each has to be compared to its end."""
    return [f"sip:bob@10.1.1.1{parameters};z={number}x{index}" for index in range(MANY_TARGETS)]


def hops_with_parameters(pcap, n, parameters):
    uri = "sip:bob@192.0.2.2"
    for number in range(n):
        targets = many_targets(number, parameters)
        hop(pcap, number * 0.01, uri, targets, number=number, call_id="params@a", cseq=number + 1)
        uri = targets[0]


SAME_NAME = "".join(f";a={index:x}" for index in range(61))
OTHER_NAMES = "".join(f";a{index:x}=1" for index in range(61))


@case(16, 32, 64)
def params(pcap, n):
    """n hops in one Call-ID, 64 Contacts each, 61 parameters of one name in each"""
    hops_with_parameters(pcap, n, SAME_NAME)


@case(32, 64, 128)
def params_distinct(pcap, n):
    """the same with 61 parameters of different names"""
    hops_with_parameters(pcap, n, OTHER_NAMES)


@case(64, 128, 256)
def params_none(pcap, n):
    """the same without those parameters"""
    hops_with_parameters(pcap, n, "")


def waiting_redirects(pcap, n, parameters):
    targets = many_targets(0, parameters)
    for number in range(2):
        hop(pcap, number * 0.01, "sip:carol@192.0.2.2", targets, number=number, call_id=f"open{number}@a")
    for number in range(n):
        invite = request(
            "INVITE", targets[number % MANY_TARGETS], call_id=f"new{number:x}@a", branch=branch(number + 2),
            from_tag=f"n{number:x}",
        )
        pcap.udp(0.1 + number * 0.001, UAC, SERVER, invite)


@case(25, 50, 100)
def openkeys(pcap, n):
    """two 302s with 64 Contacts of one user and 61 parameters, then n INVITEs of the caller to them, in new calls"""
    waiting_redirects(pcap, n, SAME_NAME)


@case(1000, 2000, 4000)
def openkeys_plain(pcap, n):
    """the same without those parameters"""
    waiting_redirects(pcap, n, "")


@case(500, 1000, 2000)
def openkeys_many(pcap, n):
    """64 redirects of one caller to one target, never followed in their calls, then n INVITEs to targets like it"""
    for number in range(64):
        hop(pcap, number * 0.001, "sip:carol@192.0.2.2", many_targets(number, ""), number=number, call_id=f"m{number}@a")
    for number in range(n):
        invite = request(
            "INVITE", "sip:bob@10.1.1.1;z=none", call_id=f"n{number:x}@a", branch=branch(number + 64),
            from_tag=f"n{number:x}",
        )
        pcap.udp(0.1 + number * 0.001, UAC, SERVER, invite)


@case(64, 128, 256)
def historyscan(pcap, n):
    """n hops in one Call-ID, 64 Contacts of one user, and 32 History-Info entries of that user in each INVITE"""
    entries = "History-Info: " + ", ".join(
        f"<sip:bob@10.1.1.1;h={index}?Reason=SIP%3Bcause%3D302>;index=1.{index + 1}" for index in range(32)
    ) + "\r\n"
    for number in range(n):
        hop(
            pcap, number * 0.01, f"sip:bob@10.9.9.9;never={number}", many_targets(number, ""), number=number,
            call_id="history@a", cseq=number + 1, extra=entries,
        )


@case(500, 1000, 2000)
def c64(pcap, n):
    """n calls, each redirected to 64 Contacts"""
    for number in range(n):
        targets = [f"sip:u{number}x{index}@10.1.{index}.1" for index in range(MANY_TARGETS)]
        hop(pcap, number * 0.001, "sip:bob@192.0.2.2", targets, number=number, call_id=f"c{number:x}@a",
            from_uri=f"sip:a{number}@192.0.2.1")


def one_header_often(pcap, n, value, name, in_request, calls=10):
    """calls redirected calls; one of the two messages has n values in one header."""
    many = f"{name}: " + ", ".join(value(index) for index in range(n)) + "\r\n"
    for number in range(calls):
        named = dict(call_id=f"h{number}@a", branch=branch(number))
        contact = contacts(["sip:carol@10.1.1.1"])
        pcap.tcp(number * 0.1, UAC, SERVER, request(
            "INVITE", "sip:bob@192.0.2.2", extra=many if in_request else "", **named), segment=BIG_SEGMENT)
        pcap.tcp(number * 0.1 + 0.01, SERVER, UAC, response(
            MOVED, extra=contact if in_request else many, **named), segment=BIG_SEGMENT)


@case(2500, 5000, 10_000)
def manycontacts(pcap, n):
    """ten 302s of n Contacts"""
    one_header_often(pcap, n, lambda index: f"<sip:u{index}@10.1.1.1>;q=0.{index % 10}", "Contact", False)


@case(2500, 5000, 10_000)
def history(pcap, n):
    """ten redirected INVITEs of n History-Info entries"""
    one_header_often(
        pcap, n, lambda index: f"<sip:u{index}@10.1.1.1?Reason=SIP%3Bcause%3D302>;index=1.{index}", "History-Info", True
    )


@case(2500, 5000, 10_000)
def vias(pcap, n):
    """ten redirected INVITEs of n Vias after the first"""
    one_header_often(pcap, n, lambda index: f"SIP/2.0/UDP 10.1.1.1;branch=z9hG4bKv{index}", "Via", True)


@case(7500, 15_000, 30_000, options=("-q", "-z", "io,stat,0"), plugin_options=("-z", "sip_redirect,chains"))
def longuris(pcap, n):
    """33 hops of URIs of n bytes, and the chains report"""
    uri = "sip:bob@192.0.2.2"
    for number in range(33):
        target = f"sip:{'x' * n}@10.1.1.{number}"
        hop(pcap, number * 0.01, uri, [target], number=number, call_id="long@a", cseq=number + 1)
        uri = target




# --- chains and calls without an end ----------------------------------------------------------------------------------


@case(5000, 10_000, 20_000)
def chain1(pcap, n):
    """one Call-ID in which n hops follow one another"""
    for number in range(n):
        hop(pcap, number * 0.002, f"sip:u{number}@192.0.2.2", [f"sip:u{number + 1}@192.0.2.2"], number=number,
            call_id="one@a", cseq=number + 1)


@case(5000, 10_000, 20_000)
def chainN(pcap, n):
    """n hops that follow one another, each under a new Call-ID, tied by caller and target"""
    for number in range(n):
        hop(pcap, number * 0.002, f"sip:u{number}@192.0.2.2", [f"sip:u{number + 1}@192.0.2.2"], number=number,
            call_id=f"n{number:x}@a", from_tag=f"f{number:x}")


@case(5000, 10_000, 20_000)
def chainL(pcap, n):
    """the same, tied by X-Call-ID"""
    for number in range(n):
        hop(pcap, number * 0.002, f"sip:u{number}@192.0.2.2", [f"sip:u{number + 1}@192.0.2.2"], number=number,
            call_id=f"l{number:x}@a", from_tag=f"f{number:x}", extra=f"X-Call-ID: l{number - 1:x}@a\r\n" if number else "")


@case(12_500, 25_000, 50_000)
def loop(pcap, n):
    """n hops in one Call-ID, back and forth between two URIs"""
    for number in range(n):
        hop(pcap, number * 0.001, f"sip:u{number % 2}@192.0.2.2", [f"sip:u{(number + 1) % 2}@192.0.2.2"], number=number,
            call_id="loop@a", cseq=number + 1)


def joined_calls(pcap, n):
    number = 0
    for call in range(n):
        extra = f"X-Call-ID: big{call - 1}@a\r\n" if call else ""
        hop(pcap, number * 0.0005, f"sip:u{call}@192.0.2.2", [f"sip:u{call + 1}@192.0.2.2"], number=number,
            call_id=f"big{call}@a", from_tag=f"f{call}", extra=extra)
        number += 1
    for call in range(n):
        for again in range(250):
            invite = request(
                "INVITE", f"sip:u{call + 1}@192.0.2.2", call_id=f"big{call}@a", branch=branch(number), cseq=again + 2,
                from_tag=f"f{call}",
            )
            pcap.udp(number * 0.0005, UAC, SERVER, invite)
            number += 1


variant(joined_calls, "bigchain", 32, 64, 128, doc="n calls joined by X-Call-ID, then 250 INVITEs in each")
variant(joined_calls, "bigchain_V", 8, 16, 32, options=("-V",), doc="the same, with packet details")


@case(25_000, 50_000, 100_000)
def onecall(pcap, n):
    """n INVITEs of one Call-ID, none answered"""
    for number in range(n):
        pcap.udp(number * 0.001, UAC, SERVER, request(
            "INVITE", f"sip:u{number}@192.0.2.2", call_id="one@a", branch=branch(number), cseq=number + 1))


@case(25_000, 50_000, 100_000)
def onecallfin(pcap, n):
    """n INVITEs of one Call-ID, each answered with 486"""
    for number in range(n):
        named = dict(call_id="one@a", branch=branch(number), cseq=number + 1)
        pcap.udp(number * 0.001, UAC, SERVER, request("INVITE", f"sip:u{number}@192.0.2.2", **named))
        pcap.udp(number * 0.001 + 0.0004, SERVER, UAC, response("486 Busy Here", **named))


@case(12_500, 25_000, 50_000)
def samebranch(pcap, n):
    """n INVITEs of one Call-ID and one branch"""
    for number in range(n):
        pcap.udp(number * 0.001, UAC, SERVER, request(
            "INVITE", "sip:bob@192.0.2.2", call_id="one@a", branch=branch(1), cseq=number + 1))


@case(12_500, 25_000, 50_000)
def samebranchuri(pcap, n):
    """the same to a different URI each"""
    for number in range(n):
        pcap.udp(number * 0.001, UAC, SERVER, request(
            "INVITE", f"sip:u{number}@192.0.2.2", call_id="one@a", branch=branch(1)))


@case(12_500, 25_000, 50_000)
def retrans302(pcap, n):
    """one 302, retransmitted n times"""
    hop(pcap, 0, "sip:bob@192.0.2.2", ["sip:carol@10.1.1.1"], number=1, call_id="re@a")
    again = response(MOVED, call_id="re@a", branch=branch(1), extra=contacts(["sip:carol@10.1.1.1"]))
    for number in range(n):
        pcap.udp(0.5 + number * 0.0005, SERVER, UAC, again)


@case(10_000, 20_000, 40_000)
def sametarget(pcap, n):
    """n calls of one caller, all redirected to one target, none followed"""
    for number in range(n):
        hop(pcap, number * 0.001, f"sip:u{number}@192.0.2.2", ["sip:bob@10.1.1.1"], number=number,
            call_id=f"s{number:x}@a", from_tag=f"f{number:x}")


@case(5000, 10_000, 20_000)
def sametarget_tried(pcap, n):
    """the same, each followed in its call"""
    for number in range(n):
        named = dict(call_id=f"s{number:x}@a", from_tag=f"f{number:x}")
        hop(pcap, number * 0.001, f"sip:u{number}@192.0.2.2", ["sip:bob@10.1.1.1"], number=number, **named)
        pcap.udp(number * 0.001 + 0.0008, UAC, SERVER, request(
            "INVITE", "sip:bob@10.1.1.1", branch=branch(number) + "x", cseq=2, **named))


# --- proxies ----------------------------------------------------------------------------------------------------------


@case(64, 128, 256)
def fork(pcap, n):
    """20 INVITEs forked to n branches, each of which answers 302; one 302 with all targets goes up"""
    for call in range(20):
        named = dict(call_id=f"fork{call}@a")
        above = "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKtop\r\n"
        time = call * 0.5
        pcap.udp(time, UAC, SERVER, request("INVITE", "sip:bob@192.0.2.2", branch="z9hG4bKtop", **named))
        ends = [place(index, 71) for index in range(n)]
        for index, end in enumerate(ends):
            pcap.udp(time + 0.001 + index * 1e-5, SERVER, end, request(
                "INVITE", f"sip:bob@{end[0]}", branch=branch(index), via="192.0.2.2:5060", vias=above, **named))
        for index, end in enumerate(ends):
            pcap.udp(time + 0.01 + index * 1e-5, end, SERVER, response(
                MOVED, branch=branch(index), via="192.0.2.2:5060", vias=above, to_tag=f"t{index}",
                extra=contacts([f"sip:carol@10.2.{index}.1"]), **named))
        targets = [f"sip:carol@10.2.{index}.1" for index in range(n)]
        pcap.udp(time + 0.02, SERVER, UAC, response(
            MOVED, branch="z9hG4bKtop", extra=contacts(targets), **named))


@case(50, 100, 200)
def forwarddepth(pcap, n):
    """ten calls through n proxies in a row, and the 302 back through all of them"""
    stops = [place(index, 72) for index in range(n + 2)]
    for call in range(10):
        time = call * 1.0
        via = [f"Via: SIP/2.0/UDP {stop[0]}:5060;branch=z9hG4bKp{call}x{index}\r\n" for index, stop in enumerate(stops)]
        for index in range(n + 1):
            pcap.message(time + index * 0.0005, stops[index], stops[index + 1], request(
                "INVITE", "sip:bob@192.0.2.2", call_id=f"deep{call}@a", branch=f"z9hG4bKp{call}x{index}",
                via=f"{stops[index][0]}:5060", vias="".join(reversed(via[:index]))))
        for index in range(n, -1, -1):
            pcap.message(time + 0.5 + (n - index) * 0.0005, stops[index + 1], stops[index], response(
                MOVED, call_id=f"deep{call}@a", branch=f"z9hG4bKp{call}x{index}", via=f"{stops[index][0]}:5060",
                vias="".join(reversed(via[:index])), extra=contacts(["sip:carol@10.1.1.1"])))


# --- framing ----------------------------------------------------------------------------------------------------------


@case(75, 150, 300)
def mps(pcap, n):
    """20 TCP segments of n messages each way"""
    for segment in range(20):
        calls = range(segment * n, segment * n + n)
        pcap.tcp(segment * 0.1, UAC, SERVER, "".join(
            request("INVITE", "sip:b@h", call_id=f"{number:x}", branch=branch(number)) for number in calls), messages=n)
        pcap.tcp(segment * 0.1 + 0.01, SERVER, UAC, "".join(
            response(MOVED, call_id=f"{number:x}", branch=branch(number), extra="m: <sip:c@h>\r\n")
            for number in calls), messages=n)


@case(50, 100, 200)
def bytewise(pcap, n):
    """n messages over TCP, one byte in each segment"""
    for number in range(n):
        named = dict(call_id=f"{number:x}", branch=branch(number))
        pcap.tcp(number, UAC, SERVER, request("INVITE", "sip:b@h", **named), segment=1)


def line_ends(pcap, n, end):
    for number in range(20):
        lines = [
            "INVITE sip:bob@example.com SIP/2.0", f"Via: SIP/2.0/TCP 192.0.2.1;branch={branch(number)}",
            "From: <sip:a@b>;tag=1", "To: <sip:b@b>", *["a"] * (n // (1 + len(end))), f"Call-ID: c{number}",
            "CSeq: 1 INVITE", "Content-Length: 0", "", "",
        ]
        pcap.tcp(number, UAC, SERVER, end.join(lines))


@case(15_000, 30_000, 60_000)
def cr(pcap, n):
    """20 messages of n bytes over TCP whose lines end in a bare CR"""
    line_ends(pcap, n, "\r")


@case(15_000, 30_000, 60_000)
def crlf(pcap, n):
    """the same with CR LF"""
    line_ends(pcap, n, "\r\n")


@case(15_000, 30_000, 60_000)
def lf(pcap, n):
    """the same with a bare LF"""
    line_ends(pcap, n, "\n")


# --- what is remembered -----------------------------------------------------------------------------------------------


@case(25_000, 50_000, 100_000)
def orphans(pcap, n):
    """n 302s whose requests are not in the capture"""
    for number in range(n):
        pcap.udp(number * 0.001, SERVER, UAC, response(
            MOVED, call_id=f"{number:x}@a", branch=branch(number), extra=contacts([f"sip:c{number}@10.1.1.1"])))


@case(50_000, 100_000, 200_000)
def unanswered(pcap, n):
    """n INVITEs of as many calls, none answered"""
    for number in range(n):
        pcap.udp(number * 0.001, UAC, SERVER, request(
            "INVITE", f"sip:b{number}@192.0.2.2", call_id=f"{number:x}@a", branch=branch(number), from_tag=f"{number:x}"))


@case(25_000, 50_000, 100_000)
def distinct302(pcap, n):
    """n redirected calls, none like another"""
    import generate

    generate.distinct302(pcap, n)


@case(8000, 16_000, 32_000)
def pendscan(pcap, n):
    """n chains whose last INVITE is unanswered, then 131,072 + n INVITEs of as many calls, all within ten minutes"""
    for number in range(n):
        named = dict(call_id=f"p{number:x}@a", from_tag=f"p{number:x}")
        hop(pcap, number * 0.001, "sip:bob@192.0.2.2", ["sip:carol@10.1.1.1"], number=number, **named)
        pcap.udp(number * 0.001 + 0.0008, UAC, SERVER, request(
            "INVITE", "sip:carol@10.1.1.1", branch=branch(number) + "x", cseq=2, **named))
    start = n * 0.001
    for number in range(131_072 + n):
        pcap.udp(start + number * 0.001, UAC, SERVER, request(
            "INVITE", "sip:b@h", call_id=f"{number:x}", branch=branch(number), from_tag=f"{number:x}"))


@case(10_000, 20_000, 40_000)
def collisions(pcap, n):
    """n calls whose Call-IDs collide in a hash of words that multiplies and shifts, whatever its seed

    Of two words in a row the top bit of the first, and bits 63 and 34 of the second, are turned over together: the
    difference that the first makes, the second takes back.
    """
    pairs = 17
    block = b"abcdefgh" + b"ijklmnop"
    turned = bytearray(block)
    turned[7] ^= 0x80
    turned[15] ^= 0x80
    turned[12] ^= 0x04
    marker = "CALL-ID"
    for number in range(n):
        call_id = b"".join(bytes(turned) if number >> bit & 1 else block for bit in range(pairs))
        invite = request("INVITE", f"sip:b{number}@192.0.2.2", call_id=marker, branch=branch(number))
        pcap.udp(number * 0.001, UAC, SERVER, invite.encode().replace(marker.encode(), call_id))


def registrations(pcap, n, status=None, every=30.0):
    for number in range(n):
        named = dict(call_id="register@a", branch=branch(number), cseq=number + 1)
        pcap.udp(number * every, UAC, SERVER, request("REGISTER", "sip:192.0.2.2", **named))
        if status:
            pcap.udp(number * every + 0.01, SERVER, UAC, response(status, method="REGISTER", **named))


@case(10_000, 20_000, 40_000)
def register(pcap, n):
    """n REGISTERs of one Call-ID, 30 s apart, no answer: the registrar is down"""
    registrations(pcap, n)


@case(10_000, 20_000, 40_000)
def register_401(pcap, n):
    """n REGISTERs of one Call-ID, 0.2 s apart, each answered 401: a wrong password, again and again"""
    registrations(pcap, n, "401 Unauthorized", every=0.2)


def pings(pcap, n, one_call, status="200 OK"):
    for number in range(n):
        call_id = "options@a" if one_call else f"o{number:x}@a"
        named = dict(call_id=call_id, branch=branch(number), cseq=number + 1 if one_call else 1)
        pcap.udp(number, UAC, SERVER, request("OPTIONS", "sip:192.0.2.2", **named))
        pcap.udp(number + 0.01, SERVER, UAC, response(status, method="OPTIONS", **named))


@case(25_000, 50_000, 100_000)
def options(pcap, n):
    """n OPTIONS of as many Call-IDs, one a second, each answered 200"""
    pings(pcap, n, False)


@case(25_000, 50_000, 100_000)
def options_onecall(pcap, n):
    """n OPTIONS of one Call-ID, one a second, each answered 503"""
    pings(pcap, n, True, "503 Service Unavailable")
