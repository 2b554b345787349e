# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run learns of the cluster before it plans."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import ClusterError
from ansible_collections.ephemeral.k8s.plugins.module_utils.names import Identity
from ansible_collections.ephemeral.k8s.plugins.module_utils.objects import Ref
from ansible_collections.ephemeral.k8s.plugins.module_utils.quota import Capacity
from ansible_collections.ephemeral.k8s.plugins.module_utils.survey import survey
from tests.unit.fakes import FakeCluster

PLACE = "demo-pr-1"
GIB = 2**30


def node(name, *, cpu="4", memory="16Gi", disk="100Gi", **spec):
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name},
        "spec": {"podCIDRs": ["10.244.0.0/24"], **spec},
        "status": {
            "allocatable": {"cpu": cpu, "memory": memory, "ephemeral-storage": disk},
            "addresses": [
                {"type": "InternalIP", "address": "5.6.7.8"},
                {"type": "Hostname", "address": name},
            ],
        },
    }


def api_endpoints(name="kubernetes", *, service="kubernetes", family="IPv4", addresses=("20.0.0.1",)):
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": name, "namespace": "default", "labels": {"kubernetes.io/service-name": service}},
        "addressType": family,
        "endpoints": [{"addresses": [address]} for address in addresses],
    }


def api_service(*addresses):
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "kubernetes", "namespace": "default"},
        "spec": {"clusterIP": addresses[0], "clusterIPs": list(addresses)},
    }


def service_cidr():
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "ServiceCIDR",
        "metadata": {"name": "kubernetes"},
        "spec": {"cidrs": ["10.96.0.0/16"]},
    }


@pytest.fixture
def cluster():
    return FakeCluster()


@pytest.fixture
def look(cluster):
    with ThreadPoolExecutor(8) as pool:
        yield lambda: survey(cluster, identity=Identity(project="demo", pr=1), platform_namespace="platform", pool=pool)


def test_an_empty_cluster_has_nothing_of_ours(look):
    seen = look()
    assert seen.namespace is None
    assert seen.existing == {}
    assert seen.record.found is None
    assert seen.capacity is None


def test_what_is_in_the_environment_is_seen_and_nothing_of_another(look, cluster):
    for place in (PLACE, "demo-pr-2"):
        cluster.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": place}})
        cluster.put({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "app", "namespace": place}})
    seen = look()
    assert seen.namespace is not None
    assert set(seen.existing) == {Ref("Namespace", PLACE), Ref("Service", "app", PLACE)}


def test_the_cluster_s_own_addresses_are_known_before_egress_is_allowed(look, cluster):
    cluster.put(node("one"))
    cluster.put(service_cidr())
    seen = look()
    assert seen.node_addresses == ("5.6.7.8",)
    assert seen.pod_cidrs == ("10.244.0.0/24",)
    assert seen.service_cidrs == ("10.96.0.0/16",)


def test_capacity_is_that_of_the_roomiest_node_that_takes_pods(look, cluster):
    cluster.put(node("small", cpu="2", memory="8Gi"))
    cluster.put(node("large", cpu="4", memory="16Gi"))
    cluster.put(node("closed", cpu="64", memory="256Gi", unschedulable=True))
    assert look().capacity == Capacity(cpu_millis=4000, memory_bytes=16 * GIB, storage_bytes=100 * GIB)


def test_the_api_server_s_own_addresses_are_known_where_it_is_no_node(look, cluster):
    cluster.put(api_endpoints(addresses=("20.0.0.1", "20.0.0.2")))
    cluster.put(api_endpoints("kubernetes-6", family="IPv6", addresses=("2a01::1",)))
    cluster.put(api_endpoints("named", family="FQDN", addresses=("api.example.org",)))
    cluster.put(api_endpoints("other", service="other", addresses=("30.0.0.1",)))
    cluster.put({**api_endpoints("empty"), "endpoints": None})
    assert set(look().api_addresses) == {"20.0.0.1", "20.0.0.2", "2a01::1"}


@pytest.mark.parametrize(
    ("there", "ranges"),
    [((), ()), ((api_service("20.1.0.1", "2a01:1::1"),), ("20.1.0.1/32", "2a01:1::1/128"))],
)
def test_an_api_server_too_old_to_tell_its_service_ranges_tells_its_own_service(look, cluster, there, ranges):
    for service in there:
        cluster.put(service)

    def refuse(_verb, named):
        if named.kind == "ServiceCIDR":
            raise ClusterError("404 page not found", status=404)

    cluster.refuse = refuse
    assert look().service_cidrs == ranges


@pytest.mark.parametrize("kind", ["Node", "ServiceCIDR", "EndpointSlice", "Environment", "Secret"])
def test_what_is_forbidden_is_told(look, cluster, kind):
    def refuse(_verb, named):
        if named.kind == kind:
            raise ClusterError(f"cannot list {kind}", status=403, reason="Forbidden")

    cluster.refuse = refuse
    with pytest.raises(ClusterError, match=f"cannot list {kind}"):
        look()
