# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the environment tells the board about itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All of it, from variables that the platform gives to every application.

    :param pull_request: empty outside of a preview.
    :param database: whether there is one; its address is for libpq to read (``PGHOST`` and so on).
    :param fail: a fault to show on purpose, ``health`` or ``crash``; none when empty.
    """

    port: int = 8080
    pull_request: str = ""
    commit: str = ""
    branch: str = ""
    version: str = ""
    url: str = ""
    database: bool = False
    fail: Literal["", "health", "crash"] = ""

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Settings:
        """From the process' environment.

        :raises ValueError: naming the variable, its value and what it may be.
        """
        port = environment.get("PORT", "8080")
        if not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
            raise ValueError(f"PORT is {port!r}; it must be a number from 1 to 65535")
        fail = environment.get("DEMO_FAIL", "")
        if fail not in ("", "health", "crash"):
            raise ValueError(f"DEMO_FAIL is {fail!r}; it must be health, crash or empty")
        return cls(
            port=int(port),
            pull_request=environment.get("PR_NUMBER", ""),
            commit=environment.get("COMMIT_SHA", ""),
            branch=environment.get("BRANCH_NAME", ""),
            version=environment.get("APP_VERSION", ""),
            url=environment.get("PREVIEW_URL", ""),
            database=bool(environment.get("PGHOST")),
            fail=fail,
        )
