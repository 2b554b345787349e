# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether NetworkPolicies let a connection pass, computed as the API documents it, without a cluster.

``ipBlock`` is taken literally, pods and nodes included: what is refused here is refused by every CNI.
https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, Literal

from .objects import Manifest

Protocol = Literal["TCP", "UDP", "SCTP"]


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One end of a connection.

    :param namespace: empty for what is no pod: a node, the API server, an address of the internet.
    """

    address: str
    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    namespace_labels: Mapping[str, str] = field(default_factory=dict)


def allowed(
    policies: Iterable[Manifest], *, source: Endpoint, target: Endpoint, port: int, protocol: Protocol = "TCP"
) -> bool:
    """Whether a connection may be made: the source's egress and the target's ingress both have a say.

    :param policies: NetworkPolicies of any namespace; other objects are passed over.
    :param port: of the pod, not of the Service before it.
    """
    mine = [policy for policy in policies if policy["kind"] == "NetworkPolicy"]
    return _admits(mine, source, "Egress", target, port, protocol) and _admits(
        mine, target, "Ingress", source, port, protocol
    )


def _admits(
    policies: list[Manifest],
    subject: Endpoint,
    direction: Literal["Ingress", "Egress"],
    peer: Endpoint,
    port: int,
    protocol: Protocol,
) -> bool:
    relevant = [policy for policy in policies if _concerns(policy, subject, direction)]
    # A pod that no policy selects in this direction is open: isolation begins with the first policy.
    if not relevant:
        return True
    rules = [(policy, rule) for policy in relevant for rule in policy["spec"].get(direction.lower()) or ()]
    side = "from" if direction == "Ingress" else "to"
    return any(
        _ports_match(rule.get("ports"), port, protocol) and _peers_match(rule.get(side), policy, peer)
        for policy, rule in rules
    )


def _concerns(policy: Manifest, subject: Endpoint, direction: str) -> bool:
    spec = policy["spec"]
    types = spec.get("policyTypes") or ["Ingress", *(["Egress"] if "egress" in spec else [])]
    return (
        bool(subject.namespace)
        and subject.namespace == policy["metadata"]["namespace"]
        and direction in types
        and selects(spec.get("podSelector", {}), subject.labels)
    )


def on_the_wire(text: str) -> IPv4Address | IPv6Address:
    """An address as packets carry it: an IPv4-mapped one is IPv4."""
    address = ip_address(text)
    return getattr(address, "ipv4_mapped", None) or address


def _ports_match(ports: list[dict[str, Any]] | None, port: int, protocol: Protocol) -> bool:
    # No list, and an empty one, mean every port.
    return not ports or any(
        entry.get("protocol", "TCP") == protocol
        and ("port" not in entry or entry["port"] <= port <= entry.get("endPort", entry["port"]))
        for entry in ports
    )


def _peers_match(peers: list[dict[str, Any]] | None, policy: Manifest, peer: Endpoint) -> bool:
    # No list, and an empty one, mean everybody.
    return not peers or any(_peer_matches(entry, policy, peer) for entry in peers)


def _peer_matches(entry: dict[str, Any], policy: Manifest, peer: Endpoint) -> bool:
    match entry:
        case {"ipBlock": block}:
            address = on_the_wire(peer.address)
            return address in ip_network(block["cidr"]) and not any(
                address in ip_network(hole) for hole in block.get("except") or ()
            )
        case {"namespaceSelector": spaces}:
            in_namespace = bool(peer.namespace) and selects(spaces, peer.namespace_labels)
        case _:
            in_namespace = peer.namespace == policy["metadata"]["namespace"]
    return in_namespace and selects(entry.get("podSelector", {}), peer.labels)


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a label selector matches; an empty one matches everything."""
    wanted = selector.get("matchLabels") or {}
    expressions = selector.get("matchExpressions") or ()
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        _holds(expression, labels) for expression in expressions
    )


def _holds(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    value = labels.get(expression["key"])
    match expression["operator"]:
        case "In":
            return value in expression["values"]
        case "NotIn":
            # Also true without the label.
            return value not in expression["values"]
        case "Exists":
            return value is not None
        case _:
            return value is None
