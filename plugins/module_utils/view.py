# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a pull request is told of its environment: a small, frozen view, made of a run's result and the record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

from .record import Step

_CLOSING = ("lease", "delete", "verify")


class State(StrEnum):
    """The ends that a comment tells, and the ways there."""

    QUEUED = "queued"
    BUILDING = "building"
    DEPLOYING = "deploying"
    READY = "ready"
    FAILED = "failed"
    REFUSED = "refused"
    ASLEEP = "asleep"
    EXPIRED = "expired"
    DESTROYED = "destroyed"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"

    @property
    def is_pending(self) -> bool:
        """Whether a run is still to end."""
        return self in (State.QUEUED, State.BUILDING, State.DEPLOYING)

    @property
    def is_red(self) -> bool:
        """Whether somebody has to look at it."""
        return self in (State.FAILED, State.REFUSED, State.CANCELLED)

    @property
    def is_gone(self) -> bool:
        """Whether nothing is left of the environment."""
        return self in (State.EXPIRED, State.DESTROYED)


@dataclass(frozen=True, kw_only=True)
class Links:
    """Where more is to be seen; empty where nothing serves it."""

    grafana: str = ""
    logs: str = ""
    run: str = ""


@dataclass(frozen=True, kw_only=True)
class View:
    """One environment as its pull request is told of it.

    :param repository: ``owner/name``.
    :param environment: its namespace; empty where a configuration that cannot be read names no project.
    :param sequence: the event's place in the order; what a newer one has told stays.
    :param expires_at: RFC 3339, as is ``pinned_until``; empty where it is not known.
    :param queue_place: from 1; 0 where it does not wait.
    :param served_before: whether an earlier commit was ready before this one.
    :param median: seconds of each phase and of the total in the project's other environments (`pace.py`).
    :param cost: so far, with its currency; empty until something serves it.
    :param diagnosis: as in the contracts; empty where nothing failed.
    :param status_context: name of the commit's status; the first report knows no projectId yet, so none is in it.
    """

    state: State
    repository: str
    pr: int
    environment: str = ""
    sequence: int = 0
    commit: str = ""
    branch: str = ""
    url: str = ""
    expires_at: str = ""
    pinned_until: str = ""
    queue_place: int = 0
    served_before: bool = False
    phases: tuple[Step, ...] = ()
    median: Mapping[str, float] = field(default_factory=dict)
    cost: str = ""
    links: Links = field(default_factory=Links)
    diagnosis: Mapping[str, Any] = field(default_factory=dict)
    status_context: str = "preview"

    @property
    def is_closing(self) -> bool:
        """Whether it was on its way out when it failed."""
        return self.diagnosis.get("phase") in _CLOSING

    @property
    def project(self) -> str:
        """The projectId; empty where it is not known."""
        return self.environment.removesuffix(f"-pr-{self.pr}")

    def as_dict(self) -> dict[str, Any]:
        """All fields, in JSON types."""
        return {**asdict(self), "state": str(self.state), "phases": [step.as_dict() for step in self.phases]}

    @classmethod
    def parse(cls, tree: Mapping[str, Any]) -> View:
        """From :meth:`as_dict`; keys of another version are passed over.

        :raises ValueError: where it is none; KeyError and TypeError likewise.
        """
        known = {each.name for each in fields(cls)}
        kept = {key: value for key, value in tree.items() if key in known}
        phases = tuple(Step(name=step["name"], seconds=step["seconds"]) for step in kept.get("phases", ()))
        links = Links(**kept.get("links", {}))
        return cls(**{**kept, "state": State(kept["state"]), "phases": phases, "links": links})


def state_of(preview: Mapping[str, Any]) -> State:
    """The state that a run's result stands for.

    :param preview: as in the contracts.
    """
    status = preview["status"]
    if status == "absent":
        return State.DESTROYED
    if status == "failed" and (preview.get("diagnosis") or {}).get("reason") == "Cancelled":
        return State.CANCELLED
    return State(status)


def compose(view: View, *, preview: Mapping[str, Any] | None, status: Mapping[str, Any] | None) -> View:
    """A view with what a run's result and the record's status add to it.

    :param view: what the event says; it has the last word on the state.
    :param preview: the run's result, in the shape of the contracts.
    :param status: the record's, as it was written.
    """
    told: dict[str, Any] = {}
    if status is not None:
        told |= {
            # Of an environment that was ready once; a refusal names no URL, and changed nothing of it.
            "url": (status.get("url") or "") if status.get("readyAt") else "",
            "expires_at": status.get("expiresAt") or "",
            "pinned_until": status.get("pinnedUntil") or "",
            "queue_place": status.get("queuePlace") or 0,
            "served_before": bool(status.get("readyAt")),
        }
    if preview is not None:
        told |= {
            "environment": preview.get("namespace") or view.environment,
            "phases": tuple(Step(name=p["name"], seconds=p["seconds"]) for p in preview.get("phases") or ()),
            "diagnosis": preview.get("diagnosis") or {},
        }
        told["url"] = preview.get("url") or told.get("url", "")
    return replace(view, **told)
