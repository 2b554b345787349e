# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commit status and deployments, by what the last report did: the whole table, then the courses of a pull request."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.marker import Marker
from ansible_collections.ephemeral.k8s.plugins.module_utils.signals import Signals, signals
from ansible_collections.ephemeral.k8s.plugins.module_utils.view import State
from tests.unit.views import NEWER, SHA, view

PENDING = [State.QUEUED, State.BUILDING, State.DEPLOYING]
GONE = [State.EXPIRED, State.DESTROYED]


def last(state: State, *, commit: str = SHA, deployment: int | None = 42, older: tuple[int, ...] = ()) -> Marker:
    return Marker(environment="shop-pr-7", sequence=1, commit=commit, state=state, deployment=deployment, older=older)


@pytest.mark.parametrize(
    ("state", "commit", "begins", "outcome"),
    [
        *[(state, "pending", True, None) for state in PENDING],
        (State.READY, "success", True, "success"),
        (State.ASLEEP, "success", False, None),
        (State.FAILED, "failure", False, None),
        (State.REFUSED, "failure", False, None),
        (State.CANCELLED, "error", False, None),
        (State.SUPERSEDED, "error", False, None),
        *[(state, None, False, None) for state in GONE],
    ],
)
def test_the_first_report(state: State, commit: str | None, begins: bool, outcome: str | None) -> None:
    assert signals(view(state), None) == Signals(commit=commit, begins=begins, outcome=outcome)


@pytest.mark.parametrize(
    ("state", "commit", "outcome"),
    [
        (State.QUEUED, None, None),
        (State.DEPLOYING, None, None),
        (State.READY, "success", "success"),
        (State.ASLEEP, "success", "success"),
        (State.FAILED, "failure", "failure"),
        (State.REFUSED, "failure", "error"),
        (State.CANCELLED, "error", "error"),
        (State.SUPERSEDED, "error", "inactive"),
    ],
)
def test_a_run_that_goes_on_keeps_its_deployment(state: State, commit: str | None, outcome: str | None) -> None:
    assert signals(view(state), last(State.BUILDING)) == Signals(commit=commit, deployment=42, outcome=outcome)


@pytest.mark.parametrize("state", [state for state in State if state not in GONE])
def test_telling_the_same_twice_asks_for_nothing(state: State) -> None:
    assert not signals(view(state), last(state))


@pytest.mark.parametrize("state", GONE)
def test_a_close_retires_every_deployment_once_and_leaves_the_commits_status(state: State) -> None:
    assert signals(view(state), last(State.READY, older=(40, 41))) == Signals(retired=(42, 40, 41))
    assert signals(view(state), last(State.READY, commit=NEWER)) == Signals(retired=(42,))
    assert not signals(view(state), last(state, deployment=None))


def test_a_close_ends_a_status_that_would_be_pending_for_ever() -> None:
    assert signals(view(State.DESTROYED), last(State.BUILDING)) == Signals(commit="error", retired=(42,))


def test_a_new_commit_begins_a_deployment_and_the_one_before_lives_until_it_is_ready() -> None:
    building = signals(view(State.BUILDING, commit=NEWER), last(State.READY))
    assert building == Signals(commit="pending", begins=True, older=(42,))
    marker = last(State.BUILDING, commit=NEWER, deployment=43, older=(42,))
    ready = signals(view(State.READY, commit=NEWER), marker)
    assert ready == Signals(commit="success", deployment=43, outcome="success", retired=(42,))
    failed = signals(view(State.FAILED, commit=NEWER), marker)
    assert failed == Signals(commit="failure", deployment=43, outcome="failure", older=(42,))


def test_a_deployment_that_a_newer_push_left_pending_is_retired_with_the_rest() -> None:
    second = signals(view(State.BUILDING, commit=NEWER), last(State.DEPLOYING, older=(41,)))
    assert second.older == (41, 42)


@pytest.mark.parametrize("state", [State.FAILED, State.REFUSED, State.CANCELLED, State.SUPERSEDED])
def test_a_deployment_that_has_ended_is_not_ended_again(state: State) -> None:
    assert signals(view(State.BUILDING, commit=NEWER), last(state)).older == ()


@pytest.mark.parametrize("state", [State.READY, State.FAILED, State.CANCELLED])
def test_a_run_anew_of_the_same_commit_begins_anew(state: State) -> None:
    again = signals(view(State.BUILDING), last(state))
    assert (again.commit, again.begins, again.deployment) == ("pending", True, None)


def test_a_commit_that_is_ready_after_all_says_so_on_its_own_deployment() -> None:
    after = signals(view(State.READY), last(State.FAILED))
    assert after == Signals(commit="success", deployment=42, outcome="success")


@pytest.mark.parametrize(("before", "after"), [(State.READY, State.ASLEEP), (State.ASLEEP, State.READY)])
def test_sleep_and_wake_change_only_the_comment(before: State, after: State) -> None:
    assert not signals(view(after), last(before))


@pytest.mark.parametrize("commit", ["", "unknown", "0b5cbb7", f"{SHA}\n", SHA.upper(), f"{SHA}/../x"])
def test_what_is_no_commit_gets_no_status_and_no_deployment(commit: str) -> None:
    for state in State:
        assert not signals(view(state, commit=commit), None)


def test_what_killed_runs_leave_behind_does_not_grow_for_ever() -> None:
    many = last(State.DEPLOYING, older=tuple(range(20)))
    assert signals(view(State.BUILDING, commit=NEWER), many).older == (16, 17, 18, 19, 42)
    assert signals(replace(view(State.READY), commit=SHA), many).retired == (15, 16, 17, 18, 19)
