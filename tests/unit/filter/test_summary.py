# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter `summary`: a result in words, for every way to end."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.ephemeral.k8s.plugins.filter import summary as face
from ansible_collections.ephemeral.k8s.plugins.modules import environment

summary = face.FilterModule().filters()["summary"]
PREVIEW = yaml.safe_load(environment.RETURN)["preview"]["sample"]


def test_the_sample_of_the_documentation_is_real() -> None:
    assert yaml.safe_load(face.RETURN)["_value"]["sample"] == summary(PREVIEW)


@pytest.mark.parametrize("status", ["ready", "superseded", "queued", "destroyed", "absent"])
def test_each_good_end_begins_with_namespace_and_status(status: str) -> None:
    assert summary(PREVIEW | {"status": status, "url": None})[0] == f"shop-pr-123: {status}"


@pytest.mark.parametrize("status", ["failed", "refused"])
def test_each_bad_end_says_why_and_what_next(status: str) -> None:
    diagnosis = {
        "phase": "app",
        "object": "Pod/app-1",
        "reason": "OOMKilled",
        "exit_code": 137,
        "message": "container app was killed",
        "log": "",
        "hint": "raise resources.limits.memory",
    }
    told = summary(PREVIEW | {"status": status, "diagnosis": diagnosis})
    assert told[0] == f"shop-pr-123: {status}"
    assert told[-3:] == [
        "why: OOMKilled, exit code 137 in phase app of Pod/app-1",
        "container app was killed",
        "next: raise resources.limits.memory",
    ]


@pytest.mark.parametrize("other", [None, "ready", [], {}, {"status": "ready"}, PREVIEW | {"phases": [1]}])
def test_anything_else_is_one_clear_line(other: Any) -> None:
    with pytest.raises(AnsibleFilterError) as failure:
        summary(other)
    assert str(failure.value).startswith(
        "ephemeral.k8s.summary: takes the `preview` of module ephemeral.k8s.environment"
    )
