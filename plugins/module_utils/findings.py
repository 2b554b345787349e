# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cause says once it has been recognised."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .suspects import Suspect


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One recognised cause.

    :param reason: a stable CamelCase word for programs.
    :param message: what happened, with the object and its value, in one line.
    :param hint: the next step of a developer who cannot reach the cluster; where only the platform's maintainer can
        help, it says so.
    """

    reason: str
    message: str
    hint: str


# A cause looks at one suspect and says nothing where it does not apply.
Cause = Callable[[Suspect], Finding | None]

MAINTAINER = "this is not the repository's fault: show this message to the platform's maintainer"


def one_line(text: str, limit: int = 400) -> str:
    """A message from the cluster in one line of at most ``limit`` characters."""
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 3]}..."


def what(suspect: Suspect) -> str:
    """The object in words; a container is named where it is not the one that the pod is for."""
    container = suspect.container.get("name", "")
    labels = suspect.object["metadata"].get("labels") or {}
    if not container or (container == labels.get("app.kubernetes.io/name") and not suspect.is_init):
        return suspect.name
    return f"{'init container' if suspect.is_init else 'container'} {container} of {suspect.name}"
