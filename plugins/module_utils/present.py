# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of an environment into being, or to its newest commit: plan, record, admit, guard rails, data, app, probe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .apply import Applier
from .departure import vacated
from .deployment import Deployment
from .environment import Platform, World
from .errors import PreviewError
from .lease import Turn
from .objects import Ref
from .plan import look, make, refuse_occupied
from .progress import Preview, Progress, ended_early
from .record import Request


def check(world: World, platform: Platform, request: Request, config: Mapping[str, Any]) -> Preview:
    """What :func:`present` would do, without doing any of it.

    Where the namespace is there, the API server judges each object (dry run); before that, the difference is local.
    """
    progress = Progress(world.clock)
    place = request.identity.namespace
    try:
        with progress.phase("plan"):
            seen = look(world, platform, request)
            refuse_occupied(request, seen)
            seen = vacated(seen)
            plan = make(world, platform, request, config, seen)
        applier = Applier(
            world.cluster,
            namespace=place,
            existing=seen.existing,
            pool=world.pool,
            mode="local" if seen.namespace is None else "server",
        )
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
        processes=world.processes,
    )
    try:
        with progress.phase("plan"):
            seen = look(world, platform, request)
            refuse_occupied(request, seen)
            seen = vacated(seen)
            plan = make(world, platform, request, config, seen)
        progress.begin("record")
        with turn:
            held = replace(world, cluster=world.cluster.guarded(turn.check))
            return Deployment(held, platform, request, config, progress, turn).run(plan, seen)
    except PreviewError as error:
        return ended_early(place, progress, error)
