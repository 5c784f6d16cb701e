# SPDX-License-Identifier: GPL-2.0-or-later
"""The fixtures of Wireshark's own test/fixtures_ws.py that group_sip_redirect.py needs, so that it runs here unchanged.

    python3 -m pytest upstream/group_sip_redirect.py --program-path FOLDER-OF-TSHARK

FOLDER-OF-TSHARK (or WS_BIN_PATH) is the run folder of a Wireshark build with the plugin in its tree, or the folder of
an installed tshark; then set WIRESHARK_PLUGIN_DIR to build/wireshark-plugins, and be another user than root.
This file stays here: in Wireshark's tree its own fixtures take its place, and test/captures that of NAMES.
"""

import os
import shutil
from pathlib import Path

import pytest

CAPTURES = Path(os.environ.get("CAPTURES", Path(__file__).resolve().parents[1] / "captures"))
PREFIX = "sip_redirect_"
NAMES = {
    "codes": "codes",
    "cut_short": "cut-short",
    "followed": "baresip-302",
    "fork": "kamailio-fork-603",
    "loop": "baresip-loop",
    "made": "asterisk-600",
    "not_followed": "not-followed",
    "recursed": "kamailio-recursing",
    "segments": "tcp-segments",
}


def pytest_addoption(parser):
    parser.addoption("--program-path", help="Path to Wireshark executables.")


def pytest_sessionstart(session):
    if os.name == "posix" and os.geteuid() == 0 and "WIRESHARK_PLUGIN_DIR" in os.environ:
        pytest.exit("as root, Wireshark ignores WIRESHARK_PLUGIN_DIR without a word: be another user", 2)


@pytest.fixture(scope="session")
def cmd_tshark(request):
    folder = request.config.getoption("--program-path") or os.environ.get("WS_BIN_PATH")
    program = shutil.which("tshark", path=folder) if folder else shutil.which("tshark")
    assert program, f"no tshark in {folder or 'PATH'}"
    return program


@pytest.fixture(scope="session")
def capture_file():
    def resolver(filename):
        stem, suffix = os.path.splitext(filename)
        return str(CAPTURES / (NAMES[stem[len(PREFIX):]] + suffix))

    return resolver


@pytest.fixture
def test_env(tmp_path):
    """English, UTC, and no settings of the user's."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "XDG_"))}
    env.update(HOME=str(tmp_path), TZ="UTC", LANGUAGE="en_US", LC_ALL="C.UTF-8")
    return env
