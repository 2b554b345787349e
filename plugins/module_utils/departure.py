# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A namespace on its way out: nothing new goes into it, and the next environment of its name waits until it is gone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from .environment import World
from .errors import ClusterError
from .objects import Manifest
from .survey import Survey
from .waiting import Picture, Scope


def is_leaving(namespace: Manifest | None) -> bool:
    """Whether the namespace is there and somebody has asked for its deletion."""
    return namespace is not None and bool(namespace["metadata"].get("deletionTimestamp"))


def vacated(seen: Survey) -> Survey:
    """What was seen, as it will be once a namespace that is leaving has gone, and all that is in it."""
    return replace(seen, namespace=None, existing={}) if is_leaving(seen.namespace) else seen


def see_it_gone(world: World, place: str, *, check: Callable[[], None]) -> None:
    """Wait until a namespace and its PersistentVolumes are gone, for as long as a phase may wait.

    :param check: raises when the run has to stop.
    :raises ClusterError: with the reason ``DeletionUnfinished``; names what is left and why.
    """

    def ours(obj: Manifest) -> bool:
        if obj["kind"] == "Namespace":
            return True
        claim: str = obj["spec"].get("claimRef", {}).get("namespace", "")
        return claim == place

    scopes = (Scope("Namespace", name=place), Scope("PersistentVolume"))
    with Picture(world.cluster, scopes, keep=ours) as picture:
        deadline = world.clock.monotonic() + world.timeout_seconds
        if not picture.wait(lambda now: not now.objects, clock=world.clock, deadline=deadline, check=check):
            left = "; ".join(_left(obj) for obj in picture.objects.values())
            raise ClusterError(
                f"{place} is not gone after {world.timeout_seconds:g} s: {left}", reason="DeletionUnfinished"
            )


def _left(obj: Manifest) -> str:
    conditions = obj.get("status", {}).get("conditions", ())
    why = [c["message"] for c in conditions if c["status"] == "True" and c["type"].startswith("Namespace")]
    return f"{obj['kind']}/{obj['metadata']['name']}" + (f" ({' '.join(why)})" if why else "")
