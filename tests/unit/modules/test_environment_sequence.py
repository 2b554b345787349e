# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sequence that would keep all later runs out for ever is refused before anybody remembers it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.ephemeral.k8s.plugins.modules import environment
from tests.unit.fakes import FakeCluster
from tests.unit.stage import CLOSE, OPEN, cluster_with_controllers, failure, on_stage

from .conftest import RunModule


@pytest.fixture
def cluster() -> FakeCluster:
    return cluster_with_controllers()


@pytest.fixture(autouse=True)
def outside(monkeypatch: pytest.MonkeyPatch, cluster: FakeCluster) -> Iterator[dict[str, Any]]:
    yield from on_stage(monkeypatch, cluster)


@pytest.mark.parametrize("parameters", [OPEN, CLOSE], ids=["open", "close"])
@pytest.mark.parametrize("sequence", [-1, 2**53, 99999999999999999999999])
def test_a_sequence_out_of_bounds_is_refused_before_anything(
    run_module: RunModule, cluster: FakeCluster, parameters: dict[str, Any], sequence: int
) -> None:
    outcome = run_module(environment.main, **parameters | {"sequence": sequence})
    assert failure(outcome)["reason"] == "Refused"
    assert outcome["preview"]["status"] == "refused"
    assert outcome["msg"] == (
        f"pr_sequence {sequence} is not from 0 to 9007199254740991; give the time of the event in seconds"
    )
    assert cluster.requests == []


@pytest.mark.parametrize("sequence", [0, 2**53 - 1])
def test_the_bounds_themselves_are_taken(run_module: RunModule, sequence: int) -> None:
    assert run_module(environment.main, **OPEN | {"sequence": sequence})["preview"]["status"] == "ready"
