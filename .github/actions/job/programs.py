# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that a step starts: what they print goes to the job's log, and they end when the step is cancelled."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import FrameType

from .log import JobLog

_STOP_SECONDS = 5.0


class CancelledError(Exception):
    """The step was asked to stop."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(f"the step was asked to stop ({signal.Signals(number).name})")


def end_when_cancelled() -> None:
    """Let the first SIGINT or SIGTERM end whatever runs, by :class:`CancelledError`."""

    def hear(number: int, frame: FrameType | None) -> None:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)
        raise CancelledError(number)

    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, hear)


def run(command: Sequence[str], log: JobLog, environ: Mapping[str, str]) -> int:
    """Run a program to its end, each of its lines into the log; its exit code, 127 where there is no such program."""
    try:
        process = subprocess.Popen(
            command,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        log.line(f"{command[0]}: {error.strerror}")
        return 127
    try:
        assert process.stdout is not None
        for line in process.stdout:
            log.line(line.rstrip("\n"))
        return process.wait()
    except BaseException:
        _stop(process)
        raise


def _stop(process: subprocess.Popen[str]) -> None:
    """End a program and all that it started."""
    with suppress(OSError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_SECONDS)
    with suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
