#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/troubleshoot finds each reason why Wireshark has not the plugin, or does not show what it should."""

import shutil
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support import package, tshark  # noqa: E402

CONFIG = ".config/wireshark"


class Troubleshoot(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        package.global_plugins()
        cls.package = package.unpack(tshark.scratch("package") / "sip_redirect")
        cls.plugin = (cls.package / package.PLUGIN).read_bytes()
        # What is tested must not find the package's own copy.
        (cls.package / package.PLUGIN).unlink()
        cls.script = cls.package / "troubleshoot"

    def setUp(self):
        self.user = package.User()
        self.addCleanup(self.user.__exit__)

    def install(self, plugin=None, folder=None):
        return self.user.write(f"{folder or self.user.plugins()}/{package.PLUGIN}", plugin or self.plugin)

    def finding(self, *args, status=1, script=None, **settings):
        """The first line of what it prints."""
        done = self.user.run(script or self.script, *args, **settings)
        self.assertEqual(done.returncode, status, done.stdout)
        self.output = done.stdout
        return done.stdout.splitlines()[0]

    def works(self, *args, **settings):
        self.assertRegex(self.finding(*args, status=0, **settings), "^It works: ")
        self.assertIn(package.VERDICT, self.output)

    # --- it works

    def test_works(self):
        path = self.install()
        self.works()
        self.assertIn(str(path), self.output)

    def test_works_in_a_clone(self):
        top = tshark.source_dir()
        clone = tshark.scratch("clone")
        for name in ("scripts/troubleshoot", "captures/b2bua-x-call-id.pcap", "packaging/proof.expected",
                     "plugin/CMakeLists.txt"):
            (clone / name).parent.mkdir(exist_ok=True)
            (clone / name).parent.chmod(0o755)
            shutil.copy(top / name, clone / name)
            (clone / name).chmod(0o755)
        self.install()
        self.works(script=clone / "scripts" / "troubleshoot")

    def test_where(self):
        done = self.user.run(self.script, "--where")
        said = dict(line.split("=", 1) for line in done.stdout.splitlines())
        self.assertEqual(said["personal"], str(self.user.home / self.user.plugins()))
        self.assertEqual(said["series"], package.series())
        self.assertEqual(said["config"], str(self.user.home / CONFIG))

    def test_no_tshark(self):
        self.assertIn("/nowhere/tshark", self.finding(status=2, TSHARK="/nowhere/tshark"))
        self.assertIn("-C needs the name of a profile", self.finding("-C", status=2))

    # --- it is not loaded

    def test_run_as_root(self):
        if not tshark.as_root() and subprocess.run(["unshare", "--map-root-user", "true"], check=False).returncode:
            self.skipTest("nobody may be root here, not even in a namespace")
        self.install()
        self.assertRegex(self.finding(as_root=True), "^Run as root: .*ordinary user")

    def test_not_installed(self):
        self.assertRegex(self.finding(), "^Not installed: ")

    def test_other_version_in_the_right_folder(self):
        path = self.install(package.made_for(self.plugin, 9, 8))
        line = self.finding()
        self.assertRegex(line, rf"^Other version: {path} was made for Wireshark 9\.8, but .* is Wireshark ")
        self.assertIn(package.series(), line)

    def test_other_version_in_its_own_folder(self):
        path = self.install(package.made_for(self.plugin, 9, 8), ".local/lib/wireshark/plugins/9.8/epan")
        line = self.finding()
        self.assertRegex(line, rf"^Other version: {path} was made for Wireshark 9\.8, but .* is Wireshark ")
        self.assertIn(package.series(), line)

    def test_other_folder(self):
        """The right version; each of these was seen with users."""
        wanted = str(self.user.home / self.user.plugins())
        for folder in (
            ".local/lib/wireshark/plugins",
            f".local/lib/wireshark/plugins/{package.series()}",
            f".local/lib/wireshark/plugins/{package.series().replace('.', '-')}/epan",
            ".local/lib/wireshark/plugins/9.8/epan",
            f"{CONFIG}/plugins",
            ".wireshark/plugins with blanks",
        ):
            with self.subTest(folder):
                path = self.install(folder=folder)
                line = self.finding()
                self.assertTrue(line.startswith(f"Other folder: the plugin is {path}, but "), line)
                self.assertIn(wanted, line)
                path.unlink()

    def test_the_copy_that_would_load_is_named(self):
        self.install(package.made_for(self.plugin, 9, 8), ".local/lib/wireshark/plugins/1.0/epan")
        path = self.install(folder=".local/lib/wireshark/plugins/2.0")
        self.assertIn(f"Other folder: the plugin is {path}", self.finding())

    def test_another_copy_does_no_harm(self):
        self.install()
        path = self.install(package.made_for(self.plugin, 9, 8), ".local/lib/wireshark/plugins/9.8/epan")
        self.works()
        self.assertIn(str(path), self.output)

    def test_missing_library(self):
        wanting = self.plugin.replace(b"libwsutil.so", b"libgone99.so")
        self.assertNotEqual(wanting, self.plugin)
        for folder in (self.user.plugins(), ".local/lib/wireshark/plugins"):
            with self.subTest(folder):
                path = self.install(wanting, folder)
                self.assertRegex(self.finding(), rf"^Missing library: {path} needs libgone99\.so[.0-9]*, ")
                path.unlink()

    def test_not_readable(self):
        path = self.install()
        path.chmod(0)
        self.assertRegex(self.finding(), "^Not readable: ")

    def test_damaged(self):
        self.install(self.plugin[:20000])
        self.assertRegex(self.finding(), "^Damaged: ")

    # --- it is loaded, and does not show what it should

    def test_disabled(self):
        self.install()
        path = self.user.write(f"{CONFIG}/disabled_protos", "dns\nsip_redirect\n")
        self.assertTrue(self.finding().startswith(f"Disabled in Enabled Protocols ({path}): tick sip_redirect in "),
                        self.output)

    def test_disabled_below(self):
        self.install()
        path = self.user.write(f"{CONFIG}/disabled_protos", "sip\n")
        self.assertTrue(self.finding().startswith(f"Disabled in Enabled Protocols ({path}): tick sip in "), self.output)

    def test_disabled_for_all_users(self):
        self.install()
        where = self.user.run(self.script, "--where").stdout
        data = Path(next(line for line in where.splitlines() if line.startswith("data=")).removeprefix("data="))
        for entry in data.iterdir():
            (self.user.home / "data").mkdir(exist_ok=True)
            (self.user.home / "data" / entry.name).symlink_to(entry)
        path = self.user.write("data/disabled_protos", "sip_redirect\n")
        line = self.finding(WIRESHARK_DATA_DIR=str(path.parent))
        self.assertTrue(line.startswith(f"Disabled in Enabled Protocols ({path}): "), self.output)

    def test_disabled_in_a_profile(self):
        self.install()
        path = self.user.write(f"{CONFIG}/profiles/at work/disabled_protos", "sip_redirect\n")
        line = self.finding("-C", "at work")
        self.assertTrue(line.startswith(f"Disabled in Enabled Protocols ({path}): "), self.output)
        self.assertIn("profile at work", line)
        self.works()
        self.assertIn(str(path), self.output)

    def test_something_else_is_disabled(self):
        self.install()
        self.user.write(f"{CONFIG}/disabled_protos", "sip_redirects\nmgcp\n")
        self.works()
        self.assertNotIn("disabled", self.output)

    def test_preference_off(self):
        self.install()
        for name, value in (("explain", "FALSE"), ("link_calls", "FALSE"), ("link_legs", "FALSE")):
            with self.subTest(name):
                self.user.write(f"{CONFIG}/preferences", f"sip_redirect.{name}: {value}\nsip_redirect.max_hops: 9\n")
                self.assertRegex(self.finding(), rf"^Preference off: sip_redirect\.{name} is {value}\. ")

    def test_preference_off_in_a_profile(self):
        self.install()
        self.user.write(f"{CONFIG}/profiles/at work/preferences", "sip_redirect.explain: FALSE\n")
        self.works()
        self.assertRegex(self.finding("-C", "at work"), r"^Preference off: sip_redirect\.explain is FALSE\. .*at work")

    def test_preference_that_the_proof_does_not_need(self):
        self.install()
        self.user.write(f"{CONFIG}/preferences", "sip_redirect.show_diverted: FALSE\nsip_redirect.silent_rules: loop\n")
        self.works()
        self.assertIn("sip_redirect.show_diverted is FALSE", self.output)
        self.assertIn("sip_redirect.silent_rules is loop", self.output)

    def test_other_version_of_the_plugin(self):
        newer = tshark.scratch("newer")
        for name in ("troubleshoot", "proof.pcap", "proof.expected", "package.txt"):
            text = (self.package / name).read_bytes()
            if name == "proof.expected":
                text = text.replace(b"answered in frame 11", b"said in other words")
            if name == "package.txt":
                text = b"plugin=9.9.9\n"
            (newer / name).write_bytes(text)
            (newer / name).chmod(0o755)
        path = self.install()
        line = self.finding(script=newer / "troubleshoot")
        self.assertTrue(line.startswith(f"Other version of the plugin: {path} is sip_redirect "), line)
        self.assertIn("9.9.9", line)


if __name__ == "__main__":
    unittest.main()
