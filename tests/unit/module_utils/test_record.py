# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record tells what an environment was asked to be and how far it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from ansible_collections.ephemeral.k8s.plugins.module_utils import record as record_module
from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import RefusedError
from ansible_collections.ephemeral.k8s.plugins.module_utils.names import Identity
from ansible_collections.ephemeral.k8s.plugins.module_utils.record import (
    DEPLOYING,
    FAILED,
    READY,
    Record,
    Request,
    Status,
    Step,
    config_hash,
    spec_of,
)
from tests.unit.fakes import FakeCluster

ROOT = Path(__file__).resolve().parents[3]
IDENTITY = Identity(project="demo", pr=1)
NOON = datetime(2026, 1, 2, 12, 0, 0, tzinfo=UTC)
LATER = datetime(2026, 1, 2, 13, 0, 0, tzinfo=UTC)
REQUEST = Request(
    identity=IDENTITY,
    repository="acme/demo",
    repository_id=42,
    sha="abc",
    branch="feat/x",
    author="ada",
    image="demo:pr-1",
    sequence=7,
    profile="team",
)


@pytest.fixture
def record():
    made = Record.read(FakeCluster(), namespace="platform", identity=IDENTITY)
    made.write(spec_of(REQUEST, {"projectId": "demo"}), {"k8s-ee/pr": "1"})
    return made


def stored(record):
    return Record.read(record._cluster, namespace="platform", identity=IDENTITY)


def test_an_environment_that_never_was_has_no_record():
    record = Record.read(FakeCluster(), namespace="platform", identity=IDENTITY)
    assert record.found is None
    assert record.spec == {}


def test_what_was_asked_for_is_on_record_by_the_name_of_the_namespace(record):
    again = stored(record)
    assert again.found["metadata"]["name"] == "demo-pr-1"
    assert again.spec["repository"] == "acme/demo"
    assert again.spec["repositoryId"] == 42
    assert again.spec["config"] == {"projectId": "demo"}
    assert again.found["metadata"]["labels"] == {"k8s-ee/pr": "1"}


def test_a_state_survives_being_written_and_read(record):
    steps = (Step(name="plan", seconds=0.25), Step(name="app", seconds=2.0))
    record.update(
        NOON, phase=FAILED, step="app", run="abc", sequence=7, phases=steps, diagnosis={"message": "no such image"}
    )
    again = stored(record).status
    assert again == record.status
    assert again.phases == steps
    assert again.updated_at == "2026-01-02T12:00:00Z"


def test_the_condition_follows_the_phase_and_keeps_the_time_of_its_last_change(record):
    def condition():
        return stored(record).found["status"]["conditions"][0]

    record.update(NOON, phase=DEPLOYING)
    assert (condition()["status"], condition()["lastTransitionTime"]) == ("False", "2026-01-02T12:00:00Z")
    record.update(LATER, phase=FAILED, diagnosis={"message": "crash loop"})
    assert (condition()["reason"], condition()["message"]) == ("Failed", "crash loop")
    assert condition()["lastTransitionTime"] == "2026-01-02T12:00:00Z"
    record.update(LATER, phase=READY, diagnosis=None)
    assert (condition()["status"], condition()["lastTransitionTime"]) == ("True", "2026-01-02T13:00:00Z")


def test_what_another_version_wrote_is_kept(record):
    record.update(NOON, phase=READY)
    named = record.ref
    status = record._cluster.objects[named]["status"] | {"pinnedUntil": "2026-01-04T12:00:00Z"}
    record._cluster.update(named, status=status)
    again = stored(record)
    again.update(LATER, phase=DEPLOYING)
    assert stored(record).found["status"]["pinnedUntil"] == "2026-01-04T12:00:00Z"


def test_an_empty_status_reads_as_nothing_known():
    assert Status.parse({}) == Status(phase="")


def test_what_people_only_read_is_cut_to_what_a_record_takes():
    long = replace(REQUEST, branch="b" * 2000, author="a" * 2000)
    assert (long.branch, long.author) == ("b" * 1024, "a" * 256)
    assert spec_of(long, {})["branch"] == long.annotations()["k8s-ee/branch"] == "b" * 1024
    assert replace(REQUEST, branch="x" * 1024).branch == "x" * 1024


@pytest.mark.parametrize(("name", "most"), [("sha", 256), ("image", 1024), ("repository", 256)])
def test_what_must_stay_whole_is_refused_in_one_line_where_it_is_too_long(name, most):
    assert getattr(replace(REQUEST, **{name: "x" * most}), name) == "x" * most
    expected = f"^pr_{name} has {most + 1} characters and may have {most}: x{{40}}...; shorten it$"
    with pytest.raises(RefusedError, match=expected):
        replace(REQUEST, **{name: "x" * (most + 1)})


def test_the_bounds_are_those_of_the_crd():
    crd = yaml.safe_load((ROOT / "roles/guardrails/files/environments.preview.k8s-ee.yaml").read_text())
    spec = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    assert {name: spec[name]["maxLength"] for name in record_module._LONGEST} == record_module._LONGEST


def test_the_hash_changes_with_the_configuration_and_not_with_its_order():
    assert config_hash({"a": 1, "b": 2}) == config_hash({"b": 2, "a": 1})
    assert config_hash({"a": 1}) != config_hash({"a": 2})
    assert len(config_hash({})) == 16
