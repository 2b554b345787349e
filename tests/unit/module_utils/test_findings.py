# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings: messages in one line, and objects by the names that people know."""

from __future__ import annotations

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.findings import one_line, what
from ansible_collections.ephemeral.k8s.plugins.module_utils.suspects import Suspect
from ansible_collections.ephemeral.k8s.tests.unit.situations import replica_set, running, suspect


@pytest.mark.parametrize(
    ("text", "line"),
    [("a\n  b\tc ", "a b c"), ("x" * 20, "x" * 20), ("x" * 21, "x" * 17 + "...")],
)
def test_a_message_is_one_line_of_bounded_length(text: str, line: str) -> None:
    assert one_line(text, 20) == line


@pytest.mark.parametrize(
    ("accused", "name"),
    [
        (suspect(), "Pod/app-7d9c-x"),
        (suspect(running()), "Pod/app-7d9c-x"),
        (suspect(running(name="side")), "container side of Pod/app-7d9c-x"),
        (suspect(running(), is_init=True), "init container app of Pod/app-7d9c-x"),
        (Suspect(object=replica_set()), "ReplicaSet/app-7d9c"),
    ],
)
def test_a_container_is_named_where_it_is_not_the_one_that_the_pod_is_for(accused: Suspect, name: str) -> None:
    assert what(accused) == name
