# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the platform does not serve yet: such fields are validated in full, and refused where they ask for something.

A field leaves this file with the change that serves it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from .databases import ALIASES
from .errors import Fault
from .reading import Path, dotted

if TYPE_CHECKING:
    from .config import Config

TEAM, FORK = "team", "fork"
SERVED_DATABASES: Final = ("postgresql",)
SERVED_PROFILES: Final = (TEAM,)
"""Guard rails that exist. Until those for forks do, nothing of a fork is built or deployed, approved or not."""
DEFAULT_SLEEP_SECONDS: Final = 3600
"""A configuration with this asks for nothing: it is what one without `sleep` has."""


def unsupported(config: Config) -> tuple[Fault, ...]:
    """One fault for each field that asks for something not served, with its line where it came from a file.

    The message alone names the field, so that it reads as documented.
    """
    return tuple(
        Fault(field="", message=f"not yet supported: {dotted(path)}", line=_line(config, path))
        for path in _asked(config)
    )


def _asked(config: Config) -> Iterator[Path]:
    if config.secrets:
        yield ("secrets",)
    for kind, database in config.databases.items():
        if kind not in SERVED_DATABASES:
            yield ("databases", kind)
        elif database.seed is not None:
            yield ("databases", kind, "seed")
    if config.hooks.migrate is not None:
        yield ("hooks", "migrate")
    if config.hooks.seed is not None:
        yield ("hooks", "seed")
    if config.ingress.annotations:
        yield ("ingress", "annotations")
    if config.metrics.enabled:
        yield ("metrics", "enabled")
    for name in config.services:
        yield ("services", name)
    for name in ("chart", "kustomize", "manifests"):
        if getattr(config.source, name) is not None:
            yield ("source", name)
    if config.sleep_idle_seconds != DEFAULT_SLEEP_SECONDS:
        yield ("sleep", "idle")


def _line(config: Config, path: Path) -> int | None:
    others = {kind: alias for alias, kind in ALIASES.items()}
    aliased = tuple(others.get(part, part) if isinstance(part, str) else part for part in path)
    spelled = path if path in config.lines else aliased
    for length in range(len(spelled), 0, -1):
        if spelled[:length] in config.lines:
            return config.lines[spelled[:length]]
    return None
