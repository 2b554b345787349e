# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong with requests to an API server, and which requests it happens to."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

TOO_OLD = json.dumps(
    {
        "type": "ERROR",
        "object": {
            "kind": "Status",
            "apiVersion": "v1",
            "status": "Failure",
            "message": "too old resource version: 1 (2)",
            "reason": "Expired",
            "code": 410,
        },
    }
).encode()
"""What a watch is told whose resource version the API server no longer has."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request."""

    method: str
    path: str
    is_watch: bool


Where = Callable[[Asked], bool]


def everything(_: Asked) -> bool:
    """All requests."""
    return True


def writes(asked: Asked) -> bool:
    """All that may change something."""
    return asked.method != "GET"


def watches(asked: Asked) -> bool:
    """All watches."""
    return asked.is_watch


@dataclass(frozen=True, kw_only=True)
class Refused:
    """An answer of this status in place of the API server's, perhaps with ``Retry-After`` in seconds."""

    status: int
    retry_after: int | None = None


@dataclass(frozen=True)
class HungUp:
    """The connection is closed without a word."""


@dataclass(frozen=True, kw_only=True)
class Late:
    """The request is passed on only after a while."""

    seconds: float


@dataclass(frozen=True, kw_only=True)
class Cut:
    """A watch ends after so many events or so long; ``too_old`` closes it with :data:`TOO_OLD`."""

    events: int | None = None
    seconds: float | None = None
    too_old: bool = False


Fault = Refused | HungUp | Late | Cut


class Strikes:
    """A fault that is switched on; ``count`` says how many requests have met it."""

    def __init__(self, fault: Fault, where: Where) -> None:
        self.fault, self.where, self.count = fault, where, 0
