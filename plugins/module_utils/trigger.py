# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an event comes to: one pure function of the event and the policy.

Whoever calls it looks up what it asks for, and asks again::

    while (decision := decide(event, policy)).needs:
        event = looked_up(event, decision.needs)

so that the forge is asked for nothing on which nothing depends. `docs/reference/triggers.md` is the table of it.
"""

from __future__ import annotations

from .command import PREFIX
from .decision import Action, Decision, Fact, ignore, look_up, refuse
from .event import PULL_REQUEST_TARGET, WORKFLOW_DISPATCH, Event
from .forks import obstacle
from .orders import of_comment, of_dispatch
from .policy import AUTOMATIC, PIN_LABEL, Policy, same
from .pulls import PullRequest
from .reading import shorten
from .support import FORK, TEAM


def decide(event: Event, policy: Policy) -> Decision:
    """What is to be done about an event.

    A close always destroys, whatever the mode and whoever's pull request it is: whether anything is there, and
    whether a pin outlasts the close, the environment's record knows.
    """
    if event.comment is not None:
        return of_comment(event, event.comment, policy)
    if event.kind == WORKFLOW_DISPATCH:
        return of_dispatch(event, policy)
    if event.pull_request is None:
        return look_up(Fact.PULL_REQUEST)
    wish = _wish(event, event.pull_request, policy)
    match wish.action:
        case Action.DEPLOY:
            return _objection(event, event.pull_request, policy) or wish
        case Action.PIN | Action.UNPIN if wish.action not in policy.served:
            return ignore(f"not yet supported: label {PIN_LABEL}")
        case Action.PIN if refusal := policy.allow.refusal(event.repository):
            return refuse(refusal)
        case _:
            return wish


def _wish(event: Event, pull: PullRequest, policy: Policy) -> Decision:
    """By what happened and the mode, whoever's pull request it is."""
    deploy = Decision(action=Action.DEPLOY, reason=f"it was {event.action}", profile=FORK if pull.is_fork else TEAM)
    match event.action, policy.mode:
        case "closed", _:
            return Decision(action=Action.DESTROY, reason="it was merged" if pull.is_merged else "it was closed")
        case "unlabeled", _ if same(event.label, PIN_LABEL):
            return Decision(action=Action.UNPIN, reason=f"label {PIN_LABEL} was removed")
        case _ if not pull.is_open:
            return ignore("the pull request is closed")
        case "labeled", _ if same(event.label, PIN_LABEL):
            return Decision(action=Action.PIN, reason=f"label {PIN_LABEL} was added")
        case "labeled", "label" if same(event.label, policy.label):
            return deploy
        case "unlabeled", "label" if same(event.label, policy.label):
            return Decision(action=Action.DESTROY, reason=f"label {shorten(ascii(policy.label))} was removed")
        case (("opened" | "reopened" | "synchronize"), "automatic"):
            return deploy
        case (("opened" | "reopened" | "synchronize"), "label"):
            wears_it = any(same(label, policy.label) for label in pull.labels)
            return deploy if wears_it else ignore(f"label {shorten(ascii(policy.label))} deploys, and it is not there")
        case (("opened" | "reopened" | "synchronize"), _):
            return ignore(f"a comment deploys: {PREFIX} deploy")
        case "ready_for_review", "automatic" if not policy.drafts:
            return deploy
        case "converted_to_draft", _:
            return ignore("it became a draft: what is there stays")
        case _:
            return ignore(f"{shorten(ascii(event.action))} changes nothing that is deployed")


def _objection(event: Event, pull: PullRequest, policy: Policy) -> Decision | None:
    """Why it is not deployed all the same, or what decides that; None where it is."""
    by_itself = policy.mode == AUTOMATIC
    if event.kind == PULL_REQUEST_TARGET:
        return ignore("the event pull_request deploys; this one never touches what a pull request brings")
    if by_itself and pull.is_draft and not policy.drafts:
        return ignore(f"drafts are not deployed by themselves; comment {PREFIX} deploy")
    if by_itself and pull.author.is_bot and not policy.bots:
        return ignore(f"a bot's pull requests are not deployed by themselves; comment {PREFIX} deploy")
    if refusal := policy.allow.refusal(event.repository):
        return refuse(refusal)
    if (found := obstacle(event, pull, policy)) is not None:
        return found
    if not by_itself or not policy.paths.patterns:
        return None
    if event.paths is None:
        return look_up(Fact.PATHS)
    if policy.paths.admits(event.paths):
        return None
    return ignore(f"no file that it changes is deployed; comment {PREFIX} deploy to have it all the same")
