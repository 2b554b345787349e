# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one exception family of the core: each message names the thing, its value and the next step.

Only faces (modules, filters) catch these; nothing in the core turns them into output.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class PreviewError(Exception):
    """Base of every failure that a user may see; ``str(error)`` is one clear line."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing wrong with a configuration.

    :param field: dotted path such as ``app.port``; empty for the file as a whole.
    :param message: value, rule and, for an unknown key, the nearest valid one.
    :param line: line in the file, from 1; None where the input was not a file.
    """

    field: str
    message: str
    line: int | None = None

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line is not None else ""
        return f"{where}{self.field}: {self.message}" if self.field else f"{where}{self.message}"


class ConfigError(PreviewError):
    """A configuration was refused; carries every fault found, in the order of the file."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self.faults = faults
        super().__init__("; ".join(str(fault) for fault in faults))


class RefusedError(PreviewError):
    """Nothing was changed: the request does not fit, or concerns what is not ours."""


class SupersededError(PreviewError):
    """A newer run owns this environment; this one gives way."""


class ClusterError(PreviewError):
    """The API server, or the way to it, failed.

    :param status: HTTP status of the answer; 0 where none came.
    :param reason: the API's machine-readable reason, such as ``Forbidden``; empty where none came.
    :param about: the object that was asked for, ``Kind/name``; empty where it was none in particular.
    """

    def __init__(self, message: str, *, status: int = 0, reason: str = "", about: str = "") -> None:
        self.status = status
        self.reason = reason
        self.about = about
        super().__init__(message)


class ForgeError(PreviewError):
    """The forge, or the way to it, failed.

    :param status: HTTP status of the answer; 0 where none came.
    :param passing: whether it heals by itself: the forge is away, or throttles.
    :param unsure: whether the request may have taken effect all the same.
    """

    def __init__(self, message: str, *, status: int = 0, passing: bool = False, unsure: bool = False) -> None:
        self.status = status
        self.passing = passing
        self.unsure = unsure
        super().__init__(message)


class FailedError(PreviewError):
    """A phase did not reach its goal; ``diagnosis`` says why, in the shape of ``preview.diagnosis``."""

    def __init__(self, message: str, *, diagnosis: Mapping[str, Any]) -> None:
        self.diagnosis = diagnosis
        super().__init__(message)


class CancelledError(PreviewError):
    """Somebody asked this run to stop (SIGTERM); what it did so far stays, and is on record."""
