# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A namespace that is on its way out is seen to be gone, or what holds it is named."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.departure import is_leaving, see_it_gone, vacated
from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import ClusterError, SupersededError
from ansible_collections.ephemeral.k8s.plugins.module_utils.objects import Ref
from ansible_collections.ephemeral.k8s.plugins.module_utils.survey import survey
from tests.unit.engine import NODE, PLACE, REQUEST, world_around
from tests.unit.fakes import FakeCluster

NAMESPACE = Ref("Namespace", PLACE)
LEAVING = {"deletionTimestamp": "2026-01-02T03:04:05Z"}


def namespace(**metadata):
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": PLACE, **metadata}}


def volume(name, place):
    spec = {"claimRef": {"namespace": place}}
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": spec}


@pytest.fixture
def cluster():
    fake = FakeCluster()
    fake.put(NODE)
    return fake


@pytest.fixture
def world(cluster):
    with world_around(cluster) as made:
        yield replace(made, timeout_seconds=0.3)


@pytest.mark.parametrize(("found", "leaving"), [(None, False), (namespace(), False), (namespace(**LEAVING), True)])
def test_a_namespace_leaves_once_somebody_asked_for_it(found, leaving):
    assert is_leaving(found) is leaving


@pytest.mark.parametrize(("metadata", "left"), [({}, 2), (LEAVING, 0)])
def test_what_is_in_a_leaving_namespace_is_as_good_as_gone(world, cluster, metadata, left):
    cluster.put(namespace(**metadata))
    cluster.put({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "app", "namespace": PLACE}})
    seen = vacated(survey(cluster, identity=REQUEST.identity, platform_namespace="platform", pool=world.pool))
    assert len(seen.existing) == left
    assert (seen.namespace is None) is not bool(left)
    assert seen.node_addresses == ("5.6.7.8",)


def test_it_is_gone_with_its_volumes_and_not_before(world, cluster):
    cluster.put(namespace(**LEAVING))
    cluster.put(volume("ours", PLACE))
    cluster.put(volume("another", "shop-pr-2"))
    threading.Timer(0.05, cluster.remove, (Ref("Namespace", PLACE),)).start()
    threading.Timer(0.1, cluster.remove, (Ref("PersistentVolume", "ours"),)).start()
    see_it_gone(replace(world, timeout_seconds=10.0), PLACE, check=lambda: None)
    assert Ref("PersistentVolume", "ours") not in cluster.objects


def test_what_stays_is_named_with_its_reason(world, cluster):
    held = {"type": "NamespaceFinalizersRemaining", "status": "True", "message": "finalizer x is left"}
    cluster.put({**namespace(**LEAVING), "status": {"conditions": [held]}})
    cluster.put(volume("ours", PLACE))
    with pytest.raises(ClusterError) as raised:
        see_it_gone(world, PLACE, check=lambda: None)
    assert raised.value.reason == "DeletionUnfinished"
    assert str(raised.value).startswith("demo-pr-1 is not gone after 0.3 s: ")
    assert "Namespace/demo-pr-1 (finalizer x is left)" in str(raised.value)
    assert "PersistentVolume/ours" in str(raised.value)


HOLD = Ref("ConfigMap", "hold", PLACE)
REMAINING = {"type": "NamespaceFinalizersRemaining", "status": "True", "message": "x in 1 resource instances"}


@pytest.fixture
def terminating(cluster):
    """The namespace controller: it ends a namespace once nothing is in it, and says what is left."""

    def controller(verb, obj):
        current = cluster.objects.get(NAMESPACE)
        if current and not any(named.namespace == PLACE for named in cluster.objects):
            cluster.update(NAMESPACE, spec={}, status={})
            if not current["metadata"].get("finalizers"):
                cluster.remove(NAMESPACE)

    cluster.react = controller
    return cluster


def held(cluster, *finalizers, of_namespace=()):
    cluster.put(
        {
            **namespace(**LEAVING, finalizers=list(of_namespace)),
            "spec": {"finalizers": ["kubernetes"]},
            "status": {"conditions": [REMAINING] if finalizers else []},
        }
    )
    if finalizers:
        metadata = {"name": "hold", "namespace": PLACE, "finalizers": list(finalizers), **LEAVING}
        cluster.put({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})


def test_who_holds_it_is_named_first_and_made_to_let_go_after_a_grace_period(world, terminating):
    held(terminating, "example.org/hold", of_namespace=["example.org/outer"])
    told = []

    def tell(holder):
        told.append(str(holder))
        assert "release" not in terminating.verbs(holder.object.partition("/")[0])

    done = see_it_gone(replace(world, timeout_seconds=3.0), PLACE, check=lambda: None, told=tell)
    assert told == [
        "ConfigMap/hold holds it by finalizer example.org/hold",
        "Namespace/demo-pr-1 holds it by finalizer example.org/outer",
    ]
    assert [line.partition(" held ")[0] for line in done] == ["ConfigMap/hold", "Namespace/demo-pr-1"]
    assert "example.org/hold, which its owner did not take off within 1 s: taken off" in done[0]
    assert "finalize" not in terminating.verbs("Namespace")


def test_an_owner_that_lets_go_in_time_is_left_alone(world, terminating):
    held(terminating, "example.org/hold")
    threading.Timer(0.2, lambda: (terminating.remove(HOLD), terminating.remove(NAMESPACE))).start()
    assert see_it_gone(replace(world, timeout_seconds=3.0), PLACE, check=lambda: None) == ()
    assert "release" not in terminating.verbs("ConfigMap")


def test_kubernetes_own_finalizers_are_waited_for_and_never_taken_off(world, terminating):
    held(terminating, "kubernetes.io/pvc-protection")
    with pytest.raises(ClusterError, match="is not gone after 1 s"):
        see_it_gone(replace(world, timeout_seconds=1.0), PLACE, check=lambda: None)
    assert HOLD in terminating.objects


def test_last_of_all_the_namespace_itself_is_finalized(world, cluster):
    failing = {"type": "NamespaceDeletionDiscoveryFailure", "status": "True", "message": "metrics.k8s.io is away"}
    cluster.put(
        {
            **namespace(**LEAVING),
            "spec": {"finalizers": ["kubernetes"]},
            "status": {"conditions": [failing]},
        }
    )
    done = see_it_gone(replace(world, timeout_seconds=3.0), PLACE, check=lambda: None)
    assert done == (
        "Namespace/demo-pr-1 did not end although nothing was left in it: kubernetes of its spec was taken off",
    )


def test_who_cannot_be_made_to_let_go_is_named_in_the_end(world, terminating):
    held(terminating, "example.org/hold")
    terminating.release = lambda remnant, keep: False
    with pytest.raises(ClusterError, match=r"ConfigMap/hold holds it by finalizer example\.org/hold"):
        see_it_gone(replace(world, timeout_seconds=1.0), PLACE, check=lambda: None)


def test_a_refusal_to_let_go_is_told_with_who_holds_it(world, terminating):
    held(terminating, "example.org/hold")

    def refuse(verb, named):
        if verb == "release":
            raise ClusterError("forbidden: update configmaps", status=403)

    terminating.refuse = refuse
    with pytest.raises(ClusterError) as raised:
        see_it_gone(replace(world, timeout_seconds=1.0), PLACE, check=lambda: None)
    assert "ConfigMap/hold holds it by finalizer example.org/hold" in str(raised.value)
    assert str(raised.value).endswith("; forbidden: update configmaps")


def test_a_normal_end_asks_for_no_remnants(world, cluster):
    content = {"type": "NamespaceContentRemaining", "status": "True", "message": "pods. has 1 resource instances"}
    cluster.put({**namespace(**LEAVING), "spec": {"finalizers": ["kubernetes"]}, "status": {"conditions": [content]}})
    threading.Timer(0.5, cluster.remove, (NAMESPACE,)).start()
    assert see_it_gone(replace(world, timeout_seconds=1.0), PLACE, check=lambda: None) == ()
    assert "list" in cluster.verbs("Namespace")
    assert cluster.verbs("Namespace").count("list") == 1


def test_a_run_that_has_to_stop_stops_waiting(world, cluster):
    def check():
        raise SupersededError("newer")

    cluster.put(namespace(**LEAVING))
    with pytest.raises(SupersededError):
        see_it_gone(world, PLACE, check=check)
