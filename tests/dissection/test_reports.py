# SPDX-License-Identifier: GPL-2.0-or-later
# ctest: core label=dissection
"""tshark's -z sip_redirect,chains and tree, and the same table and tree as the GUI gets them (through sharkd)."""

import datetime
import json
import re
import shutil
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from dissection import report_story  # noqa: E402
from support import tshark  # noqa: E402

COLUMNS = ["Chain", "Start", "Hops", "Origin", "Path", "Outcome", "Code", "Delay"]
PASSES = ([], ["-2"])


def report(capture, name, two_pass=(), options=()):
    return tshark.run(["-q", "-n", *two_pass, *options, "-r", capture, "-z", name])


def table(text):
    """The rows of a table of chains, and the lines of its totals."""
    lines = text.splitlines()
    rules = [number for number, line in enumerate(lines) if re.fullmatch("-+", line)]
    head = re.split(r"  +", lines[rules[0] - 1].strip())
    assert head == COLUMNS, head
    rows = [re.split(r"  +", line.strip()) for line in lines[rules[0] + 1:rules[1]]]
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows], lines[rules[1] + 1:]


def numbers(rows):
    return [int(row["Chain"]) for row in rows]


class Chains(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.capture = report_story.nine_chains()

    def test_every_chain_has_its_line(self):
        for two_pass in PASSES:
            rows, _ = table(report(self.capture, "sip_redirect,chains", two_pass))
            found = [(int(row["Chain"]), row["Start"], int(row["Hops"]), row["Outcome"], row["Code"], row["Delay"])
                     for row in rows]
            self.assertEqual(found, report_story.CHAINS, two_pass)

    def test_paths(self):
        rows, _ = table(report(self.capture, "sip_redirect,chains"))
        self.assertEqual(rows[0]["Origin"], "sip:bob@192.0.2.20")
        self.assertEqual(rows[0]["Path"], "302 -> sip:carol@192.0.2.30 -> 603")
        self.assertEqual(rows[1]["Path"], "301")
        self.assertRegex(rows[2]["Path"], r"^302 -> a-very-\S*\.\.\.\S*;line=1 -> 200$")
        self.assertRegex(rows[3]["Path"], r"^\(10 more\) -> 302 -> \S+2\.20 -> 200$")
        self.assertEqual(rows[4]["Path"], "300 -> (486 beside), two@...2.40 -> 486")  # no room for the URI of both targets

    def test_totals(self):
        for two_pass in PASSES:
            _, totals = table(report(self.capture, "sip_redirect,chains", two_pass))
            self.assertEqual(totals, [
                "Chains: 9, answered 2, failed 1, global failure 2, not followed 1, cancelled 1, no answer 1, unfinished 1",
                "Redirects: 18, followed 16, not followed 1",
                "Delay added by redirects: median 0.175000 s, largest 1.100000 s, in 6 chains",
            ])

    def test_fits_the_terminal(self):
        for line in report(self.capture, "sip_redirect,chains").splitlines():
            self.assertLessEqual(len(line), 120, line)
            self.assertEqual(line, line.rstrip())

    def test_columns_are_aligned(self):
        lines = report(self.capture, "sip_redirect,chains").splitlines()
        head = next(line for line in lines if line.startswith("Chain "))
        for line in [line for line in lines if re.match(r" +\d+ ", line)]:
            for title in ("Origin", "Path", "Outcome"):
                at = head.index(title)
                self.assertRegex(line[at - 2:at + 1], r"^  \S$", title)
            self.assertEqual(len(line), len(head))

    def test_figures_do_not_follow_the_locale(self):
        text = report(self.capture, "sip_redirect,chains")
        german = tshark.run(["-q", "-n", "-r", self.capture, "-z", "sip_redirect,chains"],
                            env={"LC_ALL": "de_DE.UTF-8"})
        self.assertEqual(text, german)

    def test_filter_by_any_message_of_the_chain(self):
        cases = {
            "ip.addr == 192.0.2.40": [2, 4],
            'sip.Call-ID == "deep@example.com"': [3],
            # In one pass the original request is seen before it is known to belong to a chain.
            'sip.Method == "INVITE" && sip.r-uri == "sip:ignored@192.0.2.20"': [1],
            "sip.Status-Code == 486": [4],
            "sip.CSeq.method == CANCEL": [5],
            "sip.Status-Code == 404": [],
        }
        for two_pass in PASSES:
            for expression, expected in cases.items():
                text = report(self.capture, f"sip_redirect,chains,{expression}", two_pass)
                rows, totals = table(text)
                self.assertEqual(numbers(rows), expected, expression)
                self.assertIn(f"Filter: {expression}\n", text)
                self.assertTrue(totals[0].startswith(f"Chains: {len(expected)},"), totals)

    def test_filter_with_commas(self):
        expression = 'sip.Call-ID in {"deep@example.com", "busy@example.com"}'
        rows, _ = table(report(self.capture, f"sip_redirect,chains,{expression}"))
        self.assertEqual(numbers(rows), [3, 4])

    def test_wrong_arguments_end_the_run(self):
        for name, complaint in (("sip_redirect,chains,no.such.field", "no.such.field"),
                                ("sip_redirect,chainsaw", "sip_redirect,chainsaw"),
                                ("sip_redirect,tree,no.such.field", "no.such.field"),
                                ("sip_redirect,nonsense", "sip_redirect,nonsense")):
            done = tshark.run_process(["-q", "-n", "-r", self.capture, "-z", name])
            self.assertEqual(done.returncode, 1, name)
            self.assertIn(complaint, done.stderr)
            self.assertEqual(done.stdout, "")

    def test_characters_of_several_bytes_and_none_to_print(self):
        story = report_story.Story()
        call = report_story.Call(story, "accents")
        target = "sip:" + "\u00e9" * 60 + "\u001b[31m@192.0.2.30"
        call.invite(0, report_story.BOB, "sip:" + "\u00fc" * 60 + "@192.0.2.20")
        call.answer(1, 302, f"<{target}>")
        call.invite(2, report_story.CAROL, target)
        call.answer(3, 603)
        text = report(story.write("accents"), "sip_redirect,chains")
        rows, _ = table(text)
        self.assertRegex(rows[0]["Origin"], "^\u00fc+\\.\\.\\.\u00fc*@192\\.0\\.2\\.20$")
        self.assertRegex(rows[0]["Path"], "^302 -> \u00e9+\\.\\.\\.\\S*@192\\.0\\.2\\.30 -> 603$")
        self.assertNotIn("\u001b", text)
        self.assertNotIn("\ufffd@", rows[0]["Origin"])
        self.assertLessEqual(max(map(len, text.splitlines())), 120)

    def test_wide_figures_leave_less_for_uris(self):
        story = report_story.Story()
        for name, start in (("early", 0), ("late", 9 * 10 ** 7)):
            call = report_story.Call(story, name)
            call.invite(start, report_story.BOB, report_story.LONG)
            call.answer(start + 1, 302, f"<{report_story.LONG}>;line=1")
            call.invite(start + 2, report_story.CAROL, report_story.LONG)
            call.answer(start + 3, 603)
        lines = report(story.write("wide"), "sip_redirect,chains").splitlines()
        self.assertIn("90000000.000", lines[-5])
        self.assertLessEqual(max(map(len, lines)), 120)

    def test_no_chain_at_all(self):
        story = report_story.Story()
        call = report_story.Call(story, "plain")
        call.invite(0, report_story.BOB, "sip:bob@192.0.2.20")
        call.answer(1, 200)
        rows, totals = table(report(story.write("plain"), "sip_redirect,chains"))
        self.assertEqual(rows, [])
        self.assertEqual(totals[-1], "Delay added by redirects: none")

    def test_median_of_an_even_number(self):
        story = report_story.Story()
        for name, delay in (("a", 0.1), ("b", 0.4)):
            call = report_story.Call(story, name)
            call.invite(0, report_story.BOB, "sip:bob@192.0.2.20")
            call.answer(0.05, 302, "<sip:carol@192.0.2.30>")
            call.invite(delay, report_story.CAROL, "sip:carol@192.0.2.30")
            call.answer(1, 200)
        _, totals = table(report(story.write("even"), "sip_redirect,chains"))
        self.assertEqual(totals[-1], "Delay added by redirects: median 0.250000 s, largest 0.400000 s, in 2 chains")


class SeveralLegs(unittest.TestCase):
    """A redirect that a proxy passes on is one redirect, also where the proxy changes its targets."""

    def check(self, name, passed_on):
        story = report_story.Story()
        leg = report_story.ProxiedCall(story, "proxied")
        leg.invite(0, "sip:bob@192.0.2.20")
        leg.answer(1, 302, "<sip:carol@192.0.2.30>", passed_on)
        after = report_story.Call(story, "later")
        after.invite(60, report_story.BOB, "sip:bob@192.0.2.20")
        after.answer(61, 200)
        capture = story.write(name)
        self.assertEqual(len(tshark.fields(capture, ["sip_redirect.code"])), 2)
        _, totals = table(report(capture, "sip_redirect,chains"))
        self.assertEqual(totals[1], "Redirects: 1, followed 0, not followed 1")
        text = report(capture, "sip_redirect,tree")
        found = Tree.counts(text)
        self.assertEqual((found["302 Moved Temporarily"], found["Targets per redirect"]), (1, 1))
        # Bob's, who made it, whichever leg is seen; the capture goes on long enough to say that nobody follows it.
        self.assertEqual(responders(text), {"192.0.2.20": {"": 1, "redirects": 1, "never followed": 1}})

    def test_a_proxy_that_answers_in_place_of_others(self):
        story = report_story.Story()
        leg = report_story.ProxiedCall(story, "answers")
        leg.invite(0, "sip:bob@192.0.2.20")
        leg.answer(1, 486, "<sip:bob@192.0.2.20>", "<sip:bob@192.0.2.20>", 603)
        for two_pass in PASSES:
            self.assertEqual(responders(report(story.write("answers"), "sip_redirect,tree", two_pass)),
                             {"a proxy at 192.0.2.99": {"": 1, "6xx": 1, "without ringing": 1}})

    def test_passed_on_as_it_was(self):
        self.check("passed-on", "<sip:carol@192.0.2.30>")

    def test_passed_on_with_another_target(self):
        self.check("changed", "<sip:carol@192.0.2.30>, <sip:dave@192.0.2.40>")


def lines_of(text):
    """The nodes of a tree in their order: depth, name, count, and percent of the node above."""
    lines = [(re.match(r"( *)(\S.*?)  +(\d+)  ", line), re.search(r"  ([\d.]+%)(?: |$)", line))
             for line in text.splitlines()]
    return [(len(node[1]), node[2], int(node[3]), share and share[1]) for node, share in lines if node]


def responders(text):
    """What the tree counts of each responder; "" is all."""
    found, inside = {}, False
    for depth, name, count, _ in lines_of(text):
        if depth == 0:
            inside = name == "By responder"
        elif inside and depth == 1:
            figures = found.setdefault(name, {"": count})
        elif inside:
            figures[name] = count
    return found


class Tree(unittest.TestCase):
    EXPECTED = {
        "By response code": 20, "By responder": 20,
        "302 Moved Temporarily": 16, "301 Moved Permanently": 1, "300 Multiple Choices": 1,
        "600 Busy Everywhere": 1, "603 Decline": 1,
        "Chains by outcome": 9, "answered": 2, "failed": 1, "global failure": 2, "not followed": 1, "cancelled": 1,
        "no answer": 1, "unfinished": 1,
        "Follow-ups by link": 17, "same call, exact URI": 17,
        "Targets per redirect": 18,
        "Hops per chain": 9,
        "Time in redirects (ms)": 17, "0-9": 1, "10-99": 1, "100-999": 15,
    }

    @classmethod
    def setUpClass(cls):
        cls.capture = report_story.nine_chains()

    @staticmethod
    def counts(text):
        found = {}
        for line in text.splitlines():
            match = re.match(r"^( ?)(\S.*?)  +(\d+)  ", line)
            if match:
                found.setdefault(match.group(2), int(match.group(3)))
        return found

    def test_counts(self):
        for two_pass in PASSES:
            text = report(self.capture, "sip_redirect,tree", two_pass)
            found = self.counts(text)
            self.assertEqual({name: found.get(name) for name in self.EXPECTED}, self.EXPECTED, text)

    def test_both_passes_alike(self):
        """All but the times: in one pass the first message of a chain that is seen as such is its first redirect."""
        one, two = (re.findall(r"^( *\S.*?)  +(\d+)  ", report(self.capture, "sip_redirect,tree", two_pass), re.M)
                    for two_pass in PASSES)
        self.assertGreater(len(one), 35)
        self.assertEqual(one, two)

    def test_outcome_and_codes_come_first(self):
        """In the GUI too, which sorts by name, descending, those that the tree flags before the others."""
        roots = [name for depth, name, _, _ in lines_of(report(self.capture, "sip_redirect,tree")) if depth == 0]
        self.assertEqual(roots, ["Chains by outcome", "By response code", "By responder", "Follow-ups by link",
                                 "Targets per redirect", "Hops per chain", "Time in redirects (ms)"])
        self.assertEqual(roots[:3], sorted(roots[:3], reverse=True))

    def test_nothing_that_there_is_none_of(self):
        for two_pass in PASSES:
            for capture in (self.capture, tshark.source_dir() / "captures" / "codes.pcap"):
                lines = lines_of(report(capture, "sip_redirect,tree", two_pass))
                self.assertGreater(len(lines), 20)
                self.assertEqual([line for line in lines if line[0] > 0 and line[2] == 0], [])

    def test_shares(self):
        shares = {name: share for _, name, _, share in lines_of(report(self.capture, "sip_redirect,tree"))}
        self.assertEqual(shares["answered"], "22.22%")
        self.assertEqual(shares["302 Moved Temporarily"], "80.00%")
        self.assertEqual(shares["192.0.2.30"], "35.00%")
        self.assertEqual(shares["8 or more"], "11.11%")
        self.assertEqual(shares["100-999"], "88.24%")

    def test_responders(self):
        for two_pass in PASSES:
            self.assertEqual(responders(report(self.capture, "sip_redirect,tree", two_pass)), {
                # All but "ignored", which nobody follows, and "late", after which the capture ends. 600 at once.
                "192.0.2.20": {"": 13, "redirects": 12, "followed": 10, "never followed": 1,
                               "6xx": 1, "without ringing": 1},
                # Every other redirect of "deep"; the 603 after 180.
                "192.0.2.30": {"": 7, "redirects": 6, "followed": 6, "6xx": 1},
            })

    def test_many_responders(self):
        story = report_story.Story()
        for number in range(103):
            call = report_story.Call(story, f"call{number}")
            call.invite(number, f"198.51.100.{number + 1}", "sip:bob@example.com")
            call.answer(number + 0.1, 603)
        for two_pass in PASSES:
            found = responders(report(story.write("many-responders"), "sip_redirect,tree", two_pass))
            self.assertEqual(len(found), 101)
            self.assertEqual(found["others (the first 100 are listed)"], {"": 3, "6xx": 3, "without ringing": 3})
            self.assertEqual(found["198.51.100.100"], {"": 1, "6xx": 1, "without ringing": 1})

    def test_network_blocked_is_no_decline(self):
        found = self.counts(report(tshark.source_dir() / "captures" / "codes.pcap", "sip_redirect,tree"))
        self.assertEqual((found["603 Decline"], found["603+ Network Blocked"]), (3, 2))

    def test_hops(self):
        text = report(self.capture, "sip_redirect,tree")
        section = text[text.index("Hops per chain"):text.index("Time in redirects")]
        hops = dict(re.findall(r"^ (\d|8 or more) +(\d+)  ", section, re.MULTILINE))
        self.assertEqual({name: int(count) for name, count in hops.items()},
                         {"0": 3, "1": 5, "8 or more": 1})

    def test_filter(self):
        found = self.counts(report(self.capture, 'sip_redirect,tree,sip.Call-ID == "busy@example.com"'))
        self.assertEqual(found["Chains by outcome"], 1)
        self.assertEqual(found["failed"], 1)
        self.assertEqual(found["300 Multiple Choices"], 1)

    def test_a_response_passed_on_by_proxies_counts_once(self):
        """Kamailio's captures: redirects and a 603 on two legs each."""
        for path in sorted((tshark.source_dir() / "captures").rglob("kamailio-*.pcap")):
            rows, totals = table(report(path, "sip_redirect,chains"))
            found = self.counts(report(path, "sip_redirect,tree"))
            redirects = int(re.search(r"Redirects: (\d+)", "\n".join(totals)).group(1))
            counted = sum(count for name, count in found.items() if re.match(r"3\d\d( |$)", name))
            self.assertEqual(counted, redirects, path)
            self.assertEqual(found["Chains by outcome"], len(rows), path)
            refusals = sum(count for name, count in found.items() if re.match(r"6\d\d( |$)", name))
            # A proxy leaves the tag as the refusing party gave it.
            tags = tshark.fields(path, ["sip.Call-ID", "sip.to.tag"], display_filter="sip.Status-Code >= 600")
            self.assertEqual(refusals, len({tuple(row) for row in tags}), path)


def sharkd(capture, *requests):
    """What sharkd answers to each request, the capture loaded."""
    requests = [("load", {"file": str(tshark.reachable(capture))}), *requests]
    text = "".join(json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}) + "\n"
                   for number, (method, params) in enumerate(requests, 1))
    output = tshark.run(["-"], program="sharkd", stdin=text, env={"TZ": "UTC"})
    return [json.loads(line)["result"] for line in output.splitlines()][1:]


@unittest.skipUnless(shutil.which("sharkd"), "sharkd is not installed")
class ForTheGui(unittest.TestCase):
    """sharkd reads the capture first and asks for the table then, as the GUI does, and through the same interface."""

    COLUMNS = ["Chain", "Time of day", "First frame", "Outcome", "Code", "Hops", "Redirects", "Delay", "Caller", "Origin",
               "Path", "Call-IDs"]

    @classmethod
    def setUpClass(cls):
        cls.capture = report_story.nine_chains()
        cls.answers = sharkd(cls.capture, ("tap", {"tap0": "nstat:sip_redirect,chains"}),
                             ("tap", {"tap0": "stat:sip_redirect"}),
                             ("tap", {"tap0": "nstat:sip_redirect,chains"}))

    def rows(self, number):
        return self.answers[number]["taps"][0]["tables"][0]["i"]

    def test_columns(self):
        self.assertEqual([field["c"] for field in self.answers[0]["taps"][0]["fields"]], self.COLUMNS)

    def test_table(self):
        rows = {row[0]: row for row in self.rows(0)}
        self.assertEqual(len(rows), len(self.rows(0)), "a chain has more than one row")
        expected = []
        for chain, frame, redirects in zip(report_story.CHAINS, report_story.FIRST_FRAMES, report_story.REDIRECTS,
                                           strict=True):
            number, start, hops, outcome, code, delay = chain
            began = datetime.datetime.fromtimestamp(report_story.BEGAN + float(start), datetime.timezone.utc)
            expected.append([number, f"{began:%Y-%m-%d %H:%M:%S}.000000", frame, outcome, code.strip("-"), hops, redirects,
                             "" if delay == "-" else delay.rjust(12), "sip:alice@example.com"])
        self.assertEqual([row[:9] for _, row in sorted(rows.items())], expected)
        self.assertEqual(rows[0][9:], ["sip:bob@192.0.2.20", "302 -> sip:carol@192.0.2.30 -> 603",
                                       "refused@example.com"])

    def test_columns_sort(self):
        """Wireshark compares numbers with numbers and texts with texts, and takes the type from one of the two."""
        rows = self.rows(0)
        for column in range(len(self.COLUMNS)):
            self.assertEqual(len({type(row[column]) for row in rows}), 1, self.COLUMNS[column])
        delay = self.COLUMNS.index("Delay")
        measured = sorted(row[delay] for row in rows if row[delay])
        self.assertEqual(len(measured), 6)
        self.assertEqual(measured, sorted(measured, key=float))
        self.assertEqual({len(text) for text in measured}, {12}, "not all as wide: longer numbers sort wrong")
        time = self.COLUMNS.index("Time of day")
        self.assertEqual(sorted(row[time] for row in rows), [row[time] for row in sorted(rows)])

    def test_call_ids_of_a_chain(self):
        """Each follow-up is a call of its own; the first three Call-IDs are named, in the order of their frames."""
        story = report_story.Story()
        for number in range(5):
            call = report_story.Call(story, f"call{number}")
            call.invite(number, report_story.BOB, f"sip:hop{number}@192.0.2.20")
            if number < 4:
                call.answer(number + 0.5, 302, f"<sip:hop{number + 1}@192.0.2.20>")
            else:
                call.answer(number + 0.5, 200)
        answer, = sharkd(story.write("call-ids"), ("tap", {"tap0": "nstat:sip_redirect,chains"}))
        row, = answer["taps"][0]["tables"][0]["i"]
        self.assertEqual(row[-1], "call0@example.com, call1@example.com, call2@example.com and 2 more")
        self.assertEqual((row[2], row[6]), (1, 4))

    def test_table_again(self):
        self.assertEqual(self.rows(0), self.rows(2))

    def test_tree(self):
        nodes = {node["name"]: node for node in self.answers[1]["taps"][0]["stats"]}
        outcomes = {node["name"]: node["count"] for node in nodes["Chains by outcome"]["sub"]}
        self.assertEqual(outcomes, {name: count for name, count in Tree.EXPECTED.items() if name in outcomes})
        self.assertEqual(len(outcomes), 7)
        self.assertEqual(nodes["By response code"]["count"], 20)
        bob = next(node for node in nodes["By responder"]["sub"] if node["name"] == "192.0.2.20")
        self.assertEqual(bob["count"], 13)
        self.assertEqual({node["name"]: (node["count"], {sub["name"]: sub["count"] for sub in node["sub"]})
                          for node in bob["sub"]},
                         {"redirects": (12, {"followed": 10, "never followed": 1}),
                          "6xx": (1, {"without ringing": 1})})


if __name__ == "__main__":
    unittest.main()
