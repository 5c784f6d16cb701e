#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The plugin's sources are read by a compiler for Windows.

Nothing is linked or run, and the headers of GLib and Wireshark are those of this machine. What it finds all the same:
functions that Windows does not have, a long taken for 64 bits, and the address of a variable of another library in a
static table, which is no constant there.
"""

import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support import tshark  # noqa: E402

TARGET = "x86_64-w64-mingw32"
# Named, because clang finds them by itself only where gcc for Windows is installed as well.
HEADERS = Path("/usr") / TARGET / "include"
# What GLib is configured to on Windows of 64 bits, where that differs from Linux.
CONFIGURED = (("#define G_OS_UNIX", "#define G_OS_WIN32\n#define G_PLATFORM_WIN32"),
              (r"typedef signed long (gint64|gssize|gintptr);", r"typedef signed long long \1;"),
              (r"typedef unsigned long (guint64|gsize|guintptr);", r"typedef unsigned long long \1;"),
              (r"(GLIB_SIZEOF_LONG\s+)8", r"\g<1>4"),
              (r'(G_G\w+_(?:MODIFIER|FORMAT)\s+)"l', r'\1"ll'),
              (r"\((glong|gulong)\)", r"(gintptr)"))


def flags(*packages):
    return subprocess.run(["pkg-config", "--cflags-only-I", *packages], check=True, stdout=subprocess.PIPE,
                          text=True).stdout.replace("-I", "").split()


def include_folders(scratch):
    """GLib's own with the configuration of Windows, then those of Wireshark and of the build."""
    folders = []
    for folder in map(Path, flags("glib-2.0")):
        if (folder / "glibconfig.h").exists():
            text = (folder / "glibconfig.h").read_text()
            for pattern, replacement in CONFIGURED:
                text, count = re.subn(pattern, replacement, text)
                if not count:
                    raise AssertionError(f"glibconfig.h has no {pattern}")
            (scratch / "glibconfig.h").write_text(text)
        elif (folder / "glib.h").exists():
            folders.append(folder)
            # From Debian 13 on it is not installed on Linux. The plugin needs nothing of it.
            if not (folder / "glib/gwin32.h").exists():
                (scratch / "glib").mkdir()
                (scratch / "glib/gwin32.h").touch()
    return [scratch, *folders, *flags("wireshark")]


class Windows(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = Path(scratch.name)
        self.options = ["-fsyntax-only", "-std=gnu11", "-Wall", "-Werror", "-D_WIN32_WINNT=0x0A00",
                        "-I", os.path.join(os.environ["BUILD_DIR"], "generated")]
        for folder in include_folders(self.scratch):
            self.options += ["-isystem", str(folder)]
        self.options += ["-isystem", str(HEADERS)]

        if "windows.h" in self.snippet("#include <windows.h>\n"):
            self.fail("there are no headers of Windows (package mingw-w64-x86-64-dev)")

    def complaints(self, *sources):
        done = subprocess.run(["clang", f"--target={TARGET}", *self.options, *map(str, sources)],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode and not done.stdout:
            self.fail(f"clang ended with {done.returncode} and said nothing")
        return done.stdout

    def snippet(self, text):
        path = self.scratch / "snippet.c"
        path.write_text(text)
        return self.complaints(path)

    def test_plugin(self):
        sources = sorted((tshark.source_dir() / "plugin").glob("*.c"))
        self.assertGreater(len(sources), 50)
        self.assertEqual(self.complaints(*sources), "")

    def test_it_is_windows(self):
        self.assertEqual(self.snippet("#include <windows.h>\n#include <glib.h>\n"
                                      "G_STATIC_ASSERT(sizeof(long) == 4 && sizeof(gint64) == 8);\n"), "")

    def test_variables_of_other_libraries_are_found(self):
        table = "#include <epan/proto.h>\n#include <epan/unit_strings.h>\nextern const void *table[1];\n"
        self.assertIn("not a compile-time constant", self.snippet(table + "const void *table[1] = {&units_seconds};\n"))
        self.assertEqual(self.snippet(table + "const void *table[1] = {table};\n"), "")

    def test_functions_of_unix_are_found(self):
        self.assertIn("fork", self.snippet("#include <unistd.h>\nint main(void) { return fork(); }\n"))


if __name__ == "__main__":
    unittest.main()
