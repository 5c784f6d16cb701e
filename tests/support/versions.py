# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the versions of Wireshark show the same thing in different ways. What tests expect is written as 4.0 shows it."""

import re

# 4.6 prints a float with nine digits, so that 0.9 becomes 0.899999976.
FLOATS = {"sip_redirect.target.q"}
LONG_FLOAT = re.compile(r"\b\d\.\d{7,}\b")


def as_in_4_0(field, value):
    """The value of a field as 4.0 prints it; several are joined by anything that is no digit."""
    if field not in FLOATS:
        return value
    return LONG_FLOAT.sub(lambda match: f"{float(match.group(0)):.6g}", value)
