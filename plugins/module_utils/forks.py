# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pull requests from forks: what strangers wrote is neither built nor deployed before somebody has read it.

Somebody with permission to write reads a commit and comments `/preview allow <sha>`. That is good for this commit and
no other. It must be written out whole: some 20,000 tries find two commits that share their first seven digits (28
bits), and a stranger would show the harmless one.
"""

from __future__ import annotations

from .approval import Approval
from .command import PREFIX, Command
from .decision import Action, Decision, Fact, answer, ignore, look_up, refuse
from .event import Comment, Event
from .policy import Policy
from .pulls import SHA_DIGITS, PullRequest
from .support import FORK


def obstacle(event: Event, pull: PullRequest, policy: Policy) -> Decision | None:
    """Why a commit is not deployed, or what decides that; None where nothing is in its way."""
    if not pull.is_fork:
        return None
    if reason := _closed(policy):
        return ignore(reason)
    if event.approvals is None:
        return look_up(Fact.APPROVALS)
    if not any(approval.sha == pull.sha for approval in event.approvals):
        return ignore(
            f"it is from a fork: its commit is neither built nor deployed before somebody with permission to write has "
            f"read it and commented `{PREFIX} allow {pull.sha}`"
        )
    return None


def allowed(pull: PullRequest, policy: Policy, *, command: Command, comment: Comment) -> Decision:
    """What `/preview allow <sha>` comes to, from somebody who may write."""
    if not pull.is_fork:
        return answer(f"this pull request is not from a fork and needs no approval; comment `{PREFIX} deploy`")
    if reason := _closed(policy):
        return refuse(reason)
    if not pull.sha.startswith(command.sha):
        return answer(f"that is not the newest commit, {pull.sha} is: read it, then allow it")
    if len(command.sha) < SHA_DIGITS:
        return answer(f"a short form fits more commits than one; comment `{PREFIX} allow {pull.sha}`")
    return Decision(
        action=Action.DEPLOY,
        reason=f"{comment.author.login} allowed {pull.sha}",
        profile=FORK,
        approval=Approval(sha=pull.sha, by=comment.author.login, comment=comment.id),
    )


def _closed(policy: Policy) -> str:
    if not policy.forks:
        return "it is from a fork, and pull requests from forks are not deployed here"
    return "" if FORK in policy.profiles else f"not yet supported: pull requests from forks (profile {FORK})"
