# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that an environment will consist of, decided before anything of it is touched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from .apply import parent
from .charts import RenderContext, render_app, render_databases
from .clock import timestamp
from .config import Config
from .credentials import secrets_for
from .egress import except_list
from .environment import Platform, World
from .errors import ConfigError, RefusedError
from .guardrails import render as render_guardrails
from .image_reference import refuse_malformed
from .immutables import refuse_other_volumes
from .names import labels
from .network_policies import PodSelector
from .objects import Manifest, Ref, stamp
from .ownership import Owner, refuse_foreign
from .quota import Quota, refuse_unfit, required
from .record import Request, config_hash
from .support import SERVED_PROFILES, TEAM
from .survey import Survey, survey

# Shorter values, such as a port or "true", would blot out half of a log.
_SHORTEST_SECRET: Final = 8


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What will be applied, by phase.

    :param guardrails: the Namespace first.
    :param credentials: created where absent, never rewritten.
    :param url: None without ingress.
    :param health_path: where the application says that it is well.
    :param private: values of the configuration's variables that are long enough to be secrets; no log shows them.
    """

    guardrails: tuple[Manifest, ...]
    credentials: tuple[Manifest, ...]
    data: tuple[Manifest, ...]
    app: tuple[Manifest, ...]
    url: str | None
    health_path: str
    expiry_seconds: int
    quota: Quota
    private: tuple[str, ...] = field(default=(), repr=False)


def look(world: World, platform: Platform, request: Request) -> Survey:
    """What must be known of the cluster before anything is decided."""
    return survey(world.cluster, identity=request.identity, platform_namespace=platform.namespace, pool=world.pool)


def make(world: World, platform: Platform, request: Request, tree: Mapping[str, Any], seen: Survey) -> Plan:
    """Decide, from what is asked and what is there.

    :param tree: the normalised configuration.
    :raises RefusedError: where it asks for what is not served yet, does not fit or cannot change, names no image, or
        the namespace is not ours.
    :raises ConfigError: where the configuration is not valid.
    """
    config = Config.parse(tree, limits=platform.limits)
    if unserved := config.unsupported():
        raise ConfigError(unserved)
    if request.profile not in SERVED_PROFILES:
        raise RefusedError(f"not yet supported: profile {request.profile}; use profile {TEAM}")
    refuse_malformed(request.image)
    refuse_occupied(request, seen)
    quota = required(config, limits=platform.limits)
    refuse_unfit(config, quota, seen.capacity, limits=platform.limits)

    place = request.identity.namespace
    own = labels(request.identity, request.repository_id)
    url = platform.url(place) if config.ingress.enabled else None
    context = RenderContext(
        identity=request.identity,
        labels=own,
        image=request.image,
        sha=request.sha,
        branch=request.branch,
        url=url,
        domain=platform.domain,
        images=platform.images,
        storage_class=platform.storage_class,
        ingress_class=platform.ingress_class,
    )
    app_answer = world.pool.submit(render_app, world.helm, platform.charts, config, context)
    data_answer = world.pool.submit(render_databases, world.helm, platform.charts, config, context)
    guardrails = render_guardrails(
        request.identity,
        labels=own,
        annotations=_annotations(request, tree, seen, timestamp(world.clock.now())),
        quota=quota,
        limits=platform.limits,
        ingress_selector=PodSelector.parse(platform.ingress_selector),
        egress_except=except_list(
            nodes=(*seen.node_addresses, *seen.api_addresses),
            pod_cidrs=seen.pod_cidrs,
            service_cidrs=seen.service_cidrs,
            extra=platform.egress_except,
        ),
        app_ports=(config.app.port,) if config.ingress.enabled else (),
    )
    data = tuple(stamp(m, namespace=place, labels=own) for m in data_answer.result())
    refuse_other_volumes(data, seen.existing)
    credentials = secrets_for(config, namespace=place, labels=own, token=world.token)
    return Plan(
        guardrails=(guardrails[0], stamp(parent(place), namespace=place, labels=own), *guardrails[1:]),
        credentials=tuple(credentials),
        data=data,
        app=tuple(stamp(m, namespace=place, labels=own) for m in app_answer.result()),
        url=url,
        health_path=config.app.health_path,
        expiry_seconds=config.expiry.idle,
        quota=quota,
        private=tuple(value for value in config.env.values() if len(value) >= _SHORTEST_SECRET),
    )


def asker(request: Request) -> Owner:
    """Whose request it is."""
    return Owner(repository=request.repository, repository_id=str(request.repository_id))


def refuse_occupied(request: Request, seen: Survey) -> None:
    """Refuse where the place is another repository's, or not ours.

    :raises RefusedError: naming both sides.
    """
    identity = request.identity
    refuse_foreign(
        seen.namespace,
        seen.record.found,
        identity=identity,
        asker=asker(request),
        advice=f"choose another projectId than {identity.project}",
    )


def _annotations(request: Request, tree: Mapping[str, Any], seen: Survey, now: str) -> dict[str, str]:
    namespace = seen.existing.get(Ref("Namespace", request.identity.namespace), {})
    born = namespace.get("metadata", {}).get("annotations", {}).get("k8s-ee/created-at", now)
    return {**request.annotations(), "k8s-ee/created-at": born, "k8s-ee/config-hash": config_hash(tree)}
