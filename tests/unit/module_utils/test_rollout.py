# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for workloads ends when they are ready, when they cannot become it, or when time is over."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.clock import SystemClock
from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import SupersededError
from ansible_collections.ephemeral.k8s.plugins.module_utils.objects import Ref
from ansible_collections.ephemeral.k8s.plugins.module_utils.rollout import rolled_out
from tests.unit.fakes import FakeCluster

PLACE = "demo-pr-1"
APP = Ref("Deployment", "app", PLACE)
READY = {"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1, "readyReplicas": 1}
CRASHED = [{"name": "app", "restartCount": 2, "ready": False, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]


def deployment(status=None):
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "app", "namespace": PLACE},
        "spec": {"replicas": 1},
        "status": status or {},
    }


def replica_set(name, revision, deployment="app"):
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": name,
            "namespace": PLACE,
            "ownerReferences": [{"name": deployment}],
            "annotations": {"deployment.kubernetes.io/revision": revision},
        },
        "spec": {"replicas": 1},
    }


def pod(owner, containers=()):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"{owner}-x", "namespace": PLACE, "ownerReferences": [{"name": owner}]},
        "status": {"phase": "Running", "containerStatuses": list(containers)},
    }


@pytest.fixture
def cluster():
    fake = FakeCluster()
    fake.put(deployment())
    return fake


def wait(cluster, manifests=None, seconds=0.3, check=lambda: None):
    world = SimpleNamespace(cluster=cluster, clock=SystemClock(), timeout_seconds=seconds)
    return rolled_out(world, PLACE, manifests or [deployment()], check=check)


def test_what_makes_no_pods_needs_no_wait(cluster):
    service = {"kind": "Service", "metadata": {"name": "app"}}
    assert wait(cluster, [service])
    assert cluster.requests == []


def test_ready_is_noticed_as_it_happens(cluster):
    threading.Timer(0.1, cluster.update, (APP,), {"status": READY}).start()
    began = time.monotonic()
    assert wait(cluster, seconds=10)
    assert time.monotonic() - began < 2


def test_time_is_over_at_its_end(cluster):
    assert not wait(cluster)


def test_a_workload_that_says_it_failed_is_believed_at_once(cluster):
    stuck = [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]
    cluster.update(APP, status={"conditions": stuck})
    began = time.monotonic()
    assert not wait(cluster, seconds=10)
    assert time.monotonic() - began < 2


def test_a_crash_loop_of_the_newest_version_ends_the_wait(cluster):
    cluster.put(replica_set("old", "9"))
    cluster.put(replica_set("new", "10"))
    cluster.put(pod("new", CRASHED))
    began = time.monotonic()
    assert not wait(cluster, seconds=10)
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(("name", "owner", "revision"), [("old", "app", "9"), ("other", "elsewhere", "11")])
def test_a_crash_loop_of_another_version_or_workload_does_not(cluster, name, owner, revision):
    cluster.put(replica_set(name, revision, owner))
    cluster.put(replica_set("new", "10"))
    cluster.put(pod(name, CRASHED))
    cluster.put(pod("new"))
    threading.Timer(0.1, cluster.update, (APP,), {"status": READY}).start()
    assert wait(cluster, seconds=10)


def test_a_run_that_has_to_stop_stops(cluster):
    def check():
        raise SupersededError("newer")

    with pytest.raises(SupersededError):
        wait(cluster, seconds=10, check=check)
