# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be done about an event, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .approval import Approval
from .support import TEAM


class Action(StrEnum):
    """What is to be done. From ``DEPLOY`` on it is done to the environment."""

    LOOK_UP = "look_up"
    """Nothing is decided yet: ask the forge for ``Decision.needs``, add it to the event and decide again."""
    IGNORE = "ignore"
    """Nothing, and nobody hears of it but the job's log."""
    ANSWER = "answer"
    """Nothing, and who commanded is told why."""
    REFUSE = "refuse"
    """Nothing, and the job fails: somebody has to change something."""
    DEPLOY = "deploy"
    DESTROY = "destroy"
    PIN = "pin"
    UNPIN = "unpin"
    RESET = "reset"
    SLEEP = "sleep"
    WAKE = "wake"
    RENEW = "renew"
    UNDO = "undo"
    REVIVE = "revive"
    STATUS = "status"
    LOGS = "logs"


class Fact(StrEnum):
    """What only the forge knows, by the name of the event's field."""

    PULL_REQUEST = "pull_request"
    PERMISSION = "permission"
    PATHS = "paths"
    APPROVALS = "approvals"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One decision.

    What is deployed is the commit that was judged, ``event.pull_request.sha``, not what the branch is by then.

    :param reason: why, in one line, for the job's log and summary.
    :param profile: guard rails of a deploy.
    :param needs: what to look up.
    :param answer: Markdown of our own words for who commanded; empty where nothing is to be said.
    :param approval: to be put on record before this deploy.
    """

    action: Action
    reason: str
    profile: str = TEAM
    needs: Fact | None = None
    answer: str = ""
    approval: Approval | None = None


def look_up(fact: Fact) -> Decision:
    """It depends on what must be asked for first."""
    return Decision(action=Action.LOOK_UP, reason=f"it depends on {fact.replace('_', ' ')}", needs=fact)


def ignore(reason: str) -> Decision:
    """Nothing is to be done, and nothing to be said."""
    return Decision(action=Action.IGNORE, reason=reason)


def answer(reason: str, *, text: str = "") -> Decision:
    """Nothing is to be done but to tell who commanded.

    :param text: what to tell, where that is more than the reason.
    """
    return Decision(action=Action.ANSWER, reason=reason, answer=text or f"{reason}.")


def refuse(reason: str) -> Decision:
    """Nothing may be done, and somebody should know."""
    return Decision(action=Action.REFUSE, reason=reason, answer=f"{reason}.")
