# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs tshark (and its relatives) with the plugin of this build, and with nothing else of the machine's.

Every test that needs Wireshark goes through here, because four things are easy to get wrong:
- As root, Wireshark ignores WIRESHARK_PLUGIN_DIR without a word, and the test passes without the plugin. So as root
  the program runs as an unprivileged user; files which that user cannot reach are copied to where it can.
- The caller's own profile changes the output. So HOME is private, TZ is UTC, LC_ALL is C.
- A dissector that throws leaves a line on stderr and an exit status of 0. So stderr is read.
- A disabled protocol leaves no trace. So it is enabled on the command line.

    from support import tshark                       # with tests/ on sys.path
    text = tshark.run(["-r", capture, "-Y", "sip_redirect"])
    rows = tshark.fields(capture, ["frame.number", "sip_redirect.code"], two_pass=True)

Environment: PLUGIN_DIR (or BUILD_DIR, whose wireshark-plugins folder it then is), TSHARK (a path; default "tshark").
"""

import atexit
import os
import re
import shutil
import signal
import stat
import subprocess
import tempfile
from pathlib import Path

PROTOCOL = "sip_redirect"
SEPARATOR = "\x1f"  # between repeated values of one field, where the caller does not choose: no SIP text holds it
NOBODY = 65534
PATIENCE = 1500  # seconds that a run may take before it is taken to hang: a busy machine is slow
COMPLAINTS = re.compile(
    r"Dissector bug|\*\* ?\((?:process|tshark|sharkd|wireshark|<unknown>):|\bCRITICAL\b|\bERROR\b|assertion|"
    r"AddressSanitizer|runtime error|wmem.*leak|Couldn't load plugin|has no .* symbol",
    re.IGNORECASE,
)


class TsharkError(AssertionError):
    """tshark crashed, failed, or complained on stderr."""


class _Stage:
    """A folder of this process that the unprivileged user can read; home inside is theirs to write."""

    def __init__(self):
        self.root = Path(tempfile.mkdtemp(prefix="sip_redirect-test-"))
        atexit.register(shutil.rmtree, self.root, ignore_errors=True)
        self.root.chmod(0o755)
        self.home = self.writable("home")
        self.empty = self.root / "no-plugins"
        self.empty.mkdir()
        self.empty.chmod(0o755)
        self._copies = {}

    def writable(self, name):
        folder = self.root / name
        folder.mkdir(exist_ok=True)
        if as_root():
            os.chown(folder, NOBODY, NOBODY)
        return folder

    def reachable(self, path):
        """path itself, or a copy where the unprivileged user cannot read it."""
        path = Path(path).resolve()
        if not as_root() or _readable_by_all(path):
            return path
        key = (path, path.stat().st_mtime_ns)
        if key not in self._copies:
            copy = self.root / f"copy-{len(self._copies)}" / path.name
            copy.parent.mkdir()
            copy.parent.chmod(0o755)
            if path.is_dir():
                shutil.copytree(path, copy)
            else:
                shutil.copyfile(path, copy)
            _open_to_all(copy)
            self._copies[key] = copy
        return self._copies[key]


_stage_of_process = None


def _stage():
    global _stage_of_process
    if _stage_of_process is None:
        _stage_of_process = _Stage()
    return _stage_of_process


def as_root():
    return os.geteuid() == 0


def _readable_by_all(path):
    for folder in path.parents:
        if not folder.stat().st_mode & stat.S_IXOTH:
            return False
    if not path.is_dir():
        return bool(path.stat().st_mode & stat.S_IROTH)
    needed = stat.S_IROTH | stat.S_IXOTH
    if path.stat().st_mode & needed != needed:
        return False
    return all(_readable_by_all_here(entry) for entry in path.rglob("*"))


def _readable_by_all_here(entry):
    needed = stat.S_IROTH | (stat.S_IXOTH if entry.is_dir() else 0)
    return entry.stat().st_mode & needed == needed


def _open_to_all(path):
    for entry in [path, *path.rglob("*")] if path.is_dir() else [path]:
        entry.chmod(0o755 if entry.is_dir() else 0o644)


def source_dir():
    """The top of this project's sources."""
    return Path(os.environ.get("SOURCE_DIR", Path(__file__).resolve().parents[2]))


def plugin_dir():
    """The folder that holds <major.minor>/epan/sip_redirect.so, where the user of the tests can read it."""
    folder = os.environ.get("PLUGIN_DIR")
    if not folder and "BUILD_DIR" in os.environ:
        folder = os.path.join(os.environ["BUILD_DIR"], "wireshark-plugins")
    if not folder:
        raise TsharkError("set PLUGIN_DIR to <build>/wireshark-plugins (ctest does)")
    if not list(Path(folder).glob("*/epan/sip_redirect.so")):
        raise TsharkError(f"no */epan/sip_redirect.so below {folder}: build first")
    return _stage().reachable(folder)


def reachable(path):
    """path itself, or a copy that the user of the tests can read; for paths in the environment of a program."""
    return _stage().reachable(path)


def scratch(name="scratch"):
    """A folder of this process that the program may write to (-w, exported files); removed at exit."""
    return _stage().writable(name)


def environment(plugin=True, extra=None):
    """The environment for a program of Wireshark's; extra overrides."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("WIRESHARK_", "XDG_", "LC_", "LANG"))}
    home = str(_stage().home)
    env.update(HOME=home, TZ="UTC", LC_ALL="C", TMPDIR=home)
    env["WIRESHARK_PLUGIN_DIR"] = str(plugin_dir() if plugin else _stage().empty)
    env["WIRESHARK_EXTCAP_DIR"] = str(_stage().empty)  # no helper programs: nothing is captured here
    env.update(extra or {})
    return env


def command(program, args, plugin=True):
    """The argument vector that runs program as a user for whom Wireshark loads plugins.

    An argument that names an existing file (a Path, or a string with a "/" in it; also after a colon, as in
    -o tls.keylog_file:FILE) becomes an absolute path that this user can read. The program runs in its private HOME.
    """
    argv = [program]
    first = str(args[0]) if args else ""
    if plugin and os.path.basename(program) in ("tshark", "wireshark") and not first.startswith("-G"):  # -G goes first
        argv += ["--enable-protocol", PROTOCOL]
    argv += [_reachable_argument(arg) for arg in args]
    if as_root():
        setpriv = shutil.which("setpriv")
        if not setpriv:
            raise TsharkError("run by root, and there is no setpriv (package util-linux) to drop privileges with")
        argv = [setpriv, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *argv]
    return argv


def _reachable_argument(arg):
    """arg, with the file that it names (all of it, or what follows its first colon) absolute and readable."""
    head, _, tail = str(arg).partition(":")
    for prefix, path in (("", str(arg)), (head + ":", tail)):
        if (os.sep in path or isinstance(arg, Path)) and os.path.isfile(path):
            return prefix + str(_stage().reachable(path))
    return str(arg)


def executable():
    return os.environ.get("TSHARK") or "tshark"


def version():
    """(major, minor) of the tshark under test."""
    text = run(["--version"], plugin=False)
    match = re.search(r"(\d+)\.(\d+)\.\d+", text.splitlines()[0])
    return int(match.group(1)), int(match.group(2))


def run_process(args, program=None, plugin=True, timeout=PATIENCE, env=None, stdin=None):
    """Runs the program (default tshark) and returns subprocess.CompletedProcess with text; judges nothing."""
    return subprocess.run(
        command(program or executable(), args, plugin),
        input=stdin,
        stdin=None if stdin is not None else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(plugin, env),
        cwd=_stage().home,
        timeout=timeout,
        check=False,
        encoding="utf-8",
        errors="replace",
    )


def run(args, program=None, plugin=True, timeout=PATIENCE, env=None, stdin=None, statuses=(0,)):
    """As run_process(), but returns stdout, and raises TsharkError for a crash, another exit status or a complaint."""
    done = run_process(args, program, plugin, timeout, env, stdin)
    shown = " ".join(str(arg) for arg in done.args)
    if done.returncode < 0 or done.returncode > 128:
        number = -done.returncode if done.returncode < 0 else done.returncode - 128
        name = signal.Signals(number).name if number in signal.valid_signals() else number
        raise TsharkError(f"killed by {name}: {shown}\n{done.stderr[-4000:]}")
    if done.returncode not in statuses:
        raise TsharkError(f"exit status {done.returncode}: {shown}\n{done.stderr[-4000:]}")
    complaint = COMPLAINTS.search(done.stderr)
    if complaint:
        raise TsharkError(f"complaint ({complaint.group(0)}): {shown}\n{done.stderr[-4000:]}")
    return done.stdout


run_tshark = run


def fields(capture, names, two_pass=False, display_filter=None, options=(), separator=SEPARATOR, timeout=PATIENCE):
    """tshark -T fields: one list per frame, in the order of names; repeated values are joined by separator.

    Frames without any of the fields (frame.* aside) are left out.
    """
    args = ["-n", "-r", capture, *(["-2"] if two_pass else []), *options]
    if display_filter:
        args += ["-Y", display_filter]
    args += ["-T", "fields", "-E", "separator=/t", "-E", "occurrence=a", "-E", f"aggregator={separator}"]
    for name in names:
        args += ["-e", name]
    other = [i for i, name in enumerate(names) if not name.startswith("frame.")] or range(len(names))
    rows = []
    for line in run(args, timeout=timeout).split("\n"):
        row = line.split("\t")
        if line and len(row) != len(names):
            raise TsharkError(f"{len(row)} columns instead of {len(names)}: {line!r}")
        if line and any(row[i] for i in other):
            rows.append(row)
    return rows
