# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of the variables that an application is given; a configuration may not set them itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from .reading import Path, Reading

GIVEN: Final = ("PORT", "PR_NUMBER", "COMMIT_SHA", "BRANCH_NAME", "APP_VERSION", "PREVIEW_URL")
"""Given to every application."""

_S3: Final = ("ENDPOINT", "ACCESS_KEY", "SECRET_KEY", "BUCKET")

GIVEN_BY_DATABASE: Final[Mapping[str, tuple[str, ...]]] = {
    "postgresql": ("DATABASE_URL", "PGHOST", "PGPORT", "PGDATABASE", "PGUSER", "PGPASSWORD"),
    "mariadb": ("MYSQL_URL", "MYSQL_HOST", "MYSQL_PORT", "MYSQL_DATABASE", "MYSQL_USER", "MYSQL_PASSWORD"),
    "mongodb": ("MONGODB_URL", "MONGODB_DATABASE"),
    "redis": ("REDIS_URL", "REDIS_HOST", "REDIS_PORT", "REDIS_PASSWORD"),
    "s3": tuple(f"{prefix}_{name}" for prefix in ("S3", "MINIO") for name in _S3),
}
"""Given besides, by each database that is enabled."""


def reserved(kinds: Iterable[str]) -> dict[str, str]:
    """Reserved names with who sets them, for an environment with databases of these kinds.

    A name that only a database not enabled would set is free: an application may talk to one elsewhere.
    """
    names = dict.fromkeys(GIVEN, "the platform sets it")
    for kind in kinds:
        names |= dict.fromkeys(GIVEN_BY_DATABASE[kind], f"databases.{kind} sets it")
    return names


def check_names(
    taken: Mapping[str, str], env: Iterable[str], secrets: Iterable[str], path: Path, reading: Reading
) -> None:
    """Note variables and secrets of reserved names, and names that are both.

    :param path: of what has `env` and `secrets`.
    """
    env = tuple(env)
    for name in env:
        if name in taken:
            reading.fault((*path, "env", name), f"is reserved: {taken[name]}; choose another name")
    for name in secrets:
        if name in taken:
            reading.fault((*path, "secrets"), f"{name} is reserved: {taken[name]}; choose another name")
        elif name in env:
            reading.fault((*path, "secrets"), f"{name} is in env too; keep one of them")
