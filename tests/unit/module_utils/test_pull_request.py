# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a pull request is told in the course of its life, with which requests, and through an unreliable forge."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import ForgeError
from ansible_collections.ephemeral.k8s.plugins.module_utils.marker import Marker
from ansible_collections.ephemeral.k8s.plugins.module_utils.pull_request import Report, publish
from ansible_collections.ephemeral.k8s.plugins.module_utils.sticky import Sticky
from ansible_collections.ephemeral.k8s.plugins.module_utils.view import State, View
from tests.unit.forges import BOT, FakeForge, away, forbidden, unanswered
from tests.unit.views import NEWER, SHA, URL, VIEWS, view

CONTEXT = "preview"


@pytest.fixture
def forge() -> FakeForge:
    return FakeForge()


def tell(forge: FakeForge, told: View | State, **more: Any) -> Report:
    if isinstance(told, State):
        told = view(told, **{"url": URL} if told is State.READY else {})
    return publish(forge, told, authors=[BOT], **more)


def handed_on(report: Report) -> Sticky:
    """A report's comment as the next one gets it: nobody has read it since."""
    assert report.comment is not None
    return replace(report.comment, body=None)


def body(forge: FakeForge) -> str:
    """The one comment of ours."""
    (comment,) = [each for each in forge.remarks.values() if each.author == BOT]
    return comment.body


def marker(forge: FakeForge) -> Marker:
    found = Marker.parse(body(forge))
    assert found is not None
    return found


# The course of a pull request


def test_from_the_first_push_to_the_close_there_is_one_comment(forge: FakeForge) -> None:
    for state in (State.BUILDING, State.DEPLOYING, State.READY):
        tell(forge, state)
        assert marker(forge).state is state
    (deployment,) = forge.begun
    assert forge.begun == {deployment: (SHA, "deploy:pr-7")}
    assert forge.outcomes == [(deployment, "success")]
    assert forge.statuses == [(SHA, CONTEXT, "pending"), (SHA, CONTEXT, "success")]

    for state in (State.BUILDING, State.DEPLOYING, State.READY):
        tell(forge, view(state, commit=NEWER, sequence=1764000900, url=URL))
    newer = max(forge.begun)
    assert forge.outcome == {deployment: "inactive", newer: "success"}

    tell(forge, view(State.DESTROYED, commit="", branch="", sequence=1764001800))
    assert forge.outcome == {deployment: "inactive", newer: "inactive"}
    assert NEWER in body(forge)
    assert forge.statuses[-1] == (NEWER, CONTEXT, "success")


@pytest.mark.parametrize("name", VIEWS)
def test_telling_the_same_twice_writes_nothing(forge: FakeForge, name: str) -> None:
    tell(forge, State.BUILDING)
    tell(forge, VIEWS[name])
    written = list(forge.writes)
    again = tell(forge, VIEWS[name])
    assert forge.writes == written
    assert (again.actions, again.before) == ((), again.after)


@pytest.mark.parametrize("name", VIEWS)
def test_check_mode_says_what_would_be_written_and_writes_nothing(forge: FakeForge, name: str) -> None:
    tell(forge, State.BUILDING)
    written = list(forge.writes)
    planned = tell(forge, VIEWS[name], check=True)
    assert forge.writes == written
    done = tell(forge, VIEWS[name])
    assert done.actions == planned.actions
    assert planned.before == done.before


def test_success_leads_to_the_environment_and_a_failure_to_its_run(forge: FakeForge) -> None:
    tell(forge, VIEWS["ready"])
    assert [text["url"] for text in forge.texts] == [URL, URL]
    forge.texts.clear()
    tell(forge, VIEWS["failed"])
    assert [text["url"] for text in forge.texts] == [VIEWS["failed"].links.run, ""]
    assert forge.texts[1]["log_url"] == VIEWS["failed"].links.run


# How many requests


def test_a_deploy_costs_ten_requests_from_push_to_url(forge: FakeForge) -> None:
    tell(forge, State.READY)
    forge.asked.clear()
    tell(forge, view(State.BUILDING, commit=NEWER))
    deploying = tell(forge, view(State.DEPLOYING, commit=NEWER))
    tell(forge, view(State.READY, commit=NEWER, url=URL), previous=handed_on(deploying))
    assert forge.requests == 10


def test_a_deploy_by_command_costs_twelve_where_the_comment_is_handed_on(forge: FakeForge) -> None:
    tell(forge, State.READY)
    forge.asked.clear()
    forge.react(1, "eyes")
    forge.permission("ada")
    forge.pull(7)
    building = tell(forge, view(State.BUILDING, commit=NEWER))
    deploying = tell(forge, view(State.DEPLOYING, commit=NEWER), previous=handed_on(building))
    tell(forge, view(State.READY, commit=NEWER, url=URL), previous=handed_on(deploying))
    assert forge.requests == 12


def test_a_close_costs_three(forge: FakeForge) -> None:
    tell(forge, State.READY)
    forge.asked.clear()
    tell(forge, State.DESTROYED)
    assert forge.asked == ["comments", "set_deployment", "edit_comment"]


# The order of events


def test_an_older_run_does_not_take_back_what_a_newer_one_told(forge: FakeForge) -> None:
    older = handed_on(tell(forge, State.BUILDING))
    tell(forge, view(State.BUILDING, commit=NEWER, sequence=1764000900))
    told = body(forge)
    report = tell(forge, State.SUPERSEDED, previous=older)
    assert body(forge) == told
    assert report.actions == ("status error",)
    assert forge.statuses[-1] == (SHA, CONTEXT, "error")
    tell(forge, view(State.READY, commit=NEWER, sequence=1764000900, url=URL))
    assert forge.outcome == {min(forge.begun): "inactive", max(forge.begun): "success"}


def test_an_older_run_retires_its_deployment_where_the_newer_one_never_learnt_of_it(forge: FakeForge) -> None:
    older = handed_on(tell(forge, State.BUILDING))
    forge.remarks.clear()
    tell(forge, view(State.BUILDING, commit=NEWER, sequence=1764000900))
    assert tell(forge, State.SUPERSEDED, previous=older).actions == ("status error", "deployment inactive")
    assert forge.outcome == {min(forge.begun): "inactive"}


def test_a_cancelled_run_leaves_the_deployment_of_a_newer_run_of_its_commit_alone(forge: FakeForge) -> None:
    older = handed_on(tell(forge, State.BUILDING))
    tell(forge, view(State.DEPLOYING, sequence=1764000900))
    report = tell(forge, State.CANCELLED, previous=older)
    assert report.actions == ()
    assert forge.statuses == [(SHA, CONTEXT, "pending")]


def test_a_run_that_gives_way_before_the_newer_one_has_told_anything_says_so(forge: FakeForge) -> None:
    older = handed_on(tell(forge, State.BUILDING))
    tell(forge, State.SUPERSEDED, previous=older)
    assert "gave way" in body(forge)


@pytest.mark.parametrize("state", [State.DESTROYED, State.EXPIRED, State.SUPERSEDED])
def test_nothing_is_told_about_the_end_of_what_was_never_told(forge: FakeForge, state: State) -> None:
    report = tell(forge, view(state))
    assert (forge.remarks, report.comment) == ({}, None)


def test_a_close_without_a_comment_retires_what_the_deleted_one_knew(forge: FakeForge) -> None:
    tell(forge, State.READY)
    forge.remarks.clear()
    report = tell(forge, State.DESTROYED)
    assert report.actions == ("deployment inactive",)
    assert set(forge.outcome.values()) == {"inactive"}
    assert forge.remarks == {}


def test_a_refused_configuration_is_told_and_corrected_in_one_comment(forge: FakeForge) -> None:
    tell(forge, VIEWS["refused"])
    tell(forge, State.BUILDING)
    assert marker(forge).environment == "shop-pr-7"
    tell(forge, replace(VIEWS["refused"], sequence=1764000001))
    assert marker(forge).state is State.REFUSED
    assert len(forge.remarks) == 1


def test_a_report_before_the_configuration_was_read_keeps_the_name_that_is_known(forge: FakeForge) -> None:
    tell(forge, State.READY)
    told = tell(forge, view(State.BUILDING, environment="", commit=NEWER))
    assert marker(forge).environment == "shop-pr-7"
    assert "`shop-pr-7`" in told.after
    assert len(forge.remarks) == 1


def test_a_status_has_the_name_that_is_asked_for(forge: FakeForge) -> None:
    tell(forge, view(State.BUILDING, status_context="preview/blog"))
    assert forge.statuses == [(SHA, "preview/blog", "pending")]


def test_the_double_of_two_runs_that_began_at_once_is_deleted(forge: FakeForge) -> None:
    tell(forge, State.BUILDING)
    forge.said(body(forge))
    assert tell(forge, State.READY).actions[-1] == "double deleted"
    assert marker(forge).state is State.READY


# An unreliable forge


def test_a_comment_deleted_meanwhile_is_written_anew(forge: FakeForge) -> None:
    building = handed_on(tell(forge, State.BUILDING))
    forge.remarks.clear()
    tell(forge, State.READY, previous=building)
    assert marker(forge).state is State.READY


@pytest.mark.parametrize("name", ["create_comment", "create_deployment"])
def test_what_took_effect_without_an_answer_is_not_made_twice(forge: FakeForge, name: str) -> None:
    lost = iter([unanswered()])

    def lose(asked: str) -> None:
        if asked == name and (error := next(lost, None)):
            raise error

    forge.lose = lose
    tell(forge, State.BUILDING)
    assert (len(forge.remarks), len(forge.begun)) == (1, 1)
    assert marker(forge).deployment in forge.begun


@pytest.mark.parametrize("name", ["create_comment", "create_deployment"])
def test_what_had_no_effect_and_no_answer_is_made_at_the_second_try(forge: FakeForge, name: str) -> None:
    lost = iter([unanswered()])

    def refuse(asked: str) -> None:
        if asked == name and (error := next(lost, None)):
            raise error

    forge.refuse = refuse
    tell(forge, State.BUILDING)
    assert (len(forge.remarks), len(forge.begun)) == (1, 1)


@pytest.mark.parametrize("name", ["comments", "set_status", "create_deployment", "set_deployment", "edit_comment"])
def test_a_forge_that_is_away_is_an_error_and_the_next_report_makes_good(forge: FakeForge, name: str) -> None:
    tell(forge, State.READY)

    def refuse(asked: str) -> None:
        if asked == name:
            raise away()

    forge.refuse = refuse
    newer = view(State.READY, commit=NEWER, url=URL)
    with pytest.raises(ForgeError, match="GitHub is away"):
        tell(forge, newer)
    forge.refuse = lambda name: None
    tell(forge, newer)
    assert marker(forge).commit == NEWER
    assert forge.statuses[-1] == (NEWER, CONTEXT, "success")
    assert forge.outcome[max(forge.begun)] == "success"


@pytest.mark.parametrize("name", ["set_status", "create_deployment", "set_deployment"])
def test_what_the_token_may_not_do_does_not_keep_the_comment_back(forge: FakeForge, name: str) -> None:
    def refuse(asked: str) -> None:
        if asked == name:
            raise forbidden()

    forge.refuse = refuse
    report = tell(forge, State.READY)
    assert marker(forge).state is State.READY
    assert report.refused == (str(forbidden()),)
    assert report.actions[-1] == "comment created"


def test_a_comment_that_the_token_may_not_write_is_an_error(forge: FakeForge) -> None:
    def refuse(asked: str) -> None:
        if asked == "create_comment":
            raise forbidden()

    forge.refuse = refuse
    with pytest.raises(ForgeError, match="permissions"):
        tell(forge, State.READY)
