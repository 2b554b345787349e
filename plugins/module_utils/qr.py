# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An address as a QR code of text: GitHub takes no image by data URL, and an image service would learn every URL."""

from __future__ import annotations

import segno

# Modules around the code, which ISO/IEC 18004 asks for.
_QUIET = 4
# Upper and lower module of one character.
_HALVES = {(0, 0): " ", (1, 0): "\u2580", (0, 1): "\u2584", (1, 1): "\u2588"}
_LONGEST = 1000


def blocks(text: str) -> str:
    """The code in half blocks, a dark module as a block; empty for a text too long to scan.

    As wide as high where a line is twice as high as a character is wide. A dark theme inverts it.
    """
    if len(text) > _LONGEST:
        return ""
    rows = [list(row) for row in segno.make_qr(text, error="m").matrix_iter(border=_QUIET)]
    if len(rows) % 2:
        rows.append([0] * len(rows[0]))
    pairs = zip(rows[::2], rows[1::2], strict=True)
    lines = ("".join(_HALVES[up, down] for up, down in zip(*pair, strict=True)) for pair in pairs)
    return "\n".join(line.rstrip() for line in lines)
