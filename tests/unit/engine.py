# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The world around the engine: a cluster whose controllers bring workloads up, charts of one workload, one request."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from ansible_collections.ephemeral.k8s.plugins.module_utils.clock import SystemClock
from ansible_collections.ephemeral.k8s.plugins.module_utils.environment import Platform, World
from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import RefusedError
from ansible_collections.ephemeral.k8s.plugins.module_utils.names import Identity
from ansible_collections.ephemeral.k8s.plugins.module_utils.objects import Ref
from ansible_collections.ephemeral.k8s.plugins.module_utils.record import Request
from tests.unit.fakes import FakeCluster, FakeProber

PLACE = "demo-pr-1"
RECORD = Ref("Environment", PLACE, "platform")
LEASE = Ref("Lease", PLACE, "platform")
CONFIG = {"projectId": "demo", "databases": {"postgresql": True}}
REQUEST = Request(
    identity=Identity(project="demo", pr=1),
    repository="acme/demo",
    repository_id=42,
    sha="abc",
    branch="feat/x",
    author="ada",
    image="demo:1",
    sequence=1,
    profile="team",
)
PLATFORM = Platform(
    domain="preview.example.org",
    https_port=443,
    charts="charts",
    namespace="platform",
    images={},
    storage_class="",
    ingress_class="traefik",
    ingress_selector={"namespace": "platform", "labels": {"app": "traefik"}},
)
HUGE = {"requests": {"cpu": "2", "memory": "1Gi"}, "limits": {"cpu": "2", "memory": "1Gi"}}
QUOTA = Ref("ResourceQuota", "quota", PLACE)
NODE = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {"name": "one"},
    "spec": {"podCIDRs": ["10.244.0.0/24"]},
    "status": {
        "allocatable": {"cpu": "4", "memory": "16Gi"},
        "addresses": [{"type": "InternalIP", "address": "5.6.7.8"}],
    },
}


class FakeCharts:
    """A workload for each chart."""

    def __init__(self):
        self.broken = None

    def template(self, chart, *, release, namespace, values):
        if self.broken:
            raise RefusedError(self.broken)
        kind = "StatefulSet" if release == "postgresql" else "Deployment"
        spec = {"replicas": 1, "template": {"spec": {"containers": [{"name": release, "image": values["image"]}]}}}
        return [
            {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": release}, "spec": spec},
            {"apiVersion": "v1", "kind": "Service", "metadata": {"name": release}, "spec": {}},
        ]


READY = {
    "ResourceQuota": {"hard": None},
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


def cluster_with_controllers():
    """A cluster with one node; what is in its set `healthy` of kinds becomes ready soon after it was applied."""
    fake = FakeCluster()
    fake.put(NODE)
    healthy = set(READY)

    def controllers(verb, obj):
        if verb == "apply" and obj["kind"] in healthy and not obj.get("status"):
            named = Ref(obj["kind"], obj["metadata"]["name"], PLACE)
            status = {"hard": obj["spec"]["hard"]} if obj["kind"] == "ResourceQuota" else READY[obj["kind"]]
            threading.Timer(0.01, fake.update, (named,), {"status": status}).start()

    fake.healthy = healthy
    fake.react = controllers
    return fake


@contextmanager
def world_around(cluster: FakeCluster) -> Iterator[World]:
    """A world that tries a URL twice in vain before it answers."""
    with ThreadPoolExecutor(8) as pool:
        yield World(
            cluster=cluster,
            helm=FakeCharts(),
            prober=FakeProber(404, 502, 200),
            clock=SystemClock(),
            pool=pool,
            token=lambda size: "t" * size,
            run="me",
            timeout_seconds=2.0,
            lease_wait_seconds=1.0,
        )


def replica_set():
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": "app-1",
            "namespace": PLACE,
            "ownerReferences": [{"kind": "Deployment", "name": "app"}],
            "annotations": {"deployment.kubernetes.io/revision": "1"},
        },
        "spec": {"replicas": 1},
        "status": {"replicas": 1},
    }


def pod(*, containers, phase="Running"):
    owner = {"kind": "ReplicaSet", "name": "app-1"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "app-1-x", "namespace": PLACE, "ownerReferences": [owner]},
        "spec": {"containers": [{"name": "app", "image": "demo:1"}]},
        "status": {"phase": phase, "containerStatuses": containers},
    }


def crashing_pod():
    ended = {"terminated": {"exitCode": 3, "reason": "Error"}}
    waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
    return pod(containers=[{"name": "app", "restartCount": 2, "state": waiting, "lastState": ended}])


def phases(preview):
    return [step.name for step in preview.phases]


def status(cluster):
    return cluster.objects[RECORD]["status"]
