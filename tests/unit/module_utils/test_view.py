# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a pull request is told, from a run's result and the record."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.view import State, View, compose, state_of
from tests.unit.views import DIAGNOSIS, HELD, STEPS, URL, VIEWS, view

READY: dict[str, Any] = {
    "status": "ready",
    "url": URL,
    "namespace": "shop-pr-7",
    "changed": True,
    "phases": [step.as_dict() for step in STEPS],
    "diagnosis": None,
}
RECORD = {
    "phase": "Ready",
    "url": URL,
    "readyAt": "2026-11-23T20:00:00Z",
    "expiresAt": "2026-11-26T20:00:00Z",
    "pinnedUntil": "2026-11-24T20:00:00Z",
    "queuePlace": 3,
}


@pytest.mark.parametrize("status", ["ready", "failed", "refused", "superseded", "queued", "destroyed"])
def test_a_result_has_the_state_of_its_name(status: str) -> None:
    assert state_of({"status": status, "diagnosis": None}) == status


def test_nothing_there_is_as_gone_as_destroyed_and_a_stopped_run_is_cancelled() -> None:
    assert state_of({"status": "absent"}) is State.DESTROYED
    assert state_of({"status": "failed", "diagnosis": {"reason": "Cancelled"}}) is State.CANCELLED
    assert state_of({"status": "failed", "diagnosis": {"reason": "CrashLoop"}}) is State.FAILED


def test_each_state_is_pending_red_gone_or_none_of_these() -> None:
    kinds = {state: (state.is_pending, state.is_red, state.is_gone) for state in State}
    assert all(sum(kind) <= 1 for kind in kinds.values())
    assert {state for state, kind in kinds.items() if not any(kind)} == {State.READY, State.ASLEEP, State.SUPERSEDED}


def test_result_and_record_are_put_together() -> None:
    told = compose(view(State.READY, environment=""), preview=READY, status=RECORD)
    assert (told.environment, told.url, told.served_before) == ("shop-pr-7", URL, True)
    assert (told.expires_at, told.pinned_until, told.queue_place) == (RECORD["expiresAt"], RECORD["pinnedUntil"], 3)
    assert [step.name for step in told.phases] == [step.name for step in STEPS]
    assert told.diagnosis == {}


def test_a_refusal_names_no_url_but_the_record_does_where_something_was_ready() -> None:
    refused = {**READY, "status": "refused", "url": None, "namespace": None, "phases": []}
    assert compose(view(State.REFUSED), preview=refused, status=RECORD).url == URL
    assert compose(view(State.REFUSED), preview=refused, status={**RECORD, "readyAt": None}).url == ""
    assert compose(view(State.REFUSED), preview=refused, status=None).environment == "shop-pr-7"


def test_without_result_and_record_the_view_stays() -> None:
    assert compose(VIEWS["ready"], preview=None, status=None) == VIEWS["ready"]


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_survives_being_kept_as_json(name: str) -> None:
    kept = json.loads(json.dumps(VIEWS[name].as_dict()))
    again = View.parse(kept)
    assert again.as_dict() == kept
    assert (again.state, again.links, again.environment) == (
        VIEWS[name].state,
        VIEWS[name].links,
        VIEWS[name].environment,
    )
    assert View.parse({**kept, "of a later version": 1}) == again


@pytest.mark.parametrize("broken", [{}, {"state": "new"}, {"state": "ready"}, {"state": "ready", "phases": [1]}])
def test_what_is_no_view_is_not_taken_for_one(broken: dict[str, Any]) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        View.parse(broken)


def test_project_and_closing_are_read_from_what_is_there() -> None:
    assert view(State.READY).project == "shop"
    assert view(State.READY, environment="").project == ""
    assert view(State.FAILED, diagnosis=HELD).is_closing
    assert not view(State.FAILED, diagnosis=DIAGNOSIS).is_closing
