# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs tshark under measurement: instructions, CPU time, peak memory, and how long each frame took.

What is measured is `tshark -r CAPTURE`, its output thrown away, in one of the variants below.
"""

import fcntl
import hashlib
import mmap
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
sys.path.insert(0, str(HERE))

from support import tshark  # noqa: E402


F_SETPIPE_SZ = getattr(fcntl, "F_SETPIPE_SZ", 1031)  # Python has the name from 3.10 on
CLOCK_SCHED = 2  # of the clock ids that Linux gives to processes: the CPU time of all threads


class TooLong(Exception):
    """A run used up the CPU time that it was given."""


@dataclass
class Variant:
    """One column of the table: a plugin folder and options."""

    name: str
    plugin: bool = False
    options: list = field(default_factory=list)
    folder: Path = None  # instead of the empty one, or of this build's

    def command(self, args):
        return tshark.command(tshark.executable(), [*self.options, *args], plugin=self.plugin)

    def environment(self):
        extra = {"WIRESHARK_PLUGIN_DIR": str(tshark.reachable(self.folder))} if self.folder else {}
        return tshark.environment(plugin=self.plugin and not self.folder, extra=extra)


def stock():
    return Variant("stock")


def plugin(folder=None, name="plugin"):
    """The plugin of this build, or of a folder that holds <major.minor>/epan/sip_redirect.so."""
    if folder and not list(Path(folder).glob("*/epan/sip_redirect.so")):
        raise SystemExit(f"no */epan/sip_redirect.so below {folder}")
    return Variant(name, plugin=True, folder=folder)


def transum():
    """Wireshark's own post-dissector for response times, enabled, as it comes."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WIRESHARK_")}
    text = subprocess.run(
        [tshark.executable(), "-G", "folders"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        check=True, encoding="utf-8",
    ).stdout
    installed = re.search(r"^Global Plugins:\s*(\S.*)$", text, re.MULTILINE)
    found = Path(installed.group(1).strip()) / "epan" / "transum.so" if installed else None
    if not found or not found.exists():
        return None
    folder = tshark.scratch("transum")
    version = found.parents[1].name
    target = folder / version / "epan"
    target.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(found, target / found.name)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)
    return Variant("transum", options=["--enable-protocol", "transum"], folder=folder)


def lua():
    """A script as one would write it: see by_call_id.lua. None where this tshark has no Lua."""
    if "with Lua" not in tshark.run(["--version"], plugin=False).replace("\n", " "):
        return None
    return Variant("lua", options=["-X", f"lua_script:{HERE / 'by_call_id.lua'}"])


# --- captures -----------------------------------------------------------------------------------------------------


@dataclass
class Capture:
    path: Path
    frames: int
    messages: int
    bytes: int


def capture(kind, amount=0):
    """Generates a capture, in a process of its own: this one must stay small, see cost()."""
    path = tshark.scratch("bench") / f"{kind}-{amount}.pcap"
    args = [sys.executable, "-B", str(HERE / "generate.py"), kind, str(amount), str(path)]
    done = subprocess.run(args, stdout=subprocess.PIPE, check=True, encoding="utf-8")
    path.chmod(0o644)
    frames, messages, size = re.search(r"(\d+) frames, (\d+) messages, (\d+) bytes", done.stdout).groups()
    return Capture(path, int(frames), int(messages), int(size))


def description(variants):
    """Lines that say what was measured."""
    yield tshark.run(["--version"], plugin=False).splitlines()[0]
    for variant in variants:
        if variant.plugin:
            folder = variant.folder or tshark.plugin_dir()
            for library in sorted(Path(folder).glob("*/epan/sip_redirect.so")):
                digest = hashlib.sha256(library.read_bytes()).hexdigest()[:12]
                yield f"{variant.name}: {library.parent.parent.name}, sha256 {digest}..., {library.stat().st_size:,} bytes"


# --- measurements -------------------------------------------------------------------------------------------------


@dataclass
class Cost:
    cpu: float  # seconds, user and system
    memory: int  # peak resident, KiB


def _check(argv, status, complaints):
    """Raises where the run was not a good one: its cost would be that of something else."""
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL):
        raise TooLong()
    if status != 0 or tshark.COMPLAINTS.search(complaints):
        raise SystemExit(f"failed ({status}): {' '.join(argv)}\n{complaints[-2000:]}")


def cost(variant, path, options=(), limit=None):
    """One run. limit: CPU seconds after which it is ended, and TooLong raised.

    Peak memory counts what the process was before exec, too: this process, which is far smaller than tshark.
    """
    argv = variant.command([*options, "-r", str(path)])

    def restrict():
        if limit:
            resource.setrlimit(resource.RLIMIT_CPU, (int(limit) + 1, int(limit) + 2))

    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, env=variant.environment(),
            cwd=variant.environment()["HOME"], preexec_fn=restrict,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = 0
        errors.seek(0)
        _check(argv, status, errors.read().decode(errors="replace"))
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss)


def rounds(variants, path, count, options=()):
    """count runs of each variant, in turn, so that what else the machine does meets all alike: {name: [Cost, ...]}."""
    results = {variant.name: [] for variant in variants}
    for _ in range(count):
        for variant in variants:
            results[variant.name].append(cost(variant, path, options))
    return results


def instructions(variant, path, options=()):
    """Instructions executed, as valgrind counts them: the same however busy the machine is.

    Cachegrind without its cache counts as callgrind does, in a third of the time.
    """
    argv = variant.command([*options, "-r", str(path)])
    at = argv.index(tshark.executable())
    argv[at:at] = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
    env = variant.environment()
    done = subprocess.run(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=env, cwd=env["HOME"],
        encoding="utf-8", errors="replace", check=False,
    )
    match = re.search(r"I\s+refs:\s+([\d,]+)", done.stderr)
    if done.returncode != 0 or not match:
        raise SystemExit(f"valgrind failed: {' '.join(argv)}\n{done.stderr[-2000:]}")
    return int(match.group(1).replace(",", ""))


def messages_by_frame(variant, path):
    """How many SIP messages the dissector saw in each frame: of a stream that it can not end, it sees all once more."""
    argv = variant.command(["-n", "-r", str(path), "-T", "fields", "-e", "sip.Method", "-e", "sip.Status-Code"])
    env = variant.environment()
    lines = subprocess.run(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env, cwd=env["HOME"],
        check=True, encoding="utf-8", errors="replace",
    ).stdout.splitlines()
    return [sum(len(column.split(",")) for column in line.split("\t") if column) for line in lines]


def frame_times(variant, path):
    """CPU seconds from each line of output to the next, where tshark writes each frame's line at once; of the first 0.

    A pipe of one page keeps tshark from running ahead of the reader by more than a few lines. What is left of the noise
    differs from run to run: the least of several, frame by frame, is what the frame costs.
    """
    argv = variant.command(["-l", "-n", "-r", str(path)])
    env = variant.environment()
    gaps = []
    with subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env, cwd=env["HOME"]
    ) as process:
        descriptor = process.stdout.fileno()
        fcntl.fcntl(descriptor, F_SETPIPE_SZ, mmap.PAGESIZE)
        clock = ~process.pid << 3 | CLOCK_SCHED
        last = 0.0
        while data := os.read(descriptor, mmap.PAGESIZE):
            now = time.clock_gettime(clock)
            lines = data.count(b"\n")
            if lines:
                # Where several lines are read at once, the first of them is the one that was waited for.
                gaps.append(now - last if gaps else 0.0)  # before the first there was start-up
                gaps += [0.0] * (lines - 1)
                last = now
        return gaps
