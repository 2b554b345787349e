# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of one environment out of being: lease, delete, verify. Needs no file of the pull request.

It says `destroyed` after it has seen that the namespace and its PersistentVolumes are gone: the provisioner removes
a volume's object only after its directory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .apply import Change
from .burst import each
from .clock import timestamp
from .departure import Holder, see_it_gone
from .environment import Platform, World
from .errors import CancelledError, ClusterError, PreviewError, RefusedError, SupersededError
from .lease import Turn
from .names import Identity
from .objects import Manifest, Ref, presentable, ref
from .ownership import Owner, is_of, is_open
from .progress import Outcome, Preview, Progress, ended_early, undiagnosed
from .record import DESTROYED, DESTROYING, FAILED, Record
from .teardown import plan

# Owners before what they own, or they would make it anew.
_SLOW_TO_GO = ("Deployment", "StatefulSet", "Pod", "PersistentVolumeClaim")


def find(
    world: World, *, platform_namespace: str, pr: int, repository: str, repository_id: int
) -> tuple[Identity, ...]:
    """The environments of a pull request, whatever their projectId is or was.

    A repository that changed its projectId has two. Without a forge (id 0) the repository's name decides.
    What is not labelled or recorded as ours is passed over.

    :raises RefusedError: where neither number nor name tells whose environment is meant.
    """
    if repository_id == 0 and not repository:
        raise RefusedError(
            f"nobody says whose environment of pull request {pr} is meant; "
            f"name the project by pr_project, or the repository by pr_repository or pr_repository_id"
        )
    selector = f"app.kubernetes.io/managed-by=ephemeral.k8s,k8s-ee/pr={pr},k8s-ee/repository-id={repository_id}"
    namespaces = world.cluster.list("Namespace", labels=selector).items
    if repository_id == 0:
        namespaces = tuple(n for n in namespaces if _annotation(n, "k8s-ee/repository") == repository)
    records = (
        item["spec"]
        for item in world.cluster.list("Environment", namespace=platform_namespace).items
        if item["spec"].get("pr") == pr
        and item["spec"].get("repositoryId") == repository_id
        and (repository_id or item["spec"].get("repository") == repository)
        and is_open(item)
    )
    projects = {n["metadata"]["labels"].get("k8s-ee/project", "") for n in namespaces}
    projects |= {spec.get("project", "") for spec in records}
    projects.discard("")
    return tuple(Identity(project=project, pr=pr) for project in sorted(projects))


def absent(
    world: World,
    platform: Platform,
    *,
    identity: Identity,
    repository: str,
    repository_id: int,
    sequence: int,
    check: bool = False,
) -> Preview:
    """Remove an environment and see it gone; safe to kill at any point and to run again.

    :param check: say what would happen, and do nothing.
    """
    place = identity.namespace
    progress = Progress(world.clock)
    progress.begin("lease")

    def look(world: World) -> _Found:
        namespace = world.cluster.get(Ref("Namespace", place))
        record = Record.read(world.cluster, namespace=platform.namespace, identity=identity)
        teardown = plan(namespace, record.found, identity=identity, repository=repository, repository_id=repository_id)
        return _Found(namespace=namespace, record=record, nothing=teardown.nothing)

    try:
        found = look(world)
        if check and found.nothing:
            return Preview(status="absent", namespace=place)
        if check:
            return Preview(status="destroyed", namespace=place, changed=True, changes=found.changes)
        turn = Turn(
            world.cluster,
            ref=Ref("Lease", place, platform.namespace),
            owner=str(repository_id or repository),
            sequence=sequence,
            holder=world.run,
            wait_seconds=world.lease_wait_seconds,
            clock=world.clock,
            processes=world.processes,
        )
        with turn:
            world = replace(world, cluster=world.cluster.guarded(turn.check))
            # Looked at again under the turn: the run before us may have changed all of it, the owner included.
            found = look(world)
            if found.nothing:
                if is_of(found.record.found, Owner(repository=repository, repository_id=str(repository_id))):
                    _remember(world, found.record, sequence, turn)
                return Preview(status="absent", namespace=place)
            return _remove(world, place, found, sequence, progress, turn)
    except PreviewError as error:
        return ended_early(place, progress, error)


@dataclass(frozen=True, kw_only=True)
class _Found:
    namespace: Manifest | None
    record: Record
    nothing: bool

    @property
    def changes(self) -> tuple[Change, ...]:
        if self.namespace is None:
            return ()
        return (Change(ref=ref(self.namespace), action="deleted", before=presentable(self.namespace), after={}),)


def _remove(world: World, place: str, found: _Found, sequence: int, progress: Progress, turn: Turn) -> Preview:
    namespace, record = found.namespace, found.record
    if (record.status.sequence or 0) > sequence:
        raise SupersededError(f"{place}: sequence {record.status.sequence} is newer than this close ({sequence})")
    _note(world, record, phase=DESTROYING, step="lease", run=world.run, sequence=sequence, diagnosis=None)
    progress.end()
    progress.entered = lambda name: _note(world, record, step=name)

    def held(holder: Holder) -> None:
        _note(world, record, diagnosis=_of_holder(holder, place))

    try:
        with progress.phase("delete"):
            if namespace is not None:
                progress.changed = lambda: True
                world.cluster.delete(ref(namespace), uid=namespace["metadata"]["uid"])
                _hasten(world, place)
        with progress.phase("verify"):
            released = see_it_gone(world, place, check=turn.check, told=held)
    except (ClusterError, CancelledError) as error:
        turn.check()
        diagnosis = undiagnosed(progress.current, error)
        _note(world, record, phase=FAILED, phases=tuple(progress.steps), diagnosis=diagnosis)
        return _end("failed", place, found, progress, diagnosis=diagnosis)
    _note(
        world,
        record,
        phase=DESTROYED,
        url=None,
        destroyed_at=timestamp(world.clock.now()),
        expires_at=None,
        phases=tuple(progress.steps),
    )
    if record.found is not None:
        turn.forget()
    return _end("destroyed", place, found, progress, notes=released)


def _remember(world: World, record: Record, sequence: int, turn: Turn) -> None:
    """Leave word of a close that found nothing: what came before it may only be about to begin, and must not.

    Where there is no record the Lease keeps the word.
    """
    if record.found is None:
        return
    if (record.status.sequence or 0) < sequence:
        record.update(world.clock.now(), sequence=sequence)
    turn.forget()


def _end(
    status: Outcome,
    place: str,
    found: _Found,
    progress: Progress,
    *,
    diagnosis: Mapping[str, Any] | None = None,
    notes: tuple[str, ...] = (),
) -> Preview:
    return Preview(
        status=status,
        namespace=place,
        changed=True,
        phases=tuple(progress.steps),
        diagnosis=diagnosis,
        changes=found.changes,
        notes=notes,
    )


def _of_holder(holder: Holder, place: str) -> dict[str, Any]:
    """What the record says while somebody keeps the namespace from ending, and afterwards."""
    return {
        "phase": "verify",
        "object": holder.object,
        "reason": "HeldByFinalizer",
        "exit_code": None,
        "message": f"namespace {place} does not end: {holder}",
        "log": "",
        "hint": "whoever put the finalizer there should take it off; after a grace period this close does",
    }


def _hasten(world: World, place: str) -> None:
    """Delete at once what takes longest to go: the namespace controller comes to it only after some seconds."""
    listings = each(world.pool, lambda kind: world.cluster.list(kind, namespace=place), _SLOW_TO_GO)
    each(world.pool, world.cluster.delete, [ref(item) for listing in listings for item in listing.items])


def _note(world: World, record: Record, **changes: object) -> None:
    # A namespace may outlive its record (somebody deleted it); there is then nothing to write to.
    if record.found is not None:
        record.update(world.clock.now(), **changes)


def _annotation(obj: Manifest, key: str) -> str:
    return str(obj["metadata"].get("annotations", {}).get(key, ""))
