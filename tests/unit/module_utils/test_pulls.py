# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pull request as GitHub writes it down."""

from __future__ import annotations

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import RefusedError
from ansible_collections.ephemeral.k8s.plugins.module_utils.payload import Payload
from ansible_collections.ephemeral.k8s.plugins.module_utils.pulls import Account, PullRequest, Repository
from tests.unit.payloads import A_FORK, NOON_SECONDS, OURS, SHA, pull, repository, user


def parsed(**changed):
    return PullRequest.parse(Payload.of(pull(**changed), "pull_request"))


def test_what_the_platform_needs_is_read():
    assert parsed(labels=("bug", "preserve=true"), draft=True, merged=True, state="closed") == PullRequest(
        number=7,
        is_open=False,
        is_merged=True,
        is_draft=True,
        author=Account(login="octocat"),
        labels=("bug", "preserve=true"),
        sha=SHA,
        branch="feature",
        repository_id=OURS,
        head_repository_id=OURS,
        updated=NOON_SECONDS,
    )


def test_a_repository_that_was_forked_itself_has_pull_requests_of_its_own():
    assert not parsed(origin=OURS).is_fork


@pytest.mark.parametrize("origin", [A_FORK, None])
def test_a_head_of_another_repository_is_a_fork_s_also_after_that_was_deleted(origin):
    assert parsed(origin=origin).is_fork


def test_an_old_github_enterprise_knows_no_drafts():
    without = {key: value for key, value in pull().items() if key not in ("draft", "merged")}
    found = PullRequest.parse(Payload.of(without, "pull_request"))
    assert not found.is_draft
    assert not found.is_merged


@pytest.mark.parametrize(
    "branch",
    ["a`id`", "$(id)", "a|b", "<img src=x>", "x" * 200, "!!!", "{{ lookup('pipe', 'id') }}", "ünïcode", "'; drop--"],
)
def test_a_branch_is_text_whatever_its_author_called_it(branch):
    assert parsed(branch=branch).branch == branch


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"number": 0}, "pr '0' is not a pull request's number"),
        ({"number": "7"}, "pull_request.number is '7', not a whole number"),
        ({"sha": SHA[:39]}, "pull_request.head.sha is '"),
        ({"sha": SHA.upper()}, "pull_request.head.sha is '"),
        ({"sha": SHA + "\n"}, "pull_request.head.sha is '"),
        ({"state": "merged"}, "pull_request.state is 'merged', not open or closed"),
        ({"labels": ()} | {"head": None}, "pull_request.head is empty, not a mapping"),
        ({"updated_at": "yesterday"}, "pull_request.updated_at is 'yesterday', not a time with its zone"),
        ({"draft": "no"}, "pull_request.draft is 'no', not true or false"),
        ({"base": {"repo": None}}, "pull_request.base.repo is empty, not a mapping"),
    ],
)
def test_what_is_malformed_is_named(changed, says):
    with pytest.raises(RefusedError) as refused:
        parsed(**changed)
    assert str(refused.value).startswith(says)


def test_only_github_says_who_is_a_bot():
    assert Account.parse(Payload.of(user("renovate[bot]", "Bot"))) == Account(login="renovate[bot]", is_bot=True)
    assert not Account.parse(Payload.of(user("github-actions", "User"))).is_bot


def test_a_deleted_account_has_no_name():
    assert Account.parse(None) == Account(login="")
    assert parsed(user=None).author.login == ""


def test_a_repository_has_a_name_and_two_numbers():
    assert Repository.parse(Payload.of(repository())) == Repository(name="Acme/Shop", id=OURS, owner_id=7)


@pytest.mark.parametrize("name", ["shop", "acme/shop/x", "acme/sh op", "acme/shop\n", "a" * 101 + "/b", "acme/`id`"])
def test_a_name_that_is_not_owner_and_name_is_refused(name):
    with pytest.raises(RefusedError, match=r"full_name is '.*, not owner/name"):
        Repository.parse(Payload.of(repository(full_name=name)))
