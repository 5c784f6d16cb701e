#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The tarball's install.sh and what the packages hold. scripts/test-package tries the packages in a fresh system."""

import hashlib
import os
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support import package, tshark  # noqa: E402

PROFILE_FILES = ["colorfilters", "dfilter_buttons", "dfilter_macros", "dmacros", "preferences", "recent"]
TARBALL = sorted(
    ["CHANGELOG.md", "LICENSE", "README", "SHA256SUMS", "install.sh", "package.txt", "proof.expected", "proof.pcap",
     "sip_redirect.4", package.PLUGIN, "troubleshoot", "why-not-followed.md",
     *(f"profile/{name}" for name in PROFILE_FILES)]
)


def version():
    """The version's one place."""
    for line in (tshark.source_dir() / "plugin" / "CMakeLists.txt").read_text().splitlines():
        if line.startswith("set_module_info(sip_redirect "):
            return ".".join(line.split()[1:4])
    raise AssertionError("no version")


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        package.global_plugins()
        cls.package = package.unpack(tshark.scratch("package") / "sip_redirect")

    def setUp(self):
        self.user = package.User()
        self.addCleanup(self.user.__exit__)
        self.profile = self.user.home / ".config/wireshark/profiles" / package.PROFILE

    def install(self, *args, status=0, folder=None, **settings):
        done = self.user.run((folder or self.package) / "install.sh", *args, **settings)
        self.assertEqual(done.returncode, status, done.stdout)
        return done.stdout

    def changed_package(self, name, old, new):
        """A copy of the package in which a file says something else, and SHA256SUMS knows."""
        folder = tshark.scratch(f"changed-{name}")
        shutil.copytree(self.package, folder, dirs_exist_ok=True)
        path = folder / name
        before = path.read_bytes()
        after = before.replace(old.encode(), new.encode())
        self.assertNotEqual(before, after)
        path.write_bytes(after)
        sums = folder / "SHA256SUMS"
        sums.write_text(sums.read_text().replace(hashlib.sha256(before).hexdigest(), hashlib.sha256(after).hexdigest()))
        return folder

    def test_installs_proves_and_leaves_nothing(self):
        said = self.install()
        self.assertIn("It works: ", said)
        self.assertIn(package.VERDICT, said)
        self.assertTrue((self.user.home / self.user.plugins() / package.PLUGIN).exists())
        self.assertEqual(sorted(path.name for path in self.profile.iterdir()), PROFILE_FILES)
        self.assertTrue((self.user.home / ".local/share/man/man4/sip_redirect.4").exists())
        # The package may be gone by then.
        script = self.user.home / ".local/share/sip_redirect" / package.series() / "install.sh"
        self.assertIn(f"sh '{script}' --uninstall", said)
        done = self.user.run(script, "--uninstall")
        self.assertEqual((done.returncode, self.user.files()), (0, []), done.stdout)

    def test_twice_is_once(self):
        self.install()
        files = self.user.files()
        self.install()
        self.assertEqual(self.user.files(), files)
        self.install("--uninstall")
        self.assertEqual(self.user.files(), [])
        self.assertIn("is not installed here", self.install("--uninstall", status=1))

    def test_what_is_the_users_stays(self):
        mine = self.user.write(".local/lib/wireshark/plugins/mine.lua", "-- mine\n")
        buttons = self.user.write(f".config/wireshark/profiles/{package.PROFILE}/dfilter_buttons", "# mine\n")
        recent = self.user.write(f".config/wireshark/profiles/{package.PROFILE}/recent", "# Wireshark's own\n")
        said = self.install()
        self.assertIn(f"Kept, because you changed it: {buttons}", said)
        self.assertIn(f"Kept, because your column widths are in it: {recent}", said)
        self.assertEqual((buttons.read_text(), recent.read_text()), ("# mine\n", "# Wireshark's own\n"))
        colours = self.user.write(f".config/wireshark/profiles/{package.PROFILE}/colorfilters", "# mine now\n")
        self.assertIn(f"Kept, because it was changed: {colours}", self.install("--uninstall"))
        files = [self.user.home / name for name in self.user.files()]
        self.assertEqual([path for path in files if path.is_file()], sorted([mine, buttons, colours, recent]))

    def test_folders_of_the_user(self):
        """XDG_CONFIG_HOME and XDG_DATA_HOME are respected, and the configuration folder of old."""
        self.install(XDG_CONFIG_HOME=f"{self.user.home}/c", XDG_DATA_HOME=f"{self.user.home}/d")
        self.assertTrue((self.user.home / "c/wireshark/profiles" / package.PROFILE / "colorfilters").exists())
        self.assertTrue((self.user.home / "d/man/man4/sip_redirect.4").exists())
        self.install("--uninstall", XDG_CONFIG_HOME=f"{self.user.home}/c", XDG_DATA_HOME=f"{self.user.home}/d")
        self.assertEqual(self.user.files(), [])
        self.user.write(".wireshark/preferences", "")
        self.install()
        self.assertTrue((self.user.home / ".wireshark/profiles" / package.PROFILE / "colorfilters").exists())

    def test_refuses_another_version(self):
        folder = self.changed_package("package.txt", f"wireshark={package.series()}\n", "wireshark=9.8\n")
        said = self.install(status=1, folder=folder)
        self.assertRegex(said, rf"^This package is for Wireshark 9\.8, but .* is Wireshark {package.series()}\.")
        self.assertEqual(len(said.splitlines()), 1)
        self.assertEqual(self.user.files(), [])

    def test_refuses_another_machine(self):
        folder = self.changed_package("package.txt", f"machine={os.uname().machine}\n", "machine=vax\n")
        self.assertIn("This package is for linux on vax, and this is linux on ", self.install(status=1, folder=folder))
        self.assertEqual(self.user.files(), [])

    def test_refuses_a_damaged_download(self):
        folder = tshark.scratch("damaged")
        shutil.copytree(self.package, folder, dirs_exist_ok=True)
        (folder / "proof.pcap").write_bytes((folder / "proof.pcap").read_bytes()[:-1])
        self.assertIn("download it again", self.install(status=1, folder=folder))
        self.assertEqual(self.user.files(), [])

    def test_refuses_where_it_would_not_help(self):
        said = self.install("--global", status=1)
        self.assertIn("Only an administrator can install for all users", said)
        self.assertIn("no such program", self.install(status=2, TSHARK="/nowhere/tshark"))
        if tshark.as_root():
            self.assertIn("Wireshark ignores root's own plugins", self.install(status=1, as_root=True))
        self.assertEqual(self.user.files(), [])

    def test_two_versions_share_the_profile(self):
        """As with a Wireshark of one's own beside the system's: what the other still uses stays."""
        self.install()
        other = self.user.home / ".local/share/sip_redirect/9.8"
        shutil.copytree(self.user.home / ".local/share/sip_redirect" / package.series(), other)
        self.install("--uninstall")
        self.assertEqual(sorted(path.name for path in self.profile.iterdir()), PROFILE_FILES)

    def test_contents(self):
        folder = self.package
        self.assertEqual(sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()), TARBALL)
        about = dict(line.split("=", 1) for line in (folder / "package.txt").read_text().splitlines())
        system, machine = os.uname().sysname.lower(), os.uname().machine
        self.assertEqual(about["tarball"], f"sip_redirect-{version()}-{system}-{machine}-wireshark-{package.series()}")
        self.assertEqual((about["plugin"], about["wireshark"]), (version(), package.series()))
        for line in (folder / "SHA256SUMS").read_text().splitlines():
            digest, name = line.split("  ", 1)
            self.assertEqual(hashlib.sha256((folder / name).read_bytes()).hexdigest(), digest, name)

    def test_no_path_of_the_build_is_in_the_plugin(self):
        plugin = (self.package / package.PLUGIN).read_bytes()
        self.assertNotIn(str(tshark.source_dir()).encode(), plugin)
        self.assertNotIn(os.environ["BUILD_DIR"].encode(), plugin)

    def test_what_cmake_installs(self):
        """The .deb is made of this."""
        prefix = tshark.scratch("installed")
        subprocess.run(
            ["cmake", "--install", os.environ["BUILD_DIR"], "--prefix", "/usr"],
            check=True, env={**os.environ, "DESTDIR": str(prefix)}, stdout=subprocess.DEVNULL,
        )
        names = sorted(str(path.relative_to(prefix)) for path in prefix.rglob("*") if path.is_file())
        plugins = [name for name in names if name.endswith(".so")]
        self.assertEqual(len(plugins), 1)
        self.assertTrue(plugins[0].endswith(f"/plugins/{package.series()}/epan/{package.PLUGIN}"), plugins)
        self.assertEqual(
            [name for name in names if name not in plugins],
            sorted([
                "usr/bin/sip-redirect-troubleshoot",
                "usr/share/doc/sip_redirect/docs/why-not-followed.md",
                "usr/share/man/man1/sip-redirect-troubleshoot.1",
                "usr/share/man/man4/sip_redirect.4",
                "usr/share/sip_redirect/package.txt",
                "usr/share/sip_redirect/proof.expected",
                "usr/share/sip_redirect/proof.pcap",
                *(f"usr/share/wireshark/profiles/{package.PROFILE}/{name}" for name in PROFILE_FILES),
            ]),
        )


if __name__ == "__main__":
    unittest.main()
