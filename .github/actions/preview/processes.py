# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook's processes: stopping them kindly, and seeing that all of them have ended.

A stopped ansible-playbook dies at once and leaves the module that it had started, which still puts the stop on record.
As the reaper of orphans this process inherits that module, so that it can wait for it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_GLANCE_SECONDS = 0.02
_KILL_SECONDS = 1.0


def adopt_orphans() -> None:
    """Become the parent of every process below this one whose own parent ends."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children() -> Iterator[int]:
    """The processes whose parent is this one."""
    ours = os.getpid()
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with suppress(OSError, ValueError):
                # The name of the program, in brackets, may itself hold brackets and spaces.
                state, parent = (folder / "stat").read_text(errors="replace").rpartition(") ")[2].split()[:2]
                if int(parent) == ours and state != "Z":
                    yield int(folder.name)


def signal_children(number: signal.Signals) -> None:
    """Send a signal to each child and to its process group, where it leads one of its own."""
    for child in list(children()):
        with suppress(OSError):
            if os.getpgid(child) == os.getpgrp():
                os.kill(child, number)
            else:
                os.killpg(os.getpgid(child), number)


def await_end(deadline: float) -> bool:
    """Wait until no child is left; those left at the deadline (of ``time.monotonic``) are killed and False returned."""
    while _reap():
        if time.monotonic() > deadline:
            _kill()
            return False
        time.sleep(_GLANCE_SECONDS)
    return True


def _kill() -> None:
    """End what does not end by itself; what only a reboot would end is left."""
    given_up = time.monotonic() + _KILL_SECONDS
    while _reap() and time.monotonic() < given_up:
        signal_children(signal.SIGKILL)
        time.sleep(_GLANCE_SECONDS)


def _reap() -> bool:
    """Take leave of the children that have ended; tells whether any is left."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
        return True
    return False
