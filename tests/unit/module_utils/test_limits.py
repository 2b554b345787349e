# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The LimitRange's numbers are those of the requirements."""

from __future__ import annotations

from ansible_collections.ephemeral.k8s.plugins.module_utils.limits import DEFAULT_LIMITS
from ansible_collections.ephemeral.k8s.plugins.module_utils.quantities import format_bytes, format_cpu


def test_the_defaults_are_the_documented_ones() -> None:
    cpu = (DEFAULT_LIMITS.container_cpu_millis, DEFAULT_LIMITS.default_cpu_millis)
    memory = (DEFAULT_LIMITS.container_memory_bytes, DEFAULT_LIMITS.default_memory_bytes)
    claim = (DEFAULT_LIMITS.claim_min_bytes, DEFAULT_LIMITS.claim_max_bytes)
    assert [format_cpu(amount) for amount in cpu] == ["2", "200m"]
    assert [format_bytes(amount) for amount in memory] == ["2Gi", "256Mi"]
    assert [format_bytes(amount) for amount in claim] == ["100Mi", "10Gi"]
