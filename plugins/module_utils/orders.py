# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people order: commands in comments, and workflows started by hand."""

from __future__ import annotations

from .command import PREFIX, Command, help_text, parse
from .decision import Action, Decision, Fact, answer, ignore, look_up, refuse
from .event import Comment, Event
from .forks import allowed, obstacle
from .policy import Policy
from .pulls import PullRequest
from .support import FORK, TEAM


def of_comment(event: Event, comment: Comment, policy: Policy) -> Decision:
    """What a comment comes to. Whoever may not command is not answered either."""
    command = parse(comment.body)
    author = comment.author
    if event.on_issue:
        return ignore("the comment is under an issue, not under a pull request")
    if event.action != "created":
        return ignore("a comment commands once, when it is written; edited or deleted it does nothing")
    if command is None:
        return ignore("the comment is no command")
    if author.is_bot or not author.login:
        return ignore("commands come from people")
    if event.permission is None:
        return look_up(Fact.PERMISSION)
    if event.permission < command.verb.permission:
        return ignore(
            f"{author.login} has permission {event.permission} on {event.repository.name}; "
            f"{PREFIX} {command.name} needs {command.verb.permission}"
        )
    return _carried_out(event, command, policy)


def of_dispatch(event: Event, policy: Policy) -> Decision:
    """What a workflow started by hand comes to; GitHub lets only those start one who may write."""
    if event.pull_request is None:
        return look_up(Fact.PULL_REQUEST)
    return _carried_out(event, parse(f"{PREFIX} {event.order}") or Command(name="help"), policy)


def _carried_out(event: Event, command: Command, policy: Policy) -> Decision:
    ordered = f"ordered by `{PREFIX} {command.name}`"
    if command.fault:
        return answer(command.fault, text=f"{command.fault}.\n\n{help_text()}")
    if command.name == "help":
        return answer("help was asked for", text=help_text())
    if command.name not in policy.served:
        return answer(f"not yet supported: `{PREFIX} {command.name}`")
    if command.name == "destroy":
        # Whoever is no longer on the allow list must still be able to tidy up.
        return Decision(action=Action.DESTROY, reason=ordered)
    if refusal := policy.allow.refusal(event.repository):
        return refuse(refusal)
    if command.name not in ("deploy", "allow"):
        return Decision(action=Action(command.name), reason=ordered)
    if event.pull_request is None:
        return look_up(Fact.PULL_REQUEST)
    return _deployed(event, event.pull_request, command, policy)


def _deployed(event: Event, pull: PullRequest, command: Command, policy: Policy) -> Decision:
    if not pull.is_open:
        return answer("the pull request is closed; reopen it first")
    if command.name == "allow":
        if event.comment is None:
            return answer(f"a commit is allowed by a comment: `{PREFIX} allow {pull.sha}`")
        return allowed(pull, policy, command=command, comment=event.comment)
    if (found := obstacle(event, pull, policy)) is not None:
        return found if found.action is Action.LOOK_UP else answer(found.reason)
    return Decision(
        action=Action.DEPLOY,
        reason=f"ordered by `{PREFIX} deploy`",
        profile=FORK if pull.is_fork else TEAM,
    )
