# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happened on GitHub: its payload of a workflow's event, read into a few frozen values.

Nothing is looked up here. What the payload does not hold is None until somebody adds it (``about``,
``dataclasses.replace``): the head of a commented pull request, permissions, changed paths, approvals.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from .approval import Approval
from .errors import RefusedError
from .names import pr_number
from .payload import Payload
from .permission import Permission
from .pulls import Account, PullRequest, Repository
from .reading import shorten

PULL_REQUEST, PULL_REQUEST_TARGET = "pull_request", "pull_request_target"
ISSUE_COMMENT, WORKFLOW_DISPATCH = "issue_comment", "workflow_dispatch"
KINDS: Final = (PULL_REQUEST, PULL_REQUEST_TARGET, ISSUE_COMMENT, WORKFLOW_DISPATCH)

# GitHub's times are whole seconds. What ends an environment, or brings it back, must not tie with what was before.
_RANKS: Final = {"closed": 1, "reopened": 2}
_RANK_BY_HAND: Final = max(_RANKS.values())


@dataclass(frozen=True, kw_only=True)
class Comment:
    """A comment under a pull request; ``body`` is whatever its author wrote."""

    id: int
    body: str
    author: Account


@dataclass(frozen=True, kw_only=True)
class Event:
    """One event of a pull request.

    :param kind: the workflow's event, one of ``KINDS``.
    :param action: what happened, such as ``synchronize``; empty for a workflow started by hand.
    :param number: of the pull request, or of the issue where ``on_issue``.
    :param sequence: order of the events of one pull request, in seconds; higher is newer. It is GitHub's own time of
        the event (a pull request's ``updated_at``, a comment's ``created_at``), never the runner's: a job may wait for
        its runner, be run again, or run where the clock is wrong, and is as old as what it was for. A close counts
        one second more and a reopening two, so that a close is newer than the push before it, also within one second.
        A workflow started by hand has no time: it is as new as the newest that is known of its pull request, and 0
        until that is known.
    :param label: the label that was added or removed.
    :param comment: the comment of ``issue_comment``.
    :param order: what a person who started the workflow asked for, such as ``destroy``.
    :param permission: of who commanded, on this repository; None until looked up.
    :param paths: files that the pull request changes; None until looked up.
    :param approvals: of the head's commit; None until looked up.
    """

    kind: str
    action: str
    repository: Repository
    number: int
    sender: Account
    sequence: int
    pull_request: PullRequest | None = None
    label: str = ""
    comment: Comment | None = None
    on_issue: bool = False
    order: str = ""
    permission: Permission | None = None
    paths: tuple[str, ...] | None = None
    approvals: tuple[Approval, ...] | None = None

    @classmethod
    def load(cls, kind: str, raw: bytes) -> Event:
        """The event in the file that ``GITHUB_EVENT_PATH`` names; ``kind`` is ``GITHUB_EVENT_NAME``.

        :raises RefusedError: where the kind is not followed, or the payload malformed.
        """
        return cls.parse(kind, Payload.load(raw).values)

    @classmethod
    def parse(cls, kind: str, document: Mapping[str, Any]) -> Event:
        """The event in a decoded payload.

        :raises RefusedError: as :meth:`load`.
        """
        payload = Payload.of(document)
        match kind:
            case "pull_request" | "pull_request_target":
                return _of_pull_request(kind, payload)
            case "issue_comment":
                return _of_comment(payload)
            case "workflow_dispatch":
                return _of_dispatch(payload)
            case _:
                raise RefusedError(f"event {shorten(ascii(kind))} is none that previews follow: {', '.join(KINDS)}")

    def about(self, document: Mapping[str, Any]) -> Event:
        """This event with its pull request as GitHub's API gives it.

        :raises RefusedError: where that is malformed, or another one.
        """
        pull = PullRequest.parse(Payload.of(document, "pull_request"))
        if (pull.number, pull.repository_id) != (self.number, self.repository.id):
            raise RefusedError(
                f"the event is about pull request {self.number} of repository {self.repository.id}, and GitHub "
                f"answered with {pull.number} of {pull.repository_id}; run again"
            )
        return replace(self, pull_request=pull, sequence=self.sequence or pull.updated + _RANK_BY_HAND)


def _of_pull_request(kind: str, payload: Payload) -> Event:
    pull = PullRequest.parse(payload.inside("pull_request"))
    action, label = payload.text("action"), payload.maybe("label")
    return Event(
        kind=kind,
        action=action,
        number=pull.number,
        sequence=pull.updated + _RANKS.get(action, 0),
        pull_request=pull,
        label=label.text("name") if label else "",
        **_origin(payload),
    )


def _of_comment(payload: Payload) -> Event:
    issue, comment = payload.inside("issue"), payload.inside("comment")
    return Event(
        kind=ISSUE_COMMENT,
        action=payload.text("action"),
        number=pr_number(str(issue.number("number"))),
        sequence=comment.seconds("created_at"),
        comment=Comment(
            id=comment.number("id"), body=comment.text("body"), author=Account.parse(comment.maybe("user"))
        ),
        on_issue=issue.maybe("pull_request") is None,
        **_origin(payload),
    )


def _of_dispatch(payload: Payload) -> Event:
    given = payload.maybe("inputs") or Payload.of({}, "inputs")
    number = given.values.get("pr")
    if number in (None, ""):
        raise RefusedError("the workflow was started without its input pr; give the pull request's number")
    return Event(
        kind=WORKFLOW_DISPATCH,
        action="",
        number=pr_number(str(number)),
        sequence=0,
        order=given.text("command", default="") or "deploy",
        **_origin(payload),
    )


def _origin(payload: Payload) -> dict[str, Any]:
    return {
        "repository": Repository.parse(payload.inside("repository")),
        "sender": Account.parse(payload.maybe("sender")),
    }
