# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the LimitRange of a preview namespace sets; the inventory may change each number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from .errors import PreviewError, RefusedError
from .quantities import GIB, MIB, cpu_millis, memory_bytes


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

    @classmethod
    def parse(cls, tree: Mapping[str, object], *, option: str = "preview_limits") -> RangeLimits:
        """From an inventory's quantities, each key optional: ``{"container_cpu": "4", "claim_max": "50Gi"}``.

        :raises RefusedError: naming the option, the key and the value.
        """
        values: dict[str, int] = {}
        for key, value in tree.items():
            if key not in _KEYS:
                raise RefusedError(f"{option}.{key}: unknown key; allowed: {', '.join(_KEYS)}")
            field, read = _KEYS[key]
            try:
                values[field] = read(str(value))
            except PreviewError as error:
                raise RefusedError(f"{option}.{key}: {error}") from None
        return cls(**values)


_KEYS: Final[Mapping[str, tuple[str, Callable[[str], int]]]] = {
    "container_cpu": ("container_cpu_millis", cpu_millis),
    "container_memory": ("container_memory_bytes", memory_bytes),
    "default_cpu": ("default_cpu_millis", cpu_millis),
    "default_memory": ("default_memory_bytes", memory_bytes),
    "claim_min": ("claim_min_bytes", memory_bytes),
    "claim_max": ("claim_max_bytes", memory_bytes),
}
DEFAULT_LIMITS: Final = RangeLimits()
