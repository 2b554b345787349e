# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a run ended, and how the job says so: exit code, outputs, summary."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from job.files import as_block, as_code

EXIT_CODES: Final[Mapping[str, int]] = {
    "ready": 0,
    "destroyed": 0,
    "absent": 0,
    "superseded": 0,
    "queued": 0,
    "done": 0,
    "failed": 1,
    "refused": 2,
}
"""Of a run that came to an end; a cancelled one ends with 128 and the number of the signal."""

_HEADINGS: Final[Mapping[str, str]] = {
    "ready": "The preview is ready",
    "destroyed": "The preview is gone",
    "absent": "There was no preview to remove",
    "superseded": "A newer event came first; nothing was deployed",
    "queued": "The preview waits for room",
    "done": "Done",
    "failed": "The preview failed",
    "refused": "The preview was refused",
    "cancelled": "The run was cancelled; what it had applied stays, and the next run goes on from there",
}


@dataclass(frozen=True, kw_only=True)
class Ending:
    """The end of a run.

    :param preview: the playbook's own result, as it came.
    :param further: what else the playbook hands to the next steps.
    :param by_signal: of a cancelled run, what cancelled it.
    """

    status: str
    url: str = ""
    namespace: str = ""
    phases: Sequence[tuple[str, float]] = ()
    diagnosis: Mapping[str, Any] = field(default_factory=dict)
    preview: Mapping[str, Any] = field(default_factory=dict)
    further: Mapping[str, str] = field(default_factory=dict)
    by_signal: int = 0

    @classmethod
    def told(cls, preview: Mapping[str, Any], further: Mapping[str, str] | None = None) -> Ending:
        """The end that the playbook told by ``set_stats``."""
        return cls(
            status=preview["status"],
            url=preview.get("url") or "",
            namespace=preview.get("namespace") or "",
            phases=[(step["name"], step["seconds"]) for step in preview.get("phases", ())],
            diagnosis=preview.get("diagnosis") or {},
            preview=preview,
            further=further or {},
        )

    @classmethod
    def untold(cls, status: str, message: str, *, log: str = "", by_signal: int = 0) -> Ending:
        """The end of a run that never came to tell one."""
        diagnosis = {
            "phase": "",
            "object": "",
            "reason": "",
            "exit_code": None,
            "message": message,
            "log": log,
            "hint": "",
        }
        preview: dict[str, Any] = {"status": status, "url": None, "namespace": None, "changed": False, "phases": []}
        return cls(
            status=status,
            diagnosis=diagnosis,
            preview={**preview, "diagnosis": diagnosis},
            by_signal=by_signal,
        )

    @property
    def exit_code(self) -> int:
        """What the step ends with."""
        return 128 + self.by_signal if self.by_signal else EXIT_CODES.get(self.status, 1)

    @property
    def message(self) -> str:
        """Why it went wrong; empty where it did not."""
        return str(self.diagnosis.get("message") or "") if self.exit_code else ""

    def outputs(self) -> dict[str, str]:
        """What the next steps read; ``preview`` is the whole result as JSON."""
        return {
            **self.further,
            "status": self.status,
            "url": self.url,
            "namespace": self.namespace,
            "preview": json.dumps(dict(self.preview)),
        }

    def summary(self) -> str:
        """The result for people, in Markdown that shows strangers' words letter by letter."""
        parts = [f"### {_HEADINGS.get(self.status, self.status)}"]
        if self.url:
            parts.append(f"[{as_code(self.url)}]({self.url})" if _is_plain(self.url) else as_code(self.url))
        if self.namespace:
            parts.append(f"Namespace {as_code(self.namespace)}")
        if self.phases:
            head = "| phase | seconds |\n| --- | --- |"
            rows = [f"| {as_code(name)} | {seconds:.1f} |" for name, seconds in self.phases]
            total = sum(seconds for _, seconds in self.phases)
            parts.append("\n".join([head, *rows, f"| **all** | **{total:.1f}** |"]))
        return "\n\n".join([*parts, *self._why()]) + "\n"

    def _why(self) -> list[str]:
        if not self.exit_code:
            return []
        told = [as_block(self.message)] if self.message else []
        where = [str(self.diagnosis[key]) for key in ("phase", "object", "reason") if self.diagnosis.get(key)]
        if where:
            told.append(", ".join(as_code(each) for each in where))
        if log := self.diagnosis.get("log"):
            told.append(f"<details><summary>last log lines</summary>\n\n{as_block(str(log))}\n\n</details>")
        if hint := self.diagnosis.get("hint"):
            told.append(f"Next: {as_code(hint)}")
        return told


def _is_plain(url: str) -> bool:
    return url.startswith(("https://", "http://")) and all(c.isascii() and (c.isalnum() or c in ":/.-") for c in url)
