# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The LimitRange's numbers are those of the requirements."""

from __future__ import annotations

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import RefusedError
from ansible_collections.ephemeral.k8s.plugins.module_utils.limits import DEFAULT_LIMITS, RangeLimits
from ansible_collections.ephemeral.k8s.plugins.module_utils.quantities import format_bytes, format_cpu


def test_the_defaults_are_the_documented_ones() -> None:
    cpu = (DEFAULT_LIMITS.container_cpu_millis, DEFAULT_LIMITS.default_cpu_millis)
    memory = (DEFAULT_LIMITS.container_memory_bytes, DEFAULT_LIMITS.default_memory_bytes)
    claim = (DEFAULT_LIMITS.claim_min_bytes, DEFAULT_LIMITS.claim_max_bytes)
    assert [format_cpu(amount) for amount in cpu] == ["2", "200m"]
    assert [format_bytes(amount) for amount in memory] == ["2Gi", "256Mi"]
    assert [format_bytes(amount) for amount in claim] == ["100Mi", "10Gi"]


def test_an_inventory_s_amounts_replace_the_products_one_by_one() -> None:
    limits = RangeLimits.parse({"container_cpu": "4", "claim_max": "50Gi"})
    assert (limits.container_cpu_millis, limits.claim_max_bytes) == (4000, 50 * 1024**3)
    assert limits.container_memory_bytes == RangeLimits().container_memory_bytes
    assert RangeLimits.parse({}) == RangeLimits()


@pytest.mark.parametrize(
    ("tree", "says"),
    [
        ({"cpu": "4"}, "preview_limits.cpu: unknown key; allowed: container_cpu"),
        ({"claim_max": "lots"}, "preview_limits.claim_max: 'lots' is not a quantity"),
    ],
)
def test_a_wrong_amount_is_refused_by_option_key_and_value(tree: dict[str, str], says: str) -> None:
    with pytest.raises(RefusedError) as refused:
        RangeLimits.parse(tree)
    assert says in str(refused.value)
