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


def test_a_run_that_has_to_stop_stops_waiting(world, cluster):
    def check():
        raise SupersededError("newer")

    cluster.put(namespace(**LEAVING))
    with pytest.raises(SupersededError):
        see_it_gone(world, PLACE, check=check)
