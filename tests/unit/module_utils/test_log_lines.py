# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a log: what its reader needs of it, and no more."""

from __future__ import annotations

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.log_lines import (
    MOST_BYTES,
    MOST_LINES,
    folded,
    last_lines,
)


def test_a_log_is_cut_to_its_end() -> None:
    lines = [f"{letter} happened" for letter in "abcdefghijklmnopqrstuvwxyz"]
    assert last_lines("\n".join(lines) + "\n\n").splitlines() == lines[-MOST_LINES:]
    wide = last_lines("ü" * 10_000 + "!")
    assert len(wide.encode()) <= MOST_BYTES
    assert wide.endswith("ü!")


def test_secrets_go_before_the_cut() -> None:
    key = "-----BEGIN " + "PRIVATE KEY-----\n" + "QUJDRA==" * 20 + "\n-----END " + "PRIVATE KEY-----"
    assert last_lines("\n".join(["start", *["x"] * 18, key])).splitlines()[-1] == "[redacted]"
    assert last_lines("mine is correct-horse", ["correct-horse"]) == "mine is [redacted]"


@pytest.mark.parametrize(
    "line",
    [
        '10.0.0.{0} - - [25/Nov/2026 03:00:{0}] "GET /health HTTP/1.1" 500 -',
        '{{"time": "2026-11-25T03:00:{0}.683+00:00", "path": "/health", "milliseconds": 0.{0}}}',
        "request 5f{0}c9a1-77b2-4e1c: 500 in {0}ms",
    ],
)
def test_what_a_probe_repeats_does_not_push_out_what_the_application_said(line: str) -> None:
    asked = [line.format(second) for second in range(10, 60)]
    shown = last_lines("\n".join(["listening on 8080", *asked, "going on"])).splitlines()
    assert shown == ["listening on 8080", "[49 lines like the next]", asked[-1], "going on"]


def test_two_of_a_kind_and_what_differs_in_words_stay() -> None:
    lines = ["try 1 of 2", "try 2 of 2", "    at main (/app/a.js:1:2)", "    at load (/app/b.js:3:4)", "", ""]
    assert folded(lines) == lines
    assert folded([]) == []
