# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an environment may not connect to: everything that is not the public internet.

Cilium's ``ipBlock`` never matches pods or nodes, other CNIs take it literally; the list must hold for both.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network

from .errors import RefusedError

Network = IPv4Network | IPv6Network

# IANA's special-purpose registries: what is not globally reachable, or carries such an address inside (NAT64, 6to4,
# Teredo), and multicast. https://www.iana.org/assignments/iana-ipv4-special-registry, -ipv6-special-registry
# Without ::ffff:0:0/96: such an address is IPv4 on the wire, and the API server refuses the range.
FIXED_EXCEPT: tuple[str, ...] = (
    "0.0.0.0/8",  # this host
    "10.0.0.0/8",  # private
    "100.64.0.0/10",  # carrier-grade NAT, and Alibaba Cloud's metadata at 100.100.100.200
    "127.0.0.0/8",  # loopback
    "169.254.0.0/16",  # link-local, and the metadata of most clouds at 169.254.169.254
    "172.16.0.0/12",  # private
    "192.0.0.0/24",  # protocol assignments, and Oracle Cloud's metadata at 192.0.0.192
    "192.0.2.0/24",  # documentation
    "192.168.0.0/16",  # private
    "198.18.0.0/15",  # benchmarks
    "198.51.100.0/24",  # documentation
    "203.0.113.0/24",  # documentation
    "224.0.0.0/4",  # multicast
    "240.0.0.0/4",  # reserved, broadcast
    "::/96",  # unspecified, loopback, IPv4-compatible
    "64:ff9b::/96",  # NAT64
    "64:ff9b:1::/48",  # NAT64, local
    "100::/64",  # discard
    "2001::/23",  # protocol assignments, Teredo among them
    "2001:db8::/32",  # documentation
    "2002::/16",  # 6to4
    "3fff::/20",  # documentation
    "5f00::/16",  # segment routing
    "fc00::/7",  # unique local, and AWS' metadata at fd00:ec2::254
    "fe80::/10",  # link-local
    "fec0::/10",  # site-local, deprecated and still routed by some
    "ff00::/8",  # multicast
)

_EVERYWHERE: tuple[Network, ...] = (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))


@dataclass(frozen=True, kw_only=True)
class IpBlock:
    """A range with holes, in the form of a NetworkPolicy's ``ipBlock``.

    :param excepted: holes, each strictly inside ``cidr`` as the API server demands; sorted, none inside another.
    """

    cidr: str
    excepted: tuple[str, ...]

    def as_peer(self) -> dict[str, dict[str, str | list[str]]]:
        """The peer of a NetworkPolicy rule."""
        return {"ipBlock": {"cidr": self.cidr, "except": list(self.excepted)}}


def except_list(
    *,
    nodes: Iterable[str] = (),
    pod_cidrs: Iterable[str] = (),
    service_cidrs: Iterable[str] = (),
    extra: Iterable[str] = (),
) -> tuple[str, ...]:
    """All ranges to keep environments from: the fixed ones, the cluster's own, and the operator's.

    :param nodes: addresses of the nodes (also public ones, by which a node would be reached past its firewall).
    :param extra: the operator's, addresses or ranges (``preview_egress_except``).
    :returns: ranges of both families, IPv4 first, sorted, merged where they touch.
    :raises RefusedError: naming the text that is neither an address nor a range.
    """
    sources = {
        "node address": nodes,
        "pod range": pod_cidrs,
        "service range": service_cidrs,
        "preview_egress_except": extra,
        "fixed exception": FIXED_EXCEPT,
    }
    networks = [_network(what, text) for what, texts in sources.items() for text in texts]
    return tuple(str(network) for network in _merged(networks))


def internet(excepted: Iterable[str]) -> tuple[IpBlock, ...]:
    """The public internet as ``ipBlock`` peers, one a family; the fixed exceptions hold even when not handed in.

    A family of which all is excepted has no block: the API server refuses an exception as large as its range.

    :raises RefusedError: naming the text that is neither an address nor a range.
    """
    holes = [ip_network(text) for text in except_list(extra=excepted)]
    return tuple(
        IpBlock(cidr=str(everywhere), excepted=tuple(str(hole) for hole in holes if hole.version == everywhere.version))
        for everywhere in _EVERYWHERE
        if everywhere not in holes
    )


def _network(what: str, text: str) -> Network:
    # A node may report a link-local address with its zone, which no policy can express.
    bare = str(text).strip().partition("%")[0]
    try:
        network: Network = ip_network(bare)
    except ValueError as error:
        advice = (
            f"write {ip_network(bare, strict=False)}"
            if "host bits" in str(error)
            else "write 192.0.2.7 or 192.0.2.0/24"
        )
        raise RefusedError(f"{what} {text!r} is not an IP address or range ({error}); {advice}") from None
    mapped = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    # ::ffff:192.0.2.7 is 192.0.2.7 on the wire.
    if mapped is not None and network.prefixlen >= 96:
        return IPv4Network((mapped, network.prefixlen - 96))
    return network


def _merged(networks: Iterable[Network]) -> list[Network]:
    # The types of collapse_addresses do not mix families, nor may its input.
    by_family: tuple[list[IPv4Network], list[IPv6Network]] = ([], [])
    for network in networks:
        match network:
            case IPv4Network():
                by_family[0].append(network)
            case IPv6Network():
                by_family[1].append(network)
    return [*collapse_addresses(by_family[0]), *collapse_addresses(by_family[1])]
