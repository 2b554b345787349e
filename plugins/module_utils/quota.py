# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a configuration needs, part by part, and the ResourceQuota that lets exactly that start."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from typing import Final, Self

from .config import Config
from .databases import Database
from .errors import RefusedError
from .limits import DEFAULT_LIMITS, RangeLimits
from .quantities import MIB, format_bytes, format_cpu
from .resources import Amounts, Resources
from .sizes import DATABASE_SIZES, NOTHING, share

HEADROOM_PERCENT: Final = 15
"""Added to the sum of limits: room for what starts before its predecessor is quite gone."""


@dataclass(frozen=True, kw_only=True)
class Quota:
    """Amounts of a ResourceQuota: millicores, bytes, numbers of objects."""

    cpu_request_millis: int = 0
    cpu_limit_millis: int = 0
    memory_request_bytes: int = 0
    memory_limit_bytes: int = 0
    storage_bytes: int = 0
    pods: int = 0
    persistent_volume_claims: int = 0
    services: int = 0
    secrets: int = 0
    config_maps: int = 0

    @classmethod
    def total(cls, parts: Iterable[Quota]) -> Self:
        """The sum of all."""
        kept = tuple(parts)
        return cls(**{field.name: sum(getattr(part, field.name) for part in kept) for field in fields(Quota)})

    def hard(self) -> dict[str, str]:
        """``spec.hard`` of the ResourceQuota."""
        return {
            "requests.cpu": format_cpu(self.cpu_request_millis),
            "limits.cpu": format_cpu(self.cpu_limit_millis),
            "requests.memory": format_bytes(self.memory_request_bytes),
            "limits.memory": format_bytes(self.memory_limit_bytes),
            "requests.storage": format_bytes(self.storage_bytes),
            "pods": str(self.pods),
            "persistentvolumeclaims": str(self.persistent_volume_claims),
            "services": str(self.services),
            "secrets": str(self.secrets),
            "configmaps": str(self.config_maps),
        }


@dataclass(frozen=True, kw_only=True)
class Part(Quota):
    """One part of an environment and what it needs; ``name`` is as the configuration calls it."""

    name: str


def required(config: Config, *, limits: RangeLimits = DEFAULT_LIMITS) -> Quota:
    """The quota in which everything declared starts, a rolling update and the largest Job included.

    Limits have HEADROOM_PERCENT more than the sum, requests have not: they are what a node must have.
    """
    need = Quota.total(breakdown(config, limits=limits))
    return Quota(
        cpu_request_millis=need.cpu_request_millis,
        cpu_limit_millis=_with_headroom(need.cpu_limit_millis),
        memory_request_bytes=need.memory_request_bytes,
        # Whole Mi, as people write them.
        memory_limit_bytes=_with_headroom(need.memory_limit_bytes // MIB + bool(need.memory_limit_bytes % MIB)) * MIB,
        storage_bytes=need.storage_bytes,
        pods=need.pods,
        persistent_volume_claims=need.persistent_volume_claims,
        services=need.services,
        secrets=need.secrets,
        config_maps=need.config_maps,
    )


def breakdown(config: Config, *, limits: RangeLimits = DEFAULT_LIMITS) -> tuple[Part, ...]:
    """The parts that add up to the need, before headroom.

    A database with volume counts the whole volume; the extra pod of a rolling update is as large as the largest of
    application and services, which roll one after the other; so is the largest Job, since Jobs run one after the other.
    """
    app = share(config.resources)
    parts = [_part("app", app, pods=config.app.replicas, services=1)]
    surge = app
    for name, service in config.services.items():
        needs = share(service.resources)
        surge = surge.most(needs)
        parts.append(_part(f"services.{name}", needs, pods=service.replicas, services=int(service.port is not None)))
    parts.extend(_database(database) for database in config.databases.values())
    parts.append(_part("rolling update", surge, pods=1))
    job = NOTHING
    for needs in _jobs(config, app, limits):
        job = job.most(needs)
    if job != NOTHING:
        parts.append(_part("largest Job", job, pods=1))
    return (*parts, OBJECTS)


OBJECTS: Final = Part(
    name="namespace",
    # The application's variables and a registry's pull secret; two spare for what a cluster adds to each namespace.
    secrets=2 + 2,
    # kube-root-ca.crt, which every namespace gets, and the engine's applyset; two spare.
    config_maps=2 + 2,
)
"""Objects that every environment has, whatever it declares."""


def _jobs(config: Config, app: Resources, limits: RangeLimits) -> Iterator[Resources]:
    if config.hooks.migrate or config.hooks.seed:
        yield app
    if any(database.seed for database in config.databases.values()):
        # Its container names no amounts, so the LimitRange does.
        default = Amounts(cpu_millis=limits.default_cpu_millis, memory_bytes=limits.default_memory_bytes)
        yield Resources(requests=default, limits=default)


def _database(database: Database) -> Part:
    return _part(
        f"databases.{database.kind}",
        DATABASE_SIZES[database.kind],
        pods=1,
        services=1,
        storage_bytes=database.storage_bytes or 0,
        persistent_volume_claims=int(database.storage_bytes is not None),
        secrets=1,
        config_maps=1,
    )


def _part(name: str, one: Resources, *, pods: int, **counted: int) -> Part:
    return Part(
        name=name,
        cpu_request_millis=one.requests.cpu_millis * pods,
        cpu_limit_millis=one.limits.cpu_millis * pods,
        memory_request_bytes=one.requests.memory_bytes * pods,
        memory_limit_bytes=one.limits.memory_bytes * pods,
        pods=pods,
        **counted,
    )


def _with_headroom(amount: int) -> int:
    return -(-amount * (100 + HEADROOM_PERCENT) // 100)


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """What a node can give to pods; 0 storage where it is not known."""

    cpu_millis: int
    memory_bytes: int
    storage_bytes: int


def refuse_unfit(config: Config, quota: Quota, node: Capacity | None, *, limits: RangeLimits = DEFAULT_LIMITS) -> None:
    """Refuse what could not start: above its quota, above what one container may have, above the node.

    CPU limits may exceed the node, since they are shares of time; memory limits may not, since the kernel would kill.

    :param node: None where the capacity is not known; then only the quota counts.
    :raises RefusedError: with the sum of each amount that does not fit.
    """
    parts = breakdown(config, limits=limits)
    bounds: list[tuple[str, str, Callable[[int], str], int, str]] = [
        ("CPU requests", "cpu_request_millis", _millis, quota.cpu_request_millis, "quota"),
        ("CPU limits", "cpu_limit_millis", _millis, quota.cpu_limit_millis, "quota"),
        ("memory requests", "memory_request_bytes", _mebibytes, quota.memory_request_bytes, "quota"),
        ("memory limits", "memory_limit_bytes", _mebibytes, quota.memory_limit_bytes, "quota"),
        ("storage", "storage_bytes", _mebibytes, quota.storage_bytes, "quota"),
        ("pods", "pods", str, quota.pods, "quota"),
    ]
    if node is not None:
        bounds += [
            ("CPU requests", "cpu_request_millis", _millis, node.cpu_millis, "node"),
            ("memory requests", "memory_request_bytes", _mebibytes, node.memory_bytes, "node"),
            ("memory limits", "memory_limit_bytes", _mebibytes, node.memory_bytes, "node"),
        ]
        if node.storage_bytes:
            bounds.append(("storage", "storage_bytes", _mebibytes, node.storage_bytes, "node"))
    unfit = [
        f"{what}: {_sum(parts, field, form)}, the {whose} has {form(bound)}"
        for what, field, form, bound, whose in bounds
        if sum(getattr(part, field) for part in parts) > bound
    ]
    unfit += _above_limit_range(config, limits)
    if unfit:
        raise RefusedError(
            f"{config.project_id} does not fit; {'; '.join(unfit)}; lower resources or replicas, or do without a "
            "database or service"
        )


def _sum(parts: Iterable[Part], field: str, form: Callable[[int], str]) -> str:
    held = [(part.name, getattr(part, field)) for part in parts if getattr(part, field)]
    return f"{' + '.join(f'{name} {form(amount)}' for name, amount in held)} = {form(sum(a for _, a in held))}"


def _above_limit_range(config: Config, limits: RangeLimits) -> Iterator[str]:
    containers = {"app": config.resources}
    containers |= {f"services.{name}": service.resources for name, service in config.services.items()}
    containers |= {f"databases.{kind}": DATABASE_SIZES[kind] for kind in config.databases}
    for name, needs in containers.items():
        if needs.limits.cpu_millis > limits.container_cpu_millis:
            yield f"CPU limit: {name} {_millis(needs.limits.cpu_millis)}, a container may have " + _millis(
                limits.container_cpu_millis
            )
        if needs.limits.memory_bytes > limits.container_memory_bytes:
            yield f"memory limit: {name} {_mebibytes(needs.limits.memory_bytes)}, a container may have " + _mebibytes(
                limits.container_memory_bytes
            )


def _millis(amount: int) -> str:
    return f"{amount}m"


def _mebibytes(amount: int) -> str:
    return f"{amount // MIB}Mi"


__all__ = ["DATABASE_SIZES", "Capacity", "Part", "Quota", "RangeLimits", "breakdown", "refuse_unfit", "required"]
