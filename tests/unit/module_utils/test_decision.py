# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decisions: what each kind of them says, and to whom."""

from __future__ import annotations

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.command import VERBS
from ansible_collections.ephemeral.k8s.plugins.module_utils.decision import (
    Action,
    Fact,
    answer,
    ignore,
    look_up,
    refuse,
)
from ansible_collections.ephemeral.k8s.plugins.module_utils.event import Event

BEFORE_ANY_ENVIRONMENT = {"look_up", "ignore", "answer", "refuse"}


def test_what_can_be_done_to_an_environment_is_what_can_be_ordered():
    """`allow` deploys, and `help` answers."""
    assert {str(action) for action in Action} - BEFORE_ANY_ENVIRONMENT == set(VERBS) - {"allow", "help"}


@pytest.mark.parametrize("fact", Fact)
def test_what_is_to_be_looked_up_is_a_field_of_the_event(fact):
    assert fact in Event.__dataclass_fields__
    decision = look_up(fact)
    assert (decision.action, decision.needs, decision.answer) == (Action.LOOK_UP, fact, "")


def test_what_is_ignored_is_said_to_nobody():
    assert (ignore("why").action, ignore("why").reason, ignore("why").answer) == (Action.IGNORE, "why", "")


def test_who_commanded_is_told_the_reason_or_more():
    assert (answer("why").action, answer("why").answer) == (Action.ANSWER, "why.")
    assert (answer("why", text="a list").reason, answer("why", text="a list").answer) == ("why", "a list")


def test_a_refusal_is_told_too():
    assert (refuse("why").action, refuse("why").answer) == (Action.REFUSE, "why.")


@pytest.mark.parametrize("decision", [look_up(Fact.PATHS), ignore("-"), answer("-"), refuse("-")])
def test_only_what_is_looked_up_leads_to_another_decision(decision):
    assert (decision.needs is not None) is (decision.action is Action.LOOK_UP)
