# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`databases`: the kinds that there are, their versions, and what one is when it is only switched on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from .declaration import declared
from .fields import Choice, Rule, Schema
from .quantities import GIB, format_bytes
from .reading import Path, Reading, kind_of
from .rules import FLAG, REPOSITORY_PATH, STORAGE
from .shapes import Record


@dataclass(frozen=True, kw_only=True)
class Database:
    """One database of an environment.

    :param kind: one of KINDS.
    :param version: as `preview_images` of the inventory calls it.
    :param storage_bytes: size of its volume; None keeps the data in memory (Redis without `storage`).
    :param seed: file of the repository that is loaded into the empty database.
    """

    kind: str
    version: str
    storage_bytes: int | None
    seed: str | None = None


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What a kind of database may be.

    :param default: version where the configuration names none.
    :param storage_bytes: of its volume where the configuration says nothing.
    """

    versions: tuple[str, ...]
    default: str
    storage_bytes: int | None = GIB


KINDS: Final[Mapping[str, Kind]] = {
    # Debian 12 has 15: the sandbox, built from its packages, then serves `postgresql: true` as a real server does.
    "postgresql": Kind(versions=("14", "15", "16", "17", "18"), default="15"),
    "mariadb": Kind(versions=("10.6", "10.11", "11.4", "11.8"), default="11.4"),
    "mongodb": Kind(versions=("6.0", "7.0", "8.0"), default="8.0"),
    "redis": Kind(versions=("6.2", "7.0", "7.2", "7.4", "8.0"), default="7.2", storage_bytes=None),
    # The servers that speak S3 have no versions in common; this one stands for the API.
    "s3": Kind(versions=("1",), default="1"),
}

ALIASES: Final = {"minio": "s3"}


@dataclass(frozen=True, kw_only=True)
class _Written:
    enabled: bool = declared(FLAG, about="Off with false, as if the database were not there", default=True)
    version: str | None = declared(Choice(), about="Version, in quotes", default=None)
    storage: int | None = declared(STORAGE, about="Size of its volume, such as 1Gi", default=None)
    seed: str | None = declared(
        REPOSITORY_PATH, about="File of the repository that is loaded into the empty database", default=None
    )


class DatabaseRule(Rule[Database | None]):
    """`true`, `false` or an object; None where it is off."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._kind = KINDS[name]
        self._object = Record(_Written, version=Choice(*self._kind.versions))

    def accept(self, value: object, path: Path, reading: Reading) -> Database | None:
        """See :meth:`Rule.accept`."""
        match value:
            case bool():
                written = _Written(enabled=value)
            case Mapping():
                written = self._object.accept(value, path, reading)
            case _:
                keys = ", ".join(key.name for key in self._object.keys)
                shown = reading.shown(path, value)
                reading.reject(path, f"is {shown}; must be true, false or a mapping of {keys}")
        self._fits(written.storage, path, reading)
        if not written.enabled:
            return None
        return Database(
            kind=self._name,
            version=written.version or self._kind.default,
            storage_bytes=written.storage or self._kind.storage_bytes,
            seed=written.seed,
        )

    def write(self, value: Database | None) -> dict[str, Any]:
        """See :meth:`Rule.write`."""
        if value is None:
            return {"enabled": False}
        return self._object.write(_Written(version=value.version, storage=value.storage_bytes, seed=value.seed))

    def schema(self) -> Schema:
        """See :meth:`Rule.schema`."""
        return {"anyOf": [FLAG.schema(), self._object.schema()]}

    def _fits(self, storage: int | None, path: Path, reading: Reading) -> None:
        least, most = reading.limits.claim_min_bytes, reading.limits.claim_max_bytes
        if storage is not None and not least <= storage <= most:
            reading.fault(
                (*path, "storage"),
                f"is {format_bytes(storage)}; must be from {format_bytes(least)} to {format_bytes(most)} (LimitRange)",
            )


@dataclass(frozen=True, kw_only=True)
class _Databases:
    postgresql: Database | None = declared(DatabaseRule("postgresql"), about="PostgreSQL", default=None)
    mariadb: Database | None = declared(DatabaseRule("mariadb"), about="MariaDB", default=None)
    mongodb: Database | None = declared(DatabaseRule("mongodb"), about="MongoDB", default=None)
    redis: Database | None = declared(DatabaseRule("redis"), about="Redis; keeps data only with storage", default=None)
    s3: Database | None = declared(DatabaseRule("s3"), about="Object storage with the S3 API", default=None)
    minio: Database | None = declared(DatabaseRule("s3"), about="Another name of s3", default=None)


class DatabasesRule(Rule[dict[str, Database]]):
    """The enabled databases by kind."""

    _WRITTEN: Final = Record(_Databases, other_names={"mysql": "mariadb", "pg": "postgresql", "valkey": "redis"})

    def accept(self, value: object, path: Path, reading: Reading) -> dict[str, Database]:
        """See :meth:`Rule.accept`."""
        if not isinstance(value, Mapping):
            reading.reject(path, f"is {kind_of(value)}; must be a mapping such as postgresql: true")
        written = self._WRITTEN.accept(value, path, reading)
        if "s3" in value and "minio" in value:
            reading.fault((*path, "minio"), "is another name of s3, which is there too; keep one of them")
        found = {key.field: getattr(written, key.field) for key in self._WRITTEN.keys}
        return {ALIASES.get(name, name): database for name, database in found.items() if database is not None}

    def write(self, value: dict[str, Database]) -> dict[str, Any]:
        """See :meth:`Rule.write`."""
        return {kind: DatabaseRule(kind).write(database) for kind, database in value.items()}

    def schema(self) -> Schema:
        """See :meth:`Rule.schema`."""
        return self._WRITTEN.schema()
