# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of a run that holds the turn: record, admit, guard rails, data, app, probe, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from .apply import MAKE_PODS, Applier
from .clock import timestamp
from .departure import is_leaving, see_it_gone
from .environment import Platform, World
from .errors import CancelledError, ClusterError, FailedError, SupersededError
from .lease import Turn
from .objects import Manifest
from .ownership import is_of
from .plan import Plan, asker, look, make, refuse_occupied
from .ports import Answer
from .progress import Outcome, Preview, Progress, undiagnosed
from .record import DEPLOYING, FAILED, READY, Record, Request, spec_of
from .rollout import answered, rolled_out
from .survey import Survey
from .widening import widened


class Deployment:
    """One run that holds the turn.

    :param world: one whose writes ask for the turn first.
    :param config: the normalised configuration.
    """

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
        self._notes: tuple[str, ...] = ()

    def run(self, plan: Plan, planned_on: Survey) -> Preview:
        """All phases after the plan; the wait for the turn counts to phase record.

        :param planned_on: what had been seen when the plan was made.
        """
        world, progress = self._world, self._progress
        # Asked again under the turn: the run before us may have changed all of it.
        seen = look(world, self._platform, self._request)
        refuse_occupied(self._request, seen)
        if not is_of(seen.record.found, asker(self._request)):
            seen.record.clear()
        if (seen.record.status.sequence or 0) > self._request.sequence:
            raise SupersededError(f"{self._place}: sequence {seen.record.status.sequence} has already been deployed")
        if is_leaving(seen.namespace):
            self._notes = see_it_gone(world, self._place, check=self._turn.check)
            seen = look(world, self._platform, self._request)
        if _objects(seen) != _objects(planned_on):
            plan = make(world, self._platform, self._request, self._config, seen)
        self._private = plan.private
        record = seen.record
        applier = Applier(world.cluster, namespace=self._place, existing=seen.existing, pool=world.pool)
        progress.changed = lambda: applier.changed
        rails = widened(plan.guardrails[1:], seen.existing)
        coming = (*plan.guardrails, *plan.data, *plan.app)
        self._leaving = frozenset(named.name for named in applier.leaving(coming) if named.kind in MAKE_PODS)
        try:
            self._record(record, plan, seen)
            progress.end()
            progress.entered = lambda name: record.update(world.clock.now(), step=name)
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
        self._progress.end()
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
            notes=self._notes,
        )


def _objects(seen: Survey) -> set[str]:
    """Which objects were there: others than before ask for another plan."""
    return {manifest["metadata"]["uid"] for manifest in seen.existing.values()}
