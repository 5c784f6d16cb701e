# SPDX-License-Identifier: GPL-2.0-or-later
"""What only the GUI shows: rows and arrows of VoIP Calls, and conversation filters. taps_plugin.c prints them.

Where sharkd has VoIP Calls (4.2 and later), the rows and arrows that Wireshark makes of it are looked at too.
"""

import json
import os
import shutil
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from dissection import report_story  # noqa: E402
from support import tshark, versions  # noqa: E402

ON = ["-o", "sip_redirect.voip_calls:TRUE"]
REJECTED, COMPLETED, CANCELLED, SETUP = "6", "5", "4", "1"  # voip_call_state in epan/tap-voip.h
# Not chain 6: a 600 on one leg, of which SIP's own row has all.
STATES = {0: REJECTED, 1: REJECTED, 2: COMPLETED, 3: COMPLETED, 4: REJECTED, 5: CANCELLED, 7: SETUP, 8: SETUP}

# A Contact and, after it, what makes a 603 a 603+ (ATIS-1000099).
NETWORK_BLOCKED = ('<sip:carol@192.0.2.30>\n'
                   'Reason: SIP;cause=603;text="v=analytics1;url=https://block.example.net/a";location=RLN')


def both_plugins():
    """A plugin folder with the real plugin and the test's own."""
    build = Path(os.environ["BUILD_DIR"])
    folder = tshark.scratch("both-plugins")
    found = 0
    for source in ("wireshark-plugins", "taps-plugins"):
        for path in (build / source).glob("*/epan/*.so"):
            target = folder / path.relative_to(build / source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            found += 1
    if found != 2:
        sys.exit(f"{found} plugins instead of two below {build}")
    return folder


class Hooks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.plugins = both_plugins()
        cls.capture = report_story.nine_chains()

    def hook(self, name, *options, capture=None):
        text = tshark.run(["-q", "-n", "-2", *options, "-r", capture or self.capture, "-z", f"taps_test,{name}"],
                          env={"WIRESHARK_PLUGIN_DIR": str(self.plugins)})
        return [line.split("\t") for line in text.splitlines()]


class VoipCalls(Hooks):
    def test_off_by_default(self):
        self.assertEqual(self.hook("voip"), [["no tap voip"]])
        for preference in ("voip_calls:FALSE", "link_calls:FALSE"):
            self.assertEqual(self.hook("voip", "-o", "sip_redirect." + preference), [["no tap voip"]])

    def test_a_row_for_each_chain_with_a_redirect(self):
        rows = {}
        for row in self.hook("voip", *ON):
            self.assertEqual(row[1], "SIP redirect")
            rows.setdefault(row[2], row)
        self.assertEqual({int(name.rpartition(" ")[2]): row[3] for name, row in rows.items()}, STATES)
        # Only the last one may still go on.
        self.assertEqual([row[4] for row in rows.values()], ["1"] * 7 + ["0"])
        first = rows["sip_redirect.chain 0"]
        self.assertEqual(first[5:8], ["sip:alice@example.com", "sip:bob@192.0.2.20", "Chain 0, global failure: "
                                      "sip:bob@192.0.2.20 -> 302 -> sip:carol@192.0.2.30 -> 603"])

    def test_every_message_has_its_arrow(self):
        frames = tshark.fields(self.capture, ["frame.number", "sip_redirect.chain"], two_pass=True,
                               display_filter="sip_redirect.chain != 6")
        found = [[row[0], row[2].rpartition(" ")[2]] for row in self.hook("voip", *ON)]
        self.assertEqual(found, frames)

    def test_labels(self):
        labels = [row[8] for row in self.hook("voip", *ON)]
        self.assertEqual(labels[:7], [
            "INVITE sip:bob@192.0.2.20",
            "302 -> sip:carol@192.0.2.30 (temporary)",
            "ACK sip:bob@192.0.2.20",
            "INVITE sip:carol@192.0.2.30 (follows 302)",
            "180 Ringing",
            "603 Decline, definitive",
            "ACK sip:carol@192.0.2.30",
        ])
        self.assertIn("301 -> sip:carol@192.0.2.30 (permanent)", labels)
        self.assertIn("300 -> sip:one@192.0.2.30, 1 more", [label.replace(" (alternative)", "") for label in labels])
        self.assertIn("CANCEL sip:carol@192.0.2.30", labels)
        self.assertIn("486 Busy Here", labels)

    def test_comments(self):
        """Each with its method or code; the verdicts are those of the packet."""
        verdicts = dict(tshark.fields(self.capture, ["frame.number", "sip_redirect.verdict"], two_pass=True,
                                      display_filter="sip_redirect.verdict"))
        rows = {row[0]: row[9] for row in self.hook("voip", *ON)}
        self.assertEqual([rows[str(frame)] for frame in (1, 3, 4, 5, 7)], [
            "hop 0: INVITE sip:bob@192.0.2.20",
            "hop 0: ACK sip:bob@192.0.2.20",
            "hop 1: INVITE sip:carol@192.0.2.30, follows the 302 in frame 2",
            "hop 1: 180 Ringing",
            "hop 1: ACK sip:carol@192.0.2.30",
        ])
        self.assertIn("hop 1: CANCEL sip:carol@192.0.2.30", rows.values())
        self.assertIn("hop 1: 486 Busy Here", rows.values())
        for frame, code in (("2", "302"), ("6", "603"), ("9", "301")):
            self.assertTrue(rows[frame].startswith(code), rows[frame])
            self.assertIn(rows[frame].removeprefix(f"{code}: "), (verdicts[frame], verdicts[frame].removeprefix(f"{code}: ")))

    def test_several_parts_on_one_host(self):
        """The flow knows addresses only, so the comment names the ports."""

        class OneHost(report_story.Story):
            def tell(self, time, source, destination, text, options=""):
                super().tell(time, source, destination, text.replace(":5062:5060", ":5062"), options)

        story = OneHost()
        call = report_story.Call(story, "call", "192.0.2.10:5062")
        call.invite(0, "192.0.2.10:5080", "sip:bob@192.0.2.10:5080")
        call.answer(0.1, 302, "<sip:carol@192.0.2.30>")
        call.invite(0.2, report_story.CAROL, "sip:carol@192.0.2.30")
        comments = [row[9] for row in self.hook("voip", *ON, capture=story.write("one-host"))]
        self.assertEqual(comments[0], "from port 5062 to 5080, hop 0: INVITE sip:bob@192.0.2.10:5080")
        self.assertTrue(comments[1].startswith("from port 5080 to 5062, 302"), comments[1])
        self.assertEqual(comments[3], "hop 1: INVITE sip:carol@192.0.2.30, follows the 302 in frame 2")

    def test_a_refusal_on_two_legs_has_a_row(self):
        story = report_story.Story()
        call = report_story.ProxiedCall(story, "proxied")
        call.invite(0, "sip:bob@192.0.2.20")
        call.answer(1, 603, "<sip:bob@192.0.2.20>", "<sip:bob@192.0.2.20>")
        rows = self.hook("voip", *ON, capture=story.write("two-legs"))
        self.assertEqual([row[0] for row in rows], ["1", "2", "3", "4", "5", "6"])

    def test_network_blocked_is_no_decline(self):
        story = report_story.Story()
        call = report_story.Call(story, "blocked")
        call.invite(0, report_story.BOB, "sip:bob@192.0.2.20")
        call.answer(0.1, 302, "<sip:carol@192.0.2.30>")
        call.invite(0.2, report_story.CAROL, "sip:carol@192.0.2.30")
        call.answer(0.3, 603, NETWORK_BLOCKED, "Network Blocked")
        labels = [row[8] for row in self.hook("voip", *ON, capture=story.write("blocked"))]
        self.assertIn("603 Network Blocked, definitive", labels)

    def test_other_dissectors_stay_out(self):
        """RTSP feeds the same tap where it finds one."""
        story = report_story.Story()
        call = report_story.Call(story, "call")
        call.invite(0, report_story.BOB, "sip:bob@192.0.2.20")
        call.answer(1, 302, "<sip:carol@192.0.2.30>")
        setup = "SETUP rtsp://192.0.2.20/x RTSP/1.0\nCSeq: 1\nTransport: RTP/AVP;unicast;client_port=4000-4001\n"
        answer = ("RTSP/1.0 200 OK\nCSeq: 1\nSession: 12345678\n"
                  "Transport: RTP/AVP;unicast;client_port=4000-4001;server_port=5000-5001\n")
        story.tell(2, "192.0.2.10:40000", "192.0.2.20:554", setup, "tcp")
        story.tell(3, "192.0.2.20:554", "192.0.2.10:40000", answer, "tcp")
        written = story.write("rtsp")
        self.assertEqual(tshark.fields(written, ["rtsp.method", "rtsp.status"]), [["SETUP", ""], ["", "200"]])
        self.assertEqual([row[0] for row in self.hook("voip", *ON, capture=written)], ["1", "2", "3"])


class ConversationFilter(Hooks):
    def test_one_filter_for_each_message_of_a_chain(self):
        expected = [[frame, f"sip_redirect.chain == {chain}"] for frame, chain in tshark.fields(
            self.capture, ["frame.number", "sip_redirect.chain"], two_pass=True)]
        self.assertGreater(len(expected), 60)
        self.assertEqual(self.hook("filter"), expected)

    def test_filter_finds_the_whole_chain(self):
        frame, expression = self.hook("filter")[5]
        rows = tshark.fields(self.capture, ["frame.number", "sip.Call-ID"], two_pass=True, display_filter=expression)
        self.assertEqual({row[1] for row in rows}, {"refused@example.com"})
        self.assertEqual([row[0] for row in rows], ["1", "2", "3", "4", "5", "6", "7"])
        self.assertEqual(frame, "6")


class CompareMenu(Hooks):
    def shown(self, *codes):
        """What the menu entry asks for, and the lines that its window shows for these codes."""
        text = tshark.run(["-q", "-n", "-r", self.capture, "-z", "taps_test,menu," + ",".join(codes)],
                          env={"WIRESHARK_PLUGIN_DIR": str(self.plugins)})
        dialog, window, lines = text.partition("window Two SIP Response Codes\n")
        self.assertTrue(window, text)
        return dialog.splitlines(), lines

    def test_any_two_codes(self):
        dialog, lines = self.shown("603", "603+")
        self.assertEqual(dialog, ["dialog SIP Response Codes Compared", "Code: 302", "Compared with: 600"])
        self.assertTrue(lines.startswith("603 Decline and 603+ Network Blocked\n\nClass\n603: Global failure, "), lines)
        # All that a terminal shows, but for where lines end.
        text = " ".join(lines.split())
        for code in ("603", "603+"):
            for name in ("meaning", "seen_when", "remedy", "use_when"):
                said = self.said(35 if code == "603+" else 20, name)
                self.assertIn(said if name == "use_when" else f"{code}: {said}", text)

    def said(self, frame, field):
        """What a response of codes.pcap carries of its own code."""
        capture = tshark.source_dir() / "captures" / "codes.pcap"
        return tshark.fields(capture, [f"sip_redirect.{field}"], display_filter=f"frame.number == {frame}")[0][0]

    def test_an_unknown_code_is_named(self):
        _, lines = self.shown("302", "499")
        self.assertTrue(lines.startswith('Nothing is known of "499". Known are all 3xx and 6xx, 603+, 403, '), lines)


@unittest.skipUnless(shutil.which("sharkd") and versions.has_sharkd_voip_calls(), "this sharkd has no VoIP Calls")
class ThroughWireshark(unittest.TestCase):
    """The rows and arrows as Wireshark's own code makes them. sharkd reads preferences from its profile only."""

    def answers(self, preference):
        folder = tshark.scratch("config") / "wireshark"
        folder.mkdir(exist_ok=True)
        (folder / "preferences").write_text(f"sip_redirect.voip_calls: {preference}\n", encoding="utf-8")
        capture = report_story.nine_chains()
        requests = [("load", {"file": str(tshark.reachable(capture))}), ("tap", {"tap0": "voip-calls"}),
                    ("tap", {"tap0": "voip-convs:"})]
        text = "".join(json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}) + "\n"
                       for number, (method, params) in enumerate(requests, 1))
        output = tshark.run(["-"], program="sharkd", stdin=text, env={"XDG_CONFIG_HOME": str(folder.parent)})
        _, calls, convs = (json.loads(line)["result"]["taps"][0] if "taps" in line else None
                           for line in output.splitlines())
        rows = [call for call in calls["calls"] if call["protocol"] == "SIP redirect"]
        mine = {call["call"] for call in rows}
        return rows, [conv for conv in convs["convs"] if conv["call"] in mine]

    def test_on(self):
        rows, arrows = self.answers("TRUE")
        self.assertEqual([row["comment"].split(":")[0] for row in rows],
                         [f"Chain {chain[0]}, {chain[3]}" for chain in report_story.CHAINS if chain[0] in STATES])
        self.assertEqual(rows[0]["state"], "REJECTED")
        self.assertEqual(rows[2]["state"], "COMPLETED")
        self.assertIn("302 -> sip:carol@192.0.2.30 (temporary)", [arrow["label"] for arrow in arrows])
        self.assertIn("603 Decline, definitive", [arrow["label"] for arrow in arrows])

    def test_off(self):
        self.assertEqual(self.answers("FALSE"), ([], []))


if __name__ == "__main__":
    unittest.main()
