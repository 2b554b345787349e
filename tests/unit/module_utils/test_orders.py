# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Orders of people: who may command what, and what a stranger hears of it (nothing)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.allow_list import AllowList
from ansible_collections.ephemeral.k8s.plugins.module_utils.approval import Approval
from ansible_collections.ephemeral.k8s.plugins.module_utils.command import VERBS, help_text
from ansible_collections.ephemeral.k8s.plugins.module_utils.decision import Action, Fact
from ansible_collections.ephemeral.k8s.plugins.module_utils.event import Event
from ansible_collections.ephemeral.k8s.plugins.module_utils.orders import of_comment, of_dispatch
from ansible_collections.ephemeral.k8s.plugins.module_utils.permission import Permission
from ansible_collections.ephemeral.k8s.plugins.module_utils.policy import Policy
from tests.unit.payloads import A_FORK, SHA, comment, comment_event, dispatch, pull, user

EVERYTHING = Policy(allow=AllowList.parse({"owners": ["acme"]}), served=frozenset(VERBS), profiles=("team", "fork"))
TODAY = Policy(allow=EVERYTHING.allow)
NOT_HERE = replace(EVERYTHING, allow=AllowList.parse({"owners": ["else"]}))


def ordered(body, policy=EVERYTHING, *, permission=Permission.WRITE, **pulled):
    """What a comment comes to when all has been looked up."""
    event = comment_event(body, permission=permission, approvals=()).about(pull(**pulled))
    return of_comment(event, event.comment, policy)


def unasked(body="/preview deploy", policy=EVERYTHING, **changed):
    """What a comment comes to when nothing has been looked up."""
    event = Event.parse("issue_comment", {**comment(body), **changed})
    return of_comment(event, event.comment, policy)


class TestStrangers:
    """No effect and no noise."""

    @pytest.mark.parametrize("permission", [Permission.NONE, Permission.READ, Permission.TRIAGE])
    @pytest.mark.parametrize("word", [word for word in VERBS if word not in ("help", "status")])
    def test_who_may_not_write_changes_nothing_and_hears_nothing(self, word, permission):
        decision = ordered(f"/preview {word} {SHA if word == 'allow' else ''}", permission=permission)
        assert (decision.action, decision.answer) == (Action.IGNORE, "")
        assert decision.reason == (f"octocat has permission {permission} on Acme/Shop; /preview {word} needs write")

    @pytest.mark.parametrize("line", ["", "help", "status", "xyzzy", "deploy now", "sleep", "allow x"])
    def test_a_reader_of_a_public_repository_is_not_even_helped(self, line):
        decision = ordered(f"/preview {line}", permission=Permission.READ)
        assert (decision.action, decision.answer) == (Action.IGNORE, "")

    @pytest.mark.parametrize("policy", [TODAY, NOT_HERE])
    def test_nor_does_one_learn_what_is_served_or_allowed_here(self, policy):
        assert ordered("/preview wake", policy, permission=Permission.READ).answer == ""


@pytest.mark.parametrize(
    ("decision", "reason"),
    [
        (unasked("thanks!"), "the comment is no command"),
        (unasked("> /preview deploy"), "the comment is no command"),
        (unasked(action="edited"), "a comment commands once, when it is written; edited or deleted it does nothing"),
        (unasked(action="deleted"), "a comment commands once, when it is written; edited or deleted it does nothing"),
        (unasked(issue={"number": 7}), "the comment is under an issue, not under a pull request"),
        (unasked(comment=comment(author=user("ci[bot]", "Bot"))["comment"]), "commands come from people"),
        (unasked(comment={**comment()["comment"], "user": None}), "commands come from people"),
    ],
)
def test_what_is_no_order_is_ignored_before_anything_is_looked_up(decision, reason):
    assert (decision.action, decision.reason) == (Action.IGNORE, reason)


def test_a_command_s_author_is_looked_up_before_anything_is_answered():
    for body in ("/preview deploy", "/preview xyzzy", "/preview"):
        decision = unasked(body)
        assert (decision.action, decision.needs) == (Action.LOOK_UP, Fact.PERMISSION)


def test_a_person_named_like_the_bot_is_looked_up_like_everybody():
    decision = unasked(comment=comment(author=user("github-actions"))["comment"])
    assert (decision.action, decision.needs) == (Action.LOOK_UP, Fact.PERMISSION)


@pytest.mark.parametrize("permission", [Permission.WRITE, Permission.MAINTAIN, Permission.ADMIN])
@pytest.mark.parametrize("word", [word for word in VERBS if word not in ("help", "allow")])
def test_who_may_write_gets_what_was_ordered(word, permission):
    decision = ordered(f"/preview {word}", permission=permission)
    assert (decision.action, decision.reason) == (Action(word), f"ordered by `/preview {word}`")


def test_who_may_triage_is_told_the_status_and_helped():
    assert ordered("/preview status", permission=Permission.TRIAGE).action is Action.STATUS
    assert ordered("/preview", permission=Permission.TRIAGE).answer == help_text()


def test_what_was_not_understood_is_answered_with_the_nearest_and_the_list():
    decision = ordered("/preview dploy")
    assert decision.action is Action.ANSWER
    assert decision.answer == f"{decision.reason}.\n\n{help_text()}"
    assert "did you mean `/preview deploy`?" in decision.reason


@pytest.mark.parametrize("word", ["reset", "sleep", "wake", "pin", "unpin", "renew", "undo", "revive", "logs"])
def test_what_this_version_does_not_do_is_said_by_name(word):
    decision = ordered(f"/preview {word}", TODAY)
    assert (decision.action, decision.answer) == (Action.ANSWER, f"not yet supported: `/preview {word}`.")


def test_the_commit_is_looked_up_only_where_it_matters():
    known = {"permission": Permission.WRITE}
    needs = {}
    for word in ("deploy", f"allow {SHA}", "destroy", "status", "help", "pin"):
        event = comment_event(f"/preview {word}", **known)
        needs[word.split()[0]] = of_comment(event, event.comment, EVERYTHING).needs
    assert needs == {
        "deploy": Fact.PULL_REQUEST,
        "allow": Fact.PULL_REQUEST,
        "destroy": None,
        "status": None,
        "help": None,
        "pin": None,
    }


def test_a_closed_pull_request_is_not_deployed_and_may_be_destroyed_again():
    assert ordered("/preview deploy", state="closed").answer == "the pull request is closed; reopen it first."
    assert ordered(f"/preview allow {SHA}", state="closed", origin=A_FORK).action is Action.ANSWER
    assert ordered("/preview destroy", state="closed").action is Action.DESTROY


def test_a_draft_or_a_bot_s_is_deployed_when_somebody_says_so():
    policy = replace(EVERYTHING, drafts=False)
    assert ordered("/preview deploy", policy, draft=True).action is Action.DEPLOY
    assert ordered("/preview deploy", policy, user=user("renovate[bot]", "Bot")).action is Action.DEPLOY


@pytest.mark.parametrize("word", [word for word in VERBS if word not in ("help", "destroy", "allow")])
def test_a_repository_that_is_not_allowed_gets_nothing_and_the_reason(word):
    decision = ordered(f"/preview {word}", NOT_HERE)
    assert decision.action is Action.REFUSE
    assert decision.answer == "Acme/Shop (id 42) is not allowed here; add it to preview_allow in the inventory."


def test_a_repository_that_is_no_longer_allowed_may_still_tidy_up():
    assert ordered("/preview destroy", NOT_HERE).action is Action.DESTROY


class TestForks:
    """A writer's command is no approval; only `allow` is."""

    def test_deploy_is_answered_with_how_to_allow_it(self):
        decision = ordered("/preview deploy", origin=A_FORK)
        assert decision.action is Action.ANSWER
        assert f"`/preview allow {SHA}`" in decision.answer

    def test_deploy_looks_up_whether_the_commit_is_allowed(self):
        event = comment_event("/preview deploy", permission=Permission.WRITE).about(pull(origin=A_FORK))
        assert of_comment(event, event.comment, EVERYTHING).needs is Fact.APPROVALS

    def test_deploy_of_an_allowed_commit_stays_in_the_stricter_profile(self):
        known = {"permission": Permission.WRITE, "approvals": (Approval(sha=SHA, by="octocat", comment=1),)}
        event = comment_event("/preview deploy", **known).about(pull(origin=A_FORK))
        decision = of_comment(event, event.comment, EVERYTHING)
        assert (decision.action, decision.profile) == (Action.DEPLOY, "fork")

    def test_allow_deploys_and_hands_over_the_approval_to_be_recorded(self):
        decision = ordered(f"/preview allow {SHA}", origin=A_FORK)
        assert (decision.action, decision.profile) == (Action.DEPLOY, "fork")
        assert decision.approval == Approval(sha=SHA, by="octocat", comment=1234)

    @pytest.mark.parametrize("word", ["deploy", f"allow {SHA}"])
    def test_today_nothing_of_a_fork_is_deployed_whoever_says_so(self, word):
        decision = ordered(f"/preview {word}", TODAY, origin=A_FORK, permission=Permission.ADMIN)
        assert decision.action is Action.ANSWER
        assert decision.answer.startswith("not yet supported: ")


class TestByHand:
    """A workflow that somebody started; GitHub has checked that this person may write."""

    def started(self, command="deploy", policy=EVERYTHING, **pulled):
        event = Event.parse("workflow_dispatch", dispatch(command=command)).about(pull(**pulled))
        return of_dispatch(replace(event, approvals=()), policy)

    def test_its_pull_request_is_looked_up_first(self):
        assert of_dispatch(Event.parse("workflow_dispatch", dispatch()), EVERYTHING).needs is Fact.PULL_REQUEST

    @pytest.mark.parametrize("word", [word for word in VERBS if word not in ("help", "allow")])
    def test_it_does_what_was_chosen(self, word):
        assert self.started(word).action is Action(word)

    def test_a_fork_s_commit_is_not_allowed_this_way(self):
        assert self.started(origin=A_FORK).action is Action.ANSWER
        assert self.started(f"allow {SHA}", origin=A_FORK).action is Action.ANSWER

    def test_an_odd_word_is_answered(self):
        assert self.started("$(id)").answer.startswith("that is no command")
        assert self.started("deploy\ndestroy").action is Action.DEPLOY
