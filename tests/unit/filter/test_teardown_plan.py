# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter `teardown_plan`: the plan as plain data, and one clear line where it is refused."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.ephemeral.k8s.plugins.filter import teardown_plan as face
from ansible_collections.ephemeral.k8s.plugins.module_utils.names import Identity, labels

teardown_plan = face.FilterModule().filters()["teardown_plan"]
ASKED = {"project": "shop", "pr": 123, "repository_id": 42, "repository": "acme/shop"}


def namespace(repository_id: int = 42) -> dict[str, Any]:
    marked = labels(Identity(project="shop", pr=123), repository_id)
    return {"metadata": {"labels": marked, "annotations": {"k8s-ee/repository": "acme/shop"}}}


def test_the_sample_of_the_documentation_is_real() -> None:
    contains = yaml.safe_load(face.RETURN)["_value"]["contains"]
    record = {"spec": {"repository": "acme/shop", "repositoryId": 42}}
    assert {key: value["sample"] for key, value in contains.items()} == teardown_plan(
        namespace(), record=record, **ASKED
    )


def test_the_documentation_names_every_option() -> None:
    assert {*yaml.safe_load(face.DOCUMENTATION)["options"]} == {
        "_input",
        *list(inspect.signature(teardown_plan).parameters)[1:],
    }


@pytest.mark.parametrize("nothing", [None, {}])
def test_where_nothing_is_there_is_nothing_to_do(nothing: dict[str, Any] | None) -> None:
    assert teardown_plan(nothing, record=nothing, **ASKED)["nothing"] is True


@pytest.mark.parametrize(
    ("found", "options", "said"),
    [
        (namespace(99), {}, "belongs to repository acme/shop (id 99), not to acme/shop (id 42)"),
        ({"metadata": {}}, {}, "is not ours"),
        (None, {"project": "Shop"}, "projectId 'Shop'"),
        (None, {"pr": "x"}, "pr 'x'"),
    ],
)
def test_what_is_refused_is_one_clear_line(found: dict[str, Any] | None, options: dict[str, Any], said: str) -> None:
    with pytest.raises(AnsibleFilterError) as failure:
        teardown_plan(found, **ASKED | options)
    assert said in str(failure.value)
