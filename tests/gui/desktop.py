# SPDX-License-Identifier: GPL-2.0-or-later
"""A screen without a monitor, with the real Wireshark on it: for the test of the GUI and for the pictures.

    with Desktop() as desktop, desktop.wireshark(capture, ["-z", "expert"]) as wireshark:
        window = wireshark.window("Expert Information")
        ...

Needs Xvfb, openbox, xdotool, xclip and wireshark. Wireshark runs as tests/support/tshark.py runs everything: with the
plugin of this build, not as root, in a HOME of its own; the profile of this repository is in there.

Nothing sleeps for a fixed time and hopes: until() asks again and again, and gives up with a GuiError.
"""

import os
import re
import shutil
import subprocess
import time

from support import tshark

PROFILE = "SIP Redirects"
PROGRAMS = ("Xvfb", "openbox", "xdotool", "xclip", "wireshark")
WIDTH, HEIGHT = 1280, 800
SEPARATOR = "·"  # Wireshark's, between the parts of a title

PREFERENCES = {
    "gui.ask_unsaved": "FALSE",
    "gui.update.enabled": "FALSE",
    "gui.qt.font_name": "DejaVu Sans Mono,9,-1,5,50,0,0,0,0,0",
    "nameres.network_name": "FALSE",
}


class GuiError(AssertionError):
    """A window, or what it should hold, did not come in time."""


def missing():
    """Programs that are not there."""
    return [name for name in PROGRAMS if not shutil.which(name)]


def until(question, what, timeout=60):
    """The first true answer of question(); asks again until timeout seconds have passed."""
    end = time.monotonic() + timeout
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > end:
            raise GuiError(f"waited {timeout} s for {what}")
        time.sleep(0.1)


def stop(process):
    """Ends a process that was started here."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Desktop:
    """Xvfb with openbox, on a display number that nobody has."""

    def __init__(self, width=WIDTH, height=HEIGHT):
        self.width, self.height = width, height
        self.processes = []

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def _start(self):
        readable, writable = os.pipe()
        screen = f"{self.width}x{self.height}x24"
        self.processes.append(subprocess.Popen(
            ["Xvfb", "-displayfd", str(writable), "-screen", "0", screen, "-dpi", "96", "-nolisten", "tcp"],
            pass_fds=[writable], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        os.close(writable)
        with os.fdopen(readable) as pipe:
            number = pipe.readline().strip()  # Xvfb writes it when it can be used, and closes the pipe when it dies
        if not number:
            raise GuiError("Xvfb did not start")
        self.display = f":{number}"
        self.environment = {**os.environ, "DISPLAY": self.display, "LC_ALL": "C.UTF-8",
                            "HOME": str(tshark.scratch("desktop-home"))}
        self.processes.append(subprocess.Popen(
            ["openbox"], env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL))
        try:
            until(lambda: self.xdotool("get_num_desktops"), "openbox")
        except GuiError:
            # Seen once in many runs: openbox had ended. A second one on the same display works.
            self.processes.append(subprocess.Popen(
                ["openbox", "--replace"], env=self.environment, stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            until(lambda: self.xdotool("get_num_desktops"), "openbox, twice")

    def close(self):
        for process in reversed(self.processes):
            stop(process)
        self.processes.clear()

    def xdotool(self, *args):
        """What xdotool prints; empty where it fails."""
        try:
            done = subprocess.run(["xdotool", *map(str, args)], env=self.environment, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=20, check=False)
        except subprocess.TimeoutExpired:  # --sync waited for what did not come
            return ""
        return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else ""

    def titles(self):
        """Titles of what can be seen, by window."""
        found = {}
        for window in self.xdotool("search", "--onlyvisible", "--name", ".").split():
            found[int(window)] = self.xdotool("getwindowname", window)
        return found

    def clipboard(self):
        """The text on the clipboard; empty where there is none."""
        try:
            done = subprocess.run(["xclip", "-selection", "clipboard", "-out"], env=self.environment,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                  timeout=10, check=False)
        except subprocess.TimeoutExpired:  # its owner is too busy to answer
            return ""
        return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""

    def clear_clipboard(self):
        subprocess.run(["xclip", "-selection", "clipboard", "-in"], env=self.environment, input=b"",
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=10, check=True)

    def wireshark(self, capture, args=(), preferences=None, env=None):
        return Wireshark(self, capture, args, preferences, env)


class Wireshark:
    """The program, with a capture open and the profile chosen. Ends with the with statement."""

    def __init__(self, desktop, capture, args=(), preferences=None, env=None):
        self.desktop = desktop
        self.capture = capture
        self.log = tshark.scratch("gui-logs") / f"wireshark-{time.monotonic_ns()}.log"
        home = tshark.scratch(f"gui-home-{time.monotonic_ns()}")
        self._install_profile(home)
        arguments = ["-C", PROFILE, "-r", capture]
        for name, value in {**PREFERENCES, **(preferences or {})}.items():
            arguments += ["-o", f"{name}:{value}"]
        environment = tshark.environment(extra={
            "HOME": str(home), "XDG_RUNTIME_DIR": str(home), "DISPLAY": desktop.display, "LC_ALL": "C.UTF-8",
            "QT_QPA_PLATFORM": "xcb", "LIBGL_ALWAYS_SOFTWARE": "1", "NO_AT_BRIDGE": "1", **(env or {})})
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                tshark.command(shutil.which("wireshark"), [*arguments, *args]), env=environment, cwd=home,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)

    @staticmethod
    def _install_profile(home):
        folder = home / ".config" / "wireshark" / "profiles" / PROFILE
        folder.mkdir(parents=True)
        for path in (tshark.source_dir() / "profile").iterdir():
            shutil.copyfile(path, folder / path.name)
        if tshark.as_root():
            for path in [home, *home.rglob("*")]:
                os.chown(path, tshark.NOBODY, tshark.NOBODY)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        stop(self.process)

    def said(self):
        return self.log.read_text(encoding="utf-8", errors="replace")

    def find(self, title):
        """The window whose title holds these words, or None; the smallest, where the main window has them, too."""
        if self.process.poll() is not None:
            raise GuiError(f"wireshark ended with status {self.process.returncode}:\n{self.said()[-4000:]}")
        for window, name in self.desktop.titles().items():
            if re.search(title, name):
                return Window(self.desktop, window)
        return None

    def window(self, title, timeout=90):
        try:
            return until(lambda: self.find(title), f'a window "{title}"', timeout)
        except GuiError as error:
            seen = "\n".join(sorted(filter(None, self.desktop.titles().values())))
            raise GuiError(f"{error}\nthere are:\n{seen}\nwireshark said:\n{self.said()[-2000:]}") from None

    def main(self):
        """The main window, once the capture is open: its name is the title then."""
        return self.window("^" + re.escape(os.path.basename(self.capture)))


class Window:
    def __init__(self, desktop, number):
        self.desktop = desktop
        self.number = number

    def xdotool(self, *args):
        return self.desktop.xdotool(*args)

    def place(self, x, y, width, height):
        """Moves and sizes the inside of the window; waits until it is so."""
        self.xdotool("windowsize", "--sync", self.number, width, height)
        self.xdotool("windowmove", self.number, x, y)

    def size(self):
        shell = dict(line.split("=") for line in
                     self.xdotool("getwindowgeometry", "--shell", self.number).splitlines() if "=" in line)
        return int(shell["WIDTH"]), int(shell["HEIGHT"])

    def focus(self):
        self.xdotool("windowactivate", "--sync", self.number)
        return self

    def key(self, *keys):
        self.focus()
        self.xdotool("key", "--delay", "30", *keys)

    def click(self, x, y, times=1):
        """x, y inside the window; negative ones count from its right and lower edges."""
        width, height = self.size()
        self.focus()
        self.xdotool("mousemove", "--sync", "--window", self.number, x if x >= 0 else width + x,
                     y if y >= 0 else height + y)
        self.xdotool("click", "--repeat", times, "--delay", "50", "1")

    def drag(self, x, y, to_x, to_y):
        """Presses at x, y, moves there, releases. In small steps: a jump is no drag."""
        self.focus()
        self.xdotool("mousemove", "--sync", "--window", self.number, x, y, "mousedown", "1")
        for step in range(1, 11):
            self.xdotool("mousemove", "--window", self.number, x + (to_x - x) * step // 10,
                         y + (to_y - y) * step // 10)
        self.xdotool("mouseup", "1")

    def park_pointer(self):
        """Away from everything that shows a tip or a highlight under the pointer."""
        self.xdotool("mousemove", "--sync", self.desktop.width - 1, self.desktop.height - 1)
