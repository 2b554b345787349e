# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The world around module `environment`: a cluster with controllers, a renderer, parameters, and what results say."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.config import Config
from ansible_collections.ephemeral.k8s.plugins.module_utils.names import Identity, labels
from ansible_collections.ephemeral.k8s.plugins.module_utils.objects import Manifest, Ref
from ansible_collections.ephemeral.k8s.plugins.modules import environment
from tests.unit.fakes import FakeCluster, FakeProber

PLACE = "demo-pr-1"
NAMESPACE = Ref("Namespace", PLACE)
RECORD = Ref("Environment", PLACE, "platform")
SECRET = Ref("Secret", "postgresql", PLACE)
URL = "https://demo-pr-1.preview.example.org:8443"
HIDDEN_VALUE = "hunter2-of-env"
PREVIEW = {"status", "url", "namespace", "changed", "phases", "diagnosis"}
DIAGNOSIS = {"phase", "object", "reason", "exit_code", "message", "log", "hint"}
READY: Mapping[str, Manifest] = {
    "Deployment": {"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1, "readyReplicas": 1},
    "StatefulSet": {
        "replicas": 1,
        "readyReplicas": 1,
        "availableReplicas": 1,
        "updatedReplicas": 1,
        "currentRevision": "1",
        "updateRevision": "1",
    },
}


def config(**more: Any) -> dict[str, Any]:
    """A normalised configuration with a database and a value that nobody may see."""
    tree = {"projectId": "demo", "databases": {"postgresql": True}, "env": {"API_KEY": HIDDEN_VALUE}, **more}
    return Config.parse(tree).normalised()


CLOSE = {"state": "absent", "number": "1", "repository": "acme/demo", "repository_id": 42, "sequence": 2, "timeout": 2}
OPEN = {
    "config": config(),
    "number": "1",
    "repository": "acme/demo",
    "repository_id": 42,
    "sha": "abc",
    "branch": "feat/x",
    "author": "ada",
    "image": "demo:1",
    "sequence": 1,
    "domain": "preview.example.org",
    "https_port": 8443,
    "charts": "/charts",
    "timeout": 2,
    "lease_wait": 1,
}


def settled(obj: Manifest) -> Manifest | None:
    """The status that a controller gives an object in the end; None for a kind that has none."""
    return {"hard": obj["spec"]["hard"]} if obj["kind"] == "ResourceQuota" else READY.get(obj["kind"])


class FakeHelm:
    """A workload and a Service for each chart."""

    def __init__(self, *, program: str) -> None:
        self.program = program

    def template(self, chart: str, *, release: str, namespace: str, values: Mapping[str, Any]) -> list[Manifest]:
        kind = "StatefulSet" if release == "postgresql" else "Deployment"
        container = {"name": release, "image": values["image"], "env": values.get("env", [])}
        spec = {"replicas": 1, "template": {"spec": {"containers": [container]}}}
        return [
            {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": release}, "spec": spec},
            {"apiVersion": "v1", "kind": "Service", "metadata": {"name": release}, "spec": {}},
        ]


def cluster_with_controllers() -> FakeCluster:
    """A cluster with one node whose controllers bring workloads up and take namespaces down."""
    fake = FakeCluster()
    fake.put(
        {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": "one"},
            "spec": {"podCIDRs": ["10.244.0.0/24"]},
            "status": {"allocatable": {"cpu": "4", "memory": "16Gi"}},
        }
    )

    def controllers(verb: str, obj: Manifest) -> None:
        if verb == "apply" and not obj.get("status") and (status := settled(obj)):
            named = Ref(obj["kind"], obj["metadata"]["name"], PLACE)
            threading.Timer(0.01, fake.update, (named,), {"status": status}).start()
        if verb == "delete" and obj["kind"] == "Namespace":
            for named in [n for n in fake.objects if n.namespace == obj["metadata"]["name"]]:
                fake.remove(named)

    fake.react = controllers
    return fake


def on_stage(monkeypatch: pytest.MonkeyPatch, cluster: FakeCluster) -> Iterator[dict[str, Any]]:
    """Puts fakes in the place of cluster, helm and prober, and SIGTERM back as it was; what each was made with."""
    made: dict[str, Any] = {}

    def connecting(**options: Any) -> FakeCluster:
        made["cluster"] = options
        return cluster

    def probing(**options: Any) -> FakeProber:
        made["prober"] = options
        return FakeProber(200)

    monkeypatch.setattr(environment, "connect", connecting)
    monkeypatch.setattr(environment, "Helm", FakeHelm)
    monkeypatch.setattr(environment, "HttpsProber", probing)
    before = signal.getsignal(signal.SIGTERM)
    yield made
    signal.signal(signal.SIGTERM, before)


def actions(outcome: Any) -> dict[str, str]:
    """What became of each object."""
    return {each["object"]: each["action"] for each in outcome["objects"]}


def shown(outcome: Any) -> dict[str, dict[str, Any]]:
    """The diff by object."""
    return {each["after_header"]: each for each in outcome["diff"]}


def failure(outcome: Any) -> Mapping[str, Any]:
    """The diagnosis of a failed run, after what is true of all of them."""
    assert outcome.failed
    assert "\n" not in outcome["msg"]
    assert "exception" not in outcome.result
    preview = outcome["preview"]
    assert set(preview) == PREVIEW
    assert set(preview["diagnosis"]) == DIAGNOSIS
    assert preview["diagnosis"]["message"] == outcome["msg"]
    diagnosis: Mapping[str, Any] = preview["diagnosis"]
    return diagnosis


def put_environment(cluster: FakeCluster, project: str, *, repository: str = "acme/demo", number: int = 42) -> None:
    """An environment that some repository has."""
    identity = Identity(project=project, pr=1)
    metadata = {"name": identity.namespace, "labels": labels(identity, number)}
    cluster.put(
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {**metadata, "annotations": {"k8s-ee/repository": repository}},
        }
    )
    cluster.put(
        {
            "apiVersion": "preview.k8s-ee/v1alpha1",
            "kind": "Environment",
            "metadata": {**metadata, "namespace": "platform"},
            "spec": {"project": project, "pr": 1, "repository": repository, "repositoryId": number},
            "status": {"phase": "Ready", "sequence": 1},
        }
    )
