# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""However late module `environment` is asked to stop, its result and its record come out whole."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.objects import Ref
from ansible_collections.ephemeral.k8s.plugins.modules import environment
from tests.unit.fakes import FakeCluster
from tests.unit.stage import CLOSE, OPEN, RECORD, cluster_with_controllers, failure, on_stage

from .conftest import RunModule


@pytest.fixture
def cluster() -> FakeCluster:
    return cluster_with_controllers()


@pytest.fixture(autouse=True)
def outside(monkeypatch: pytest.MonkeyPatch, cluster: FakeCluster) -> Iterator[dict[str, Any]]:
    yield from on_stage(monkeypatch, cluster)


def stop() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.parametrize("parameters", [OPEN, OPEN | {"number": "0"}, CLOSE], ids=["ready", "refused", "absent"])
@pytest.mark.parametrize("late", ["ended_early", "_report"])
def test_sigterm_after_the_run_changes_nothing_of_its_report(
    run_module: RunModule, monkeypatch: pytest.MonkeyPatch, parameters: dict[str, Any], late: str
) -> None:
    original = getattr(environment, late)

    def interrupted(*args: Any) -> Any:
        stop()
        return original(*args)

    monkeypatch.setattr(environment, late, interrupted)
    outcome = run_module(environment.main, **parameters)
    expected = "refused" if parameters["number"] == "0" else "absent" if parameters is CLOSE else "ready"
    assert outcome["preview"]["status"] == expected


def test_sigterm_while_success_goes_on_record_leaves_it_at_an_end(run_module: RunModule, cluster: FakeCluster) -> None:
    def controllers(verb: str, obj: Any, before: Any = cluster.react) -> None:
        before(verb, obj)
        if verb == "status" and obj["status"]["phase"] == "Ready":
            stop()

    cluster.react = controllers
    outcome = run_module(environment.main, **OPEN)
    diagnosis = failure(outcome)
    assert (outcome["preview"]["status"], diagnosis["reason"]) == ("failed", "Cancelled")
    assert cluster.objects[RECORD]["status"]["phase"] == "Failed"
    assert cluster.objects[RECORD]["status"]["diagnosis"] == diagnosis
    assert cluster.objects[Ref("Lease", RECORD.name, RECORD.namespace)]["spec"]["holderIdentity"] == ""


@pytest.mark.parametrize(("timeout", "patience"), [(600, 90.0), (2, 2.0)])
def test_an_outage_is_sat_out_for_no_longer_than_a_phase_and_hardly_at_all_once_a_stop_is_asked_for(
    run_module: RunModule,
    cluster: FakeCluster,
    outside: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    timeout: int,
    patience: float,
) -> None:
    asked = []

    def controllers(verb: str, obj: Any, before: Any = cluster.react) -> None:
        before(verb, obj)
        if verb == "status" and obj["status"].get("step") == "probe":
            asked.append(outside["cluster"]["patience"]())
            stop()

    cluster.react = controllers
    run_module(environment.main, **OPEN | {"timeout": timeout})
    asked.append(outside["cluster"]["patience"]())
    assert asked[0] == patience
    assert asked[-1] == 2.0
