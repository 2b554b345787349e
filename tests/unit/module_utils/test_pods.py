# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rendered pod counts for: containers together, or the largest init container."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.limits import RangeLimits
from ansible_collections.ephemeral.k8s.plugins.module_utils.pods import pod_needs
from ansible_collections.ephemeral.k8s.plugins.module_utils.quantities import MIB
from ansible_collections.ephemeral.k8s.plugins.module_utils.resources import resources


def container(cpu: int, memory: int, **more: Any) -> dict[str, Any]:
    amounts = {"cpu": f"{cpu}m", "memory": f"{memory}Mi"}
    return {"name": "c", "resources": {"requests": amounts, "limits": amounts}, **more}


SIDECAR = {"restartPolicy": "Always"}


@pytest.mark.parametrize(
    ("spec", "cpu", "memory"),
    [
        ({"containers": [container(100, 64)]}, 100, 64),
        ({"containers": [container(100, 64), container(50, 32)]}, 150, 96),
        ({"containers": [container(100, 64)], "initContainers": [container(50, 32), container(60, 16)]}, 100, 64),
        ({"containers": [container(100, 64)], "initContainers": [container(500, 32)]}, 500, 64),
        ({"containers": [container(100, 64)], "initContainers": [container(10, 8, **SIDECAR)]}, 110, 72),
        (
            {"containers": [container(100, 64)], "initContainers": [container(10, 8, **SIDECAR), container(200, 8)]},
            210,
            72,
        ),
        (
            {"containers": [container(100, 64)], "initContainers": [container(200, 8), container(10, 8, **SIDECAR)]},
            200,
            72,
        ),
    ],
)
def test_init_containers_count_by_the_maximum_rule(spec: dict[str, Any], cpu: int, memory: int) -> None:
    assert pod_needs(spec) == resources(cpu=(cpu, cpu), memory=(memory, memory))


def test_a_container_that_names_nothing_gets_what_the_limit_range_gives() -> None:
    limits = RangeLimits(default_cpu_millis=300, default_memory_bytes=100 * MIB)
    assert pod_needs({"containers": [{"name": "c"}]}, limits=limits) == resources(cpu=(300, 300), memory=(100, 100))


def test_a_request_that_is_not_named_is_the_limit() -> None:
    named = {"name": "c", "resources": {"limits": {"cpu": 1, "memory": "1Gi"}, "requests": {"cpu": 0.5}}}
    assert pod_needs({"containers": [named]}) == resources(cpu=(500, 1000), memory=(1024, 1024))
