# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the versions of Wireshark differ for the tests. What they expect is written as 4.0 shows it."""

import re

from support import tshark


def dissects_second_cut_message():
    """Of two messages in a segment, the second one is dissected though the capture cuts it off."""
    return tshark.version() >= (4, 4)


def has_new_macros():
    """Filter macros are read from dmacros, not from dfilter_macros."""
    return tshark.version() >= (4, 4)


def has_sharkd_tap_filters():
    """A request for taps takes a filter."""
    return tshark.version() >= (4, 4)


def has_sharkd_voip_calls():
    """sharkd has VoIP Calls."""
    return tshark.version() >= (4, 2)


# 4.6 prints a float with nine digits, so that 0.9 becomes 0.899999976.
FLOATS = {"sip_redirect.target.q"}
LONG_FLOAT = re.compile(r"\b\d\.\d{7,}\b")


def as_in_4_0(field, value):
    """The value of a field as 4.0 prints it; several are joined by anything that is no digit."""
    if field not in FLOATS:
        return value
    return LONG_FLOAT.sub(lambda match: f"{float(match.group(0)):.6g}", value)
