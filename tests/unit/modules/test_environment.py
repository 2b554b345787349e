# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module `environment`, run as Ansible runs it: check, real, check again, real again, and what it refuses."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import ClusterError
from ansible_collections.ephemeral.k8s.plugins.module_utils.objects import Ref
from ansible_collections.ephemeral.k8s.plugins.modules import environment
from tests.unit.fakes import FakeCluster
from tests.unit.stage import (
    CLOSE,
    HIDDEN_VALUE,
    NAMESPACE,
    OPEN,
    PLACE,
    PREVIEW,
    RECORD,
    SECRET,
    URL,
    actions,
    cluster_with_controllers,
    config,
    failure,
    on_stage,
    put_environment,
    shown,
)

from .conftest import RunModule

HUGE = config(resources={"requests": {"memory": "2Gi"}, "limits": {"memory": "2Gi"}}, app={"replicas": 10})


@pytest.fixture
def cluster() -> FakeCluster:
    return cluster_with_controllers()


@pytest.fixture(autouse=True)
def outside(monkeypatch: pytest.MonkeyPatch, cluster: FakeCluster) -> Iterator[dict[str, Any]]:
    yield from on_stage(monkeypatch, cluster)


# The four runs


def test_present_four_times(run_module: RunModule, cluster: FakeCluster) -> None:
    before = copy.deepcopy(cluster.objects)
    planned = run_module(environment.main, check=True, diff=True, **OPEN)
    assert (planned["changed"], planned["preview"]["status"]) == (True, "ready")
    assert cluster.objects == before
    assert {verb for verb, _ in cluster.requests} <= {"get", "list"}

    opened = run_module(environment.main, diff=True, **OPEN)
    assert (opened["changed"], opened["preview"]["status"]) == (True, "ready")
    assert actions(opened) == actions(planned)
    assert shown(opened).keys() == shown(planned).keys()
    password = cluster.objects[SECRET]

    settled = copy.deepcopy(cluster.objects)
    again = run_module(environment.main, check=True, diff=True, **OPEN)
    assert (again["changed"], again["diff"]) == (False, [])
    assert cluster.objects == settled

    last = run_module(environment.main, diff=True, **OPEN)
    assert (last["changed"], last["diff"], last["preview"]["changed"]) == (False, [], False)
    assert set(actions(last).values()) == {"unchanged"}
    assert cluster.objects[SECRET] == password


def test_absent_four_times(run_module: RunModule, cluster: FakeCluster) -> None:
    run_module(environment.main, **OPEN)
    before = copy.deepcopy(cluster.objects)
    planned = run_module(environment.main, check=True, diff=True, **CLOSE)
    assert (planned["changed"], planned["preview"]["status"]) == (True, "destroyed")
    assert cluster.objects == before

    closed = run_module(environment.main, diff=True, **CLOSE)
    assert (closed["changed"], closed["preview"]["status"], closed["preview"]["url"]) == (True, "destroyed", None)
    assert [phase["name"] for phase in closed["preview"]["phases"]] == ["lease", "delete", "verify"]
    assert actions(closed) == actions(planned) == {"Namespace/demo-pr-1": "deleted"}
    assert shown(closed) == shown(planned)
    assert shown(closed)["Namespace/demo-pr-1"]["after"] == {}
    assert NAMESPACE not in cluster.objects
    assert cluster.objects[RECORD]["status"]["phase"] == "Destroyed"

    settled = copy.deepcopy(cluster.objects)
    again = run_module(environment.main, check=True, diff=True, **CLOSE)
    assert (again["changed"], again["preview"]["status"], again["diff"]) == (False, "absent", [])
    last = run_module(environment.main, diff=True, **CLOSE)
    assert (last["changed"], last["preview"]["status"], last["diff"]) == (False, "absent", [])
    assert cluster.objects == settled


# What it returns


def test_the_result_has_the_shape_of_the_contract(run_module: RunModule, outside: dict[str, Any]) -> None:
    outcome = run_module(
        environment.main, **OPEN, kubeconfig="/k", context="c", connect_address="127.0.0.1", ca_file="/ca"
    )
    preview = outcome["preview"]
    assert set(preview) == PREVIEW
    assert (preview["status"], preview["url"], preview["namespace"]) == ("ready", URL, PLACE)
    assert (preview["changed"], preview["diagnosis"]) == (True, None)
    names = ["plan", "record", "admit", "guardrails", "data", "app", "probe"]
    assert [phase["name"] for phase in preview["phases"]] == names
    assert all(set(phase) == {"name", "seconds"} and phase["seconds"] >= 0 for phase in preview["phases"])
    assert {"Namespace/demo-pr-1", "ResourceQuota/quota", "Deployment/app", "Secret/postgresql"} <= set(
        actions(outcome)
    )
    assert set(actions(outcome).values()) == {"created"}
    assert {"requests.cpu", "limits.memory", "requests.storage", "pods"} <= set(outcome["quota"])
    assert "diff" not in outcome.result
    assert (outside["cluster"]["kubeconfig"], outside["cluster"]["context"]) == ("/k", "c")
    assert outside["prober"] == {"connect_address": "127.0.0.1", "ca_file": "/ca"}


def test_without_ingress_there_is_no_url(run_module: RunModule) -> None:
    outcome = run_module(environment.main, **OPEN | {"config": config(ingress={"enabled": False})})
    assert (outcome["preview"]["status"], outcome["preview"]["url"]) == ("ready", None)


def test_a_diff_shows_names_and_no_value(run_module: RunModule, cluster: FakeCluster) -> None:
    opened = run_module(environment.main, diff=True, **OPEN)
    secret = shown(opened)["Secret/postgresql"]["after"]
    values = secret.get("stringData") or secret["data"]
    assert "PGPASSWORD" in values or "password" in {key.lower() for key in values}
    assert set(values.values()) == {"(hidden)"}
    container = shown(opened)["Deployment/app"]["after"]["spec"]["template"]["spec"]["containers"][0]
    assert {"name": "API_KEY", "value": "(hidden)"} in container["env"]

    newer = OPEN | {"config": config(env={"API_KEY": "hunter3", "MORE": "hunter4"}), "sequence": 2}
    changed = run_module(environment.main, check=True, diff=True, **newer)
    assert actions(changed)["Deployment/app"] == "changed"
    container = shown(changed)["Deployment/app"]["after"]["spec"]["template"]["spec"]["containers"][0]
    assert {"name": "MORE", "value": "(hidden)"} in container["env"]
    stored = cluster.objects[SECRET]
    secrets = [str(value) for value in (stored.get("stringData") or stored["data"]).values() if len(str(value)) > 12]
    for value in (HIDDEN_VALUE, "hunter3", "hunter4", *secrets):
        assert value not in json.dumps([opened.result, changed.result])


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"number": "0"},
        {"state": "gone"},
        {"sequence": "soon"},
        {"image": None},
        {"unknown": "parameter"},
        {"ingress_selector": {"namespace": "x"}},
    ],
)
def test_no_value_of_a_variable_is_in_any_result(run_module: RunModule, wrong: dict[str, Any]) -> None:
    parameters = {key: value for key, value in (OPEN | wrong).items() if value is not None}
    outcome = run_module(environment.main, diff=True, **parameters)
    assert outcome.failed is bool(wrong)
    assert HIDDEN_VALUE not in json.dumps(outcome.result)
    # ansible-core 2.21 reports it where it is asked to; 2.19 always.
    reported = outcome.result.get("invocation", {"module_args": {"author": "ada"}})["module_args"]
    assert "config" not in reported
    assert reported["author"] == "ada"


# What is refused before anything is touched


@pytest.mark.parametrize("state", ["present", "absent"])
@pytest.mark.parametrize("number", ["0", "01", "1\n", " 1", "1 ", "1234567890", "abc", "-1", "1.0", "", "¹"])
def test_a_number_that_is_none_is_refused(run_module: RunModule, cluster: FakeCluster, number: str, state: str) -> None:
    outcome = run_module(environment.main, **OPEN | {"number": number, "state": state})
    diagnosis = failure(outcome)
    assert outcome["msg"] == f"pr {number!r} is not a pull request's number; give 1 to 999999999, as in -e pr=123"
    assert (outcome["preview"]["status"], diagnosis["reason"]) == ("refused", "Refused")
    assert cluster.requests == []


@pytest.mark.parametrize("missing", ["config", "image", "domain", "charts"])
def test_what_present_needs_is_named(run_module: RunModule, cluster: FakeCluster, missing: str) -> None:
    outcome = run_module(environment.main, **{key: value for key, value in OPEN.items() if key != missing})
    assert outcome.failed
    assert outcome["msg"] == f"state is present but all of the following are missing: {missing}"
    assert cluster.requests == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"config": {}}, "projectId '' is not valid"),
        ({"config": {"projectId": "-"}}, "projectId '-' is not valid"),
        ({"config": {"projectId": "demo", "prot": 1}}, "prot: unknown key"),
        ({"config": {"projectId": "demo", "databases": {"redis": True}}}, "not yet supported: databases.redis"),
        (
            {
                "config": config(
                    resources={"requests": {"memory": "2Gi"}, "limits": {"memory": "2Gi"}}, app={"replicas": 10}
                )
            },
            "demo does not fit",
        ),
        ({"profile": "fork"}, "not yet supported: profile fork; use profile team"),
        ({"egress_except": ["10.0.0.0/99"]}, "10.0.0.0/99"),
        ({"images": {"postgresql": "not a map"}}, "preview_images.postgresql is 'not a map'"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(
    run_module: RunModule, cluster: FakeCluster, change: dict[str, Any], said: str
) -> None:
    before = copy.deepcopy(cluster.objects)
    outcome = run_module(environment.main, **OPEN | change)
    failure(outcome)
    assert outcome["preview"]["status"] == "refused"
    assert said in outcome["msg"]
    assert cluster.objects == before


@pytest.mark.parametrize("check", [True, False])
def test_another_repositorys_environment_is_refused_with_both_names(
    run_module: RunModule, cluster: FakeCluster, check: bool
) -> None:
    put_environment(cluster, "demo", repository="evil/demo", number=7)
    before = copy.deepcopy(cluster.objects)
    for parameters in (OPEN, CLOSE | {"project": "demo"}):
        outcome = run_module(environment.main, check=check, **parameters)
        failure(outcome)
        assert outcome["preview"]["status"] == "refused"
        assert "evil/demo (id 7)" in outcome["msg"]
        assert "acme/demo (id 42)" in outcome["msg"]
        assert NAMESPACE in cluster.objects
        assert cluster.objects[RECORD] == before[RECORD]


# Which environment a close means


@pytest.mark.parametrize("check", [True, False])
def test_a_close_by_repository_finds_a_renamed_project_too(
    run_module: RunModule, cluster: FakeCluster, check: bool
) -> None:
    for project in ("demo", "shop"):
        put_environment(cluster, project)
    put_environment(cluster, "other", number=7)
    outcome = run_module(environment.main, check=check, **CLOSE)
    assert outcome["preview"]["namespace"] == "demo-pr-1,shop-pr-1"
    assert (outcome["preview"]["status"], outcome["changed"]) == ("destroyed", True)
    assert actions(outcome) == {"Namespace/demo-pr-1": "deleted", "Namespace/shop-pr-1": "deleted"}
    assert (NAMESPACE in cluster.objects) is check
    assert Ref("Namespace", "other-pr-1") in cluster.objects


def test_of_two_environments_one_failure_counts(run_module: RunModule, cluster: FakeCluster) -> None:
    for project in ("demo", "shop"):
        put_environment(cluster, project)

    def refuse(verb: str, named: Ref) -> None:
        if verb == "delete" and named.name == "shop-pr-1":
            raise ClusterError("forbidden: namespaces; grant it", status=403, reason="Forbidden")

    cluster.refuse = refuse
    outcome = run_module(environment.main, **CLOSE)
    assert failure(outcome)["reason"] == "Forbidden"
    assert outcome["preview"]["status"] == "failed"
    assert NAMESPACE not in cluster.objects


def test_a_close_by_project_needs_no_repository(run_module: RunModule, cluster: FakeCluster) -> None:
    put_environment(cluster, "demo", repository="local/demo", number=0)
    outcome = run_module(environment.main, state="absent", project="demo", number="1", sequence=2, timeout=2)
    assert outcome["preview"]["status"] == "destroyed"
    assert NAMESPACE not in cluster.objects


@pytest.mark.parametrize("number", [0, 42])
def test_a_close_that_nobody_says_the_owner_of_is_refused(
    run_module: RunModule, cluster: FakeCluster, number: int
) -> None:
    put_environment(cluster, "demo", repository="local/demo", number=number)
    outcome = run_module(environment.main, state="absent", number="1", sequence=2)
    failure(outcome)
    assert outcome["preview"]["status"] == "refused"
    assert outcome["msg"] == (
        "nobody says whose environment of pull request 1 is meant; "
        "name the project by pr_project, or the repository by pr_repository or pr_repository_id"
    )
    assert NAMESPACE in cluster.objects


def test_a_close_of_what_never_was_is_absent(run_module: RunModule, cluster: FakeCluster) -> None:
    outcome = run_module(environment.main, **CLOSE)
    assert (outcome["preview"]["status"], outcome["changed"], outcome["objects"]) == ("absent", False, [])


def test_a_close_needs_neither_config_nor_ca_file(
    run_module: RunModule, cluster: FakeCluster, outside: dict[str, Any]
) -> None:
    put_environment(cluster, "demo")
    outcome = run_module(environment.main, **CLOSE, ca_file="/nowhere/ca.crt")
    assert outcome["preview"]["status"] == "destroyed"
    assert outside["prober"]["ca_file"] == ""


def test_who_had_to_be_made_to_let_go_is_a_warning(run_module: RunModule, cluster: FakeCluster) -> None:
    put_environment(cluster, project="demo")
    held = cluster.objects[NAMESPACE]
    cluster.update(NAMESPACE, metadata={**held["metadata"], "finalizers": ["example.org/hold"]})
    closed = run_module(environment.main, **CLOSE)
    assert closed["preview"]["status"] == "destroyed"
    (warning,) = closed.warnings
    assert warning.startswith("Namespace/demo-pr-1 held namespace demo-pr-1 by example.org/hold")
