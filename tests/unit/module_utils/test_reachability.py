# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reachability: policies mean what the API's documentation says."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.reachability import Endpoint, allowed, selects

HERE = Endpoint(address="10.0.0.1", namespace="here", labels={"app": "a"}, namespace_labels={"name": "here"})
THERE = Endpoint(address="10.0.0.2", namespace="there", labels={"app": "b"}, namespace_labels={"name": "there"})
OUTSIDE = Endpoint(address="1.1.1.1")


def policy(spec: dict[str, Any], *, namespace: str = "here") -> dict[str, Any]:
    return {
        "kind": "NetworkPolicy",
        "metadata": {"name": "p", "namespace": namespace},
        "spec": {"podSelector": {}, **spec},
    }


def into(*rules: dict[str, Any], **spec: Any) -> list[dict[str, Any]]:
    return [policy({"policyTypes": ["Ingress"], "ingress": list(rules), **spec})]


def reaches(policies: list[dict[str, Any]], source: Endpoint = THERE, port: int = 80, **more: Any) -> bool:
    return allowed(policies, source=source, target=HERE, port=port, **more)


def test_a_pod_without_a_policy_is_open() -> None:
    assert reaches([])
    assert reaches([{"kind": "Namespace", "metadata": {"name": "here"}}])


@pytest.mark.parametrize(
    "elsewhere",
    [
        policy({"policyTypes": ["Ingress"]}, namespace="other"),
        policy({"policyTypes": ["Ingress"], "podSelector": {"matchLabels": {"app": "z"}}}),
        policy({"policyTypes": ["Egress"]}),
    ],
)
def test_a_policy_of_another_namespace_pod_or_direction_does_not_count(elsewhere: dict[str, Any]) -> None:
    assert reaches([elsewhere])


def test_a_policy_without_rules_closes() -> None:
    assert not reaches(into())


def test_a_rule_without_peers_or_ports_opens_to_everybody_on_every_port() -> None:
    assert reaches(into({}), OUTSIDE, 9)
    assert reaches(into({"from": [], "ports": []}), OUTSIDE, 9, protocol="UDP")


def test_rules_of_all_policies_add_up() -> None:
    two = [*into(), *into({"ports": [{"port": 80}]})]
    assert reaches(two)
    assert not reaches(two, port=81)


@pytest.mark.parametrize(
    ("entry", "port", "protocol", "passes"),
    [
        ({"port": 80}, 80, "TCP", True),
        ({"port": 80}, 80, "UDP", False),
        ({"protocol": "UDP", "port": 80}, 80, "UDP", True),
        ({"protocol": "TCP"}, 9, "TCP", True),
        ({"port": 80, "endPort": 82}, 82, "TCP", True),
        ({"port": 80, "endPort": 82}, 83, "TCP", False),
    ],
)
def test_ports(entry: dict[str, Any], port: int, protocol: str, passes: bool) -> None:
    assert reaches(into({"ports": [entry]}), port=port, protocol=protocol) is passes


@pytest.mark.parametrize(
    ("peer", "source", "passes"),
    [
        ({"podSelector": {}}, THERE, False),
        ({"podSelector": {}}, HERE, True),
        ({"podSelector": {}}, OUTSIDE, False),
        ({"namespaceSelector": {}}, THERE, True),
        ({"namespaceSelector": {}}, OUTSIDE, False),
        ({"namespaceSelector": {"matchLabels": {"name": "there"}}}, THERE, True),
        ({"namespaceSelector": {"matchLabels": {"name": "other"}}}, THERE, False),
        ({"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "b"}}}, THERE, True),
        ({"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "z"}}}, THERE, False),
        ({"ipBlock": {"cidr": "10.0.0.0/8"}}, THERE, True),
        ({"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.0.0.2/32"]}}, THERE, False),
        ({"ipBlock": {"cidr": "10.0.0.0/8"}}, OUTSIDE, False),
        ({"ipBlock": {"cidr": "::/0"}}, OUTSIDE, False),
    ],
)
def test_peers(peer: dict[str, Any], source: Endpoint, passes: bool) -> None:
    assert reaches(into({"from": [peer]}), source) is passes


def test_both_ends_have_a_say() -> None:
    out = [policy({"policyTypes": ["Egress"]}, namespace="there")]
    assert not reaches(out)
    assert not reaches([*out, *into({})])


@pytest.mark.parametrize(
    ("spec", "ingress_open", "egress_open"),
    [({}, False, True), ({"ingress": []}, False, True), ({"egress": []}, False, False)],
)
def test_without_types_a_policy_is_for_ingress_and_for_egress_only_if_it_speaks_of_it(
    spec: dict[str, Any], ingress_open: bool, egress_open: bool
) -> None:
    policies = [policy(spec)]
    assert allowed(policies, source=OUTSIDE, target=HERE, port=80) is ingress_open
    assert allowed(policies, source=HERE, target=OUTSIDE, port=80) is egress_open


@pytest.mark.parametrize(
    ("operator", "values", "with_label", "without"),
    [
        ("In", ["a"], True, False),
        ("In", ["b"], False, False),
        ("NotIn", ["a"], False, True),
        ("NotIn", ["b"], True, True),
        ("Exists", [], True, False),
        ("DoesNotExist", [], False, True),
    ],
)
def test_expressions(operator: str, values: list[str], with_label: bool, without: bool) -> None:
    selector = {"matchExpressions": [{"key": "app", "operator": operator, "values": values}]}
    assert selects(selector, {"app": "a"}) is with_label
    assert selects(selector, {}) is without
