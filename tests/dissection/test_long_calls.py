# SPDX-License-Identifier: GPL-2.0-or-later
# ctest: label=dissection
"""Hours of requests with one Call-ID, more than are remembered: memory is not touched once it is freed, and what comes
last is still explained. With Wireshark's strict allocator, and with AddressSanitizer as well."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from dissection import made  # noqa: E402
from support import sanitized, tshark  # noqa: E402

COUNT = 300
TWO = "192.0.2.40"
STRICT = {"WIRESHARK_DEBUG_WMEM_OVERRIDE": "strict"}


def registrar_is_down():
    story = made.Story()
    for number in range(1, COUNT + 1):
        story.request(30.0 * number, "REGISTER", "sip:example.com", "down", number)
    return story, "REGISTER", "down", 30.0 * COUNT


def wrong_password():
    story = made.Story()
    for number in range(1, COUNT + 1):
        story.request(2.0 * number, "REGISTER", "sip:example.com", "wrong", number)
        story.response(2.0 * number + 0.1, 401, "REGISTER", "wrong", number, 'WWW-Authenticate: Digest realm="a", nonce="b"')
    return story, "REGISTER", "wrong", 2.0 * COUNT


def options_refused():
    story = made.Story()
    for number in range(1, COUNT + 1):
        story.request(60.0 * number, "OPTIONS", "sip:example.com", "ping", number)
        story.response(60.0 * number + 0.1, 503, "OPTIONS", "ping", number, "Retry-After: 60")
    return story, "OPTIONS", "ping", 60.0 * COUNT


def calls_refused():
    """A dialler that tries the same number again and again, with one Call-ID."""
    story = made.Story()
    for number in range(1, COUNT + 1):
        story.request(5.0 * number, "INVITE", "sip:bob@example.com", "dialler", number)
        story.response(5.0 * number + 0.1, 503, "INVITE", "dialler", number)
    return story, "INVITE", "dialler", 5.0 * COUNT


class LongCallsTest(unittest.TestCase):
    def capture(self, make):
        """What make() adds, and then a redirect that is followed. Returns the path and the frame of its 302."""
        story, method, call, end = make()
        frames = story.lines.count("Content-Length: 0")
        story.request(end + 1, method, "sip:last.example.com", call, COUNT + 1)
        story.response(end + 1.1, 302, method, call, COUNT + 1, f"Contact: <sip:{TWO}>")
        story.request(end + 1.2, method, f"sip:{TWO}", call, COUNT + 2, server=TWO)
        story.response(end + 1.3, 200, method, call, COUNT + 2, server=TWO)
        return story.write(make.__name__), frames + 2

    def check(self, make, env, plugin_complaint):
        path, redirect = self.capture(make)
        for two_pass in ([], ["-2"]):
            done = tshark.run_process(["-n", *two_pass, "-r", path, "-Y", "sip_redirect", "-T", "fields", "-e",
                                       "frame.number", "-e", "sip_redirect.code", "-e",
                                       "sip_redirect.chain.redirected_in"], env=env)
            self.assertEqual(done.returncode, 0, done.stderr[-3000:])
            self.assertNotRegex(done.stderr, plugin_complaint)
            rows = [line.split("\t") for line in done.stdout.splitlines()]
            self.assertIn([str(redirect), "302", ""], rows)
            self.assertIn([str(redirect + 2), "", str(redirect)], rows)

    def each(self, env, plugin_complaint):
        for make in (registrar_is_down, wrong_password, options_refused, calls_refused):
            with self.subTest(make.__name__):
                self.check(make, env, plugin_complaint)

    def test_strict_allocator(self):
        self.each(STRICT, "(?i)assert|wmem|corrupt")

    def test_address_sanitizer(self):
        self.each(sanitized.environment(), "Sanitizer|runtime error")

    def test_times_beyond_measure(self):
        """Whole seconds of 64 bits (pcapng's if_tsresol 0) are more nanoseconds than 64 bits hold."""
        path = tshark.source_dir() / "captures" / "made-far-beyond.pcapng"
        for two_pass in ([], ["-2"]):
            done = tshark.run_process(["-n", *two_pass, "-r", path, "-V"], env=sanitized.environment())
            self.assertEqual(done.returncode, 0, done.stderr[-3000:])
            self.assertNotRegex(done.stderr, "Sanitizer|runtime error")
            self.assertIn("SIP Redirect Analysis", done.stdout)
            tshark.run(["-n", *two_pass, "-q", "-r", path, "-z", "sip_redirect,chains", "-z", "sip_redirect,tree"],
                       env=sanitized.environment())


if __name__ == "__main__":
    unittest.main()
