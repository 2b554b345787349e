# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module `environment_info`, run as Ansible runs it."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import ClusterError
from ansible_collections.ephemeral.k8s.plugins.module_utils.kubeconfig import connect
from ansible_collections.ephemeral.k8s.plugins.module_utils.names import Identity, labels
from ansible_collections.ephemeral.k8s.plugins.modules import environment_info
from tests.unit.fakes import FakeCluster
from tests.unit.servers import kubeconfig

from .conftest import RunModule


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> FakeCluster:
    fake = FakeCluster()
    monkeypatch.setattr(environment_info, "connect", lambda **_: fake)
    return fake


def put(cluster: FakeCluster, project: str, pr: int, *, repository_id: int = 42, **more: Any) -> None:
    identity = Identity(project=project, pr=pr)
    namespace = more.pop("namespace", "platform")
    cluster.put(
        {
            "apiVersion": "preview.k8s-ee/v1alpha1",
            "kind": "Environment",
            "metadata": {
                "name": identity.namespace,
                "namespace": namespace,
                "labels": {k: v for k, v in labels(identity, repository_id).items() if k.startswith("k8s-ee/")},
            },
            "spec": {"project": project, "pr": pr, "repositoryId": repository_id},
            **more,
        }
    )


@pytest.fixture
def four(cluster: FakeCluster) -> FakeCluster:
    put(cluster, "shop", 7, status={"phase": "Ready"})
    put(cluster, "shop", 12)
    put(cluster, "blog", 7, repository_id=0)
    put(cluster, "else", 7, namespace="elsewhere")
    return cluster


@pytest.mark.usefixtures("cluster")
def test_none_is_an_empty_list(run_module: RunModule) -> None:
    outcome = run_module(environment_info.main)
    assert not outcome.failed
    assert (outcome["changed"], outcome["environments"]) == (False, [])


@pytest.mark.parametrize("modes", [{}, {"check": True}, {"diff": True}])
def test_each_has_name_spec_and_status_whatever_the_mode(
    run_module: RunModule, cluster: FakeCluster, modes: dict[str, bool]
) -> None:
    put(cluster, "shop", 7, status={"phase": "Ready"})
    put(cluster, "blog", 1)
    outcome = run_module(environment_info.main, **modes)
    assert outcome["environments"] == [
        {"name": "blog-pr-1", "spec": {"project": "blog", "pr": 1, "repositoryId": 42}, "status": {}},
        {"name": "shop-pr-7", "spec": {"project": "shop", "pr": 7, "repositoryId": 42}, "status": {"phase": "Ready"}},
    ]
    assert outcome["changed"] is False
    assert cluster.verbs("Environment") == ["list"]


@pytest.mark.usefixtures("four")
@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({}, ["blog-pr-7", "shop-pr-12", "shop-pr-7"]),
        ({"project": "shop"}, ["shop-pr-12", "shop-pr-7"]),
        ({"number": "7"}, ["blog-pr-7", "shop-pr-7"]),
        ({"number": 7}, ["blog-pr-7", "shop-pr-7"]),
        ({"project": "shop", "number": "7"}, ["shop-pr-7"]),
        ({"repository_id": 42}, ["shop-pr-12", "shop-pr-7"]),
        ({"repository_id": 0}, ["blog-pr-7"]),
        ({"project": "shop", "repository_id": 0}, []),
        ({"platform_namespace": "elsewhere"}, ["else-pr-7"]),
    ],
)
def test_filters_narrow_it_and_names_are_in_order(
    run_module: RunModule, wanted: dict[str, Any], names: list[str]
) -> None:
    assert [each["name"] for each in run_module(environment_info.main, **wanted)["environments"]] == names


@pytest.mark.parametrize("number", ["0", "01", "1\n", " 1", "1234567890", "abc", ""])
def test_a_number_that_is_none_is_refused(run_module: RunModule, cluster: FakeCluster, number: str) -> None:
    outcome = run_module(environment_info.main, number=number)
    assert outcome.failed
    assert outcome["msg"] == f"pr {number!r} is not a pull request's number; give 1 to 999999999, as in -e pr=123"
    assert cluster.requests == []


@pytest.mark.parametrize("project", ["a,b", "a=b", "-", "Shop", "", "x" * 21])
def test_a_project_that_is_none_is_refused(run_module: RunModule, cluster: FakeCluster, project: str) -> None:
    outcome = run_module(environment_info.main, project=project)
    assert outcome.failed
    assert outcome["msg"].startswith(f"projectId {project!r} is not valid: ")
    assert cluster.requests == []


def test_a_refusal_is_one_line(run_module: RunModule, cluster: FakeCluster) -> None:
    def refuse(verb: str, named: object) -> None:
        raise ClusterError("forbidden: environments; grant this right", status=403, reason="Forbidden")

    cluster.refuse = refuse
    outcome = run_module(environment_info.main)
    assert outcome.failed
    assert (outcome["msg"], outcome["environments"]) == ("forbidden: environments; grant this right", [])
    assert "exception" not in outcome.result


def test_an_unreachable_cluster_and_a_missing_kubeconfig_are_named(
    run_module: RunModule, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(environment_info, "connect", connect)
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unheard.getsockname()[1]}"
        outcome = run_module(environment_info.main, kubeconfig=kubeconfig(tmp_path, url))
        assert outcome["msg"].startswith(f"API server {url} cannot be reached: connection refused; ")
    outcome = run_module(environment_info.main, kubeconfig=str(tmp_path / "none"))
    assert outcome["msg"].startswith(f"kubeconfig {tmp_path}/none: there is no such file; ")
    assert outcome.failed
