# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting until what was applied is what was asked of it, or will not become it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from types import MappingProxyType

from .apply import MAKE_PODS
from .environment import World
from .objects import Manifest, Ref, ref
from .patience import Patience, backing_off
from .ports import Answer
from .readiness import State, state
from .waiting import Picture, Scope

# A quota binds only once its controller has counted; until then pods that exceed it would get in.
_AWAITED = ("Deployment", "ResourceQuota", "StatefulSet")
# The ingress controller notices a new Ingress within 0.1 s; a minute covers one that restarts.
_ANSWER_SECONDS = 60.0
_PAUSE_SECONDS = 0.1
_DEPLOYMENT_REVISION = "deployment.kubernetes.io/revision"
_STATEFUL_SET_REVISION = "controller-revision-hash"


def answered(world: World, url: str, *, check: Callable[[], None]) -> Answer:
    """Ask a URL until it answers with 2xx, for a minute at most; the last answer.

    :param check: raises when the run has to stop.
    """
    deadline = world.clock.monotonic() + min(world.timeout_seconds, _ANSWER_SECONDS)
    while True:
        check()
        answer = world.prober(url)
        if answer.ok or world.clock.monotonic() >= deadline:
            return answer
        world.clock.sleep(_PAUSE_SECONDS)


def rolled_out(
    world: World,
    place: str,
    manifests: Iterable[Manifest],
    *,
    unchanged: Collection[Ref] = (),
    answers: Mapping[Ref, Manifest] = MappingProxyType({}),
    check: Callable[[], None],
) -> bool:
    """Wait for what takes time to come into force; False where it failed, is hopeless, or time is over.

    :param unchanged: what was so before this run. Where that had failed, its newest pods are started again and an old
        verdict does not count: an image, or what the program needs, may have been mended meanwhile.
    :param answers: what the server said when they were applied; what is ready already needs no watch.
    :param check: raises when the run has to stop.
    """
    targets = [Ref(m["kind"], m["metadata"]["name"], place) for m in manifests if m["kind"] in _AWAITED]
    if all(target in answers and state(answers[target]).state is State.READY for target in targets):
        return True
    kinds = {target.kind for target in targets}
    if kinds & MAKE_PODS:
        kinds |= {"ReplicaSet", "Pod"}
    patience, clock = Patience(), world.clock
    forgiven: set[Ref] = set()
    replaced: set[str] = set()
    given_up = False

    def settled(picture: Picture) -> bool:
        nonlocal given_up
        found = [obj for target in targets if (obj := picture.objects.get(target)) is not None]
        states = {ref(obj): state(obj).state for obj in found}
        if len(found) == len(targets) and all(each is State.READY for each in states.values()):
            return True
        forgiven.intersection_update(named for named, each in states.items() if each is State.FAILED)
        given_up = any(each is State.FAILED for named, each in states.items() if named not in forgiven)
        # Before its controller has seen a workload, the newest pods are still those of the version before.
        if not given_up and len(found) == len(targets) and all(_observed(obj) for obj in found):
            pods = [pod for pod in _newest_pods(picture.objects, targets) if pod["metadata"].get("uid") not in replaced]
            given_up = patience.hopeless(pods, found, clock.monotonic())
        return given_up

    with Picture(world.cluster, tuple(Scope(kind, place) for kind in sorted(kinds))) as picture:
        deadline = clock.monotonic() + world.timeout_seconds
        if not picture.wait(lambda _: True, clock=clock, deadline=deadline, check=check):
            return False
        retried = {
            target: state(obj).state
            for target in targets
            if target in unchanged and (obj := picture.objects.get(target)) is not None
        }
        forgiven |= {target for target, each in retried.items() if each is State.FAILED}
        unwell = [
            target for target, each in retried.items() if each is not State.READY and _observed(picture.objects[target])
        ]
        for pod in filter(backing_off, _newest_pods(picture.objects, unwell)):
            uid = pod["metadata"]["uid"]
            world.cluster.delete(ref(pod), uid=uid)
            replaced.add(uid)
        return picture.wait(settled, clock=clock, deadline=deadline, check=check) and not given_up


def _observed(obj: Manifest) -> bool:
    seen: int = obj.get("status", {}).get("observedGeneration", 0)
    written: int = obj["metadata"].get("generation", 0)
    return obj["kind"] not in MAKE_PODS or seen >= written


def _newest_pods(objects: Mapping[Ref, Manifest], targets: Iterable[Ref]) -> list[Manifest]:
    """The pods that this roll-out is about: a crash of the version before must not fail the new one."""
    return [pod for target in targets if target in objects for pod in _newest_of(objects, objects[target])]


def _newest_of(objects: Mapping[Ref, Manifest], workload: Manifest) -> list[Manifest]:
    match workload["kind"]:
        case "Deployment":
            sets = {_revision(found): found for found in _owned(objects, "ReplicaSet", workload)}
            newest = sets.get(_revision(workload) or max(sets, default=0))
            return _owned(objects, "Pod", newest) if newest else []
        case "StatefulSet":
            revision = workload.get("status", {}).get("updateRevision")
            pods = _owned(objects, "Pod", workload)
            return [pod for pod in pods if pod["metadata"].get("labels", {}).get(_STATEFUL_SET_REVISION) == revision]
        case _:
            return []


def _owned(objects: Mapping[Ref, Manifest], kind: str, owner: Manifest) -> list[Manifest]:
    """Objects of a kind that have this owner and stay."""
    wanted = (owner["kind"], owner["metadata"]["name"])
    return [
        found
        for named, found in objects.items()
        if named.kind == kind
        and not found["metadata"].get("deletionTimestamp")
        and any((each["kind"], each["name"]) == wanted for each in found["metadata"].get("ownerReferences", ()))
    ]


def _revision(obj: Manifest) -> int:
    return int(obj["metadata"].get("annotations", {}).get(_DEPLOYMENT_REVISION, 0))
