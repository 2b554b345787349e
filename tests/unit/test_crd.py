# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The custom resource takes every record that runs write, and nothing that no run could mean."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from ansible_collections.ephemeral.k8s.plugins.module_utils import record
from ansible_collections.ephemeral.k8s.plugins.module_utils.names import Identity

ROOT = Path(__file__).resolve().parents[2]
CRD = yaml.safe_load((ROOT / "roles/guardrails/files/environments.preview.k8s-ee.yaml").read_text(encoding="utf-8"))
VERSION = CRD["spec"]["versions"][0]
SCHEMA = VERSION["schema"]["openAPIV3Schema"]
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
REQUEST = record.Request(
    identity=Identity(project="shop", pr=7),
    repository="acme/shop",
    repository_id=42,
    sha="0123abc",
    branch="feature/`odd`",
    author="someone",
    image="registry.example/shop:pr-7",
    sequence=1,
    profile="team",
)


def closed(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema as the API server takes it: a field that it does not declare is dropped, so here it is refused."""
    result = {key: value for key, value in schema.items() if key not in {"properties", "items", "nullable"}}
    if "properties" in schema:
        result["properties"] = {name: closed(inner) for name, inner in schema["properties"].items()}
        result["additionalProperties"] = False
    if "items" in schema:
        result["items"] = closed(schema["items"])
    if schema.get("nullable"):
        result["type"] = [schema["type"], "null"]
    return result


def check(part: str, value: dict[str, Any]) -> None:
    """Validate one half of a record."""
    jsonschema.validate(value, closed(SCHEMA["properties"][part]))


def test_the_names_are_those_that_the_runs_use() -> None:
    assert f"{CRD['spec']['group']}/{VERSION['name']}" == record.API_VERSION
    assert CRD["spec"]["names"]["kind"] == record.KIND


def test_the_spec_that_runs_write_is_valid() -> None:
    check("spec", record.spec_of(REQUEST, {"projectId": "shop", "app": {"port": 3000, "command": None}}))


PHASES = SCHEMA["properties"]["status"]["properties"]["phase"]["enum"]
STEPS = SCHEMA["properties"]["status"]["properties"]["step"]["enum"]


@pytest.mark.parametrize(("phase", "step"), [(phase, "plan") for phase in PHASES] + [("Deploying", s) for s in STEPS])
def test_the_status_that_runs_write_is_valid(phase: str, step: str) -> None:
    status = record.Status(
        phase=phase,
        step=step,
        run="r-1",
        url="https://shop-pr-7.preview.localhost",
        sequence=1,
        created_at=record.timestamp(NOW),
        expires_at=record.timestamp(NOW),
        phases=(record.Step(name="plan", seconds=0.25),),
        diagnosis={"phase": "app", "message": "image not found"},
    )
    check("status", status.as_dict(NOW))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("pr", 0),
        ("pr", "7"),
        ("pr", 1_000_000_000),
        ("project", "-shop"),
        ("project", "Shop"),
        ("project", "a" * 21),
        ("profile", "admin"),
        ("repositoryId", -1),
        ("unheard-of", True),
    ],
)
def test_a_spec_that_no_run_could_mean_is_refused(field: str, value: Any) -> None:
    spec = record.spec_of(REQUEST, {}) | {field: value}
    with pytest.raises(jsonschema.ValidationError):
        check("spec", spec)


@pytest.mark.parametrize("field", ["project", "pr", "repository", "repositoryId"])
def test_a_spec_that_does_not_say_whose_it_is_is_refused(field: str) -> None:
    spec = {name: value for name, value in record.spec_of(REQUEST, {}).items() if name != field}
    with pytest.raises(jsonschema.ValidationError, match=f"'{field}' is a required property"):
        check("spec", spec)


def test_every_column_shows_a_declared_field() -> None:
    for column in VERSION["additionalPrinterColumns"]:
        here = SCHEMA["properties"]
        *parents, name = column["jsonPath"].lstrip(".").split(".")
        if parents == ["metadata"]:
            continue
        for parent in parents:
            here = here[parent]["properties"]
        assert here[name]["type"] == column["type"], column["name"]
