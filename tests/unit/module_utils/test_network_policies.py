# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""NetworkPolicies: what an environment reaches and what reaches it, proven from every direction."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.ephemeral.k8s.plugins.module_utils.egress import except_list
from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import RefusedError
from ansible_collections.ephemeral.k8s.plugins.module_utils.network_policies import PodSelector, network_policies
from ansible_collections.ephemeral.k8s.plugins.module_utils.objects import Manifest
from ansible_collections.ephemeral.k8s.plugins.module_utils.reachability import Endpoint, Protocol, allowed

TRAEFIK = PodSelector(namespace="ingress", labels={"app.kubernetes.io/name": "traefik"})
NODE, PUBLIC_NODE, POD_RANGE, SERVICE_RANGE = "172.17.0.2", "5.9.1.2", "30.0.0.0/16", "30.1.0.0/16"
EXCEPT = except_list(nodes=[NODE, PUBLIC_NODE], pod_cidrs=[POD_RANGE], service_cidrs=[SERVICE_RANGE])


def policies(*, namespace: str = "shop-pr-7", ports: tuple[int, ...] = (3000,)) -> list[Manifest]:
    rendered = network_policies(ingress_selector=TRAEFIK, egress_except=EXCEPT, app_ports=ports)
    return [each | {"metadata": each["metadata"] | {"namespace": namespace}} for each in rendered]


def pod(namespace: str, component: str = "", *, address: str = "30.0.0.9", **labels: str) -> Endpoint:
    own = {"app.kubernetes.io/component": component} if component else {}
    space = {"kubernetes.io/metadata.name": namespace}
    return Endpoint(address=address, namespace=namespace, labels=own | labels, namespace_labels=space)


APP, DATABASE, JOB, BARE = (pod("shop-pr-7", component) for component in ("app", "database", "job", ""))
OURS = {"app": APP, "database": DATABASE, "job": JOB, "without labels": BARE}
DNS = pod("kube-system", **{"k8s-app": "kube-dns"})
CONTROLLER = pod("ingress", **{"app.kubernetes.io/name": "traefik"})
STRANGERS = {
    "a pod of another preview": pod("shop-pr-8", "app"),
    "a pod of the default namespace": pod("default"),
    "another pod of kube-system": pod("kube-system", **{"k8s-app": "metrics-server"}),
    "another pod beside the ingress": pod("ingress", **{"app.kubernetes.io/name": "other"}),
    "a pod that only looks like Traefik": pod("shop-pr-8", **{"app.kubernetes.io/name": "traefik"}),
    "a pod that only looks like the DNS": pod("shop-pr-8", **{"k8s-app": "kube-dns"}),
}
BARRED = {
    "node": NODE,
    "node by its public address": PUBLIC_NODE,
    "API server's Service": "30.1.0.1",
    "pod by its address": "30.0.7.7",
    "metadata": "169.254.169.254",
    "metadata over IPv6": "fd00:ec2::254",
    "private 10": "10.11.12.13",
    "private 172": "172.20.0.1",
    "private 192": "192.168.0.1",
    "carrier-grade NAT": "100.64.1.1",
    "loopback": "127.0.0.1",
    "loopback over IPv6": "::1",
    "link-local over IPv6": "fe80::1",
    "multicast": "224.0.0.251",
    "broadcast": "255.255.255.255",
}
PORTS = st.integers(1, 65535)
PROTOCOLS = st.sampled_from(["TCP", "UDP", "SCTP"])


@pytest.mark.parametrize("own", OURS.values(), ids=OURS)
@pytest.mark.parametrize("stranger", STRANGERS.values(), ids=STRANGERS)
@pytest.mark.parametrize(("port", "protocol"), [(3000, "TCP"), (5432, "TCP"), (53, "UDP"), (443, "TCP"), (9, "SCTP")])
def test_no_pod_of_another_namespace_passes_in_either_direction(
    own: Endpoint, stranger: Endpoint, port: int, protocol: str
) -> None:
    ours = policies()
    assert not allowed(ours, source=stranger, target=own, port=port, protocol=protocol)
    assert not allowed(ours, source=own, target=stranger, port=port, protocol=protocol)


def test_two_environments_do_not_reach_each_other() -> None:
    both = [*policies(), *policies(namespace="shop-pr-8")]
    other = pod("shop-pr-8", "app")
    assert not allowed(both, source=APP, target=other, port=3000)
    assert not allowed(both, source=other, target=APP, port=3000)


@pytest.mark.parametrize("own", OURS.values(), ids=OURS)
@pytest.mark.parametrize("address", BARRED.values(), ids=BARRED)
@pytest.mark.parametrize("port", [53, 80, 443, 6443, 10250])
def test_no_barred_address_is_reached_nor_does_it_reach_us(own: Endpoint, address: str, port: int) -> None:
    ours, there = policies(), Endpoint(address=address)
    for protocol in ("TCP", "UDP"):
        assert not allowed(ours, source=own, target=there, port=port, protocol=protocol)
        assert not allowed(ours, source=there, target=own, port=port, protocol=protocol)


@settings(max_examples=60)
@given(address=st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)), port=PORTS, protocol=PROTOCOLS)
def test_what_is_not_global_is_never_reached(address: object, port: int, protocol: Protocol) -> None:
    there = ip_address(str(address))
    if not there.is_global or there.is_multicast:
        assert not allowed(policies(), source=APP, target=Endpoint(address=str(there)), port=port, protocol=protocol)


@settings(max_examples=60)
@given(address=st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)), port=PORTS, protocol=PROTOCOLS)
def test_nothing_outside_reaches_us(address: object, port: int, protocol: Protocol) -> None:
    assert not any(
        allowed(policies(), source=Endpoint(address=str(address)), target=own, port=port, protocol=protocol)
        for own in OURS.values()
    )


@pytest.mark.parametrize("address", ["140.82.121.4", "2606:4700::1111"])
@pytest.mark.parametrize(("own", "passes"), [(APP, True), (JOB, True), (BARE, True), (DATABASE, False)])
def test_the_internet_is_open_to_all_but_databases(own: Endpoint, address: str, passes: bool) -> None:
    assert allowed(policies(), source=own, target=Endpoint(address=address), port=443) is passes


@pytest.mark.parametrize("source", OURS.values(), ids=OURS)
@pytest.mark.parametrize("target", OURS.values(), ids=OURS)
def test_pods_of_one_environment_reach_each_other(source: Endpoint, target: Endpoint) -> None:
    assert allowed(policies(), source=source, target=target, port=5432)
    assert allowed(policies(), source=source, target=target, port=8125, protocol="UDP")


@pytest.mark.parametrize("own", OURS.values(), ids=OURS)
def test_names_are_resolved_by_the_clusters_dns_alone(own: Endpoint) -> None:
    ours = policies()
    assert allowed(ours, source=own, target=DNS, port=53, protocol="UDP")
    assert allowed(ours, source=own, target=DNS, port=53, protocol="TCP")
    assert not allowed(ours, source=own, target=DNS, port=9153)
    assert not allowed(ours, source=DNS, target=own, port=3000)


@pytest.mark.parametrize(
    ("own", "port", "passes"),
    [(APP, 3000, True), (APP, 3001, False), (DATABASE, 3000, False), (JOB, 3000, False), (BARE, 3000, False)],
)
def test_the_ingress_controller_reaches_the_application_on_its_port_alone(
    own: Endpoint, port: int, passes: bool
) -> None:
    assert allowed(policies(), source=CONTROLLER, target=own, port=port) is passes
    assert not allowed(policies(), source=CONTROLLER, target=own, port=port, protocol="UDP")
    assert not allowed(policies(), source=own, target=CONTROLLER, port=8000)


def test_without_ingress_nobody_reaches_the_application() -> None:
    closed = policies(ports=())
    assert [each["metadata"]["name"] for each in closed] == [
        "default-deny",
        "allow-own-namespace",
        "allow-dns",
        "allow-internet",
    ]
    assert not allowed(closed, source=CONTROLLER, target=APP, port=3000)


def test_without_any_address_left_there_is_no_way_out() -> None:
    shut = network_policies(ingress_selector=TRAEFIK, egress_except=["0.0.0.0/0", "::/0"], app_ports=[3000])
    assert "allow-internet" not in [each["metadata"]["name"] for each in shut]


def test_denial_comes_first_and_in_both_directions() -> None:
    first = policies()[0]["spec"]
    # Empty lists, in place of none: they take back the rules that another hand adds.
    assert first == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": [], "egress": []}


def test_ports_are_named_once_and_in_order() -> None:
    (rule,) = next(each for each in policies(ports=(8080, 3000, 8080)) if each["metadata"]["name"] == "allow-ingress")[
        "spec"
    ]["ingress"]
    assert rule["ports"] == [{"protocol": "TCP", "port": 3000}, {"protocol": "TCP", "port": 8080}]


def test_a_selector_is_read_from_an_option() -> None:
    assert PodSelector.parse({"namespace": "a", "labels": {"b": 1}}) == PodSelector(namespace="a", labels={"b": "1"})


@pytest.mark.parametrize(
    "tree",
    [
        {},
        {"namespace": "a"},
        {"namespace": "", "labels": {"b": "c"}},
        {"namespace": "a", "labels": {}},
        {"namespace": 1, "labels": {"b": "c"}},
    ],
)
def test_a_selector_that_would_select_too_much_is_refused(tree: dict[str, object]) -> None:
    with pytest.raises(RefusedError, match=r"ingress_selector .* is incomplete"):
        PodSelector.parse(tree)
