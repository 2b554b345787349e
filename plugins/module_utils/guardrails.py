# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guard rails of an environment: everything that is in force before its first pod exists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .limits import DEFAULT_LIMITS, RangeLimits
from .names import Identity
from .network_policies import CLUSTER_DNS, PodSelector, network_policies
from .objects import Manifest, stamp
from .quantities import cpu_millis, format_bytes, format_cpu, memory_bytes
from .quota import Quota

QUOTA = "quota"
"""Name of an environment's ResourceQuota."""

# Requests of a container that names none: those of the application's defaults (requirements, table of parts).
_DEFAULT_REQUEST_CPU, _DEFAULT_REQUEST_MEMORY = "50m", "128Mi"


def render(
    identity: Identity,
    *,
    labels: Mapping[str, str],
    annotations: Mapping[str, str],
    quota: Quota,
    ingress_selector: PodSelector,
    egress_except: Iterable[str],
    app_ports: Iterable[int],
    limits: RangeLimits = DEFAULT_LIMITS,
    dns: PodSelector = CLUSTER_DNS,
) -> tuple[Manifest, ...]:
    """All guard rails, the Namespace first.

    :param labels: of every object (``names.labels``).
    :param annotations: of the Namespace, any text: repository, commit, branch, author, times.
    :param app_ports: ports that the ingress controller may reach; none where the environment has no ingress.
    :raises RefusedError: for an exception that is neither an address nor a range.
    """
    policies = network_policies(
        ingress_selector=ingress_selector, egress_except=egress_except, app_ports=app_ports, dns=dns
    )
    rails = (
        _namespace(identity, annotations),
        *policies,
        _resource_quota(quota),
        _limit_range(limits),
        _service_account("default"),
        _service_account("app"),
    )
    return tuple(stamp(rail, namespace=identity.namespace, labels=labels) for rail in rails)


def _namespace(identity: Identity, annotations: Mapping[str, str]) -> Manifest:
    # "latest" follows the cluster: an upgrade of Kubernetes brings its newer rules without a change here, and what our
    # charts render is far inside them. A pinned version would silently stay behind.
    security = {
        f"pod-security.kubernetes.io/{mode}{suffix}": value
        for mode in ("enforce", "audit", "warn")
        for suffix, value in (("", "restricted"), ("-version", "latest"))
    }
    metadata = {"name": identity.namespace, "labels": security, "annotations": dict(annotations)}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def _resource_quota(quota: Quota) -> Manifest:
    # Either kind of Service would open a port on the node, past the ingress and its policy.
    hard = {**quota.hard(), "services.nodeports": "0", "services.loadbalancers": "0"}
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": QUOTA}, "spec": {"hard": hard}}


def _limit_range(limits: RangeLimits) -> Manifest:
    request_cpu = min(cpu_millis(_DEFAULT_REQUEST_CPU), limits.default_cpu_millis)
    request_memory = min(memory_bytes(_DEFAULT_REQUEST_MEMORY), limits.default_memory_bytes)
    container = {
        "type": "Container",
        "max": _amounts(limits.container_cpu_millis, limits.container_memory_bytes),
        "default": _amounts(limits.default_cpu_millis, limits.default_memory_bytes),
        "defaultRequest": _amounts(request_cpu, request_memory),
    }
    claim = {
        "type": "PersistentVolumeClaim",
        "min": {"storage": format_bytes(limits.claim_min_bytes)},
        "max": {"storage": format_bytes(limits.claim_max_bytes)},
    }
    spec = {"limits": [container, claim]}
    return {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "limits"}, "spec": spec}


def _amounts(cpu: int, memory: int) -> dict[str, str]:
    return {"cpu": format_cpu(cpu), "memory": format_bytes(memory)}


def _service_account(name: str) -> Manifest:
    # No pod of an environment has business with the API server, whose address egress excepts as well.
    metadata = {"name": name}
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata, "automountServiceAccountToken": False}
