# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A namespace on its way out: nothing new goes into it, and the next environment of its name waits until it is gone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from .environment import World
from .errors import ClusterError
from .objects import Manifest, Ref
from .remnants import Remnant, holding, is_foreign, may_be_finalized
from .survey import Survey
from .waiting import Picture, Scope

# A namespace ends within some 5 s where nobody holds it; an owner that lives takes its finalizer off within seconds.
_LOOK_SECONDS = 5.0
_GRACE_SECONDS = 20.0
_CONTENT_ALONE = "NamespaceContentRemaining"


def is_leaving(namespace: Manifest | None) -> bool:
    """Whether the namespace is there and somebody has asked for its deletion."""
    return namespace is not None and bool(namespace["metadata"].get("deletionTimestamp"))


def vacated(seen: Survey) -> Survey:
    """What was seen, as it will be once a namespace that is leaving has gone, and all that is in it."""
    return replace(seen, namespace=None, existing={}) if is_leaving(seen.namespace) else seen


def see_it_gone(
    world: World, place: str, *, check: Callable[[], None], told: Callable[[Holder], None] = lambda _: None
) -> tuple[str, ...]:
    """Wait until a namespace and its PersistentVolumes are gone, for as long as a phase may wait.

    Who holds it by a foreign finalizer is given a grace period and then made to let go, in the order of `remnants.py`.

    :param check: raises when the run has to stop.
    :param told: called with each holder when it is found, before anything is done about it.
    :returns: what was made to let go, a sentence each; nothing in a normal course.
    :raises ClusterError: with the reason ``DeletionUnfinished``; names what is left and why.
    """

    def ours(obj: Manifest) -> bool:
        if obj["kind"] == "Namespace":
            return True
        claim: str = obj["spec"].get("claimRef", {}).get("namespace", "")
        return claim == place

    clock, itself = world.clock, Ref("Namespace", place)
    with Picture(world.cluster, (Scope("Namespace", name=place), Scope("PersistentVolume")), keep=ours) as picture:
        began = clock.monotonic()
        deadline = began + world.timeout_seconds
        release = _Release(world=world, place=place, began=began, told=told)
        pause = min(_LOOK_SECONDS, world.timeout_seconds / 8)
        while not picture.wait(
            lambda now: not now.objects, clock=clock, deadline=min(clock.monotonic() + pause, deadline), check=check
        ):
            namespace = picture.objects.get(itself)
            if clock.monotonic() >= deadline:
                parts = (*map(_left, picture.objects.values()), *map(str, release.holders), release.refusal)
                left = "; ".join(filter(None, parts))
                raise ClusterError(
                    f"{place} is not gone after {world.timeout_seconds:g} s: {left}", reason="DeletionUnfinished"
                )
            if namespace is not None and _is_held(namespace):
                release.look(namespace)
        return tuple(release.done)


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Who keeps a namespace from ending.

    :param object: ``Kind/name``.
    :param finalizers: the foreign ones among its finalizers.
    """

    object: str
    finalizers: tuple[str, ...]

    def __str__(self) -> str:
        word = "finalizer" if len(self.finalizers) == 1 else "finalizers"
        return f"{self.object} holds it by {word} {', '.join(self.finalizers)}"


@dataclass(kw_only=True)
class _Release:
    """Looks for holders again and again, and makes them let go once their time is over.

    :ivar holders: those that were found last.
    :ivar done: what was done about them.
    :ivar refusal: why one of them could not be made to let go; empty where nothing was refused.
    """

    world: World
    place: str
    began: float
    told: Callable[[Holder], None]
    holders: tuple[Holder, ...] = ()
    done: list[str] = field(default_factory=list)
    refusal: str = ""

    def look(self, namespace: Manifest) -> None:
        """Look who holds it now, and act if the time has come."""
        cluster, now = self.world.cluster, self.world.clock.monotonic()
        grace = min(_GRACE_SECONDS, self.world.timeout_seconds / 3)
        content = cluster.remnants(self.place)
        held = holding(namespace, content)
        found = tuple(Holder(object=str(each), finalizers=each.foreign) for each in held)
        for holder in found:
            if holder not in self.holders:
                self.told(holder)
        self.holders = found
        if now - self.began < grace:
            return
        for remnant in held:
            self._let_go(remnant, grace)
        if held:
            # Kubernetes' controller needs its time to see that nothing is left.
            self.began = now
        elif may_be_finalized(namespace, content) and cluster.finalize(namespace):
            finalizers = ", ".join(namespace["spec"]["finalizers"])
            self.done.append(
                f"Namespace/{self.place} did not end although nothing was left in it: "
                f"{finalizers} of its spec was taken off"
            )

    def _let_go(self, remnant: Remnant, grace: float) -> None:
        try:
            released = self.world.cluster.release(remnant, keep=remnant.own)
        except ClusterError as error:
            # Looked at again until the time is over; then who holds it is named, and why it still does.
            self.refusal = str(error)
            return
        if released:
            foreign = ", ".join(remnant.foreign)
            self.done.append(
                f"{remnant} held namespace {self.place} by {foreign}, which its owner did not take off within "
                f"{grace:g} s: taken off; look after what it stood for"
            )


def _is_held(namespace: Manifest) -> bool:
    """Whether there is a sign that it will not end by itself."""
    spec, metadata = namespace.get("spec", {}), namespace["metadata"]
    finalizers = (*spec.get("finalizers", ()), *metadata.get("finalizers", ()))
    return any(map(is_foreign, finalizers)) or any(
        condition["status"] == "True" and condition["type"] != _CONTENT_ALONE
        for condition in namespace.get("status", {}).get("conditions", ())
        if condition["type"].startswith("Namespace")
    )


def _left(obj: Manifest) -> str:
    conditions = obj.get("status", {}).get("conditions", ())
    why = [c["message"] for c in conditions if c["status"] == "True" and c["type"].startswith("Namespace")]
    return f"{obj['kind']}/{obj['metadata']['name']}" + (f" ({' '.join(why)})" if why else "")
