# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a report has to do on the forge besides the comment: commit status and deployments, by what the last one did.

One deployment for each commit that is deployed; at most one counts as live. It begins without a status, which GitHub
calls pending: a request less for each push, and as true.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from .marker import Marker
from .view import State, View

# More than these can only be left behind by runs that were killed.
_MOST_OLDER = 5
_SHA = re.compile(r"[0-9a-f]{40}")

_COMMIT: Final[Mapping[State, str]] = {
    State.QUEUED: "pending",
    State.BUILDING: "pending",
    State.DEPLOYING: "pending",
    State.READY: "success",
    State.ASLEEP: "success",
    State.FAILED: "failure",
    State.REFUSED: "failure",
    State.SUPERSEDED: "error",
    State.CANCELLED: "error",
}
_DEPLOYMENT: Final[Mapping[State, str]] = {
    State.READY: "success",
    State.ASLEEP: "success",
    State.FAILED: "failure",
    State.REFUSED: "error",
    State.CANCELLED: "error",
    State.SUPERSEDED: "inactive",
    State.EXPIRED: "inactive",
    State.DESTROYED: "inactive",
}


@dataclass(frozen=True, kw_only=True)
class Signals:
    """The requests of one report; None and empty where there is nothing to ask for.

    :param commit: the commit's new status.
    :param begins: whether a deployment is to be made.
    :param deployment: the one that is there already.
    :param outcome: its new status, or that of the one to be made.
    :param retired: deployments that no longer count as live.
    :param older: those that still do, beside this commit's own.
    """

    commit: str | None = None
    begins: bool = False
    deployment: int | None = None
    outcome: str | None = None
    retired: tuple[int, ...] = ()
    older: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is anything to ask for."""
        return bool(self.commit or self.begins or self.outcome or self.retired)


def signals(view: View, last: Marker | None) -> Signals:
    """What to do for a view after what the last report left.

    :param last: None where there was none.
    """
    same = last is not None and last.commit == view.commit
    goes_on = last is not None and same and not (view.state.is_pending and not last.state.is_pending)
    deployment = last.deployment if last and goes_on else None
    older = _older(last, view, keeps=goes_on)
    commit = _commit(view, last if same else None)
    if view.state.is_gone:
        found = tuple(each for each in (deployment, *older) if each is not None)
        return Signals(commit=commit, retired=found)
    known = bool(_SHA.fullmatch(view.commit))
    begins = known and deployment is None and (view.state.is_pending or view.state is State.READY)
    outcome = _DEPLOYMENT.get(view.state) if begins or deployment is not None else None
    if last and goes_on and _DEPLOYMENT.get(last.state) == outcome and not begins:
        outcome = None
    lives = _DEPLOYMENT.get(view.state) == "success"
    return Signals(
        commit=commit,
        begins=begins,
        deployment=deployment,
        outcome=outcome,
        retired=older if lives else (),
        older=() if lives else older,
    )


def _commit(view: View, last: Marker | None) -> str | None:
    """The commit's status; a close changes nothing of how its deploy ended, unless it never did."""
    if not _SHA.fullmatch(view.commit):
        return None
    state = _COMMIT.get(view.state)
    if state is None:
        return "error" if last and last.state.is_pending else None
    return None if last and _COMMIT.get(last.state) == state else state


def _older(last: Marker | None, view: View, *, keeps: bool) -> tuple[int, ...]:
    """What may still count as live beside this commit's own; a failed one never did."""
    if last is None:
        return ()
    ended = last.state in (State.FAILED, State.REFUSED, State.CANCELLED, State.SUPERSEDED)
    own = () if keeps or last.deployment is None or ended else (last.deployment,)
    return (*last.older, *own)[-_MOST_OLDER:]
