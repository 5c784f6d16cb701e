#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The profile "SIP Redirects": every file loads, and every column, colour, button and macro does what it says."""

import csv
import os
import re
import shutil
import sys
import unittest
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support import tshark, versions  # noqa: E402

PROFILE = tshark.source_dir() / "profile"
CAPTURES = tshark.source_dir() / "captures"
NAME = "SIP Redirects"


def lines(name):
    return [line for line in (PROFILE / name).read_text().splitlines() if line and not line.startswith("#")]


def buttons():
    return {row[1]: row[2] for row in csv.reader(lines("dfilter_buttons"))}


def colours():
    """(name, filter, background) of each rule; a line is @name@filter@[background][text]."""
    rules = [line.split("@") for line in lines("colorfilters")]
    return [(rule[1], rule[2], rule[3].split("]")[0]) for rule in rules]


def macros():
    """name -> text, from the file that this version reads."""
    if versions.has_new_macros():
        return dict(re.match(r'"([^"]+)" (.*)', line).groups() for line in lines("dmacros"))
    return {row[0]: row[1].replace(r"\x22", '"') for row in csv.reader(lines("dfilter_macros"))}


def install():
    """Puts the profile into the private home of the tests, as an import would."""
    home = Path(tshark.environment()["HOME"]) / ".config" / "wireshark" / "profiles" / NAME
    if not home.exists():
        home.mkdir(parents=True)
        for path in PROFILE.iterdir():
            shutil.copy(path, home)
            (home / path.name).chmod(0o644)
        for folder in [home, *home.parents][:4]:
            folder.chmod(0o755)
    return ["-C", NAME]


def frames(capture, display_filter):
    text = tshark.run([*install(), "-2", "-r", CAPTURES / capture, "-Y", display_filter, "-T", "fields", "-e",
                       "frame.number"])
    return [int(line) for line in text.split()]


class Profile(unittest.TestCase):
    def test_columns(self):
        header = tshark.run([*install(), "-2", "-r", CAPTURES / "sipp-302-udp.pcap"])
        redirect = header.splitlines()[1]
        self.assertIn("302: followed in frame 4 (200), answered; try sip:bob@192.0.2.40:5060", redirect)
        self.assertIn("sip:bob@192.0.2.20 -> 302 -> sip:bob@192.0.2.40:5060 -> 200", redirect)

    def test_buttons_find_what_they_name(self):
        expected = {
            "All chains": ("sipp-302-udp.pcap", [1, 2, 3, 4, 5, 6, 7]),
            "Not followed": ("not-followed.pcap", [2]),
            "Global failures": ("kamailio-302-q-603.pcap", [7]),
            "Loops": ("baresip-loop.pcap", None),
            "Retried after 6xx": ("kamailio-302-q-603.pcap", [9]),
        }
        self.assertEqual(set(buttons()), set(expected))
        for label, (capture, found) in expected.items():
            with self.subTest(button=label):
                got = frames(capture, buttons()[label])
                self.assertTrue(got)
                if found is not None:
                    self.assertEqual(got, found)

    def test_buttons_leave_others_alone(self):
        for label in ("Not followed", "Global failures", "Loops", "Retried after 6xx"):
            with self.subTest(button=label):
                self.assertEqual(frames("sipp-302-udp.pcap", buttons()[label]), [])

    def test_macros(self):
        self.assertEqual(set(macros()), {"sip_redirect_chain", "sip_redirect_to", "sip_redirect_slow"})
        self.assertEqual(frames("sipp-302-udp.pcap", "${sip_redirect_chain:0}"), [1, 2, 3, 4, 5, 6, 7])
        self.assertEqual(frames("sipp-302-udp.pcap", "${sip_redirect_chain:1}"), [])
        self.assertEqual(frames("sipp-302-udp.pcap", "${sip_redirect_to:192.0.2.40}"), [2])
        self.assertEqual(frames("sipp-302-udp.pcap", "${sip_redirect_slow:30}"), [])

    def test_both_macro_files_agree(self):
        old = {row[0]: row[1].replace(r"\x22", '"') for row in csv.reader(lines("dfilter_macros"))}
        new = dict(re.match(r'"([^"]+)" (.*)', line).groups() for line in lines("dmacros"))
        self.assertEqual(old, new)

    def test_colours(self):
        out = tshark.run([*install(), "-2", "--color", "-r", CAPTURES / "kamailio-302-q-603.pcap", "-T", "fields",
                          "-e", "frame.number", "-e", "frame.coloring_rule.name"])
        painted = dict(line.split("\t") for line in out.splitlines())
        self.assertEqual(painted["1"], "")
        self.assertEqual(painted["3"], "SIP redirect chain")
        self.assertEqual(painted["4"], "SIP redirect")
        self.assertEqual(painted["6"], "SIP follow-up of a redirect")
        self.assertEqual(painted["7"], "SIP global failure")
        out = tshark.run([*install(), "-2", "--color", "-r", CAPTURES / "baresip-loop.pcap", "-Y", "sip_redirect.loop",
                          "-T", "fields", "-e", "frame.coloring_rule.name"])
        self.assertEqual(set(out.split("\n")) - {""}, {"SIP redirect loop"})

    def test_lightness_tells_the_colours_apart(self):
        def lightness(colour):
            red, green, blue = ((int(part) / 65535) ** 2.2 for part in re.findall(r"\d+", colour))
            return (0.2126 * red + 0.7152 * green + 0.0722 * blue) ** (1 / 2.2)

        values = sorted(lightness(colour) for _, _, colour in colours())
        for low, high in zip(values, values[1:]):
            self.assertGreater(high - low, 0.08, values)

    def test_zip(self):
        archive = zipfile.ZipFile(Path(os.environ["BUILD_DIR"]) / "sip-redirects-profile.zip")
        self.assertEqual({name for name in archive.namelist() if not name.endswith("/")},
                         {f"{NAME}/{name}" for name in
                          ("colorfilters", "dfilter_buttons", "dfilter_macros", "dmacros", "preferences")})


if __name__ == "__main__":
    unittest.main()
