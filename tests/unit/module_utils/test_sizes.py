# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of sizes, and what an application counts for."""

from __future__ import annotations

from ansible_collections.ephemeral.k8s.plugins.module_utils.databases import KINDS
from ansible_collections.ephemeral.k8s.plugins.module_utils.limits import DEFAULT_LIMITS
from ansible_collections.ephemeral.k8s.plugins.module_utils.quantities import GIB
from ansible_collections.ephemeral.k8s.plugins.module_utils.resources import DEFAULT_RESOURCES, resources
from ansible_collections.ephemeral.k8s.plugins.module_utils.sizes import BASE, DATABASE_SIZES, share


def test_each_kind_of_database_has_its_row() -> None:
    assert set(DATABASE_SIZES) == set(KINDS)
    row = DATABASE_SIZES["postgresql"]
    assert (row.requests, row.limits) == (resources(cpu=(100, 500), memory=(128, 512)).requests, row.limits)
    assert (row.limits.cpu_millis, row.storage_bytes) == (500, GIB)
    assert DATABASE_SIZES["redis"].storage_bytes is None


def test_every_database_fits_the_limit_range() -> None:
    for kind, size in DATABASE_SIZES.items():
        assert size.requests.cpu_millis <= size.limits.cpu_millis <= DEFAULT_LIMITS.container_cpu_millis, kind
        assert size.requests.memory_bytes <= size.limits.memory_bytes <= DEFAULT_LIMITS.container_memory_bytes, kind


def test_resources_left_alone_count_for_the_base_which_has_room_for_them() -> None:
    assert share(DEFAULT_RESOURCES) == BASE
    assert BASE.most(DEFAULT_RESOURCES) == BASE


def test_resources_that_were_chosen_count_for_themselves() -> None:
    chosen = resources(cpu=(10, 20), memory=(16, 32))
    assert share(chosen) == chosen
