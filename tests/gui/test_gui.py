# SPDX-License-Identifier: GPL-2.0-or-later
# ctest: serial label=gui
"""The real Wireshark shows what the plugin says, in windows that read the capture again.

Nothing here looks at pixels: what the windows hold comes out by the clipboard. The Expert Information window gives the
text of the cell with the focus (Ctrl+C), the table of chains all its rows (its button Copy). A plugin that adds expert
information only where there is a protocol tree leaves the first of them empty, and tshark does not show it.
"""

import re
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from gui.desktop import Desktop, GuiError, missing, until  # noqa: E402
from support import tshark  # noqa: E402

ATTEMPTS = 3  # a loaded machine may lose a key or a click; it will not lose the same one three times
FIRST_ROW = 40  # from a window's upper edge to the middle of its first row, below the heading
COPY_BUTTON = -230, -28  # from the right and the lower edge of the table of chains
EMPTY = "row {} of Expert Information (without a first one, the window is empty)"


def patiently(look, expected):
    """look(), tried again with a Wireshark of its own where the windows did not do what they should."""
    for attempt in range(1, ATTEMPTS):
        try:
            seen = look()
            if seen == expected:
                return seen
            print(f"attempt {attempt}: {seen}", file=sys.stderr)
        except GuiError as error:
            print(f"attempt {attempt}: {error}", file=sys.stderr)
    return look()


def summaries(*names):
    """The registered summaries of expert fields, in the order of names."""
    found = {}
    for line in tshark.run(["-G", "fields"]).splitlines():
        columns = line.split("\t")
        if columns[0] == "F" and columns[2].startswith("sip_redirect."):
            found[columns[2]] = columns[1]
    return [found[f"sip_redirect.{name}"] for name in names]


class Gui(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if missing():
            raise GuiError(f"not installed: {', '.join(missing())}; scripts/common.sh has the packages' names")
        cls.desktop = cls.enterClassContext(Desktop())
        cls.capture = tshark.source_dir() / "captures" / "kamailio-302-q-603.pcap"

    def copied(self, copy, what, timeout=20):
        """What copy() puts on the clipboard."""
        self.desktop.clear_clipboard()

        def text():
            copy()
            return self.desktop.clipboard()

        return until(text, what, timeout)

    def expert_rows(self):
        """The summaries in the Expert Information window: each group, followed by its packets."""
        with self.desktop.wireshark(self.capture, ["-z", "expert"]) as wireshark:
            wireshark.main()
            window = wireshark.window("Expert Information")
            rows = []
            window.click(200, FIRST_ROW)
            for row in range(8):
                rows.append(self.copied(lambda: window.key("ctrl+c"), EMPTY.format(row + 1)).strip().rstrip(" |"))
                window.key("Right", "Down")  # opens a group, does nothing to a packet
            return rows

    def test_expert_information(self):
        declined, retried, wrong, moved = summaries("603", "after_global_failure", "answered_elsewhere", "302")
        expected = [declined, "Status: 603 Decline",
                    retried, "Request: INVITE sip:bob@192.0.2.50:5060",
                    wrong, "Status: 603 Decline",
                    moved, "Status: 302 Moved Temporarily"]
        self.assertEqual(patiently(self.expert_rows, expected), expected)

    def table(self):
        """The table of chains, as its button copies it: its title line, and its rows."""
        with self.desktop.wireshark(self.capture, ["-z", "sip_redirect,chains"]) as wireshark:
            wireshark.main()
            window = wireshark.window("SIP Redirect Chains")
            text = self.copied(lambda: window.click(*COPY_BUTTON), "the table of chains")
            return [line for line in text.splitlines() if re.match(r"\s*(Chain|\d)", line)]

    def table_rows(self):
        rows = [re.split(r"\s{2,}", line.strip()) for line in self.table()[1:]]
        return [[row[0], re.sub(r"[\d-]+ \d\d:\d\d:", "", row[1]), *row[2:]] for row in rows]  # wherever we are

    def test_table_of_chains(self):
        expected = [["0", "00.772889", "3", "answered", "200", "1", "1", "0.006711", "sip:alice@example.com",
                     "sip:bob@192.0.2.20", "302 -> sip:bob@192.0.2.40:5060 (603), sip:bob@192.0.2.50:5060 -> 200",
                     "in-spite@192.0.2.10"]]
        self.assertEqual(patiently(self.table_rows, expected), expected)

    def columns_of_table(self):
        """Columns of the copied text whose title and value do not begin, or to the right do not end, in one place."""
        title, row = self.table()
        lefts = [("Time of day", "20"), ("Outcome", "answered"), ("Code", "200"), ("Caller", "sip:alice"),
                 ("Origin", "sip:bob@192.0.2.20"), ("Path", "302 ->"), ("Call-IDs", "in-spite")]
        rights = [("Chain", "0"), ("Delay", "0.006711")]
        at = {name: (title.index(name), row.index(value, title.index(name) - 1)) for name, value in lefts}
        at |= {name: (title.index(name) + len(name), row.index(value) + len(value)) for name, value in rights}
        return {name: places for name, places in at.items() if places[0] != places[1]}

    def test_copied_table_is_aligned(self):
        """Wireshark makes each column as wide as its title; those of the plugin are as wide as their columns."""
        self.assertEqual(patiently(self.columns_of_table, {}), {})

    def compare_dialog(self, wireshark):
        """The entry has no letter of its own, and stands near the end of a menu that differs between versions."""
        for up in (3, 2, 4, 1, 5):
            wireshark.main().key("alt+y", *["Up"] * up, "Return")
            try:
                return wireshark.window("SIP Response Codes Compared", timeout=10)
            except GuiError as error:
                print(f"{up} up: {error}", file=sys.stderr)
        raise GuiError("no entry of the Telephony menu opens SIP Response Codes Compared")

    def compared(self):
        """What the window shows that Telephony > SIP Response Codes Compared opens for the codes that stand there."""
        with self.desktop.wireshark(self.capture) as wireshark:
            self.compare_dialog(wireshark).key("Return")
            window = wireshark.window("Two SIP Response Codes")
            window.click(60, 60)
            return self.copied(lambda: window.key("ctrl+a", "ctrl+c"), "the comparison").splitlines()[0]

    def test_codes_compared(self):
        expected = "302 Moved Temporarily and 600 Busy Everywhere"
        self.assertEqual(patiently(self.compared, expected), expected)


if __name__ == "__main__":
    unittest.main(verbosity=2)
