# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a playbook tells while it runs: lines for the job's log, and at its end the result."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final

from job.log import JobLog

# What Ansible prints of these repeats what their own lines say, or says nothing.
_QUIET: Final = frozenset(
    {"playbook_on_start", "playbook_on_include", "playbook_on_no_hosts_matched", "runner_on_start", "runner_on_skipped"}
)
_LAST_LINES: Final = 20


class Course:
    """Takes the events of ansible-runner one by one.

    :ivar preview: the result, once the playbook has told it.
    :ivar outputs: what else it hands to the next steps.
    :ivar last_lines: what was printed last, for a run that ends without a result.
    """

    def __init__(self, log: JobLog, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._clock = clock
        self._began = clock()
        self.preview: Mapping[str, Any] | None = None
        self.outputs: Mapping[str, str] = {}
        self.last_lines: deque[str] = deque(maxlen=_LAST_LINES)

    def take(self, event: Mapping[str, Any]) -> bool:
        """Show one event; False, so that ansible-runner keeps no file of it."""
        data: Mapping[str, Any] = event.get("event_data") or {}
        match event.get("event"):
            case "playbook_on_play_start":
                self._log.group(str(data.get("name") or data.get("play") or "play"))
            case "playbook_on_task_start":
                self.note(str(data.get("task") or "task"))
            case "playbook_on_stats":
                self._log.end_group()
                self._take_result(data.get("artifact_data") or {})
            case str(kind) if kind not in _QUIET:
                self._show(str(event.get("stdout") or ""))
        return False

    def note(self, text: str) -> None:
        """Say what begins, with the seconds since the run did."""
        self._log.line(f"{self._clock() - self._began:6.1f} s  {text}")

    def _take_result(self, told: Mapping[str, Any]) -> None:
        preview, outputs = told.get("preview"), told.get("outputs")
        if isinstance(preview, Mapping) and "status" in preview:
            self.preview = preview
        if isinstance(outputs, Mapping):
            self.outputs = {str(name): "" if value is None else str(value) for name, value in outputs.items()}

    def _show(self, printed: str) -> None:
        for line in printed.splitlines():
            if line.strip():
                self.last_lines.append(line)
                self._log.line(line)
