# SPDX-License-Identifier: GPL-2.0-or-later
"""The folder of a tarball as users get it, made of this build, and a user with an empty home who runs its scripts."""

import os
import re
import shutil
import struct
import subprocess
import tempfile
import unittest
from pathlib import Path

from support import tshark

PLUGIN = "sip_redirect.so"
PROFILE = "SIP Redirects"
VERDICT = "302: followed in frame 6 (200), answered in frame 11; try sip:carol@192.0.2.40:5060"


def series():
    return ".".join(str(number) for number in tshark.version())


def unpack(folder):
    """Fills folder with what the tarball of this build holds; the user of the tests can read it."""
    subprocess.run(
        ["cmake", "--install", os.environ["BUILD_DIR"], "--component", "tarball", "--prefix", str(folder)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return folder


def global_plugins():
    """The plugins that are installed for all users, without this one."""
    env = tshark.environment(plugin=False)
    del env["WIRESHARK_PLUGIN_DIR"]
    folders = subprocess.run(
        tshark.command(tshark.executable(), ["-G", "folders"]), check=True, env=env, stdout=subprocess.PIPE, text=True
    ).stdout
    folder = Path(re.search(r"^Global Plugins:\s+(.*)$", folders, re.MULTILINE).group(1)) / "epan"
    if (folder / PLUGIN).exists():
        raise unittest.SkipTest(f"{folder / PLUGIN} is installed, and would be found: remove it to run this test")
    return sorted(folder.glob("*.so"))


def elf_symbol(data, name):
    """Where in the file of a 64-bit shared library the bytes of this symbol are."""
    (start,) = struct.unpack_from("<Q", data, 0x28)
    size, count = struct.unpack_from("<HH", data, 0x3A)
    sections = [struct.unpack_from("<IIQQQQIIQQ", data, start + number * size) for number in range(count)]
    symbols = next(section for section in sections if section[1] == 11)  # SHT_DYNSYM
    names = sections[symbols[6]]
    for at in range(symbols[4], symbols[4] + symbols[5], symbols[9]):
        text, _, _, _, address, _ = struct.unpack_from("<IBBHQQ", data, at)
        begin = names[4] + text
        if data[begin:data.index(b"\0", begin)] == name.encode():
            # Bytes in the file: neither SHT_NULL nor SHT_NOBITS.
            home = next(s for s in sections if s[1] not in (0, 8) and s[3] <= address < s[3] + s[5])
            return address - home[3] + home[4]
    raise KeyError(name)


def made_for(plugin, major, minor):
    """The plugin as if it had been built with another version of Wireshark."""
    data = bytearray(plugin)
    for name, number in (("plugin_want_major", major), ("plugin_want_minor", minor)):
        struct.pack_into("<i", data, elf_symbol(plugin, name), number)
    return bytes(data)


class User:
    """An ordinary user with a home of their own, in which nothing is; a context manager."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(dir=tshark.scratch("users"))
        self.home = Path(self._folder.name)
        self.own(self.home)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._folder.cleanup()

    def own(self, path):
        if tshark.as_root():
            os.chown(path, tshark.NOBODY, tshark.NOBODY)

    def write(self, name, content):
        """A file in the home."""
        path = self.home / name
        for folder in reversed([path.parent, *path.parent.parents]):
            if not folder.exists():
                folder.mkdir()
                self.own(folder)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(0o644)
        self.own(path)
        return path

    def plugins(self):
        """Where Wireshark looks for this user's plugins, below the home."""
        return f".local/lib/wireshark/plugins/{series()}/epan"

    def files(self):
        """All that is in the home."""
        return sorted(str(path.relative_to(self.home)) for path in self.home.rglob("*"))

    def environment(self, **extra):
        env = tshark.environment(plugin=False)
        # What a user has: the plugins that come with Wireshark, and those in the home.
        del env["WIRESHARK_PLUGIN_DIR"]
        return {**env, "HOME": str(self.home), "TMPDIR": "/tmp", "TSHARK": shutil.which(tshark.executable()), **extra}

    def run(self, script, *args, as_root=False, **extra):
        """subprocess.CompletedProcess of a script for sh; stderr is part of stdout."""
        argv = ["sh", str(script), *args]
        if as_root and not tshark.as_root():
            argv = ["unshare", "--map-root-user", *argv]
        elif tshark.as_root() and not as_root:
            user = str(tshark.NOBODY)
            argv = ["setpriv", "--reuid", user, "--regid", user, "--clear-groups", *argv]
        return subprocess.run(
            argv, env=self.environment(**extra), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, cwd="/", timeout=120, check=False, encoding="utf-8", errors="replace",
        )
