# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The NetworkPolicies of a preview namespace: nothing passes but what is named here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .egress import internet
from .errors import RefusedError
from .objects import Manifest

_COMPONENT = "app.kubernetes.io/component"
_NAMESPACE_NAME = "kubernetes.io/metadata.name"  # set by the API server on every Namespace, and by nobody else


@dataclass(frozen=True, kw_only=True)
class PodSelector:
    """Pods of another namespace, such as the ingress controller's.

    :param labels: what the pods carry; at least one, since none would select all of the namespace.
    """

    namespace: str
    labels: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, tree: Mapping[str, object], *, option: str = "ingress_selector") -> PodSelector:
        """From an option's ``namespace`` and ``labels``.

        :raises RefusedError: naming the option, where one of them is missing or of another type.
        """
        namespace, labels = tree.get("namespace"), tree.get("labels")
        if not isinstance(namespace, str) or not namespace or not isinstance(labels, Mapping) or not labels:
            raise RefusedError(
                f"{option} {dict(tree)!r} is incomplete: give namespace (text) and labels (at least one), "
                "as in {namespace: kube-system, labels: {app.kubernetes.io/name: traefik}}"
            )
        return cls(namespace=namespace, labels={str(key): str(value) for key, value in labels.items()})

    def as_peer(self) -> dict[str, Any]:
        """The peer of a NetworkPolicy rule."""
        return {
            "namespaceSelector": {"matchLabels": {_NAMESPACE_NAME: self.namespace}},
            "podSelector": {"matchLabels": dict(self.labels)},
        }


# CoreDNS keeps the label of kube-dns in k3s, kubeadm, EKS and our sandbox.
CLUSTER_DNS = PodSelector(namespace="kube-system", labels={"k8s-app": "kube-dns"})


def network_policies(
    *,
    ingress_selector: PodSelector,
    egress_except: Iterable[str],
    app_ports: Iterable[int],
    dns: PodSelector = CLUSTER_DNS,
) -> tuple[Manifest, ...]:
    """Default deny first, then each way that is open.

    :param ingress_selector: the only pods of elsewhere that reach the application, on ``app_ports`` alone.
    :param egress_except: what no pod reaches although it is no pod of another namespace; see ``egress.except_list``.
    :param app_ports: none where the environment has no ingress.
    :raises RefusedError: for an exception that is neither an address nor a range.
    """
    everything: Manifest = {}
    own = [{"podSelector": everything}]
    ports = sorted(set(app_ports))
    policies = [
        _policy("default-deny", everything, ingress=[], egress=[]),
        _policy("allow-own-namespace", everything, ingress=[{"from": own}], egress=[{"to": own}]),
        _policy(
            "allow-dns",
            everything,
            egress=[{"to": [dns.as_peer()], "ports": [{"protocol": each, "port": 53} for each in ("UDP", "TCP")]}],
        ),
    ]
    # A rule with an empty list of ports would open them all, and one with an empty list of peers the whole world.
    if ports:
        peers = [ingress_selector.as_peer()]
        rule = {"from": peers, "ports": [{"protocol": "TCP", "port": port} for port in ports]}
        policies.append(_policy("allow-ingress", {"matchLabels": {_COMPONENT: "app"}}, ingress=[rule]))
    if blocks := [block.as_peer() for block in internet(egress_except)]:
        # Also true of pods without this label: only what says that it is a database has no business outside.
        beyond_data = {"matchExpressions": [{"key": _COMPONENT, "operator": "NotIn", "values": ["database"]}]}
        policies.append(_policy("allow-internet", beyond_data, egress=[{"to": blocks}]))
    return tuple(policies)


def _policy(
    name: str,
    pods: Mapping[str, Any],
    *,
    ingress: list[Manifest] | None = None,
    egress: list[Manifest] | None = None,
) -> Manifest:
    # Types are written out: left to its default, a policy with egress rules alone would also deny all ingress.
    spec: Manifest = {"podSelector": dict(pods), "policyTypes": []}
    # So are empty lists: server-side apply leaves to another hand what we do not name, such as a rule that lets all in.
    if ingress is not None:
        spec["policyTypes"].append("Ingress")
        spec["ingress"] = ingress
    if egress is not None:
        spec["policyTypes"].append("Egress")
        spec["egress"] = egress
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name}, "spec": spec}
