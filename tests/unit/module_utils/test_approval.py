# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The approval of a fork's commit is a commit status of the platform's own."""

from __future__ import annotations

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.approval import CONTEXT, Approval, approvals
from tests.unit.payloads import SHA, user

APPROVAL = Approval(sha=SHA, by="octocat", comment=1234)
BOT = "github-actions[bot]"


def status(creator=BOT, **changed):
    return {**APPROVAL.as_status(), "creator": user(creator, "Bot"), **changed}


def found(*statuses):
    return approvals(statuses, sha=SHA, authors={BOT})


def test_what_was_put_on_record_is_read_back():
    assert found(status()) == (APPROVAL,)


def test_a_commit_without_one_has_none():
    assert found() == ()
    assert found(status(context="ci/build")) == ()


@pytest.mark.parametrize("creator", ["github-actions", "mallory", "Github-Actions[bot]"])
def test_another_s_status_counts_for_nothing(creator):
    assert found(status(creator)) == ()
    assert found(status(creator, state="failure"), status()) == (APPROVAL,)


def test_a_status_whose_author_is_gone_counts_for_nothing():
    assert found(status() | {"creator": None}) == ()


def test_the_newest_decides_so_that_an_approval_can_be_taken_back():
    assert found(status(state="failure"), status()) == ()
    assert found(status(), status(state="failure")) == (APPROVAL,)


@pytest.mark.parametrize(
    "description", [None, "", "allowed", "allowed by a b in comment 1", "allowed by a in comment 1\n"]
)
def test_a_status_that_says_something_else_approves_nothing(description):
    assert found(status(description=description)) == ()


def test_the_record_fits_into_a_status():
    """GitHub takes 140 characters of description; a login has 39 at most, and a comment's number 16."""
    longest = Approval(sha=SHA, by="x" * 39, comment=10**16 - 1).as_status()
    assert len(longest["description"]) <= 140
    assert longest["context"] == CONTEXT
