# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of one environment that get in each other's way, on a cluster where each request waits for its turn to land.

`Referee` sees every request land and says at once what no run may do.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils import lease, waiting
from ansible_collections.ephemeral.k8s.plugins.module_utils.absent import absent
from ansible_collections.ephemeral.k8s.plugins.module_utils.environment import World
from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import CancelledError, ClusterError
from ansible_collections.ephemeral.k8s.plugins.module_utils.objects import Manifest, Ref
from ansible_collections.ephemeral.k8s.plugins.module_utils.ownership import is_open
from ansible_collections.ephemeral.k8s.plugins.module_utils.ports import Listing
from ansible_collections.ephemeral.k8s.plugins.module_utils.present import present
from ansible_collections.ephemeral.k8s.plugins.module_utils.progress import Preview

from .engine import LEASE, NODE, PLACE, PLATFORM, READY, RECORD, REQUEST, FakeCharts
from .fakes import FakeCluster, FakeProber, FakeWatch
from .interleaving import AtOnce, Queues, RunClock, Schedule, Task, Threading, events_of

NAMESPACE = Ref("Namespace", PLACE)
CONFIG = {"projectId": "demo"}
EXPIRY_SECONDS = 15
PATIENCE_SECONDS = 90
_RACED = ("Lease", "Environment", "Namespace")
_READS = ("get", "list", "watch", "log")


@dataclass(eq=False)
class Run:
    """One run.

    :param sequence: its event's place in the order of its repository.
    :param opens: whether it is present or absent.
    :param machine: where it runs; only there somebody may know that it was killed.
    :ivar troubles: what becomes of its next requests: a status that is answered in place of anything else, 0 where it
        lands and its answer is lost, seconds that the answer takes where that is a fraction.
    :ivar disturbed: something was done to it that it need not survive unharmed.
    :ivar held_at: when its turn began.
    :ivar outranked_at: when the cluster first knew of a newer event of its repository.
    """

    name: str
    repository: int
    sequence: int
    opens: bool
    started_at: float
    task: Task | None = None
    machine: int = 0
    troubles: list[float] = field(default_factory=list)
    result: Preview | None = None
    ended_at: float | None = None
    killed: bool = False
    disturbed: bool = False
    outranked_at: float | None = None
    held_at: float | None = None

    def __str__(self) -> str:
        return f"{self.name} ({'open' if self.opens else 'close'} {self.sequence} of repository {self.repository})"


class Arena:
    """A cluster with its controllers, and the runs on it."""

    def __init__(self) -> None:
        self.schedule = Schedule()
        self.cluster = FakeCluster()
        self.cluster.put(NODE)
        self.cluster.react = self._controllers
        self.runs: dict[str, Run] = {}
        self.referee = Referee(self)
        self.away_until = 0.0
        self.pace = 1.0
        self._patch = pytest.MonkeyPatch()
        for module in (lease, waiting):
            self._patch.setattr(module, "threading", Threading(self.schedule))
        self._patch.setattr(waiting, "queue", Queues(self.schedule))

    def close(self) -> None:
        """End every thread."""
        for run in self.runs.values():
            self.schedule.kill(run.name)
        self._patch.undo()

    def start(
        self, *, repository: int, sequence: int, opens: bool, skew: float = 0.0, machine: int | None = None
    ) -> Run:
        """A new run, which has done nothing yet."""
        run = Run(
            name=f"run{len(self.runs)}",
            repository=repository,
            sequence=sequence,
            opens=opens,
            started_at=self.schedule.now,
            disturbed=self.schedule.now < self.away_until,
            machine=len(self.runs) if machine is None else machine,
        )
        self.runs[run.name] = run
        world = World(
            cluster=Line(self, run),
            helm=FakeCharts(),
            prober=FakeProber(200),
            clock=RunClock(self.schedule, skew=skew),
            pool=AtOnce(),
            token=lambda size: "t" * size,
            run=run.name,
            timeout_seconds=180.0,
            lease_wait_seconds=600.0,
            processes=Neighbours(self, run),
        )
        run.task = self.schedule.start(run.name, lambda: self._play(run, world))
        return run

    def finish(self, seconds: float, dice: random.Random) -> None:
        """Let time pass until every run has ended."""
        self.schedule.pass_time(seconds, dice, stop=lambda: not self.active())
        assert not self.active(), f"not ended after {seconds:g} s: {', '.join(map(str, self.active()))}"

    def active(self) -> list[Run]:
        """The runs that may still do something."""
        return [run for run in self.runs.values() if run.result is None and not run.killed]

    def kill(self, run: Run) -> None:
        """As SIGKILL does."""
        self.schedule.kill(run.name)
        run.killed = True

    def stop(self, run: Run) -> None:
        """As SIGTERM does."""
        assert run.task is not None
        run.task.interruption = CancelledError("the run was asked to stop (SIGTERM)")
        run.disturbed = True

    def _play(self, run: Run, world: World) -> None:
        if run.opens:
            request = replace(
                REQUEST,
                repository=f"acme/{run.repository}",
                repository_id=run.repository,
                sequence=run.sequence,
                image=f"demo:{run.sequence}",
                sha=f"{run.sequence}",
            )
            run.result = present(world, PLATFORM, request, CONFIG)
        else:
            run.result = absent(
                world,
                PLATFORM,
                identity=REQUEST.identity,
                repository=f"acme/{run.repository}",
                repository_id=run.repository,
                sequence=run.sequence,
            )
        run.ended_at = self.schedule.now

    def _controllers(self, verb: str, obj: Manifest) -> None:
        if verb != "apply" or obj["kind"] not in READY:
            return
        named = Ref(obj["kind"], obj["metadata"]["name"], PLACE)
        status = {"hard": obj["spec"]["hard"]} if obj["kind"] == "ResourceQuota" else READY[obj["kind"]]
        asked = obj["spec"]
        if obj.get("status", {}).get("of") != asked:
            self.cluster.update(named, status={"of": asked})
            self.schedule.later(self.pace, lambda: self._settle(named, {**status, "of": asked}))

    def _settle(self, named: Ref, status: Manifest) -> None:
        found = self.cluster.objects.get(named)
        if found is not None and found["spec"] == status["of"]:
            self.cluster.update(named, status=status)

    def empty(self, namespace: Manifest) -> None:
        """What the namespace controller does after a while."""
        for named in [named for named in self.cluster.objects if named.namespace == PLACE]:
            self.cluster.remove(named)
        self.schedule.later(self.pace, lambda: self.cluster.remove(NAMESPACE))


class Neighbours:
    """What a run may know of the processes of others: those on its own machine."""

    def __init__(self, arena: Arena, run: Run) -> None:
        self._arena = arena
        self._run = run

    def here(self) -> str:
        return self._run.name

    def is_gone(self, mark: str) -> bool:
        other = self._arena.runs.get(mark)
        return other is not None and other.machine == self._run.machine and other.killed


class Line:
    """A run's way to the cluster."""

    def __init__(self, arena: Arena, run: Run, check: Callable[[], None] = lambda: None) -> None:
        self._arena = arena
        self._run = run
        self._check = check

    def guarded(self, check: Callable[[], None]) -> Line:
        return Line(self._arena, self._run, check)

    def get(self, ref: Ref) -> Manifest | None:
        return self._send("get", ref, lambda: self._arena.cluster.get(ref))

    def list(self, kind: str, *, namespace: str = "", labels: str = "", fields: str = "") -> Listing:
        cluster = self._arena.cluster
        return self._send(
            "list",
            Ref(kind, "", namespace),
            lambda: cluster.list(kind, namespace=namespace, labels=labels, fields=fields),
        )

    def apply(self, manifest: Manifest, *, dry_run: bool = False) -> Manifest:
        return self._write("apply", manifest)

    def apply_status(self, manifest: Manifest) -> Manifest:
        return self._write("apply_status", manifest)

    def create(self, manifest: Manifest, *, dry_run: bool = False) -> Manifest:
        return self._write("create", manifest)

    def replace(self, manifest: Manifest) -> Manifest:
        return self._write("replace", manifest)

    def delete(self, ref: Ref, **options: Any) -> bool:
        def land() -> bool:
            found = self._arena.cluster.objects.get(ref)
            if found is None or ref.kind != "Namespace" or options.get("uid") != found["metadata"]["uid"]:
                return self._arena.cluster.delete(ref, **options)
            if "deletionTimestamp" not in found["metadata"]:
                metadata = {**found["metadata"], "deletionTimestamp": "2026-01-02T03:04:05Z"}
                self._arena.cluster.update(ref, metadata=metadata)
                self._arena.schedule.later(self._arena.pace, lambda: self._arena.empty(found))
            return True

        return self._send("delete", ref, land)

    def watch(self, kind: str, *, namespace: str = "", name: str = "", resource_version: str = "") -> Watched:
        def land() -> Watched:
            watch = self._arena.cluster.watch(kind, namespace=namespace, name=name, resource_version=resource_version)
            return Watched(self._arena.schedule, watch)

        return self._send("watch", Ref(kind, name, namespace), land)

    def log(self, **_: object) -> str:
        return ""

    def _write(self, verb: str, manifest: Manifest) -> Manifest:
        metadata = manifest["metadata"]
        named = Ref(manifest["kind"], metadata["name"], metadata.get("namespace", ""))

        def land() -> Manifest:
            if named.namespace == PLACE:
                self._refuse_where_none_may_come(named)
            return getattr(self._arena.cluster, verb)(manifest)

        return self._send(verb, named, land)

    def _refuse_where_none_may_come(self, named: Ref) -> None:
        namespace = self._arena.cluster.objects.get(NAMESPACE)
        if namespace is None:
            raise ClusterError(f'namespaces "{PLACE}" not found', status=404, reason="NotFound")
        if "deletionTimestamp" in namespace["metadata"] and named not in self._arena.cluster.objects:
            raise ClusterError(f"namespace {PLACE} is being terminated", status=403, reason="Forbidden")

    def _send(self, verb: str, named: Ref, land: Callable[[], Any]) -> Any:
        arena, schedule, writes = self._arena, self._arena.schedule, verb not in _READS
        if writes or named.kind in _RACED:
            schedule.wait(about=(verb, named.kind))
        given_up_at = schedule.now + PATIENCE_SECONDS
        while True:
            if writes:
                self._check()
            if schedule.now >= arena.away_until:
                break
            if schedule.now >= given_up_at:
                raise ClusterError("the API server does not answer")
            schedule.wait(seconds=2.0)
        trouble = self._run.troubles.pop(0) if self._run.troubles else None
        if isinstance(trouble, int) and trouble:
            raise ClusterError(f"the API server said {trouble}", status=trouble)
        try:
            arena.referee.sees(self._run, verb, named)
            answer = land()
            arena.referee.saw(self._run, verb, named)
        except AssertionError as error:
            # Told at once: the run may go on for long before it ends by this.
            schedule.failures.append(error)
            raise
        if isinstance(trouble, float):
            schedule.wait(seconds=trouble)
        elif trouble is not None:
            raise ClusterError("the answer was lost")
        return answer


class Watched:
    """An open watch of a run."""

    def __init__(self, schedule: Schedule, watch: FakeWatch) -> None:
        self._events = events_of(schedule, watch.events)
        self.close = watch.close

    def __iter__(self) -> Any:
        return self._events


class Referee:
    """Knows, of each moment, who may write."""

    def __init__(self, arena: Arena) -> None:
        self._arena = arena
        self._lease: Manifest | None = None
        self._record: Manifest | None = None
        self._heard: dict[str, float] = {}
        self._newest_in: dict[str, tuple[int, int]] = {}

    def sees(self, run: Run, verb: str, named: Ref) -> None:
        """A request is about to land."""
        objects = self._arena.cluster.objects
        self._lease, self._record = objects.get(LEASE), objects.get(RECORD)
        if verb in _READS or named == LEASE:
            return
        what = f"{run} sends {verb} {named}"
        assert self.holder == run.name, f"{what} while {self.holder or 'nobody'} may write"
        owner = (self._record or {}).get("spec", {}).get("repositoryId", run.repository)
        assert owner == run.repository or not is_open(self._record), f"{what} into the environment of {owner}"
        namespace = objects.get(NAMESPACE)
        if namespace is not None:
            uid = namespace["metadata"]["uid"]
            repository, newest = self._newest_in.get(uid, (run.repository, 0))
            if verb == "delete" and not run.opens:
                assert repository != run.repository or newest <= run.sequence, f"{what}, which {newest} made"
            elif named.namespace == PLACE:
                self._newest_in[uid] = (run.repository, max(newest, run.sequence))

    def saw(self, run: Run, verb: str, named: Ref) -> None:
        """It has landed."""
        if verb in _READS:
            return
        now = self._arena.schedule.now
        if named == LEASE:
            before, after = self.holder, holder_of(self._arena.cluster.objects.get(LEASE))
            if before not in ("", after, run.name):
                silent = now - self._heard[before]
                assert self._arena.runs[before].killed or silent >= EXPIRY_SECONDS, (
                    f"{run} takes the Lease of {before}, which was heard {silent:g} s ago"
                )
                assert after == run.name, f"{run} deletes the Lease that {before} holds"
            assert after in (before, run.name, "")
            if after == run.name:
                run.held_at = now if run.held_at is None else run.held_at
                self._heard[run.name] = now
        elif named == RECORD:
            self._compare(run, self._record, self._arena.cluster.objects.get(RECORD))
        self._rank(now)

    @property
    def holder(self) -> str:
        """Who held the Lease before the request."""
        return holder_of(self._lease)

    def _compare(self, run: Run, before: Manifest | None, after: Manifest | None) -> None:
        if before is None or after is None or before["spec"].get("repositoryId") != after["spec"].get("repositoryId"):
            return
        old, new = (record.get("status", {}).get("sequence") or 0 for record in (before, after))
        assert old <= new, f"{run} takes the record back from sequence {old} to {new}"

    def _rank(self, now: float) -> None:
        lease = self._arena.cluster.objects.get(LEASE)
        text, _, owner = (
            (lease or {"metadata": {}})["metadata"].get("annotations", {}).get("k8s-ee/sequence", "").partition(" ")
        )
        for run in self._arena.active():
            if text and owner == str(run.repository) and int(text) > run.sequence and run.outranked_at is None:
                run.outranked_at = now


def holder_of(found: Manifest | None) -> str:
    """Who holds a Lease; empty where nobody does."""
    return (found or {"spec": {}})["spec"].get("holderIdentity") or ""
