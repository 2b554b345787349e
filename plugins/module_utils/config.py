# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`k8s-ee.yaml` as frozen dataclasses: each field declares its rule, from which reading, writing and schema follow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from .application import IMAGE, RESOURCES, SERVICES, App, Image, Service
from .databases import ALIASES, KINDS, Database, DatabasesRule
from .declaration import declared, keys_of
from .document import read
from .errors import Fault
from .ingress import Ingress
from .limits import DEFAULT_LIMITS, RangeLimits
from .reading import Path, Reading, Rejected, stays_inside
from .resources import DEFAULT_RESOURCES, Amounts, Resources
from .rules import COMMAND, ENV, EXPIRY, FLAG, METRICS_INTERVAL, PROJECT_ID, REPOSITORY_PATH, SECRETS, SLEEP, TRIGGER
from .shapes import Record
from .support import unsupported
from .variables import check_names, reserved


@dataclass(frozen=True, kw_only=True)
class Hooks:
    """Commands that run as Jobs in the application's image before it gets traffic."""

    migrate: tuple[str, ...] | None = declared(COMMAND, about="Brings the databases to this commit", default=None)
    seed: tuple[str, ...] | None = declared(COMMAND, about="Fills them, after migrate", default=None)


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """Whether and how often Prometheus asks the application for metrics."""

    enabled: bool = declared(FLAG, about="Whether metrics are collected from metricsPath", default=False)
    interval_seconds: int = declared(METRICS_INTERVAL, name="interval", about="Time between two", default=30)


@dataclass(frozen=True, kw_only=True)
class Source:
    """The repository's own deployment in place of ours; paths inside the repository, one at most."""

    chart: str | None = declared(REPOSITORY_PATH, about="Directory of a Helm chart", default=None)
    kustomize: str | None = declared(REPOSITORY_PATH, about="Directory of a kustomization", default=None)
    manifests: str | None = declared(REPOSITORY_PATH, about="File or directory of manifests", default=None)

    def check(self, path: Path, reading: Reading) -> None:
        """Note more or less than one."""
        written = [name for name in ("chart", "kustomize", "manifests") if getattr(self, name) is not None]
        if len(written) > 1:
            reading.fault(path, f"has {' and '.join(written)}; keep one")
        elif not written and not reading.faulty(path):
            reading.fault(path, "is empty; write one of chart, kustomize, manifests, or remove it")


@dataclass(frozen=True, kw_only=True)
class _Expiry:
    idle: int = declared(EXPIRY, about="Time without a push after which the environment goes", default=3 * 86400)


@dataclass(frozen=True, kw_only=True)
class _Sleep:
    idle: int = declared(SLEEP, about="Time without a request after which it sleeps", default=3600)


@dataclass(frozen=True, kw_only=True)
class Config:
    """One configuration, valid in itself.

    :param databases: the enabled ones only, by kind (postgresql, mariadb, mongodb, redis, s3).
    :param lines: line of each key of the file it came from; empty where it came from a mapping.
    """

    project_id: str = declared(PROJECT_ID, about="Name of the project, first part of namespace and host")
    trigger: str = declared(TRIGGER, about="What deploys: each push, a label, or a comment", default="automatic")
    app: App = declared(Record(App), about="The application", default=App)
    image: Image = declared(IMAGE, about="Its image", default=Image)
    resources: Resources = declared(RESOURCES, about="What its container asks for", default=DEFAULT_RESOURCES)
    env: Mapping[str, str] = declared(ENV, about="Variables", default=dict, shown=False)
    secrets: tuple[str, ...] = declared(SECRETS, about="Names of project secrets, given as variables", default=())
    databases: Mapping[str, Database] = declared(DatabasesRule(), about="Databases of its own", default=dict)
    hooks: Hooks = declared(Record(Hooks), about="Commands before the application gets traffic", default=Hooks)
    ingress: Ingress = declared(Record(Ingress), about="How it is reached from outside", default=Ingress)
    metrics: Metrics = declared(Record(Metrics), about="Metrics of the application", default=Metrics)
    services: Mapping[str, Service] = declared(SERVICES, about="Further services and workers", default=dict)
    source: Source = declared(
        Record(Source, check=Source.check), about="The repository's own deployment in place of ours", default=Source
    )
    expiry: _Expiry = declared(Record(_Expiry), about="When the environment goes by itself", default=_Expiry)
    sleep: _Sleep = declared(Record(_Sleep), about="When it sleeps", default=_Sleep)
    lines: Mapping[Path, int] = field(default_factory=dict, compare=False, repr=False)

    @property
    def expiry_idle_seconds(self) -> int:
        """Time without a push after which the environment goes."""
        return self.expiry.idle

    @property
    def sleep_idle_seconds(self) -> int:
        """Time without a request after which the environment sleeps."""
        return self.sleep.idle

    @classmethod
    def load(
        cls,
        raw: bytes,
        *,
        limits: RangeLimits = DEFAULT_LIMITS,
        leads_out: Callable[[str], bool] = stays_inside,
    ) -> Config:
        """The configuration in the bytes of a file.

        :param limits: of the namespace it is for.
        :param leads_out: whether a path of the repository, links followed, ends outside of the repository.
        :raises ConfigError: with every fault, each with its line.
        """
        reading = Reading(limits=limits, leads_out=leads_out)
        return replace(_read(read(raw, reading), reading), lines=reading.lines)

    @classmethod
    def parse(cls, tree: Mapping[str, Any], *, limits: RangeLimits = DEFAULT_LIMITS) -> Config:
        """The configuration in a mapping, such as a normalised one.

        :raises ConfigError: with every fault, without lines.
        """
        return _read(tree, Reading(limits=limits))

    def normalised(self) -> dict[str, Any]:
        """A complete document in JSON types, defaults filled in; parsing it gives an equal configuration."""
        document = ROOT.write(self)
        if not document["source"]:
            del document["source"]
        return document

    def unsupported(self) -> tuple[Fault, ...]:
        """Fields that ask for something which is not served yet, each "not yet supported: <field>"."""
        return unsupported(self)


def _read(tree: object, reading: Reading) -> Config:
    try:
        config = ROOT.read(tree, (), reading)
    except Rejected:
        reading.finish()
        raise
    reading.finish()
    return config


def _check(config: Config, path: Path, reading: Reading) -> None:
    taken = reserved(config.databases)
    check_names(taken, config.env, config.secrets, path, reading)
    for name, service in config.services.items():
        check_names(taken, service.env, service.secrets, (*path, "services", name), reading)


def _elsewhere() -> dict[str, str]:
    """Where a key belongs that somebody wrote at the top: `port` to `app.port`, unless several places have it."""
    places: dict[str, list[str]] = {}
    for key in keys_of(Config, {}):
        if isinstance(key.rule, Record):
            for below in key.rule.keys:
                places.setdefault(below.name.lower(), []).append(f"{key.name}.{below.name}")
    places |= {kind: [f"databases.{kind}"] for kind in (*KINDS, *ALIASES)}
    return {name: found[0] for name, found in places.items() if len(found) == 1}


ROOT: Final = Record(Config, check=_check, other_names=_elsewhere())
"""The rule of the whole document."""

__all__ = [
    "ROOT",
    "Amounts",
    "App",
    "Config",
    "Database",
    "Hooks",
    "Image",
    "Ingress",
    "Metrics",
    "Resources",
    "Service",
    "Source",
]
