# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module `environment` when something around it fails: one clear line, a true state, a code that says so."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import ClusterError
from ansible_collections.ephemeral.k8s.plugins.module_utils.helm import Helm
from ansible_collections.ephemeral.k8s.plugins.module_utils.kubeconfig import connect
from ansible_collections.ephemeral.k8s.plugins.module_utils.objects import Ref
from ansible_collections.ephemeral.k8s.plugins.modules import environment
from tests.unit.fakes import FakeCluster
from tests.unit.servers import kubeconfig
from tests.unit.stage import (
    CLOSE,
    NAMESPACE,
    OPEN,
    PLACE,
    RECORD,
    SECRET,
    URL,
    cluster_with_controllers,
    config,
    failure,
    on_stage,
    put_environment,
)

from .conftest import RunModule


@pytest.fixture
def cluster() -> FakeCluster:
    return cluster_with_controllers()


@pytest.fixture(autouse=True)
def outside(monkeypatch: pytest.MonkeyPatch, cluster: FakeCluster) -> Iterator[dict[str, Any]]:
    yield from on_stage(monkeypatch, cluster)


# A cluster, or a program, that fails


def test_a_missing_helm_is_named(
    run_module: RunModule, cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(environment, "Helm", Helm)
    program = str(tmp_path / "helm")
    outcome = run_module(environment.main, **OPEN | {"helm": program})
    failure(outcome)
    assert outcome["msg"] == (
        f"helm: {program}: No such file or directory; install Helm 3 or 4, or name its path in preview_helm"
    )
    assert outcome["preview"]["status"] == "refused"
    assert "apply" not in {verb for verb, _ in cluster.requests}


def test_an_unreachable_cluster_is_told_at_once(
    run_module: RunModule, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(environment, "connect", connect)
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unheard.getsockname()[1]}"
        path = kubeconfig(tmp_path, url)
        for parameters in (OPEN, CLOSE, CLOSE | {"project": "demo"}):
            outcome = run_module(environment.main, **parameters, kubeconfig=path)
            failure(outcome)
            assert outcome["preview"]["status"] == "failed"
            assert outcome["msg"] == (
                f"API server {url} cannot be reached: connection refused; check that it runs and preview_kubeconfig"
            )


def test_a_missing_kubeconfig_is_named(run_module: RunModule, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(environment, "connect", connect)
    path = tmp_path / "none"
    outcome = run_module(environment.main, **OPEN, kubeconfig=str(path))
    failure(outcome)
    assert outcome["msg"] == (
        f"kubeconfig {path}: there is no such file; set preview_kubeconfig to a readable kubeconfig of the cluster"
    )
    assert (outcome["preview"]["status"], outcome["preview"]["phases"]) == ("failed", [])


@pytest.mark.parametrize(
    ("parameters", "denied", "phase"),
    [
        (OPEN, ("list", "Node"), "plan"),
        (OPEN, ("get", "Lease"), "record"),
        (OPEN, ("apply", "Environment"), "record"),
        (OPEN, ("apply", "NetworkPolicy"), "guardrails"),
        (OPEN, ("create", "Secret"), "data"),
        (OPEN, ("watch", "Pod"), "data"),
        (CLOSE | {"project": "demo"}, ("get", "Namespace"), "lease"),
        (CLOSE | {"project": "demo"}, ("delete", "Namespace"), "delete"),
    ],
)
def test_a_right_that_is_missing_is_named_with_the_phase(
    run_module: RunModule, cluster: FakeCluster, parameters: dict[str, Any], denied: tuple[str, str], phase: str
) -> None:
    put_environment(cluster, "demo")
    text = f"forbidden: {denied[1]} cannot {denied[0]}; grant this right to the kubeconfig's user"

    def refuse(verb: str, named: Ref) -> None:
        if (verb, named.kind) == denied:
            raise ClusterError(text, status=403, reason="Forbidden")

    cluster.refuse = refuse
    outcome = run_module(environment.main, **parameters)
    diagnosis = failure(outcome)
    assert text in outcome["msg"]
    assert (outcome["preview"]["status"], diagnosis["phase"], diagnosis["reason"]) == ("failed", phase, "Forbidden")
    if phase in ("guardrails", "data", "delete"):
        assert cluster.objects[RECORD]["status"]["phase"] == "Failed"
        assert cluster.objects[RECORD]["status"]["diagnosis"] == diagnosis


def test_a_failed_deploy_ends_non_zero_and_keeps_the_database(run_module: RunModule, cluster: FakeCluster) -> None:
    run_module(environment.main, **OPEN)
    password = cluster.objects[SECRET]
    deadline = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
    cluster.update(Ref("Deployment", "app", PLACE), status={"conditions": [deadline]})
    outcome = run_module(environment.main, **OPEN | {"image": "demo:bad", "sequence": 2})
    assert failure(outcome)["phase"] == "app"
    assert (outcome["preview"]["status"], outcome["preview"]["url"]) == ("failed", URL)
    assert (outcome["changed"], outcome["preview"]["changed"]) == (True, True)
    assert cluster.objects[SECRET] == password
    assert Ref("StatefulSet", "postgresql", PLACE) in cluster.objects


def test_an_older_run_gives_way_and_ends_well(run_module: RunModule) -> None:
    run_module(environment.main, **OPEN | {"sequence": 5})
    for parameters in (OPEN, CLOSE):
        outcome = run_module(environment.main, **parameters)
        assert not outcome.failed
        assert outcome["preview"]["status"] == "superseded"
        assert outcome["changed"] is False


# Being asked to stop


@pytest.mark.parametrize(
    ("verb", "kind", "phase"), [("list", "Node", "plan"), ("apply", "Deployment", "app"), ("status", "Environment", "")]
)
def test_sigterm_ends_the_run_in_words_and_on_record(
    run_module: RunModule, cluster: FakeCluster, verb: str, kind: str, phase: str
) -> None:
    def refuse(asked: str, named: Ref) -> None:
        if (asked, named.kind) == (verb, kind):
            os.kill(os.getpid(), signal.SIGTERM)

    cluster.refuse = refuse
    outcome = run_module(environment.main, **OPEN | {"config": config(databases={}), "timeout": 30})
    diagnosis = failure(outcome)
    assert outcome["msg"] == "the run was asked to stop (SIGTERM)"
    assert (outcome["preview"]["status"], diagnosis["reason"]) == ("failed", "Cancelled")
    assert phase in ("", diagnosis["phase"])
    if phase == "app":
        assert cluster.objects[RECORD]["status"]["phase"] == "Failed"
        assert cluster.objects[RECORD]["status"]["diagnosis"] == diagnosis
        assert cluster.objects[Ref("Lease", PLACE, "platform")]["spec"]["holderIdentity"] == ""


def test_sigterm_while_waiting_for_the_end_of_a_namespace(run_module: RunModule, cluster: FakeCluster) -> None:
    put_environment(cluster, "demo")
    cluster.objects[NAMESPACE]["metadata"]["finalizers"] = ["kubernetes"]
    cluster.react = lambda verb, obj: os.kill(os.getpid(), signal.SIGTERM) if verb == "delete" else None
    outcome = run_module(environment.main, **CLOSE | {"project": "demo", "timeout": 30})
    assert failure(outcome)["reason"] == "Cancelled"
    assert cluster.objects[RECORD]["status"]["phase"] == "Failed"


def test_a_second_sigterm_does_not_keep_the_first_from_the_record(run_module: RunModule, cluster: FakeCluster) -> None:
    def refuse(asked: str, named: Ref) -> None:
        begun = named.kind == "Deployment" or Ref("Deployment", "app", PLACE) in cluster.objects
        if begun and asked in ("apply", "status", "replace"):
            os.kill(os.getpid(), signal.SIGTERM)

    cluster.refuse = refuse
    outcome = run_module(environment.main, **OPEN | {"config": config(databases={}), "timeout": 30})
    assert failure(outcome)["reason"] == "Cancelled"
    assert cluster.objects[RECORD]["status"]["phase"] == "Failed"
    assert cluster.objects[Ref("Lease", PLACE, "platform")]["spec"]["holderIdentity"] == ""


# What changes while a run waits for its turn


def test_a_close_judges_the_owner_again_under_its_turn(run_module: RunModule, cluster: FakeCluster) -> None:
    put_environment(cluster, "demo")

    def refuse(asked: str, named: Ref) -> None:
        if (asked, named.kind) == ("create", "Lease"):
            put_environment(cluster, "demo", repository="evil/demo", number=7)

    cluster.refuse = refuse
    outcome = run_module(environment.main, **CLOSE | {"project": "demo"})
    failure(outcome)
    assert outcome["preview"]["status"] == "refused"
    assert "evil/demo (id 7)" in outcome["msg"]
    assert NAMESPACE in cluster.objects


def test_a_close_that_another_close_was_faster_than_has_nothing_to_do(
    run_module: RunModule, cluster: FakeCluster
) -> None:
    put_environment(cluster, "demo")

    def refuse(asked: str, named: Ref) -> None:
        if (asked, named.kind) == ("create", "Lease"):
            cluster.remove(NAMESPACE)
            cluster.update(RECORD, status={"phase": "Destroyed", "sequence": 1})

    cluster.refuse = refuse
    outcome = run_module(environment.main, **CLOSE | {"project": "demo"})
    assert (outcome["preview"]["status"], outcome["changed"], outcome.failed) == ("absent", False, False)
