# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A QR code of text has the modules of the code itself."""

from __future__ import annotations

import pytest
import segno

from ansible_collections.ephemeral.k8s.plugins.module_utils.qr import blocks

HALVES = {" ": (0, 0), "▀": (1, 0), "▄": (0, 1), "█": (1, 1)}


@pytest.mark.parametrize("text", ["https://shop-pr-7.preview.example.org", "a", "x" * 400, "https://ä.example/"])
def test_every_module_is_where_it_belongs(text: str) -> None:
    wanted = [list(row) for row in segno.make_qr(text, error="m").matrix_iter(border=4)]
    width = len(wanted[0])
    read: list[list[int]] = []
    for line in blocks(text).split("\n"):
        halves = [HALVES[character] for character in line.ljust(width)]
        read += [[up for up, _ in halves], [down for _, down in halves]]
    assert read[: len(wanted)] == wanted
    assert not any(any(row) for row in read[len(wanted) :])


def test_no_line_ends_with_spaces_and_a_text_too_long_to_scan_has_no_code() -> None:
    assert not any(line.endswith(" ") for line in blocks("a").split("\n"))
    assert blocks("x" * 1001) == ""
