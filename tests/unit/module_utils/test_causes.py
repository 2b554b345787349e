# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of causes: the more specific one comes first."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.causes import CAUSES, recognise
from ansible_collections.ephemeral.k8s.tests.unit.situations import crashed, running, suspect, waiting

CONFIG_ERROR = "CreateContainerConfigError"


@pytest.mark.parametrize(
    ("status", "log", "reason"),
    [
        (waiting(CONFIG_ERROR, "container has runAsNonRoot and image will run as root"), "", "RunsAsRoot"),
        (waiting(CONFIG_ERROR, 'secret "a" not found'), "", "MissingSecret"),
        (waiting(CONFIG_ERROR, "else"), "", "CreateContainerConfigError"),
        (crashed(137, "OOMKilled"), "Permission denied", "OOMKilled"),
        (crashed(1), "listen EACCES: permission denied 0.0.0.0:80", "PortNotAllowed"),
        (crashed(1), "open '/x': Permission denied\nKeyError: 'API_KEY'", "MissingVariable"),
        (crashed(1), "open '/x': Permission denied", "PermissionDenied"),
        (crashed(1), "", "CrashLoop"),
    ],
)
def test_the_more_specific_cause_comes_first(status: dict[str, Any], log: str, reason: str) -> None:
    recognised = recognise(suspect(status, log=log))
    assert recognised is not None
    assert recognised[1].reason == reason


def test_the_place_in_the_table_is_told() -> None:
    for accused in (suspect(crashed(1)), suspect(waiting("InvalidImageName"))):
        recognised = recognise(accused)
        assert recognised is not None
        place, finding = recognised
        assert CAUSES[place](accused) == finding


def test_what_nothing_explains_is_not_explained() -> None:
    assert recognise(suspect(running())) is None


def test_every_hint_speaks_to_somebody_without_access_to_the_cluster() -> None:
    errors = ["ErrImagePull", "InvalidImageName", "CreateContainerConfigError", "RunContainerError"]
    for status in (*(waiting(each, "x") for each in errors), *(crashed(code) for code in (0, 1, 137))):
        recognised = recognise(suspect(status))
        assert recognised is not None
        assert "kubectl" not in recognised[1].hint
