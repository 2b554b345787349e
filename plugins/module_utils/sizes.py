# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of sizes: what an application and each kind of database ask for and may have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from .databases import KINDS
from .resources import DEFAULT_RESOURCES, Resources, resources

NOTHING: Final = resources(cpu=(0, 0), memory=(0, 0))

BASE: Final = resources(cpu=(50, 300), memory=(128, 512))
"""Share of an application or service whose configuration leaves its resources alone.

Its container has DEFAULT_RESOURCES, which are less: a later default of more memory then meets quotas that have room.
"""


@dataclass(frozen=True, kw_only=True)
class Size(Resources):
    """What one database of a kind has, and the size of its volume where the configuration says nothing."""

    storage_bytes: int | None


def _size(kind: str, *, cpu: tuple[int, int], memory: tuple[int, int]) -> Size:
    row = resources(cpu=cpu, memory=memory)
    return Size(requests=row.requests, limits=row.limits, storage_bytes=KINDS[kind].storage_bytes)


DATABASE_SIZES: Final[Mapping[str, Size]] = {
    "postgresql": _size("postgresql", cpu=(100, 500), memory=(128, 512)),
    "mariadb": _size("mariadb", cpu=(50, 300), memory=(128, 384)),
    "mongodb": _size("mongodb", cpu=(100, 500), memory=(256, 512)),
    "redis": _size("redis", cpu=(50, 200), memory=(64, 128)),
    "s3": _size("s3", cpu=(50, 300), memory=(64, 256)),
}
"""The table of the requirements; charts take requests and limits from here."""


def share(needs: Resources) -> Resources:
    """What an application or service counts for in the quota: BASE where its resources are the default ones."""
    return BASE if needs == DEFAULT_RESOURCES else needs
