# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the process behind a Lease still lives, where that can be told: on its own machine, by its own kernel.

A run that was killed gives nothing back. On another machine only time tells (the Lease expires); on the same one the
next run need not wait for it.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import Protocol

_MARK = re.compile(r"(?P<machine>[0-9a-f]{16})-(?P<pid>\d{1,10})-(?P<started>\d{1,20})")
_PROC = Path("/proc")
# Positions after the program's name, which may hold spaces and brackets (proc_pid_stat(5)).
_STATE, _STARTED = 0, 19
_DEAD = ("Z", "X")


class Processes(Protocol):
    """What the core may know of processes."""

    def here(self) -> str:
        """A mark of this process that no other has, now or later; empty where there is none to be had."""

    def is_gone(self, mark: str) -> bool:
        """Whether the process of a mark has certainly ended; False where that cannot be told."""


class NoProcesses:
    """Knows of none: every Lease is waited for."""

    def here(self) -> str:
        """No mark."""
        return ""

    def is_gone(self, mark: str) -> bool:
        """Cannot be told."""
        return False


class SystemProcesses:
    """Those of this kernel that share our PID namespace."""

    def here(self) -> str:
        """This boot and PID namespace (as a digest), our number in it, and when we were started."""
        try:
            _, started = _stat(os.getpid())
            return f"{_machine()}-{os.getpid()}-{started}"
        except (OSError, ValueError):
            return ""

    def is_gone(self, mark: str) -> bool:
        """By the kernel's word: no such process, a dead one, or a younger one of the same number."""
        found = _MARK.fullmatch(mark)
        try:
            if found is None or found["machine"] != _machine():
                return False
            # Not by looking into /proc alone: it may hide the processes of others.
            os.kill(int(found["pid"]), 0)
        except ProcessLookupError:
            return True
        except (OSError, OverflowError):
            return False
        try:
            state, started = _stat(int(found["pid"]))
        except (OSError, ValueError):
            return False
        return state in _DEAD or started != found["started"]


def _machine() -> str:
    boot = (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    space = (_PROC / "self/ns/pid").readlink()
    return hashlib.sha256(f"{boot} {space}".encode()).hexdigest()[:16]


def _stat(pid: int) -> tuple[str, str]:
    """State and start time, in clock ticks since the machine's start, of a process."""
    text = (_PROC / str(pid) / "stat").read_text(encoding="ascii", errors="replace")
    fields = text.rpartition(")")[2].split()
    if len(fields) <= _STARTED:
        raise ValueError(f"{pid}: {text!r} is no stat of a process")
    return fields[_STATE], fields[_STARTED]
