# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Payloads that GitHub really sent, of github.com and five releases of GitHub Enterprise, through the event table."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.allow_list import AllowList
from ansible_collections.ephemeral.k8s.plugins.module_utils.command import VERBS
from ansible_collections.ephemeral.k8s.plugins.module_utils.decision import Action, Fact
from ansible_collections.ephemeral.k8s.plugins.module_utils.event import PULL_REQUEST, PULL_REQUEST_TARGET, Event
from ansible_collections.ephemeral.k8s.plugins.module_utils.permission import Permission
from ansible_collections.ephemeral.k8s.plugins.module_utils.policy import MODES, Policy
from ansible_collections.ephemeral.k8s.plugins.module_utils.trigger import decide

Payload = dict[str, Any]


@pytest.fixture(scope="module")
def payloads(node_modules: Path) -> dict[str, list[Payload]]:
    """All payloads by the name of their event."""
    found: dict[str, list[Payload]] = {}
    for file in sorted((node_modules / "@octokit/webhooks-examples").glob("*/index.json")):
        for event in json.loads(file.read_bytes()):
            found.setdefault(event["name"], []).extend(event["examples"])
    return found


@pytest.fixture(scope="module")
def pulls(payloads: dict[str, list[Payload]]) -> list[Payload]:
    return payloads["pull_request"]


def policy_of(event: Event, mode: str) -> Policy:
    """Everything allowed and everything served."""
    allow = AllowList.parse({"repositories": [event.repository.id]})
    return Policy(allow=allow, mode=mode, bots=True, served=frozenset(VERBS), profiles=("team", "fork"))


def replayed(pulls: list[Payload], *actions: str) -> Iterator[Event]:
    found = [Event.parse(PULL_REQUEST, payload) for payload in pulls if payload["action"] in actions]
    assert found
    yield from found


def test_every_pull_request_s_event_is_read_as_it_was_sent(pulls: list[Payload]) -> None:
    assert len(pulls) > 25
    for payload in pulls:
        event = Event.parse(PULL_REQUEST, payload)
        told = payload["pull_request"]
        assert event.pull_request is not None
        assert (event.action, event.number) == (payload["action"], payload["number"])
        assert (event.repository.name, event.repository.id) == (
            payload["repository"]["full_name"],
            payload["repository"]["id"],
        )
        assert (event.pull_request.sha, event.pull_request.branch) == (told["head"]["sha"], told["head"]["ref"])
        assert event.pull_request.labels == tuple(label["name"] for label in told["labels"])
        assert event.pull_request.is_fork is (told["head"]["repo"]["full_name"] != told["base"]["repo"]["full_name"])
        assert event.label == payload.get("label", {}).get("name", "")


def test_every_action_that_github_has_for_pull_requests_is_decided_in_every_mode(pulls: list[Payload]) -> None:
    told = {payload["action"] for payload in pulls}
    assert told >= {"opened", "reopened", "synchronize", "closed", "labeled", "unlabeled", "converted_to_draft"}
    for payload in pulls:
        for mode in MODES:
            for kind in (PULL_REQUEST, PULL_REQUEST_TARGET):
                event = replace(Event.parse(kind, payload), approvals=())
                assert decide(event, policy_of(event, mode)).action in (Action.DEPLOY, Action.DESTROY, Action.IGNORE)


def test_an_open_pull_request_is_deployed_and_a_closed_one_destroyed(pulls: list[Payload]) -> None:
    for event in replayed(pulls, "opened", "reopened", "synchronize"):
        assert decide(event, policy_of(event, "automatic")).action is Action.DEPLOY
    for event in replayed(pulls, "closed"):
        assert decide(event, policy_of(event, "on-demand")).action is Action.DESTROY


def test_the_label_that_was_added_deploys_in_mode_label_and_its_removal_destroys(pulls: list[Payload]) -> None:
    for event in replayed(pulls, "labeled", "unlabeled"):
        decision = decide(event, replace(policy_of(event, "label"), label=event.label))
        assert decision.action is (Action.DEPLOY if event.action == "labeled" else Action.DESTROY)


def test_their_order_is_that_of_github_s_clock(pulls: list[Payload]) -> None:
    for payload in pulls:
        event = Event.parse(PULL_REQUEST, payload)
        at = datetime.fromisoformat(payload["pull_request"]["updated_at"]).timestamp()
        assert at <= event.sequence <= at + 2
    one = [payload for payload in pulls if payload["pull_request"]["id"] == pulls[0]["pull_request"]["id"]]
    pushed = max(event.sequence for event in replayed(one, "opened", "synchronize"))
    assert all(event.sequence > pushed for event in replayed(one, "closed"))


def test_comments_under_issues_are_ignored(payloads: dict[str, list[Payload]]) -> None:
    for payload in payloads["issue_comment"]:
        event = Event.parse("issue_comment", payload)
        assert decide(event, policy_of(event, "automatic")).action is Action.IGNORE


def test_a_command_under_a_pull_request_asks_who_its_author_is_and_then_for_the_commit(
    payloads: dict[str, list[Payload]], pulls: list[Payload]
) -> None:
    created = [payload for payload in payloads["issue_comment"] if payload["action"] == "created"]
    assert created
    for payload in created:
        # GitHub publishes none under a pull request; there the issue has one key more.
        issue = {**payload["issue"], "number": pulls[0]["number"], "pull_request": {}}
        comment = {**payload["comment"], "body": "/preview deploy"}
        event = Event.parse("issue_comment", {**payload, "issue": issue, "comment": comment})
        policy = policy_of(event, "on-demand")
        assert decide(event, policy).needs is Fact.PERMISSION
        event = replace(event, permission=Permission.WRITE)
        assert decide(event, policy).needs is Fact.PULL_REQUEST
        base = pulls[0]["pull_request"]["base"]
        ours = {**pulls[0]["pull_request"], "base": {**base, "repo": payload["repository"]}}
        ours["head"] = {**ours["head"], "repo": payload["repository"]}
        assert decide(event.about(ours), policy).action is Action.DEPLOY


def test_a_workflow_started_by_hand_is_read_with_its_number(payloads: dict[str, list[Payload]]) -> None:
    for payload in payloads["workflow_dispatch"]:
        event = Event.parse("workflow_dispatch", {**payload, "inputs": {"pr": "2", "command": "destroy"}})
        assert (event.number, event.order) == (2, "destroy")
        assert decide(event, policy_of(event, "automatic")).needs is Fact.PULL_REQUEST
