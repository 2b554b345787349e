# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the environments of a project usually take, by their records."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median
from typing import Final

from .objects import Manifest
from .record import READY, Status

TOTAL: Final = "total"


def medians(records: Iterable[Manifest], *, besides: str) -> dict[str, float]:
    """The median seconds of each phase, and of the total, over the newest run of each environment that is ready.

    :param records: those of one project.
    :param besides: name of the environment that is compared with them.
    """
    seconds: dict[str, list[float]] = {}
    for record in records:
        status = Status.parse(record.get("status") or {})
        if record["metadata"]["name"] == besides or status.phase != READY or not status.phases:
            continue
        for step in status.phases:
            seconds.setdefault(step.name, []).append(step.seconds)
        seconds.setdefault(TOTAL, []).append(sum(step.seconds for step in status.phases))
    return {name: median(each) for name, each in seconds.items()}
