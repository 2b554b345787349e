# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting until what was applied is what was asked of it, or will not become it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .environment import World
from .objects import Manifest, Ref
from .patience import Patience
from .readiness import State, state
from .waiting import Picture, Scope

# A quota binds only once its controller has counted; until then pods that exceed it would get in.
_AWAITED = ("Deployment", "ResourceQuota", "StatefulSet")
_MAKE_PODS = ("Deployment", "StatefulSet")


def rolled_out(world: World, place: str, manifests: Iterable[Manifest], *, check: Callable[[], None]) -> bool:
    """Wait for what takes time to come into force; False where it failed, is hopeless, or time is over.

    :param check: raises when the run has to stop.
    """
    targets = [Ref(m["kind"], m["metadata"]["name"], place) for m in manifests if m["kind"] in _AWAITED]
    if not targets:
        return True
    kinds = {target.kind for target in targets}
    if kinds.intersection(_MAKE_PODS):
        kinds |= {"ReplicaSet", "Pod"}
    scopes = tuple(Scope(kind, place) for kind in sorted(kinds))
    patience, clock = Patience(), world.clock
    given_up = False

    def settled(picture: Picture) -> bool:
        nonlocal given_up
        found = [obj for target in targets if (obj := picture.objects.get(target)) is not None]
        states = [state(obj).state for obj in found]
        if len(found) == len(targets) and all(each is State.READY for each in states):
            return True
        pods = _newest_pods(picture, targets)
        given_up = State.FAILED in states or patience.hopeless(pods, found, clock.monotonic())
        return given_up

    with Picture(world.cluster, scopes) as picture:
        deadline = clock.monotonic() + world.timeout_seconds
        return picture.wait(settled, clock=clock, deadline=deadline, check=check) and not given_up


def _newest_pods(picture: Picture, targets: list[Ref]) -> list[Manifest]:
    """The pods that this roll-out is about: a crash of the version before must not fail the new one."""
    names = {target.name for target in targets}
    newest: dict[str, tuple[int, str]] = {}
    for named, found in picture.objects.items():
        owner = _owner(found)
        if named.kind == "ReplicaSet" and owner in names:
            revision = int(found["metadata"].get("annotations", {}).get("deployment.kubernetes.io/revision", 0))
            newest[owner] = max(newest.get(owner, (0, "")), (revision, named.name))
    owners = {name for _, name in newest.values()} | {t.name for t in targets if t.kind == "StatefulSet"}
    return [found for named, found in picture.objects.items() if named.kind == "Pod" and _owner(found) in owners]


def _owner(obj: Manifest) -> str:
    return next((str(owner["name"]) for owner in obj["metadata"].get("ownerReferences", ())), "")
