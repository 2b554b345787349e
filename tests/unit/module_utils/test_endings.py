# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a container ended, in words."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.endings import (
    application_has_crashed,
    ending,
    has_crashed,
)
from ansible_collections.ephemeral.k8s.tests.unit.situations import crashed, running, suspect


@pytest.mark.parametrize(
    ("code", "restarts", "said"),
    [
        (3, 0, "ended with exit code 3"),
        (1, 1, "ended with exit code 1 and was restarted 1 time"),
        (137, 2, "ended with exit code 137 (it was killed (SIGKILL)) and was restarted 2 times"),
    ],
)
def test_a_code_is_told_with_what_it_means_and_how_often(code: int, restarts: int, said: str) -> None:
    assert ending(suspect(crashed(code, restarts=restarts))) == said


@pytest.mark.parametrize(
    ("status", "component", "crash", "of_application"),
    [
        (running(), "app", False, False),
        (crashed(1), "app", True, True),
        (crashed(1), "database", True, False),
        (crashed(127, "StartError"), "app", False, False),
        (crashed(127, "ContainerCannotRun"), "app", False, False),
    ],
)
def test_what_never_ran_has_not_crashed_and_a_databases_crash_is_not_the_applications(
    status: dict[str, Any], component: str, crash: bool, of_application: bool
) -> None:
    accused = suspect(status, component=component)
    assert has_crashed(accused) is crash
    assert application_has_crashed(accused) is of_application
