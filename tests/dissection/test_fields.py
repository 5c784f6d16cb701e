# SPDX-License-Identifier: GPL-2.0-or-later
# ctest: core label=dissection
"""The registered fields hold together: every code has its expert item, and no frame link claims a relation that is none."""

import re
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support import tshark  # noqa: E402


def registered():
    """{name: type} of this plugin's fields."""
    rows = (line.split("\t") for line in tshark.run(["-G", "fields"]).splitlines())
    return {row[2]: row[3] for row in rows if row[0] == "F" and row[2].startswith("sip_redirect.")}


def names_in_sources():
    """What the tables of fields, rules and codes name, as often as they do; tshark -G fields shows a name once."""
    plugin = tshark.source_dir() / "plugin"
    fields = re.findall(r'"sip_redirect\.([\w.]+)", FT_', (plugin / "packet-sip-redirect.c").read_text("utf-8"))
    rules = re.findall(r'\{REDIRECT_RULE_\w+,\s*"(\w+)"', (plugin / "redirect-rules.c").read_text("utf-8"))
    # A field of a protocol that is one in name only; 603 and 603+ have a row each.
    return [name for name in fields if name != "each_frame"] + rules, ["3xx", "6xx", "603plus", *sorted(set(known_codes()))]


def known_codes():
    """The 3xx and 6xx that the plugin has a row for."""
    table = (tshark.source_dir() / "plugin" / "sip-response.c").read_text(encoding="utf-8")
    return re.findall(r"^\s*\.code = ([36]\d\d),", table, re.MULTILINE)


class FieldsTest(unittest.TestCase):
    def test_every_code_has_an_expert_item(self):
        codes = set(known_codes())
        self.assertTrue({"300", "302", "600", "603", "608"} <= codes, codes)
        fields = registered()
        for code in sorted(codes):
            self.assertEqual(fields.get(f"sip_redirect.{code}"), "FT_NONE", f"no expert item for {code}")
        for name in ("3xx", "6xx"):
            self.assertIn(f"sip_redirect.{name}", fields)

    def test_what_is_left_out_has_an_expert_item(self):
        fields = registered()
        for name in ("cut_off", "not_located", "not_placed", "limit_reached"):
            self.assertEqual(fields.get(f"sip_redirect.{name}"), "FT_NONE", name)

    def test_every_name_is_registered_once(self):
        """A field and an expert item of one name, or one name with two severities, are two things to a filter."""
        names, codes = names_in_sources()
        names += codes
        self.assertEqual([name for name in names if names.count(name) > 1], [])
        self.assertEqual({f"sip_redirect.{name}" for name in names}, set(registered()))

    def test_frame_links_draw_no_arrows(self):
        """The GUI draws FT_FRAMENUM_REQUEST and _RESPONSE as the two ends of one transaction, which these are not."""
        links = [name for name, kind in registered().items() if kind == "FT_FRAMENUM"]
        self.assertIn("sip_redirect.chain.redirected_in", links)
        for path in (tshark.source_dir() / "plugin").glob("*.c"):
            found = re.findall(r"FRAMENUM_TYPE\((\w+)\)", path.read_text(encoding="utf-8"))
            self.assertEqual(set(found) - {"FT_FRAMENUM_NONE"}, set(), path.name)


if __name__ == "__main__":
    unittest.main()
