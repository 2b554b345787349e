# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scalars of YAML: values, and traps that never show what may be secret."""

from __future__ import annotations

import pytest
import yaml

from ansible_collections.ephemeral.k8s.plugins.module_utils.scalars import Trap, resolve


def scalar(text: str) -> yaml.ScalarEvent:
    return next(event for event in yaml.parse(text) if isinstance(event, yaml.ScalarEvent))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("12", 12),
        ("1.5", 1.5),
        ("~", None),
        ("'12'", "12"),
        ("Off course", "Off course"),
        ("1.2.3", "1.2.3"),
    ],
)
def test_what_all_readers_agree_on_is_the_value(text: str, value: object) -> None:
    assert resolve(scalar(text)) == value


@pytest.mark.parametrize(
    ("text", "subject"), [("Off", "Off"), ("0x1f", "0x1f"), ("!t x", "tag !t"), ("&a x", "anchor &a")]
)
def test_a_trap_names_its_subject_unless_that_may_be_secret(text: str, subject: str) -> None:
    trap = resolve(scalar(text))
    assert isinstance(trap, Trap)
    assert trap.told(hidden=False).startswith(f"{subject} ")
    assert trap.told(hidden=True).startswith("a value that ")
    assert subject not in trap.told(hidden=True)


def test_text_too_long_for_a_number_or_a_date_is_text() -> None:
    assert resolve(scalar("1" * 101)) == "1" * 101


def test_everything_that_yaml_1_1_reads_as_no_text_is_no_text_here_either() -> None:
    spellings = [
        "y",
        "n",
        "Yes",
        "oN",
        "1_0",
        "0b1",
        "07",
        "-0x2",
        "1:2",
        "1.e+3",
        "+.inf",
        "2026-1-1",
        "=",
        "<<",
        "NULL",
    ]
    for spelling in spellings:
        read = yaml.safe_load(f"a: {spelling}")["a"] if spelling not in ("=", "<<") else None
        if not isinstance(read, str):
            assert not isinstance(resolve(scalar(spelling)), str), spelling
