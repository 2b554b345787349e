# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module `pull_request`, run as Ansible runs it: check, real, check again, real again, and what it never fails for."""

from __future__ import annotations

import json
import signal
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils import kubeconfig
from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import ClusterError
from ansible_collections.ephemeral.k8s.plugins.module_utils.forge import connect
from ansible_collections.ephemeral.k8s.plugins.module_utils.objects import Ref
from ansible_collections.ephemeral.k8s.plugins.module_utils.undelivered import Undelivered
from ansible_collections.ephemeral.k8s.plugins.modules import pull_request
from tests.unit.fakes import FakeCluster
from tests.unit.forges import BOT, FakeForge, away, forbidden
from tests.unit.views import CANCELLED, DIAGNOSIS, SHA, STEPS, URL

from .conftest import RunModule

SECRET = "ghs_" + "a1B2" * 9
RECORD = Ref("Environment", "shop-pr-7", "platform")
TOLD: dict[str, Any] = {"repository": "acme/shop", "number": "7", "sha": SHA, "sequence": 1, "token": SECRET}
PREVIEW: dict[str, Any] = {
    "status": "ready",
    "url": URL,
    "namespace": "shop-pr-7",
    "changed": True,
    "phases": [step.as_dict() for step in STEPS],
    "diagnosis": None,
}
RESULT = {"changed", "reported", "reason", "kept", "comment", "actions", "requests"}


@pytest.fixture
def forge() -> FakeForge:
    return FakeForge()


@pytest.fixture
def cluster() -> FakeCluster:
    fake = FakeCluster()
    fake.put(
        {
            "apiVersion": "preview.k8s-ee/v1alpha1",
            "kind": "Environment",
            "metadata": {"name": "shop-pr-7", "namespace": "platform", "labels": {"k8s-ee/project": "shop"}},
            "spec": {"project": "shop", "pr": 7, "repository": "acme/shop", "repositoryId": 42},
            "status": {"phase": "Ready", "expiresAt": "2026-11-26T20:00:00Z"},
        }
    )
    return fake


@pytest.fixture(autouse=True)
def outside(monkeypatch: pytest.MonkeyPatch, forge: FakeForge, cluster: FakeCluster) -> Iterator[dict[str, Any]]:
    """What forge and cluster were reached with. A module ends its process; here its signals have to be put back."""
    reached: dict[str, Any] = {}

    def connect_forge(repository: str, **more: Any) -> FakeForge:
        reached["forge"] = {"repository": repository, **more}
        return forge

    def connect_cluster(**more: Any) -> FakeCluster:
        reached["cluster"] = more
        return cluster

    monkeypatch.setattr(pull_request, "connect_forge", connect_forge)
    monkeypatch.setattr(kubeconfig, "connect", connect_cluster)
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    monkeypatch.delenv("GITHUB_API_URL", raising=False)
    before = signal.getsignal(signal.SIGTERM)
    yield reached
    signal.signal(signal.SIGTERM, before)


def body(forge: FakeForge) -> str:
    (comment,) = [each for each in forge.remarks.values() if each.author == BOT]
    return comment.body


# The four runs


def test_four_times(run_module: RunModule, forge: FakeForge) -> None:
    planned = run_module(pull_request.main, check=True, diff=True, **TOLD, preview=PREVIEW)
    assert (planned["changed"], planned["reported"], planned["comment"]) == (True, True, None)
    assert forge.writes == []
    assert planned["diff"][0]["before"] == ""

    told = run_module(pull_request.main, diff=True, **TOLD, preview=PREVIEW)
    assert (told["changed"], told["actions"]) == (True, planned["actions"])
    assert told["diff"][0]["after"] == body(forge)
    written = list(forge.writes)

    again = run_module(pull_request.main, check=True, diff=True, **TOLD, preview=PREVIEW)
    assert (again["changed"], again["diff"], again["actions"]) == (False, [], [])
    last = run_module(pull_request.main, diff=True, **TOLD, preview=PREVIEW)
    assert (last["changed"], last["diff"], last["comment"]) == (False, [], told["comment"])
    assert forge.writes == written


# What it returns


def test_the_result_has_its_shape_whatever_happens(run_module: RunModule, forge: FakeForge) -> None:
    told = run_module(pull_request.main, **TOLD, preview=PREVIEW)
    assert set(told.result) - {"invocation"} == RESULT
    assert (told["reported"], told["reason"], told["kept"], told["requests"]) == (True, None, False, 5)
    assert set(told["comment"]) == {"id", "url", "marker"}
    assert body(forge).startswith(told["comment"]["marker"])

    def refuse(name: str) -> None:
        raise away()

    forge.refuse = refuse
    untold = run_module(pull_request.main, **TOLD, preview=PREVIEW)
    assert set(untold.result) - {"invocation", "warnings"} == RESULT


def test_the_comment_of_one_report_is_handed_on_to_the_next(run_module: RunModule, forge: FakeForge) -> None:
    first = run_module(pull_request.main, **TOLD, project="shop", state="deploying")
    forge.asked.clear()
    second = run_module(pull_request.main, **TOLD, preview=PREVIEW, previous=first["comment"])
    assert forge.asked == ["set_status", "set_deployment", "edit_comment"]
    assert second["comment"]["id"] == first["comment"]["id"]
    third = run_module(pull_request.main, **TOLD, preview=PREVIEW, previous={"id": 1, "marker": "no marker"})
    assert (third["changed"], third["comment"]) == (False, second["comment"])


@pytest.mark.parametrize(
    ("preview", "title"),
    [
        ({}, "Preview is ready"),
        ({"status": "failed", "diagnosis": dict(DIAGNOSIS)}, "Preview failed"),
        ({"status": "failed", "diagnosis": dict(CANCELLED)}, "Preview was cancelled"),
        ({"status": "refused", "namespace": None, "url": None}, "Preview was refused"),
        ({"status": "queued"}, "Preview waits for room"),
    ],
)
def test_a_runs_result_tells_the_state(
    run_module: RunModule, forge: FakeForge, preview: dict[str, Any], title: str
) -> None:
    run_module(pull_request.main, **TOLD, preview=PREVIEW | preview)
    assert title in body(forge)


def test_a_state_that_is_given_comes_before_the_result(run_module: RunModule, forge: FakeForge) -> None:
    run_module(pull_request.main, **TOLD, preview=PREVIEW, state="asleep")
    assert "Preview is asleep" in body(forge)


def test_a_close_of_two_environments_is_told_in_both_comments(run_module: RunModule, forge: FakeForge) -> None:
    for project in ("shop", "store"):
        run_module(pull_request.main, **TOLD, project=project, state="building")
    closed = PREVIEW | {"status": "destroyed", "namespace": "shop-pr-7,store-pr-7", "url": None}
    outcome = run_module(pull_request.main, **TOLD, preview=closed)
    assert outcome["actions"].count("comment edited") == 2
    assert all("Preview is gone" in each.body for each in forge.remarks.values())


def test_it_is_reached_as_asked(run_module: RunModule, outside: dict[str, Any]) -> None:
    run_module(
        pull_request.main, **TOLD, state="building", api_url="https://ghe.example/api/v3", patience=7, kubeconfig="/k"
    )
    forge = outside["forge"]
    assert (forge["repository"], forge["token"]) == ("acme/shop", SECRET)
    assert (forge["api_url"], forge["patience_seconds"]) == ("https://ghe.example/api/v3", 7.0)
    assert outside["cluster"]["kubeconfig"] == "/k"


def test_a_workflows_variables_stand_in_for_token_and_address(
    run_module: RunModule, outside: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", SECRET)
    monkeypatch.setenv("GITHUB_API_URL", "https://ghe.example/api/v3")
    outcome = run_module(pull_request.main, **{k: v for k, v in TOLD.items() if k != "token"}, state="building")
    assert (outside["forge"]["token"], outside["forge"]["api_url"]) == (SECRET, "https://ghe.example/api/v3")
    assert SECRET not in json.dumps(outcome.result)


def test_without_records_no_cluster_is_reached(run_module: RunModule, outside: dict[str, Any]) -> None:
    run_module(pull_request.main, **TOLD, preview=PREVIEW, record=False)
    assert "cluster" not in outside


# A reaction to whoever ordered it


def test_an_order_gets_its_reaction(run_module: RunModule, forge: FakeForge) -> None:
    parameters = TOLD | {"react_to": 99, "reaction": "eyes"}
    planned = run_module(pull_request.main, check=True, **parameters)
    assert (planned["actions"], forge.reactions) == (["reaction eyes"], [])
    outcome = run_module(pull_request.main, **parameters)
    assert (outcome["actions"], forge.reactions, forge.remarks) == (["reaction eyes"], [(99, "eyes")], {})


def test_an_order_that_was_deleted_keeps_nothing_back(run_module: RunModule, forge: FakeForge) -> None:
    def refuse(name: str) -> None:
        if name == "react":
            raise forbidden()

    forge.refuse = refuse
    outcome = run_module(pull_request.main, **TOLD, react_to=99, reaction="eyes", preview=PREVIEW)
    assert (outcome["reported"], outcome.warnings) == (True, (str(forbidden()),))
    assert "Preview is ready" in body(forge)


# What it never fails for


def test_a_github_that_is_down_is_a_warning_and_the_record_keeps_the_report(
    run_module: RunModule, forge: FakeForge, cluster: FakeCluster
) -> None:
    def refuse(name: str) -> None:
        raise away()

    forge.refuse = refuse
    outcome = run_module(pull_request.main, **TOLD, preview=PREVIEW)
    assert not outcome.failed
    assert (outcome["changed"], outcome["reported"], outcome["reason"], outcome["kept"]) == (
        False,
        False,
        "GitHub is away",
        True,
    )
    assert outcome.warnings == ("GitHub is away",)
    kept = Undelivered.of(cluster.objects[RECORD])
    assert kept is not None
    assert kept.view.commit == SHA


def test_a_cluster_that_is_not_there_is_a_warning(
    run_module: RunModule, forge: FakeForge, monkeypatch: pytest.MonkeyPatch
) -> None:
    def connect_cluster(**_: Any) -> None:
        raise ClusterError("kubeconfig (default): there is no such file")

    monkeypatch.setattr(kubeconfig, "connect", connect_cluster)
    outcome = run_module(pull_request.main, **TOLD, preview=PREVIEW)
    assert outcome["reported"]
    assert outcome.warnings == (
        "told without expiry, pin and usual times: kubeconfig (default): there is no such file",
    )
    assert "Preview is ready" in body(forge)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"repository": "acme"}, "pr_repository 'acme' is not a repository"),
        ({"token": "two words"}, "token is empty, or no token"),
        ({"token": None}, "token is empty, or no token"),
        ({"api_url": "http://ghe.example"}, "is not the https address of GitHub's API"),
        ({"number": "0"}, "pr '0' is not a pull request's number"),
        ({"project": "-", "preview": None, "state": "building"}, "projectId '-' is not valid"),
    ],
)
def test_what_cannot_be_told_fails_no_deploy_either(
    run_module: RunModule, monkeypatch: pytest.MonkeyPatch, wrong: dict[str, Any], said: str
) -> None:
    monkeypatch.setattr(pull_request, "connect_forge", connect)
    parameters = {k: v for k, v in (TOLD | {"preview": PREVIEW, "record": False} | wrong).items() if v is not None}
    outcome = run_module(pull_request.main, **parameters)
    assert (outcome.failed, outcome["reported"]) == (False, False)
    assert said in outcome["reason"]
    assert said in outcome.warnings[0]
    assert SECRET not in json.dumps(outcome.result)


def test_a_library_that_is_missing_is_named(run_module: RunModule, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pull_request, "MISSING", {"PyGithub": "ImportError"})
    outcome = run_module(pull_request.main, **TOLD, preview=PREVIEW)
    assert (outcome.failed, outcome["reported"], outcome["requests"]) == (False, False, 0)
    assert "PyGithub" in outcome["reason"]


def test_an_address_where_nobody_listens_is_a_warning(run_module: RunModule, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pull_request, "connect_forge", connect)
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        outcome = run_module(
            pull_request.main,
            **TOLD,
            preview=PREVIEW,
            record=False,
            patience=0,
            api_url=f"http://127.0.0.1:{unheard.getsockname()[1]}",
        )
    assert (outcome.failed, outcome["reported"], outcome["requests"]) == (False, False, 1)
    assert outcome["reason"].startswith("127.0.0.1 does not let us read the comments of pull request 7: ")
    assert SECRET not in json.dumps(outcome.result)


def test_nothing_to_tell_is_a_mistake_of_the_play(run_module: RunModule) -> None:
    outcome = run_module(pull_request.main, **TOLD)
    assert outcome.failed
    assert outcome["msg"] == "one of the following is required: state, preview, react_to"


def test_a_run_that_is_asked_to_stop_still_tells_it(run_module: RunModule, forge: FakeForge) -> None:
    def refuse(name: str) -> None:
        if name == "edit_comment":
            signal.raise_signal(signal.SIGTERM)

    run_module(pull_request.main, **TOLD, project="shop", state="deploying")
    forge.refuse = refuse
    cancelled = PREVIEW | {"status": "failed", "diagnosis": dict(CANCELLED)}
    assert run_module(pull_request.main, **TOLD, preview=cancelled)["reported"]
    assert "Preview was cancelled" in body(forge)
