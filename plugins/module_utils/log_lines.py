# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a log as it may be shown: without secrets, without what only repeats, short."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby

from .redaction import redact

MOST_LINES = 20
MOST_BYTES = 4096

# What varies from one line to the next of its kind: numbers, times, addresses, ids.
_VARYING = re.compile(r"\b(?=\w*\d)\w+\b")
# Two of a kind say what one line about them would.
_FEW = 2


def last_lines(log: str, secrets: Iterable[str] = ()) -> str:
    """At most MOST_LINES lines and MOST_BYTES bytes, for a reader who cannot ask for more.

    Of lines that differ in numbers only, such as the requests of a probe, the last one stands for all: they would push
    out what the application said before. Secrets go before anything is cut, so that no half of one remains.
    """
    lines = folded(line.rstrip() for line in redact(log, secrets).rstrip().splitlines())[-MOST_LINES:]
    return "\n".join(lines).encode()[-MOST_BYTES:].decode(errors="ignore")


def folded(lines: Iterable[str]) -> list[str]:
    """The lines, those of one kind that follow each other told by their number and the last of them."""
    shown: list[str] = []
    for _, alike in groupby(lines, key=lambda line: _VARYING.sub("#", line)):
        group = list(alike)
        shown += group if len(group) <= _FEW else [f"[{len(group) - 1} lines like the next]", group[-1]]
    return shown
