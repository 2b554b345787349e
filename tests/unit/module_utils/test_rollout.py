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
from ansible_collections.ephemeral.k8s.plugins.module_utils.rollout import answered, rolled_out
from tests.unit.fakes import FakeClock, FakeCluster, FakeProber

PLACE = "demo-pr-1"
APP = Ref("Deployment", "app", PLACE)
READY = {"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1, "readyReplicas": 1}
DATABASE = Ref("StatefulSet", "postgresql", PLACE)
DATABASE_READY = {
    "replicas": 1,
    "readyReplicas": 1,
    "updatedReplicas": 1,
    "updateRevision": "b",
    "currentRevision": "b",
}
CRASHED = [{"name": "app", "restartCount": 2, "ready": False, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]


def deployment(status=None):
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "app", "namespace": PLACE},
        "spec": {"replicas": 1},
        "status": status or {},
    }


def stateful_set(**status):
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "postgresql", "namespace": PLACE},
        "spec": {"replicas": 1},
        "status": status,
    }


def database(revision):
    labels = {"controller-revision-hash": revision}
    return pod("postgresql", CRASHED, "StatefulSet", name="postgresql-0", labels=labels)


def replica_set(name, revision, deployment="app"):
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": name,
            "namespace": PLACE,
            "ownerReferences": [{"kind": "Deployment", "name": deployment}],
            "annotations": {"deployment.kubernetes.io/revision": revision},
        },
        "spec": {"replicas": 1},
    }


def pod(owner, containers=(), kind="ReplicaSet", **metadata):
    owners = [{"kind": kind, "name": owner}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"{owner}-x", "namespace": PLACE, "ownerReferences": owners, **metadata},
        "status": {"phase": "Running", "containerStatuses": list(containers)},
    }


@pytest.fixture
def cluster():
    fake = FakeCluster()
    fake.put(deployment())
    return fake


def wait(cluster, manifests=None, seconds=0.3, check=lambda: None, unchanged=(), answers=None):
    world = SimpleNamespace(cluster=cluster, clock=SystemClock(), timeout_seconds=seconds)
    asked = manifests or [deployment()]
    return rolled_out(world, PLACE, asked, unchanged=unchanged, answers=answers or {}, check=check)


def test_what_makes_no_pods_needs_no_wait(cluster):
    service = {"kind": "Service", "metadata": {"name": "app"}}
    assert wait(cluster, [service])
    assert cluster.requests == []


def test_ready_is_noticed_as_it_happens(cluster):
    threading.Timer(0.1, cluster.update, (APP,), {"status": READY}).start()
    began = time.monotonic()
    assert wait(cluster, seconds=10)
    assert time.monotonic() - began < 2


def test_what_the_server_called_ready_needs_no_watch(cluster):
    assert wait(cluster, answers={APP: deployment(READY)})
    assert cluster.requests == []
    assert not wait(cluster, answers={APP: deployment()})


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


def test_the_crash_of_a_database_s_version_before_does_not_end_the_wait(cluster):
    cluster.put(stateful_set(updateRevision="b", currentRevision="a"))
    cluster.put(database("a"))
    threading.Timer(0.1, cluster.update, (DATABASE,), {"status": DATABASE_READY}).start()
    assert wait(cluster, [stateful_set()], seconds=10)


def test_the_crash_of_a_database_s_newest_version_does(cluster):
    cluster.put(stateful_set(updateRevision="b", currentRevision="a"))
    cluster.put(database("b"))
    began = time.monotonic()
    assert not wait(cluster, [stateful_set()], seconds=10)
    assert time.monotonic() - began < 2


def numbered(obj, **numbers):
    metadata = {"generation": numbers.get("generation", 1)}
    if "revision" in numbers:
        metadata["annotations"] = {"deployment.kubernetes.io/revision": numbers["revision"]}
    status = {"observedGeneration": numbers.get("observed", 1)}
    return {**obj, "metadata": {**obj["metadata"], **metadata}, "status": {**obj["status"], **status}}


@pytest.mark.parametrize(
    ("generation", "observed", "revision", "crashing", "ends"),
    [
        (2, 1, "9", "nine", False),  # not seen yet: revision 9 is the version before
        (2, 2, "9", "nine", True),
        (2, 2, "10", "nine", False),
        (2, 2, "11", "nine", False),  # its ReplicaSet has not come into the picture yet
        (2, 2, "9", "ten", False),  # taken back: what is numbered higher is no longer the newest
    ],
)
def test_a_deployment_itself_says_which_version_is_the_newest(cluster, generation, observed, revision, crashing, ends):
    cluster.put(numbered(deployment(), generation=generation, observed=observed, revision=revision))
    cluster.put(replica_set("nine", "9"))
    cluster.put(replica_set("ten", "10"))
    cluster.put(pod(crashing, CRASHED))
    began = time.monotonic()
    assert not wait(cluster, seconds=0.4 if not ends else 10)
    assert (time.monotonic() - began < 0.4) is ends


# The same again, after something outside was mended


def succeeding(cluster, successor):
    """A controller that makes ``successor`` in the place of a pod, and then says that all is well."""

    def succeed(verb, obj):
        if verb == "delete" and obj["kind"] == "Pod":
            cluster.put(successor)
            owner, status = (DATABASE, DATABASE_READY) if obj["metadata"]["name"] == "postgresql-0" else (APP, READY)
            threading.Timer(0.1, cluster.update, (owner,), {"status": status}).start()

    cluster.react = succeed


def test_hopeless_pods_of_what_did_not_change_get_successors(cluster):
    cluster.put(replica_set("new", "1"))
    cluster.put(pod("new", CRASHED, uid="one"))
    succeeding(cluster, pod("new", name="new-y"))
    assert wait(cluster, seconds=10, unchanged={APP})
    assert [named.name for verb, named in cluster.requests if verb == "delete"] == ["new-x"]


def test_a_hopeless_database_that_did_not_change_too(cluster):
    cluster.put(stateful_set(updateRevision="b", currentRevision="b"))
    cluster.put(database("b"))
    succeeding(cluster, pod("postgresql", (), "StatefulSet", name="postgresql-0", uid="next"))
    assert wait(cluster, [stateful_set()], seconds=10, unchanged={DATABASE})


def test_successors_that_are_hopeless_too_end_the_wait(cluster):
    cluster.put(replica_set("new", "1"))
    cluster.put(pod("new", CRASHED))
    cluster.react = lambda verb, obj: cluster.put(pod("new", CRASHED, name="new-y")) if verb == "delete" else None
    began = time.monotonic()
    assert not wait(cluster, seconds=10, unchanged={APP})
    assert time.monotonic() - began < 2
    assert [named.name for verb, named in cluster.requests if verb == "delete"] == ["new-x"]


def test_a_pod_that_takes_its_time_to_go_is_no_reason_to_give_up(cluster):
    cluster.put(replica_set("new", "1"))
    cluster.put(pod("new", CRASHED, finalizers=["kubelet"]))
    threading.Timer(0.2, cluster.update, (APP,), {"status": READY}).start()
    assert wait(cluster, seconds=10, unchanged={APP})


@pytest.mark.parametrize(("changed", "well"), [(True, False), (False, True)])
def test_pods_of_what_changed_or_is_well_are_left_alone(cluster, changed, well):
    cluster.put(replica_set("new", "1"))
    cluster.put(pod("new", () if well else CRASHED))
    assert not wait(cluster, unchanged=() if changed else {APP})
    assert "delete" not in cluster.verbs("Pod")


def test_an_old_verdict_on_what_did_not_change_does_not_count_and_a_new_one_does(cluster):
    stuck = {"conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]}
    cluster.update(APP, status=stuck)
    threading.Timer(0.1, cluster.update, (APP,), {"status": READY}).start()
    assert wait(cluster, seconds=10, unchanged={APP})

    cluster.update(APP, status=stuck)
    threading.Timer(0.1, cluster.update, (APP,), {"status": {}}).start()
    threading.Timer(0.3, cluster.update, (APP,), {"status": stuck}).start()
    began = time.monotonic()
    assert not wait(cluster, seconds=10, unchanged={APP})
    assert time.monotonic() - began < 3


def test_a_run_that_has_to_stop_stops(cluster):
    def check():
        raise SupersededError("newer")

    with pytest.raises(SupersededError):
        wait(cluster, seconds=10, check=check)


def ask(*answers, seconds=300.0):
    clock = FakeClock()
    world = SimpleNamespace(prober=FakeProber(*answers), clock=clock, timeout_seconds=seconds)
    return answered(world, "https://shop", check=lambda: None), clock.seconds - 1000.0


def test_a_url_is_asked_until_it_answers_well():
    answer, seconds = ask(404, "connection refused", 503, 204)
    assert (answer.status, round(seconds, 1)) == (204, 0.3)


@pytest.mark.parametrize(("patience", "seconds"), [(300.0, 60.0), (5.0, 5.0)])
def test_a_url_that_never_does_is_given_a_minute_or_the_runs_patience(patience, seconds):
    answer, took = ask(404, seconds=patience)
    assert answer.status == 404
    assert seconds <= took < seconds + 0.2
