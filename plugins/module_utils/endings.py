# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a container ended, in words: what a number alone does not tell a reader."""

from __future__ import annotations

from .suspects import Suspect

ENDED_BEFORE_START = ("StartError", "ContainerCannotRun")

# Above 128 it is 128 plus the signal.
_EXIT_CODES = {
    126: "the command could not be executed",
    127: "the command was not found",
    134: "it aborted (SIGABRT)",
    137: "it was killed (SIGKILL)",
    139: "it crashed (SIGSEGV)",
    143: "it was told to stop (SIGTERM)",
}


def has_crashed(suspect: Suspect) -> bool:
    """Whether a process of it ran, and ended."""
    return bool(suspect.terminated) and suspect.terminated.get("reason") not in ENDED_BEFORE_START


def application_has_crashed(suspect: Suspect) -> bool:
    """The same, of what the repository can mend: what a database writes about files and ports is not."""
    return has_crashed(suspect) and not suspect.is_database


def ending(suspect: Suspect) -> str:
    """Exit code, what it means, and how often it was restarted; goes on from the object's name."""
    code = suspect.exit_code
    times = suspect.status.get("restartCount", 0)
    known = _EXIT_CODES.get(code if code is not None else -1)
    meaning = f" ({known})" if known else ""
    again = f" and was restarted {times} time{'s' if times != 1 else ''}" if times else ""
    return f"ended with exit code {code}{meaning}{again}"
