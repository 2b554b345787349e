# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of an environment into being, or to its newest commit: plan, record, admit, guard rails, data, app, probe."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from .apply import MAKE_PODS, Applier, Mode
from .clock import timestamp
from .departure import is_leaving, see_it_gone, vacated
from .environment import Platform, World
from .errors import CancelledError, ClusterError, FailedError, PreviewError, SupersededError
from .lease import Turn
from .objects import Manifest, Ref
from .plan import Plan, make, refuse_occupied
from .ports import Answer
from .progress import Outcome, Preview, Progress, ended_early, undiagnosed
from .record import DEPLOYING, FAILED, READY, Record, Request, spec_of
from .rollout import answered, rolled_out
from .survey import Survey, survey
from .widening import widened


def check(world: World, platform: Platform, request: Request, config: Mapping[str, Any]) -> Preview:
    """What :func:`present` would do, without doing any of it.

    Where the namespace is there, the API server judges each object (dry run); before that, the difference is local.
    """
    progress = Progress(world.clock)
    place = request.identity.namespace
    try:
        with progress.phase("plan"):
            seen = _look(world, platform, request)
            refuse_occupied(request, seen)
            seen = vacated(seen)
            plan = make(world, platform, request, config, seen)
        applier = _applier(world, place, seen, mode="local" if seen.namespace is None else "server")
        applier.apply(plan.guardrails)
        applier.create_absent(plan.credentials)
        applier.apply((*plan.data, *plan.app))
        applier.prune()
    except PreviewError as error:
        return ended_early(place, progress, error)
    return Preview(
        status="ready",
        namespace=place,
        url=plan.url,
        changed=applier.changed,
        phases=tuple(progress.steps),
        changes=tuple(applier.changes),
        quota=plan.quota.hard(),
    )


def present(world: World, platform: Platform, request: Request, config: Mapping[str, Any]) -> Preview:
    """Bring an environment to what is asked; safe to kill at any point and to run again.

    :param config: the normalised configuration.
    """
    place = request.identity.namespace
    progress = Progress(world.clock)
    turn = Turn(
        world.cluster,
        ref=Ref("Lease", place, platform.namespace),
        owner=str(request.repository_id or request.repository),
        sequence=request.sequence,
        holder=world.run,
        wait_seconds=world.lease_wait_seconds,
        clock=world.clock,
    )
    try:
        with progress.phase("plan"):
            seen = _look(world, platform, request)
            refuse_occupied(request, seen)
            plan = make(world, platform, request, config, vacated(seen))
        progress.current = "record"
        started = world.clock.monotonic()
        with turn:
            return _Deployment(world, platform, request, config, progress, turn).run(plan, started)
    except PreviewError as error:
        return ended_early(place, progress, error)


class _Deployment:
    """One run that holds the turn."""

    def __init__(
        self,
        world: World,
        platform: Platform,
        request: Request,
        config: Mapping[str, Any],
        progress: Progress,
        turn: Turn,
    ) -> None:
        self._world = world
        self._platform = platform
        self._request = request
        self._config = config
        self._progress = progress
        self._turn = turn
        self._place = request.identity.namespace
        self._private: tuple[str, ...] = ()
        self._leaving: frozenset[str] = frozenset()
        self._answer: Answer | None = None

    def run(self, plan: Plan, asked_at: float) -> Preview:
        """All phases after the plan.

        :param asked_at: monotonic seconds when the turn was asked for; the wait for it counts to phase record.
        """
        world, progress = self._world, self._progress
        # Asked again under the turn: the run before us may have changed all of it.
        seen = _look(world, self._platform, self._request)
        refuse_occupied(self._request, seen)
        if (seen.record.status.sequence or 0) > self._request.sequence:
            raise SupersededError(f"{self._place}: sequence {seen.record.status.sequence} has already been deployed")
        if is_leaving(seen.namespace):
            see_it_gone(world, self._place, check=self._turn.check)
            seen = _look(world, self._platform, self._request)
            plan = make(world, self._platform, self._request, self._config, seen)
        self._private = plan.private
        record = seen.record
        applier = _applier(world, self._place, seen, mode="apply")
        progress.changed = lambda: applier.changed
        rails = widened(plan.guardrails[1:], seen.existing)
        coming = (*plan.guardrails, *plan.data, *plan.app)
        self._leaving = frozenset(named.name for named in applier.leaving(coming) if named.kind in MAKE_PODS)
        try:
            self._record(record, plan, seen)
            progress.steps.append(progress.step("record", since=asked_at))
            progress.entered = lambda name: self._enter(record, name)
            with progress.phase("admit"):
                pass
            with progress.phase("guardrails"):
                applier.apply(plan.guardrails[:1])
                self._roll_out(applier, rails)
            with progress.phase("data"):
                applier.create_absent(plan.credentials)
                self._roll_out(applier, plan.data)
            with progress.phase("app"):
                self._roll_out(applier, plan.app)
                applier.apply(rail for rail, wide in zip(plan.guardrails[1:], rails, strict=True) if rail != wide)
                applier.prune()
            with progress.phase("probe"):
                self._probe(plan)
            return self._end(record, applier, plan, "ready", None)
        except FailedError as error:
            return self._end(record, applier, plan, "failed", error.diagnosis)
        except (ClusterError, CancelledError) as error:
            if record.found is None:
                raise
            return self._end(record, applier, plan, "failed", undiagnosed(progress.current, error))

    def _enter(self, record: Record, name: str) -> None:
        self._turn.check()
        record.update(self._world.clock.now(), step=name)

    def _record(self, record: Record, plan: Plan, seen: Survey) -> None:
        now = self._world.clock.now()
        labels = {"k8s-ee/project": self._request.identity.project, "k8s-ee/pr": str(self._request.identity.pr)}
        labels |= {"k8s-ee/repository-id": str(self._request.repository_id)}
        record.write(spec_of(self._request, self._config), labels)
        lives = seen.namespace is not None
        record.update(
            now,
            phase=DEPLOYING,
            step="record",
            run=self._world.run,
            sequence=self._request.sequence,
            url=None,
            created_at=(record.status.created_at if lives else None) or timestamp(now),
            ready_at=record.status.ready_at if lives else None,
            destroyed_at=None,
            expires_at=timestamp(now + timedelta(seconds=plan.expiry_seconds)),
            diagnosis=None,
            phases=(),
        )

    def _roll_out(self, applier: Applier, manifests: tuple[Manifest, ...]) -> None:
        applier.apply(manifests)
        place, check = self._place, self._turn.check
        if not rolled_out(
            self._world, place, manifests, unchanged=applier.unchanged, answers=applier.answers, check=check
        ):
            raise self._failure()

    def _probe(self, plan: Plan) -> None:
        if plan.url is None:
            return
        self._answer = answered(self._world, plan.url + plan.health_path, check=self._turn.check)
        if not self._answer.ok:
            raise self._failure()

    def _failure(self) -> FailedError:
        # Imported where something failed, since most runs need none of it: 23 of 390 ms (python -X importtime).
        from .evidence import explain

        diagnosis = explain(
            self._world,
            self._place,
            self._progress.current,
            answer=self._answer,
            leaving=self._leaving,
            private=self._private,
        ).as_dict()
        return FailedError(str(diagnosis["message"]), diagnosis=diagnosis)

    def _end(
        self, record: Record, applier: Applier, plan: Plan, status: Outcome, diagnosis: Mapping[str, Any] | None
    ) -> Preview:
        self._turn.check()
        now = self._world.clock.now()
        steps = tuple(self._progress.steps)
        ready = status == "ready"
        try:
            record.update(
                now,
                phase=READY if ready else FAILED,
                url=plan.url,
                ready_at=timestamp(now) if ready else record.status.ready_at,
                expires_at=timestamp(now + timedelta(seconds=plan.expiry_seconds)),
                phases=steps,
                diagnosis=diagnosis,
            )
        except ClusterError:
            # What failed first is what the user must read, even if it cannot be put on record.
            if ready:
                raise
        return Preview(
            status=status,
            namespace=self._place,
            url=plan.url,
            changed=applier.changed,
            phases=steps,
            diagnosis=diagnosis,
            changes=tuple(applier.changes),
            quota=plan.quota.hard(),
        )


def _applier(world: World, place: str, seen: Survey, *, mode: Mode) -> Applier:
    return Applier(world.cluster, namespace=place, existing=seen.existing, pool=world.pool, mode=mode)


def _look(world: World, platform: Platform, request: Request) -> Survey:
    return survey(world.cluster, identity=request.identity, platform_namespace=platform.namespace, pool=world.pool)
