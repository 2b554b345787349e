# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests and limits: their defaults, their order, their arithmetic."""

from __future__ import annotations

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.limits import RangeLimits
from ansible_collections.ephemeral.k8s.plugins.module_utils.quantities import GIB, MIB
from ansible_collections.ephemeral.k8s.plugins.module_utils.reading import Reading
from ansible_collections.ephemeral.k8s.plugins.module_utils.resources import (
    DEFAULT_RESOURCES,
    Amounts,
    ResourcesRule,
    resources,
)

from ..judging import accepted, fault_of, judge

RULE = ResourcesRule()


@pytest.mark.parametrize("value", [{}, {"requests": {}}, {"requests": {}, "limits": {}}])
def test_what_is_not_written_is_the_default(value: object) -> None:
    assert accepted(RULE, value) == DEFAULT_RESOURCES == resources(cpu=(50, 200), memory=(128, 384))


def test_a_request_follows_a_limit_below_its_default() -> None:
    assert accepted(RULE, {"limits": {"cpu": "20m", "memory": "64Mi"}}) == resources(cpu=(20, 20), memory=(64, 64))


def test_requests_may_equal_limits_and_limits_the_limit_range() -> None:
    most = {"cpu": 2, "memory": "2Gi"}
    found = accepted(RULE, {"requests": most, "limits": most})
    assert found.requests == found.limits == Amounts(cpu_millis=2000, memory_bytes=2 * GIB)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            {"requests": {"cpu": "201m"}},
            "x.requests.cpu: is 201m; must not be above limits.cpu, 200m (the default; write a limit too)",
        ),
        (
            {"requests": {"memory": "1Gi"}, "limits": {"memory": "512Mi"}},
            "x.requests.memory: is 1Gi; must not be above limits.memory, 512Mi (lower the one or raise the other)",
        ),
        ({"limits": {"cpu": "2001m"}}, "x.limits.cpu: is 2001m; a container may have 2 at most (LimitRange)"),
        ({"limits": {"memory": "2049Mi"}}, "x.limits.memory: is 2049Mi; a container may have 2Gi at most (LimitRange)"),
        ({"limits": {"gpu": 1}}, "x.limits.gpu: unknown key; did you mean cpu? allowed here: cpu, memory"),
    ],
)
def test_amounts_out_of_order_are_refused(value: object, message: str) -> None:
    assert fault_of(RULE, value) == message


def test_a_refused_amount_is_not_compared() -> None:
    assert judge(RULE, {"requests": {"cpu": "lots"}, "limits": {"cpu": "1m"}}).faults == (
        "x.requests.cpu: is 'lots'; must be text such as 250m or 0.5",
    )


def test_limits_of_another_inventory_count() -> None:
    reading = Reading(limits=RangeLimits(container_cpu_millis=4000))
    assert accepted(RULE, {"limits": {"cpu": 4}}, reading).limits.cpu_millis == 4000


def test_what_is_written_is_read_back() -> None:
    found = accepted(RULE, {"requests": {"cpu": 0.1}, "limits": {"memory": "200M"}})
    assert RULE.write(found) == {
        "requests": {"cpu": "100m", "memory": "128Mi"},
        "limits": {"cpu": "200m", "memory": "200000000"},
    }
    assert accepted(RULE, RULE.write(found)) == found


def test_resources_add_up_multiply_and_compare_amount_by_amount() -> None:
    one, other = resources(cpu=(10, 20), memory=(1, 8)), resources(cpu=(5, 40), memory=(2, 4))
    assert one + other == resources(cpu=(15, 60), memory=(3, 12))
    assert one * 3 == resources(cpu=(30, 60), memory=(3, 24))
    assert one.most(other) == resources(cpu=(10, 40), memory=(2, 8))
    assert one.requests.memory_bytes == MIB
