# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a project's environments usually take."""

from __future__ import annotations

from typing import Any

from ansible_collections.ephemeral.k8s.plugins.module_utils.pace import medians


def record(name: str, phase: str = "Ready", **seconds: float) -> dict[str, Any]:
    steps = [{"name": name, "seconds": each} for name, each in seconds.items()]
    return {"metadata": {"name": name}, "status": {"phase": phase, "phases": steps}}


def test_it_is_the_median_of_each_phase_and_of_the_totals() -> None:
    records = [record("a", data=1.0, app=9.0), record("b", data=2.0, app=2.0), record("c", data=6.0, app=1.0)]
    assert medians(records, besides="d") == {"data": 2.0, "app": 2.0, "total": 7.0}


def test_an_environment_is_not_compared_with_itself() -> None:
    assert medians([record("a", data=1.0), record("b", data=3.0)], besides="a") == {"data": 3.0, "total": 3.0}


def test_only_what_became_ready_counts() -> None:
    records = [
        record("a", "Failed", data=1.0),
        record("b", "Destroyed", delete=2.0),
        record("c"),
        {"metadata": {"name": "d"}},
    ]
    assert medians(records, besides="e") == {}
