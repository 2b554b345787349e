# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run must know of the cluster before it plans, asked for in one burst."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from ipaddress import ip_network

from .apply import KINDS
from .errors import ClusterError
from .names import Identity
from .objects import Manifest, Ref, by_ref
from .ports import Cluster
from .quantities import cpu_millis, memory_bytes
from .quota import Capacity
from .record import Record


@dataclass(frozen=True, kw_only=True)
class Survey:
    """The cluster as one environment sees it.

    :param existing: the Namespace, where it is there, and all objects in it of the kinds we render.
    :param capacity: the most that some schedulable node has, since a pod cannot be split; None without such a node.
    :param api_addresses: where the API server itself answers, which need not be a node.
    :param service_cidrs: of an API server too old to tell (before Kubernetes 1.33), its own Service alone.
    """

    namespace: Manifest | None
    existing: Mapping[Ref, Manifest]
    record: Record
    capacity: Capacity | None
    node_addresses: tuple[str, ...]
    api_addresses: tuple[str, ...]
    pod_cidrs: tuple[str, ...]
    service_cidrs: tuple[str, ...]


def survey(cluster: Cluster, *, identity: Identity, platform_namespace: str, pool: Executor) -> Survey:
    """Ask for everything at once; a dozen requests cost little more than the slowest.

    :raises ClusterError: where the cluster cannot be reached or forbids one of them.
    """
    place = identity.namespace
    namespace_answer = pool.submit(cluster.get, Ref("Namespace", place))
    record_answer = pool.submit(Record.read, cluster, namespace=platform_namespace, identity=identity)
    nodes_answer = pool.submit(cluster.list, "Node")
    api_answer = pool.submit(_api_addresses, cluster)
    ranges_answer = pool.submit(_service_cidrs, cluster)
    answers = [pool.submit(cluster.list, kind, namespace=place) for kind in KINDS]

    namespace, nodes = namespace_answer.result(), nodes_answer.result().items
    existing = by_ref(item for answer in answers for item in answer.result().items)
    if namespace is not None:
        existing[Ref("Namespace", place)] = namespace
    return Survey(
        namespace=namespace,
        existing=existing,
        record=record_answer.result(),
        capacity=_capacity(nodes),
        node_addresses=tuple(
            address["address"]
            for node in nodes
            for address in node.get("status", {}).get("addresses", ())
            if address["type"] in ("InternalIP", "ExternalIP")
        ),
        api_addresses=api_answer.result(),
        pod_cidrs=tuple(cidr for node in nodes for cidr in node["spec"].get("podCIDRs", ())),
        service_cidrs=ranges_answer.result(),
    )


def _api_addresses(cluster: Cluster) -> tuple[str, ...]:
    slices = cluster.list("EndpointSlice", namespace="default", labels="kubernetes.io/service-name=kubernetes").items
    return tuple(
        address
        for item in slices
        if item["addressType"] != "FQDN"
        for endpoint in item.get("endpoints") or ()
        for address in endpoint["addresses"]
    )


def _service_cidrs(cluster: Cluster) -> tuple[str, ...]:
    try:
        ranges = cluster.list("ServiceCIDR").items
    except ClusterError as error:
        # Private ranges, where services live, are excepted from egress in any case.
        if error.status == 404:
            return _api_service(cluster)
        raise
    return tuple(cidr for item in ranges for cidr in item["spec"]["cidrs"])


def _api_service(cluster: Cluster) -> tuple[str, ...]:
    service = cluster.get(Ref("Service", "kubernetes", "default")) or {}
    return tuple(str(ip_network(address)) for address in service.get("spec", {}).get("clusterIPs", ()))


def _capacity(nodes: Iterable[Manifest]) -> Capacity | None:
    usable = [
        node["status"]["allocatable"]
        for node in nodes
        if not node["spec"].get("unschedulable") and "allocatable" in node.get("status", {})
    ]
    if not usable:
        return None
    return Capacity(
        cpu_millis=max(cpu_millis(node["cpu"]) for node in usable),
        memory_bytes=max(memory_bytes(node["memory"]) for node in usable),
        storage_bytes=max(memory_bytes(node.get("ephemeral-storage", "0")) for node in usable),
    )
