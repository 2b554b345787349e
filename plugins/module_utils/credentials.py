# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Credentials of an environment's databases: made once, created where absent, never rewritten.

Each kind of database is one row of :data:`ACCESS`: the keys of its Secret, which has the kind's name, and which
variable of the application takes which key. The Secret alone holds values; charts and pods refer to its keys.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from .config import Config
from .errors import RefusedError
from .objects import Manifest

PASSWORD_CHARACTERS: Final = 32
"""Asked of the token maker; from 64 letters that is 192 bits."""


@dataclass(frozen=True, kw_only=True)
class Access:
    """How a kind of database is reached.

    :param keys: the Secret's values from a password that is safe in URLs.
    :param variables: key of the Secret by the name of the application's variable.
    """

    keys: Callable[[str], dict[str, str]]
    variables: Mapping[str, str]


def _postgresql(password: str) -> dict[str, str]:
    """Role and database are both called `app`; the Service has the name of the kind.

    `postgresql://` and not `postgres://`: every driver takes it, SQLAlchemy only it.
    """
    return {
        "username": "app",
        "password": password,
        "database": "app",
        "host": "postgresql",
        "port": "5432",
        "url": f"postgresql://app:{password}@postgresql:5432/app",
    }


ACCESS: Final[Mapping[str, Access]] = {
    "postgresql": Access(
        keys=_postgresql,
        variables={
            "DATABASE_URL": "url",
            "PGHOST": "host",
            "PGPORT": "port",
            "PGDATABASE": "database",
            "PGUSER": "username",
            "PGPASSWORD": "password",
        },
    ),
}
"""By kind; a kind without a row is not served yet."""


def access(kind: str) -> Access:
    """The row of a kind.

    :raises RefusedError: where there is none.
    """
    try:
        return ACCESS[kind]
    except KeyError:
        raise RefusedError(f"not yet supported: databases.{kind}; served: {', '.join(ACCESS)}") from None


def secret(kind: str, *, namespace: str, labels: Mapping[str, str], token: Callable[[int], str]) -> Manifest:
    """The Secret of a database, with a password of its own.

    :param token: random text of at least so many characters, safe in URLs.
    """
    own = {"app.kubernetes.io/name": kind, "app.kubernetes.io/component": "database"}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": kind, "namespace": namespace, "labels": {**own, **labels}},
        "type": "Opaque",
        "immutable": True,
        "stringData": access(kind).keys(token(PASSWORD_CHARACTERS)),
    }


def secrets_for(
    config: Config, *, namespace: str, labels: Mapping[str, str], token: Callable[[int], str]
) -> tuple[Manifest, ...]:
    """The Secrets of all databases of a configuration, by kind."""
    return tuple(secret(kind, namespace=namespace, labels=labels, token=token) for kind in sorted(config.databases))


def variables(config: Config) -> tuple[dict[str, Any], ...]:
    """What the application is given to reach its databases: variables that refer to the Secrets' keys."""
    return tuple(
        {"name": name, "valueFrom": {"secretKeyRef": {"name": kind, "key": key}}}
        for kind in sorted(config.databases)
        for name, key in access(kind).variables.items()
    )
