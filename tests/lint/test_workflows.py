#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What can be known here of .github/: the form of the workflows, and what the script does that they call."""

import re
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support import tshark  # noqa: E402

TOP = tshark.source_dir()
WORKFLOWS = sorted((TOP / ".github" / "workflows").glob("*.yml"))
RUN = re.compile(r"( *(?:- )?)run: (.*)$")
EXPRESSION = re.compile(r"\$\{\{.*?\}\}")


def shell_lines(text):
    """What the steps of a workflow run: after "run:", or the lines below "run: |" that stand further in."""
    found, depth = [], None
    for line in text.splitlines():
        inside = depth is not None and (not line.strip() or len(line) - len(line.lstrip()) > depth)
        start = RUN.match(line)
        if inside:
            found[-1] += line[depth:] + "\n"
        elif start:
            found.append("" if start.group(2) == "|" else start.group(2) + "\n")
            depth = len(start.group(1)) if start.group(2) == "|" else None
        else:
            depth = None
    return found


def top():
    """A folder with what .github/plugin needs of this repository, which the user of the tests can write to."""
    folder = tshark.scratch("top-for-github")
    for name in (".github/plugin", "scripts/common.sh", "plugin/CMakeLists.txt", "captures/kamailio-302-q-603.pcap", "LICENSE",
                 "docs/sip_redirect.4.in", *(f"profile/{path.name}" for path in (TOP / "profile").iterdir())):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(TOP / name, folder / name)
        (folder / name).chmod(0o755)
    return folder


def run(*args, plugin=True, text=None):
    folder = top()
    if text:
        path = folder / "plugin/CMakeLists.txt"
        path.write_text(text(path.read_text()))
    return subprocess.run(tshark.command("bash", [str(folder / ".github/plugin"), *args]), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, env=tshark.environment(plugin), text=True, check=False, timeout=120)


class Workflows(unittest.TestCase):
    def test_form(self):
        self.assertEqual(len(WORKFLOWS), 2)
        for path in WORKFLOWS:
            text = path.read_text()
            self.assertIn("NEVER RUN SO FAR", text)
            for key in ("name:", "on:", "jobs:"):
                self.assertEqual(len(re.findall(f"^{key}", text, re.MULTILINE)), 1, key)
            self.assertNotIn("\t", text)
            runs = re.findall(r"^ *(?:- )?run: ", text, re.MULTILINE)
            self.assertGreater(len(runs), 1)
            self.assertEqual(len(shell_lines(text)), len(runs))

    def test_shell_lines(self):
        shellcheck = shutil.which("shellcheck")
        for path in WORKFLOWS:
            for lines in shell_lines(path.read_text()):
                script = "set -eo pipefail\n" + EXPRESSION.sub("x", lines)
                with self.subTest(f"{path.name}: {lines}"):
                    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
                    if shellcheck:
                        done = subprocess.run([shellcheck, "--shell=bash", "--severity=warning",
                                               "--exclude=SC1091,SC2154", "-"], input=script, text=True,
                                              stdout=subprocess.PIPE, check=False)
                        self.assertEqual(done.stdout, "")

    def test_versions_are_those_of_the_page(self):
        """Each Wireshark that a workflow builds for is in the table of the page, as are the systems."""
        page = (TOP / "docs" / "building-on-windows-and-macos.md").read_text()
        text = (TOP / ".github/workflows/windows-macos.yml").read_text()
        tags = re.search(r"^ *wireshark: \[(.*)\]", text, re.MULTILINE).group(1).split(", ")
        self.assertGreater(len(tags), 1)
        for tag in tags:
            self.assertRegex(tag, r"^v\d+\.\d+\.\d+$")
            self.assertIn(f"`{tag}`", page)

    def test_folder_of_the_page(self):
        """The folder of Linux is the one that this Wireshark names."""
        folders = tshark.run(["-G", "folders"])
        home = tshark.environment()["HOME"]
        own = re.search(r"^Personal Plugins:\s+(.*)$", folders, re.MULTILINE).group(1).replace(home, "~")
        page = (TOP / "docs" / "building-on-windows-and-macos.md").read_text()
        self.assertIn(f"| Linux | `{re.sub(r'[0-9]+[.][0-9]+$', 'X.Y', own)}/epan` |", page)

    def test_version_is_the_one_of_the_module(self):
        self.assertRegex(run("version").stdout, r"^\d+\.\d+\.\d+\n$")
        changed = run("version", text=lambda text: re.sub(r"(set_module_info\(sip_redirect) [\d ]+\)", r"\1 12 3 45 0)",
                                                         text))
        self.assertEqual(changed.stdout, "12.3.45\n")

    def test_check(self):
        loaded = run("check", tshark.executable())
        self.assertEqual((loaded.returncode, loaded.stdout.splitlines()[-1]), (0, "check: passed"), loaded.stderr)
        without = run("check", tshark.executable(), plugin=False)
        self.assertEqual((without.returncode, without.stderr), (1, "it lists no plugin sip_redirect\n"))
        other = run("check", tshark.executable(), text=lambda text: text.replace("set_module_info(sip_redirect 1",
                                                                                 "set_module_info(sip_redirect 91"))
        self.assertEqual(other.returncode, 1)
        self.assertIn("that is not version 91.", other.stderr)

    def test_pack(self):
        version = run("version").stdout.strip()
        machine = subprocess.run(["uname", "-m"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
        for system, end in (("linux", "tar.gz"), ("macos", "tar.gz"), ("windows", "zip")):
            name = f"sip_redirect-{version}-{system}-{machine}-wireshark-4.6"
            done = run("pack", "LICENSE", system, "4.6")
            self.assertEqual(done.returncode, 0, done.stderr)
            dist = top() / "dist"
            self.assertEqual(subprocess.run(["sha256sum", "--check", f"{name}.{end}.sha256"], cwd=dist, check=False,
                                            stdout=subprocess.DEVNULL).returncode, 0)
            out = tshark.scratch(f"unpacked-{system}")
            subprocess.run(["cmake", "-E", "tar", "xf", dist / f"{name}.{end}"], cwd=out, check=True)
            self.assertEqual((out / name / "wireshark-version").read_text(), "4.6\n")
            self.assertTrue((out / name / "profile/SIP Redirects/colorfilters").exists())


if __name__ == "__main__":
    unittest.main()
