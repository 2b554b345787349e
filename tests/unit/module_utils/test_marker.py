# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hidden first line: whole again after being read, and nothing else is taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.ephemeral.k8s.plugins.module_utils.marker import Marker
from ansible_collections.ephemeral.k8s.plugins.module_utils.view import State
from tests.unit.views import SHA

MARKER = Marker(
    environment="shop-pr-7", sequence=1764000000, commit=SHA, state=State.READY, deployment=42, older=(40, 41)
)


def test_it_says_all_of_it_in_one_hidden_line() -> None:
    assert MARKER.line() == (
        '<!-- k8s-ee {"environment":"shop-pr-7","sequence":1764000000,'
        f'"commit":"{SHA}","state":"ready","deployment":42,"older":[40,41]' + "} -->"
    )


@pytest.mark.parametrize("body", ["{line}", "{line}\n### Preview", "{line}\r\n### Preview", "{line}\n"])
def test_it_is_read_from_the_first_line(body: str) -> None:
    assert Marker.parse(body.format(line=MARKER.line())) == MARKER


@given(commit=st.text(max_size=60), environment=st.text(max_size=60))
def test_nothing_inside_ends_it(commit: str, environment: str) -> None:
    marker = Marker(environment=environment, sequence=1, commit=commit, state=State.FAILED)
    line = marker.line()
    assert "--" not in line[4:-3]
    assert line.count(">") == 1
    assert "\n" not in line
    assert Marker.parse(line) == marker


@pytest.mark.parametrize(
    "body",
    [
        "",
        "### Preview",
        f"### Preview\n{MARKER.line()}",
        f" {MARKER.line()}",
        f"{MARKER.line()} and more",
        f"> {MARKER.line()}",
        "<!-- k8s-ee {} -->",
        "<!-- k8s-ee [] -->",
        "<!-- k8s-ee {broken -->",
        '<!-- k8s-ee {"environment":"a","sequence":"x","commit":"","state":"ready"} -->',
        '<!-- k8s-ee {"environment":"a","sequence":1,"commit":"","state":"unheard of"} -->',
        '<!-- k8s-ee {"environment":"a","sequence":1,"commit":"","state":"ready","older":[null]} -->',
    ],
)
def test_what_is_none_is_not_taken_for_one(body: str) -> None:
    assert Marker.parse(body) is None
