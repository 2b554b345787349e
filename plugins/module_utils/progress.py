# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The course of one run and its result, in the shape that playbooks, comments and tests read as `preview`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from .apply import Change
from .clock import Clock
from .errors import CancelledError, ClusterError, ConfigError, PreviewError, RefusedError, SupersededError
from .record import Step

Outcome = Literal["ready", "failed", "refused", "superseded", "queued", "destroyed", "absent"]

_BEFORE_ANYTHING = ("plan", "lease")
_GRAVITY: tuple[Outcome, ...] = ("failed", "refused", "superseded", "queued", "ready", "destroyed", "absent")


@dataclass(frozen=True, kw_only=True)
class Preview:
    """How a run ended.

    :param url: None without ingress, and once destroyed.
    :param quota: ``spec.hard`` of its ResourceQuota, once that is planned.
    :param diagnosis: phase, object, reason, exit_code, message, log, hint; None where nothing failed.
    :param notes: what somebody should look at although nothing failed, a sentence each.
    """

    status: Outcome
    namespace: str
    url: str | None = None
    changed: bool = False
    phases: tuple[Step, ...] = ()
    diagnosis: Mapping[str, Any] | None = None
    changes: tuple[Change, ...] = ()
    quota: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether the caller should end in failure."""
        return self.status in ("failed", "refused")

    def as_dict(self) -> dict[str, Any]:
        """The `preview` of the contracts."""
        return {
            "status": self.status,
            "url": self.url,
            "namespace": self.namespace,
            "changed": self.changed,
            "phases": [step.as_dict() for step in self.phases],
            "diagnosis": dict(self.diagnosis) if self.diagnosis else None,
        }


class Progress:
    """Times the phases of a run.

    :param entered: called with the name of each phase as it begins.
    :ivar changed: tells whether the run has changed anything so far.
    """

    def __init__(self, clock: Clock, entered: Callable[[str], None] = lambda _: None) -> None:
        self._clock = clock
        self.entered = entered
        self.changed: Callable[[], bool] = lambda: False
        self.current = _BEFORE_ANYTHING[0]
        self.steps: list[Step] = []
        self._since: float | None = None

    def begin(self, name: str) -> None:
        """A phase begins; it lasts until :meth:`end`."""
        self.current = name
        self._since = self._clock.monotonic()

    def end(self) -> None:
        """The phase that has begun is over; nothing where none has."""
        if self._since is not None:
            self.steps.append(Step(name=self.current, seconds=self._clock.monotonic() - self._since))
            self._since = None

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Time one phase; a phase that fails is timed too."""
        self.begin(name)
        try:
            self.entered(name)
            yield
        finally:
            self.end()


def undiagnosed(phase: str, error: PreviewError) -> dict[str, Any]:
    """A diagnosis where no pod is to blame: a refusal, a cancelled run, or the cluster itself."""
    # Imported where something failed, since most runs need neither.
    from .findings import MAINTAINER
    from .redaction import redact

    hint = "what was applied stays; run again and it goes on from there"
    if isinstance(error, RefusedError | ConfigError) or phase in _BEFORE_ANYTHING:
        hint = "nothing was changed; correct what the message names and run again"
    message, named = str(error), ""
    match error:
        case RefusedError() | ConfigError():
            reason = "Refused"
        case CancelledError():
            reason = "Cancelled"
        case ClusterError(reason=why, about=named):
            reason = why or "ClusterError"
            if error.status == 403 and "exceeded quota" in message:
                reason = "QuotaExceeded"
                hint = f"something besides this environment takes the difference in its namespace; {MAINTAINER}"
        case _:
            reason = type(error).__name__
    return {
        "phase": phase,
        "object": named,
        "reason": reason,
        "exit_code": None,
        # A fault of the configuration repeats no value that may be a secret.
        "message": message if isinstance(error, ConfigError) else redact(message),
        "log": "",
        "hint": hint,
    }


def ended_early(namespace: str, progress: Progress, error: PreviewError) -> Preview:
    """The result of a run that ended before, or without, a state worth a diagnosis of pods."""
    status: Outcome
    progress.end()
    match error:
        case SupersededError():
            return Preview(
                status="superseded",
                namespace=namespace,
                changed=progress.changed(),
                phases=tuple(progress.steps),
                notes=(str(error),),
            )
        case RefusedError() | ConfigError():
            status = "refused"
        case _:
            status = "failed"
    return Preview(
        status=status,
        namespace=namespace,
        changed=progress.changed(),
        phases=tuple(progress.steps),
        diagnosis=undiagnosed(progress.current, error),
    )


def combine(previews: Sequence[Preview]) -> Preview:
    """One result for several environments of one pull request; the worst outcome counts, none at all is `absent`."""
    if len(previews) == 1:
        return previews[0]
    worst = sorted(previews, key=lambda p: _GRAVITY.index(p.status))
    return Preview(
        status=worst[0].status if worst else "absent",
        namespace=",".join(p.namespace for p in previews),
        changed=any(p.changed for p in previews),
        phases=tuple(step for p in previews for step in p.phases),
        diagnosis=worst[0].diagnosis if worst else None,
        changes=tuple(change for p in previews for change in p.changes),
        notes=tuple(note for p in previews for note in p.notes),
    )
