# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter `plan`: what a run would do, by action, and the sums of it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.ephemeral.k8s.plugins.filter import plan as face
from ansible_collections.ephemeral.k8s.plugins.module_utils.config import Config
from ansible_collections.ephemeral.k8s.plugins.module_utils.quota import required
from ansible_collections.ephemeral.k8s.plugins.modules import environment

plan = face.FilterModule().filters()["plan"]
QUOTA = yaml.safe_load(environment.RETURN)["quota"]["sample"]


def objects(action: str, *names: str) -> list[dict[str, str]]:
    return [{"object": name, "action": action} for name in names]


def test_the_sample_of_the_documentation_is_real() -> None:
    made = objects("created", "Namespace/shop-pr-123", "Deployment/app", "Service/app", "Ingress/app")
    assert yaml.safe_load(face.RETURN)["_value"]["sample"] == plan(
        {"objects": made, "quota": QUOTA, "preview": {"url": "https://shop-pr-123.preview.example.org"}}
    )


def test_objects_stand_together_by_what_becomes_of_them() -> None:
    mixed = [
        *objects("unchanged", "Service/app"),
        *objects("changed", "Deployment/app"),
        *objects("unchanged", "Ingress/app"),
        *objects("deleted", "StatefulSet/postgresql"),
    ]
    assert plan({"objects": mixed, "quota": {}}) == [
        "unchanged: Service/app, Ingress/app",
        "to change: Deployment/app",
        "to delete: StatefulSet/postgresql",
    ]


@pytest.mark.parametrize("databases", [{}, {"postgresql": True}])
def test_sums_are_those_of_the_quota_with_and_without_a_database(databases: dict[str, bool]) -> None:
    hard = required(Config.parse({"projectId": "shop", "databases": databases})).hard()
    assert plan({"objects": [], "quota": hard}) == [
        f"cpu: {hard['requests.cpu']} requested, {hard['limits.cpu']} at most",
        f"memory: {hard['requests.memory']} requested, {hard['limits.memory']} at most",
        f"storage: {hard['requests.storage']}",
    ]


@pytest.mark.parametrize("refused", [{}, {"objects": [], "quota": {}}, {"failed": True, "msg": "no"}])
def test_a_run_that_was_refused_plans_nothing(refused: dict[str, Any]) -> None:
    assert plan(refused) == []


@pytest.mark.parametrize("other", [None, "x", [], {"objects": [{}]}, {"objects": None}, {"quota": {"pods": "3"}}])
def test_anything_else_is_one_clear_line(other: Any) -> None:
    with pytest.raises(AnsibleFilterError) as failure:
        plan(other)
    assert str(failure.value).startswith(
        "ephemeral.k8s.plan: takes the result of module ephemeral.k8s.environment in check mode"
    )
