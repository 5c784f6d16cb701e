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
FILES = {"colorfilters", "dfilter_buttons", "dfilter_macros", "dmacros", "preferences", "recent"}
OWN = "SIP "  # the plugin's own colour rules begin so
WIDTH = 1330  # of a packet list in a window of 1380 pixels, without its scroll bar and its overview


def lines(name):
    return [line for line in (PROFILE / name).read_text().splitlines() if line and not line.startswith("#")]


def buttons():
    return {row[1]: row[2] for row in csv.reader(lines("dfilter_buttons"))}


def columns():
    """(title, format) of each column of the preferences, without what comes after a custom column's field."""
    text = " ".join(line for line in lines("preferences") if line.startswith(("gui.column.format:", "\t")))
    parts = re.findall(r'"([^"]*)"', text)
    return [(title, re.sub(r":0:U$", "", column)) for title, column in zip(parts[::2], parts[1::2])]


def widths():
    """(format, pixels) of each column of recent, as Wireshark writes it there."""
    (text,) = [line for line in lines("recent") if line.startswith("column.width: ")]
    parts = text.removeprefix("column.width: ").split(", ")
    return [(column, int(width)) for column, width in zip(parts[::2], parts[1::2], strict=True)]


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


def coloured(capture):
    """frame -> name of its colour rule"""
    out = tshark.run([*install(), "-2", "--color", "-r", CAPTURES / capture, "-T", "fields", "-e", "frame.number", "-e",
                      "frame.coloring_rule.name"])
    return {int(number): rule for number, rule in (line.split("\t") for line in out.splitlines())}


def frames(capture, display_filter):
    text = tshark.run([*install(), "-2", "-r", CAPTURES / capture, "-Y", display_filter, "-T", "fields", "-e",
                       "frame.number"])
    return [int(line) for line in text.split()]


# button -> capture -> frames. What is not followed holds for 300 to 305 and for the 380 that ended the call; a redirect
# that a proxy passes on is followed where the one that the caller got is, or where a target of its own was tried.
FOUND = {
    "All chains": {"sipp-302-udp": [1, 2, 3, 4, 5, 6, 7]},
    "No follow-up": {
        "codes": [2, 5, 8, 11, 14, 47], "trunk": [2, 5, 8], "cut-short": [2], "not-followed": [2],
        "kamailio-blocks-302": [4], "forwarded-302": [], "kamailio-recursing": [], "fork-aggregated": [],
        "fork-302-and-603": [5], "asterisk-603-early": [], "stir-dip": [],
    },
    "Hidden from caller": {
        "kamailio-blocks-302": [4], "asterisk-600": [4], "asterisk-603-early": [6], "asterisk-603-rings": [6],
        "asterisk-603-hunting": [], "asterisk-ring-group-603": [9], "codes": [], "not-followed": [],
    },
    "Global failures": {"kamailio-302-q-603": [7], "codes": [17, 20, 23, 26, 29, 32, 35, 38, 41, 44]},
    "Never rang": {
        "codes": [17, 20, 23, 26, 29, 32, 35, 38, 41, 44], "asterisk-600": [4], "asterisk-603-early": [6],
        "asterisk-603-rings": [], "asterisk-603-hunting": [], "kamailio-302-q-603": [7], "kamailio-blocks-302": [],
    },
    "Loops": {"baresip-loop": [5, 7, 8, 10, 11, 13, 14, 16, 17, 19, 20, 22, 23, 25]},
    "Retried after 6xx": {"kamailio-302-q-603": [9]},
}


class Profile(unittest.TestCase):
    def test_columns(self):
        header = tshark.run([*install(), "-2", "-r", CAPTURES / "sipp-302-udp.pcap"])
        redirect = header.splitlines()[1]
        self.assertIn("302: followed in frame 4 (200), answered; try sip:bob@192.0.2.40:5060", redirect)
        self.assertIn("sip:bob@192.0.2.20 -> 302 -> sip:bob@192.0.2.40:5060 -> 200", redirect)

    def test_buttons_find_what_they_name(self):
        self.assertEqual(set(buttons()), set(FOUND))
        for label, captures in FOUND.items():
            for capture, found in captures.items():
                with self.subTest(button=label, capture=capture):
                    self.assertEqual(frames(f"{capture}.pcap", buttons()[label]), found)

    def test_buttons_leave_others_alone(self):
        for label in set(buttons()) - {"All chains"}:
            with self.subTest(button=label):
                self.assertEqual(frames("sipp-302-udp.pcap", buttons()[label]), [])

    def test_widths(self):
        """One for each column and in their order, which newer versions of Wireshark go by; all can be seen."""
        self.assertEqual([column for column, _ in widths()], [column for _, column in columns()])
        self.assertLessEqual(sum(width for _, width in widths()), WIDTH)
        self.assertEqual(columns()[-1][0], "Verdict", "Wireshark makes the last column as wide as there is room")

    def test_every_filter_compiles(self):
        for what, text in [*buttons().items(), *((name, text) for name, text, _ in colours())]:
            with self.subTest(what):
                tshark.run(["-r", CAPTURES / "not-followed.pcap", "-Y", text])

    def test_voip_rows_are_on(self):
        said = tshark.run_process(["-G", "currentprefs", *install()]).stdout.splitlines()
        self.assertEqual([line for line in said if "sip_redirect.voip_calls" in line], ["sip_redirect.voip_calls: TRUE"])

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
        painted = coloured("kamailio-302-q-603.pcap")
        self.assertEqual(painted[1], "")
        self.assertEqual(painted[3], "SIP redirect chain")
        self.assertEqual(painted[4], "SIP redirect")
        self.assertEqual(painted[6], "SIP follow-up of a redirect")
        self.assertEqual(painted[7], "SIP global failure")
        out = tshark.run([*install(), "-2", "--color", "-r", CAPTURES / "baresip-loop.pcap", "-Y", "sip_redirect.loop",
                          "-T", "fields", "-e", "frame.coloring_rule.name"])
        self.assertEqual(set(out.split("\n")) - {""}, {"SIP redirect loop"})

    def test_one_hop_has_one_colour(self):
        """What a proxy makes of a follow-up follows no redirect itself, and is of its hop all the same."""
        painted = coloured("spiral.pcap")
        hop = frames("spiral.pcap", "sip_redirect.chain.hop == 1 && !sip_redirect.class")
        self.assertTrue(set(frames("spiral.pcap", "sip_redirect.chain.hop == 1 && !sip_redirect.chain.redirected_in")))
        self.assertEqual({painted[number] for number in hop}, {"SIP follow-up of a redirect"})

    def test_wiresharks_own_colours(self):
        own = {name: text for name, text, _ in colours() if not name.startswith(OWN)}
        self.assertEqual(set(own), {"Bad TCP", "ICMP errors", "TCP RST"})
        folder = re.search(r"^Global configuration:\s+(.*)$", tshark.run(["-G", "folders"]), re.MULTILINE).group(1)
        default = [line.split("@") for line in (Path(folder) / "colorfilters").read_text().splitlines()]
        self.assertEqual({rule[1]: rule[2] for rule in default if rule[1:] and rule[1] in own}, own)
        self.assertEqual(coloured("made-no-answer.pcap")[5], "ICMP errors")

    def test_lightness_tells_the_colours_apart(self):
        def lightness(colour):
            red, green, blue = ((int(part) / 65535) ** 2.2 for part in re.findall(r"\d+", colour))
            return (0.2126 * red + 0.7152 * green + 0.0722 * blue) ** (1 / 2.2)

        values = sorted(lightness(colour) for name, _, colour in colours() if name.startswith(OWN))
        for low, high in zip(values, values[1:]):
            self.assertGreater(high - low, 0.08, values)

    def test_zip(self):
        archive = zipfile.ZipFile(Path(os.environ["BUILD_DIR"]) / "sip-redirects-profile.zip")
        self.assertEqual({name for name in archive.namelist() if not name.endswith("/")},
                         {f"{NAME}/{name}" for name in FILES})
        self.assertEqual(FILES, {path.name for path in PROFILE.iterdir()} - {"README.md"})


if __name__ == "__main__":
    unittest.main()
