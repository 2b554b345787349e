# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the LimitRange of a preview namespace sets; the inventory may change each number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .quantities import GIB, MIB


@dataclass(frozen=True, kw_only=True)
class RangeLimits:
    """What the LimitRange of a namespace sets; millicores and bytes. The defaults are the product's.

    :param container_cpu_millis: most that one container may have.
    :param default_cpu_millis: limit of a container that names none.
    :param claim_min_bytes: smallest PersistentVolumeClaim.
    """

    container_cpu_millis: int = 2000
    container_memory_bytes: int = 2 * GIB
    default_cpu_millis: int = 200
    default_memory_bytes: int = 256 * MIB
    claim_min_bytes: int = 100 * MIB
    claim_max_bytes: int = 10 * GIB


DEFAULT_LIMITS: Final = RangeLimits()
