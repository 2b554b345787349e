# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A quota may grow before a roll-out and shrink only after it.

While the new version rolls, pods of the old one still count; under a smaller quota the first new pod would never be
admitted, and the old ones never go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .objects import Manifest, Ref, ref
from .quantities import cpu_millis, memory_bytes


def widened(rails: Iterable[Manifest], existing: Mapping[Ref, Manifest]) -> tuple[Manifest, ...]:
    """The guard rails with each amount of a ResourceQuota at least what it is now."""
    return tuple(_widest(rail, existing.get(ref(rail))) if rail["kind"] == "ResourceQuota" else rail for rail in rails)


def _widest(wanted: Manifest, existing: Manifest | None) -> Manifest:
    if existing is None:
        return wanted
    now: Mapping[str, str] = existing["spec"].get("hard", {})
    hard = {name: _larger(name, text, now.get(name, text)) for name, text in wanted["spec"]["hard"].items()}
    return {**wanted, "spec": {**wanted["spec"], "hard": hard}}


def _larger(name: str, wanted: str, now: str) -> str:
    amount = cpu_millis if name.endswith("cpu") else memory_bytes
    return now if amount(now) > amount(wanted) else wanted
