# SPDX-License-Identifier: GPL-2.0-or-later
# ctest: label=dissection
"""Quiet on good traffic: in a capture of correct behaviour no rule warns.

MAY_SHOW says which captures may show which rules at warn or error, and what in them breaks the rule; all others must be
quiet. The items of the codes themselves (sip_redirect.600) are warnings by definition, and no rules. For 100,000 calls
that were made up: tests/quiet.
"""

import re
import sys
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support import sanitized, tshark  # noqa: E402

WARN = 0x600000  # PI_WARN of Wireshark's proto.h; PI_ERROR is greater
ITEM = re.compile(r"sip_redirect\.(?!(?:\d{3}|[36]xx|603plus)$)(\w+)")

# By hand, from what NAME.truth.md says of the frames: {capture: {rule: why}}.
MAY_SHOW = {
    "asterisk-302-loop": {
        "loop": "bob's phone redirects to carol and hers to bob; the PBX follows, from INVITE 11 on to where it has been",
        "too_many_hops": "it gives up after twenty forwards",
        "hidden_from_caller": "and answers the caller 503 in 83 for the last 302, in 79",
    },
    "asterisk-600": {"hidden_from_caller": "the PBX makes 486 in 6 of the 600 in 4"},
    "asterisk-603-early": {"hidden_from_caller": "the PBX makes 503 in 8 of the 603 in 6"},
    "asterisk-603-rings": {"hidden_from_caller": "the PBX makes 503 in 8 of the 603 in 6"},
    "asterisk-ring-group-603": {"hidden_from_caller": "of 603 and 486 the PBX tells the caller 486"},
    "baresip-deep": {"too_many_hops": "seven redirects one after the other; INVITE 19 is the first beyond five"},
    "baresip-loop": {
        "loop": "two servers redirect to each other; offered in 5",
        "loop_followed": "and followed in 7",
        "too_many_hops": "baresip follows on and on; INVITE 19 is the first beyond five",
    },
    "codes": {"no_contact": "the 300 in 47 has none"},
    "made-followed-badly": {
        "headers_in_uri": "INVITE 4 has ?Subject=forwarded in its Request-URI",
        "to_tag_kept": "INVITE 10 keeps the To tag of the 302 in 8",
        "branch_reused": "INVITE 16 has the branch of INVITE 13",
        "sips_downgrade": "INVITE 26 asks for a sips URI, the Contact in 27 is a sip one",
        "answered_after_global_failure": "603 in 36, 200 in 38, for one INVITE",
        "tried_target_offered": "the 302 in 52 offers what the proxy tried in 49",
        "not_followed": "the caller dials the same again after the 302 in 20, and does nothing after that in 27",
    },
    "kamailio-blocks-302": {"hidden_from_caller": "the proxy answers 404 in 6 for the 302 in 4"},
    "not-followed": {"not_followed": "the caller ignores the 302 in 2 for 40 s"},
    "fork-late-302": {
        "branch_after_global_failure": "after the 603 in 9 Kamailio follows the 302 in 13 of a branch that it cancelled",
    },
}


def warnings(capture):
    """{rule: frames} of the rules that fired at warn or above, once all is known."""
    wanted = f"sip_redirect && _ws.expert.severity >= {WARN}"
    args = ["-n", "-2", "-r", capture, *sanitized.key_options(), "-T", "pdml", "-J", "sip_redirect frame"]
    text = tshark.run([*args, "-Y", wanted])
    result = {}
    for packet in ElementTree.fromstring(text).iter("packet"):
        frame = int(packet.find(".//field[@name='frame.number']").get("show"))
        for expert in packet.iterfind(".//field[@name='_ws.expert']"):
            severity = int(expert.find("./field[@name='_ws.expert.severity']").get("show"), 0)
            for field in expert:
                name = ITEM.fullmatch(field.get("name"))
                if name and severity >= WARN:
                    result.setdefault(name.group(1), []).append(frame)
    return result


class QuietTest(unittest.TestCase):
    def test_captures(self):
        loud = set()
        for capture in sanitized.captures():
            with self.subTest(capture=capture.name):
                may_show = MAY_SHOW.get(capture.stem, {})
                found = warnings(capture)
                wrong = {rule: frames for rule, frames in found.items() if rule not in may_show}
                self.assertEqual(wrong, {}, "rules that fired, and the frames where they did")
                self.assertLessEqual(set(may_show), set(found), "no longer shown: take it out of MAY_SHOW")
                loud.update({capture.stem} if found else ())
        self.assertEqual(set(MAY_SHOW), loud, "MAY_SHOW and the captures that warn")


if __name__ == "__main__":
    unittest.main()
