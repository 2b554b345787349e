# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Egress: nothing but the public internet is open."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.ephemeral.k8s.plugins.module_utils.egress import FIXED_EXCEPT, except_list, internet
from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import RefusedError
from ansible_collections.ephemeral.k8s.plugins.module_utils.reachability import on_the_wire

ADDRESSES = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str)
RANGES = st.one_of(
    st.tuples(st.ip_addresses(v=4), st.integers(0, 32)), st.tuples(st.ip_addresses(v=6), st.integers(0, 128))
).map(lambda pair: str(ip_network(pair, strict=False)))


def is_open(address: str, excepted: tuple[str, ...]) -> bool:
    found = on_the_wire(address)
    return any(
        found in ip_network(block.cidr) and not any(found in ip_network(hole) for hole in block.excepted)
        for block in internet(excepted)
    )


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.254",
        "192.168.1.1",
        "100.64.0.1",
        "100.100.100.200",
        "169.254.169.254",
        "192.0.0.192",
        "127.0.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ],
)
def test_what_is_not_the_public_internet_is_closed_even_with_no_exception_handed_in(address: str) -> None:
    assert not is_open(address, ())


@pytest.mark.parametrize("address", ["1.1.1.1", "140.82.121.4", "172.32.0.1", "11.0.0.1", "2606:4700::1111", "2a00::1"])
def test_the_public_internet_is_open(address: str) -> None:
    assert is_open(address, except_list(nodes=["203.0.113.9", "10.1.2.3"]))


@settings(max_examples=40)
@given(address=ADDRESSES)
def test_no_node_is_reached_wherever_it_lives(address: str) -> None:
    assert not is_open(address, except_list(nodes=[address]))


@settings(max_examples=40)
@given(ranges=st.lists(RANGES, max_size=6), address=ADDRESSES)
def test_an_address_in_any_excepted_range_is_closed_and_no_other_public_one(ranges: list[str], address: str) -> None:
    where = on_the_wire(address)
    mapped = [ip_network(each) for each in ranges if each.startswith("::ffff:")]
    if not mapped:
        inside = any(where in ip_network(each) for each in (*ranges, *FIXED_EXCEPT))
        assert is_open(address, except_list(extra=ranges)) is not inside


@settings(max_examples=40)
@given(ranges=st.lists(RANGES, max_size=8))
def test_exceptions_are_such_as_the_api_server_accepts(ranges: list[str]) -> None:
    for block in internet(except_list(pod_cidrs=ranges)):
        whole = ip_network(block.cidr)
        holes = [ip_network(hole) for hole in block.excepted]
        assert all(hole.version == whole.version and hole.prefixlen > whole.prefixlen for hole in holes)
        assert sorted(holes) == holes
        assert not any(a.overlaps(b) for a in holes for b in holes if a is not b)


@settings(max_examples=40)
@given(ranges=st.lists(RANGES, max_size=8))
def test_a_list_that_passes_through_again_stays_the_same(ranges: list[str]) -> None:
    once = except_list(extra=ranges)
    assert except_list(extra=once) == once
    assert except_list(extra=reversed(ranges)) == once


def test_no_exception_is_in_the_mapped_form_that_the_api_server_refuses() -> None:
    """Go's net.IPNet.Contains takes ::ffff:0:0 for IPv4, which ::/0 does not contain."""
    excepted = except_list(extra=["::ffff:30.0.0.0/104", "::ffff:30.1.2.3"])
    assert not [hole for hole in excepted if ip_network(hole).network_address in ip_network("::ffff:0:0/96")]
    assert "30.0.0.0/8" in excepted


def test_ranges_of_the_cluster_are_closed_though_public() -> None:
    excepted = except_list(pod_cidrs=["30.1.0.0/16"], service_cidrs=["30.2.0.0/16", "2a01::/112"], extra=["30.3.0.1"])
    assert [is_open(each, excepted) for each in ("30.1.2.3", "30.2.0.1", "2a01::1", "30.3.0.1")] == [False] * 4
    assert is_open("30.3.0.2", excepted)


def test_touching_ranges_become_one() -> None:
    assert "30.0.0.0/15" in except_list(extra=["30.0.0.0/16", "30.1.0.0/16", "30.0.7.0/24"])


@pytest.mark.parametrize("everything", [["0.0.0.0/0"], ["0.0.0.0/1", "128.0.0.0/1"]])
def test_a_family_that_is_excepted_whole_has_no_block(everything: list[str]) -> None:
    assert [block.cidr for block in internet(except_list(extra=everything))] == ["::/0"]


def test_without_any_address_left_there_is_no_block() -> None:
    assert internet(["0.0.0.0/0", "::/0"]) == ()


def test_a_peer_is_the_form_of_a_network_policy() -> None:
    peer = internet(())[0].as_peer()["ipBlock"]
    assert peer["cidr"] == "0.0.0.0/0"
    assert "169.254.0.0/16" in peer["except"]


@pytest.mark.parametrize(
    ("given_as", "stands_as"),
    [
        ("fe80::1%eth0", "fe80::/9"),
        ("::ffff:30.1.2.3", "30.1.2.3/32"),
        ("::ffff:30.1.0.0/112", "30.1.0.0/16"),
        (" 30.1.2.3 ", "30.1.2.3/32"),
    ],
)
def test_addresses_as_nodes_report_them(given_as: str, stands_as: str) -> None:
    assert stands_as in except_list(nodes=[given_as])


@pytest.mark.parametrize(
    ("text", "next_step"),
    [
        ("10.0.0.1/8", "write 10.0.0.0/8"),
        ("intranet.example.org", "write 192.0.2.7 or 192.0.2.0/24"),
        ("", "write 192.0.2.7"),
        ("10.0.0.0/33", "write 192.0.2.7"),
    ],
)
def test_what_is_no_address_is_refused_with_its_option_value_and_next_step(text: str, next_step: str) -> None:
    with pytest.raises(RefusedError) as refused:
        except_list(extra=[text])
    assert f"preview_egress_except {text!r}" in str(refused.value)
    assert next_step in str(refused.value)
