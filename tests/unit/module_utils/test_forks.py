# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Forks: nothing of a stranger's is built before somebody who may write has allowed that very commit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.allow_list import AllowList
from ansible_collections.ephemeral.k8s.plugins.module_utils.approval import Approval
from ansible_collections.ephemeral.k8s.plugins.module_utils.command import Command
from ansible_collections.ephemeral.k8s.plugins.module_utils.decision import Action, Fact
from ansible_collections.ephemeral.k8s.plugins.module_utils.event import Comment
from ansible_collections.ephemeral.k8s.plugins.module_utils.forks import allowed, obstacle
from ansible_collections.ephemeral.k8s.plugins.module_utils.policy import Policy
from ansible_collections.ephemeral.k8s.plugins.module_utils.pulls import Account
from tests.unit.payloads import A_FORK, OTHER_SHA, SHA, pull_event

OPEN = Policy(allow=AllowList(), profiles=("team", "fork"))
COMMENT = Comment(id=1234, body="", author=Account(login="octocat"))


def event(*approved, origin=A_FORK):
    return replace(
        pull_event(origin=origin), approvals=tuple(Approval(sha=sha, by="octocat", comment=1) for sha in approved)
    )


def in_its_way(event, policy=OPEN):
    return obstacle(event, event.pull_request, policy)


def test_nothing_is_in_the_way_of_the_team_s_own():
    assert in_its_way(pull_event()) is None


def test_a_fork_s_commit_is_looked_up_first():
    found = in_its_way(pull_event(origin=A_FORK))
    assert (found.action, found.needs) == (Action.LOOK_UP, Fact.APPROVALS)


def test_one_that_nobody_allowed_is_left_alone_and_the_log_says_what_to_do():
    found = in_its_way(event())
    assert found.action is Action.IGNORE
    assert f"`/preview allow {SHA}`" in found.reason


def test_an_approval_is_good_for_its_commit_and_no_other():
    assert in_its_way(event(SHA)) is None
    assert in_its_way(event(OTHER_SHA)).action is Action.IGNORE


def test_a_head_whose_repository_is_gone_is_a_fork_s():
    assert in_its_way(event(origin=None)).action is Action.IGNORE


def test_where_forks_are_not_deployed_no_approval_helps():
    found = in_its_way(event(SHA), replace(OPEN, forks=False))
    assert (found.action, found.reason) == (
        Action.IGNORE,
        "it is from a fork, and pull requests from forks are not deployed here",
    )


def test_until_their_guard_rails_exist_no_approval_helps_and_none_is_looked_up():
    found = in_its_way(pull_event(origin=A_FORK), Policy(allow=AllowList()))
    assert (found.action, found.reason) == (
        Action.IGNORE,
        "not yet supported: pull requests from forks (profile fork)",
    )


def allow(sha, *, origin=A_FORK, policy=OPEN):
    found = pull_event(origin=origin).pull_request
    return allowed(found, policy, command=Command(name="allow", sha=sha), comment=COMMENT)


def test_allowing_the_newest_commit_deploys_it_in_the_stricter_profile_and_is_put_on_record():
    decision = allow(SHA)
    assert (decision.action, decision.profile) == (Action.DEPLOY, "fork")
    assert decision.approval == Approval(sha=SHA, by="octocat", comment=1234)
    assert decision.reason == f"octocat allowed {SHA}"


def test_another_commit_is_answered_with_the_newest():
    decision = allow(OTHER_SHA)
    assert (decision.action, decision.approval) == (Action.ANSWER, None)
    assert SHA in decision.answer


@pytest.mark.parametrize("digits", [7, 39])
def test_a_short_form_is_answered_with_the_whole_one(digits):
    decision = allow(SHA[:digits])
    assert (decision.action, decision.approval) == (Action.ANSWER, None)
    assert f"`/preview allow {SHA}`" in decision.answer


def test_the_team_s_own_need_no_approval():
    decision = allow(SHA, origin=42)
    assert (decision.action, decision.approval) == (Action.ANSWER, None)
    assert "comment `/preview deploy`" in decision.answer


@pytest.mark.parametrize("policy", [replace(OPEN, forks=False), Policy(allow=AllowList())])
def test_where_nothing_can_come_of_it_nothing_is_put_on_record(policy):
    decision = allow(SHA, policy=policy)
    assert (decision.action, decision.approval) == (Action.REFUSE, None)
