#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/without-the-gui.md says what is so: its examples are run as they stand there.

A block "sh" is run from a folder that looks like the top of this repository. What follows it is what comes of it: a
block "json" is (a part of) the answer with that id, a block "text" the whole output. Blocks "console" are not run.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support import package, tshark, versions  # noqa: E402

TOP = tshark.source_dir()
PAGE = TOP / "docs" / "without-the-gui.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
REST = "..."


def blocks():
    return [(match.group(1), match.group(2)) for match in BLOCK.finditer(PAGE.read_text())]


def section(heading):
    """The blocks below that heading, up to the next of its kind."""
    text = PAGE.read_text().split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return {match.group(1): match.group(2) for match in BLOCK.finditer(text)}


def examples():
    """[(script, [answer, ...], output)]: what is run, and what is to come of it."""
    found = []
    for kind, text in blocks():
        if kind == "sh":
            found.append((text, [], []))
        elif kind == "json":
            found[-1][1].append(json.loads(text))
        elif kind == "text" and found and not found[-1][1] and not found[-1][2]:
            found[-1][2].append(text)
    return found


def shown(expected, answer):
    """Whether answer is what the page shows of it."""
    if isinstance(expected, dict):
        return isinstance(answer, dict) and all(key in answer and shown(value, answer[key])
                                                for key, value in expected.items())
    if isinstance(expected, list):
        more = expected[-1:] == [REST]
        expected = expected[:-1] if more else expected
        return (isinstance(answer, list) and (len(answer) >= len(expected) if more else len(answer) == len(expected))
                and all(map(shown, expected, answer)))
    if isinstance(expected, str) and expected.endswith(REST):
        return isinstance(answer, str) and answer.startswith(expected[:-len(REST)]) and len(answer) > len(expected)
    return expected == answer


def top():
    """A folder with what the examples name of this repository, which the user of the tests can read."""
    folder = tshark.scratch("top")
    for name in set(re.findall(r"\b(?:captures|docs/examples)/[\w.-]+\.(?:pcap|lua)\b", PAGE.read_text())):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(TOP / name, folder / name)
        (folder / name).chmod(0o644)
    return folder


def with_path(env):
    """tshark and its relatives are those that the tests are about."""
    where = os.path.dirname(shutil.which(tshark.executable()))
    return {**env, "PATH": where + os.pathsep + os.environ["PATH"]}


class Page(unittest.TestCase):
    maxDiff = None

    def run_script(self, script, env=None):
        done = subprocess.run(tshark.command("bash", ["-euo", "pipefail", "-c", script]), cwd=top(),
                              env=with_path(env or tshark.environment()), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, check=False, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIsNone(tshark.COMPLAINTS.search(done.stderr), done.stderr)
        return done.stdout

    def check(self, example, env=None):
        script, answers, output = example
        with self.subTest(script.splitlines()[-2 if answers else 0]):
            got = self.run_script(script, env)
            self.assertTrue(answers or output, "the page does not show what comes of it")
            for text in output:
                self.assertEqual(got, text)
            by_id = {answer["id"]: answer for answer in map(json.loads, got.splitlines())} if answers else {}
            for answer in answers:
                self.assertTrue(shown(answer, by_id[answer["id"]]),
                                f"the page shows\n{json.dumps(answer)}\nand the answer is\n"
                                f"{json.dumps(by_id[answer['id']])[:3000]}")

    def test_examples(self):
        found = examples()
        self.assertEqual([len(answers) for _, answers, _ in found], [2, 3, 1, 3, 0])
        for example in found:
            self.check(example)

    def test_examples_beside_wiresharks_own_plugins(self):
        with package.User() as user:
            plugin = next(tshark.plugin_dir().glob(f"*/epan/{package.PLUGIN}")).read_bytes()
            user.write(f"{user.plugins()}/{package.PLUGIN}", plugin)
            self.check(examples()[0], user.environment())

    def test_what_is_shown_is_compared(self):
        for expected, answer, is_shown in (
                ({"a": 1}, {"a": 1, "b": 2}, True), ({"a": 1}, {"a": 2}, False), ({"a": 1}, {}, False),
                ([1, 2], [1, 2], True), ([1], [1, 2], False), ([1, "..."], [1, 2], True), ([1, 3, "..."], [1], False),
                ("ab...", "abc...", True), ("ab...", "ac...", False), ("ab", "abc", False), (0, 0.0, True)):
            self.assertEqual(shown(expected, answer), is_shown, (expected, answer))

    def test_messages_of_the_chain_are_whole(self):
        """Truth of not-followed: INVITE 1, 302 in 2, ACK 3."""
        script = next(script for script, _, _ in examples() if '"follow"' in script)
        answers = self.run_script(script).splitlines()
        payloads = json.loads(answers[1])["result"]["payloads"]
        sent = tshark.fields(TOP / "captures/not-followed.pcap", ["frame.number", "udp.payload"],
                             display_filter="frame.number <= 3")
        decoded = subprocess.run([sys.executable, "-c", "import base64, json, sys\nfor payload in json.load(sys.stdin): "
                                  "print(payload['n'], base64.b64decode(payload['d']).hex())"],
                                 input=json.dumps(payloads), stdout=subprocess.PIPE, text=True, check=True).stdout
        self.assertEqual(decoded.split("\n")[:-1], [f"{number} {hexes.replace(':', '')}" for number, hexes in sent])

    def test_filters_of_taps(self):
        script = next(script for script, _, _ in examples() if '"nstat:' in script)
        name = self.run_script(script.replace("sip_redirect,chains", "sip_redirect,chains,ip")).splitlines()[2]
        self.assertIn("error", json.loads(name))
        whole = json.loads(self.run_script(script.replace('{"tap0":"nstat', '{"filter":"tcp","tap0":"nstat'))
                           .splitlines()[2])
        if not versions.has_sharkd_tap_filters():
            self.assertIn("error", whole)
        else:
            self.assertEqual(whole["result"]["taps"][0]["tables"][0]["i"], [])

    def test_columns_of_the_profile(self):
        home = tshark.scratch("home-with-profile")
        profile = home / ".config/wireshark/profiles/SIP Redirects"
        shutil.copytree(TOP / "profile", profile, dirs_exist_ok=True)
        env = {**tshark.environment(), "HOME": str(home)}
        requests = examples()[0][0].replace("sharkd -", 'sharkd -C "SIP Redirects"', 1)
        requests = re.sub(r',"column\d":"[^"]*"', "", requests)
        frames = json.loads(self.run_script(requests, env).splitlines()[1])["result"]
        self.assertEqual([frame["num"] for frame in frames], [4, 7])
        self.assertTrue(any(cell.startswith("302: followed in frame 6 ") for cell in frames[0]["c"]))
        self.assertIn("sip:bob@192.0.2.20 -> 302 -> sip:bob@192.0.2.50:5060 (200), sip:bob@192.0.2.40:5060 -> 603",
                      frames[1]["c"])
        self.assertNotEqual(frames[0]["bg"], frames[1]["bg"], "a redirect and a global failure look the same")

    def test_recipe(self):
        """What its lines do with the plugin is done here, in another home; Debian's sharkd then loads it."""
        recipe = section("In a browser")["dockerfile"]
        self.assertIn("bookworm", recipe.splitlines()[0])
        copied, install = re.search(r"^COPY build/wireshark-plugins (/\S+)\nUSER node\nRUN (.*)$", recipe,
                                    re.MULTILINE).groups()
        user = package.User()
        self.addCleanup(user.__exit__)
        source = tshark.scratch("copied")
        shutil.copytree(tshark.plugin_dir(), source / copied.lstrip("/"), dirs_exist_ok=True)
        self.assertIn(f" {copied} ", install)
        self.run_script(install.replace(f" {copied} ", f" {source}{copied} "), user.environment())
        answer = self.run_script("sharkd - <<< '" + '{"jsonrpc":"2.0","id":1,"method":"info"}' + "'",
                                 user.environment())
        self.assertIn({"name": "SIP Redirect Chains", "tap": "nstat:sip_redirect,chains"},
                      json.loads(answer)["result"]["nstat"])
        self.assertEqual([path.name for path in user.home.rglob("sip_redirect.so")], ["sip_redirect.so"])

    def test_termshark(self):
        """What its screen shows, with the configuration of the page, in the terminal of tmux."""
        for program in ("termshark", "tmux"):
            self.assertTrue(shutil.which(program), f"{program} is not installed (package {program})")
        home = tshark.scratch("home-of-termshark")
        settings = home / ".config/termshark/termshark.toml"
        settings.parent.mkdir(parents=True, exist_ok=True)
        found = section("termshark")
        settings.write_text(found["toml"])
        for path in [home, *home.rglob("*")]:
            if tshark.as_root():
                os.chown(path, tshark.NOBODY, tshark.NOBODY)
        env = with_path({**tshark.environment(), "HOME": str(home), "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"})
        command = tshark.command("sh", ["-c", f"cd {top()} && exec " + found["console"].removeprefix("$ ").strip()])
        expected = [re.sub(r"\s+", " ", line.removesuffix(REST).strip()) for line in found["text"].splitlines()]
        with tempfile.TemporaryDirectory() as folder:
            tmux = ["tmux", "-f", "/dev/null", "-S", os.path.join(folder, "socket")]
            subprocess.run([*tmux, "new-session", "-d", "-x", "180", "-y", "50", *command], env=env, check=True)
            try:
                self.wait_for(tmux, expected)
            finally:
                subprocess.run([*tmux, "kill-server"], check=False)

    def wait_for(self, tmux, expected):
        """Until the screen shows each line of expected, in their order, and the plugin's tree below them."""
        deadline = time.monotonic() + 90
        while True:
            screen = subprocess.run([*tmux, "capture-pane", "-p"], stdout=subprocess.PIPE, text=True, check=False).stdout
            lines = [re.sub(r"\s+", " ", line.strip()) for line in screen.splitlines()]
            found = [next((i for i, line in enumerate(lines) if line.startswith(text)), -1)
                     for text in [*expected, "[+] SIP Redirect Analysis: 302: followed in frame 6 (603) and 9 (200), answered"]]
            if -1 not in found and found == sorted(found):
                return
            if time.monotonic() > deadline:
                self.fail(f"the screen does not show {expected}:\n{screen}")
            time.sleep(0.3)


if __name__ == "__main__":
    unittest.main()
