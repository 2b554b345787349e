# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guard rails: every shape of environment as it is rendered, and what holds for all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.config import Config
from ansible_collections.ephemeral.k8s.plugins.module_utils.egress import except_list
from ansible_collections.ephemeral.k8s.plugins.module_utils.guardrails import render
from ansible_collections.ephemeral.k8s.plugins.module_utils.limits import RangeLimits
from ansible_collections.ephemeral.k8s.plugins.module_utils.names import Identity, labels
from ansible_collections.ephemeral.k8s.plugins.module_utils.network_policies import PodSelector
from ansible_collections.ephemeral.k8s.plugins.module_utils.objects import Manifest
from ansible_collections.ephemeral.k8s.plugins.module_utils.quota import required

SHOP = Identity(project="shop", pr=7)
OURS = labels(SHOP, 42)
ANNOTATIONS = {
    "k8s-ee/repository": "acme/shop",
    "k8s-ee/commit": "0123456789abcdef0123456789abcdef01234567",
    "k8s-ee/branch": "feat/`odd` $(name) | <b>ü</b> " + "x" * 60,
    "k8s-ee/author": "octo[bot]",
}
ALL_DATABASES = {"postgresql": True, "mariadb": True, "mongodb": True, "redis": True, "s3": True}
SHAPES: dict[str, dict[str, Any]] = {
    "app-only": {},
    "app-postgresql": {"databases": {"postgresql": True}},
    "all-databases": {"databases": ALL_DATABASES},
    "no-ingress": {"ingress": {"enabled": False}},
}


def rendered(shape: dict[str, Any], **more: Any) -> tuple[Manifest, ...]:
    config = Config.parse({"projectId": "shop", **shape})
    return render(
        SHOP,
        labels=OURS,
        annotations=ANNOTATIONS,
        quota=required(config),
        ingress_selector=PodSelector(namespace="ingress", labels={"app.kubernetes.io/name": "traefik"}),
        egress_except=except_list(nodes=["5.9.1.2", "172.17.0.2"], pod_cidrs=["10.244.0.0/24"], extra=["30.0.0.0/8"]),
        app_ports=(config.app.port,) if config.ingress.enabled else (),
        **more,
    )


def one(kind: str, manifests: tuple[Manifest, ...]) -> Manifest:
    (found,) = (each for each in manifests if each["kind"] == kind)
    return found


@pytest.mark.parametrize("name", SHAPES)
def test_each_shape_of_environment_as_committed(name: str, golden: Callable[[str, Any], None]) -> None:
    golden(f"guardrails/{name}.yaml", rendered(SHAPES[name]))


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_everything_carries_our_labels_and_lies_in_the_namespace_which_comes_first(shape: dict[str, Any]) -> None:
    namespace, *others = rendered(shape)
    assert (namespace["kind"], namespace["metadata"]["name"]) == ("Namespace", "shop-pr-7")
    assert {each["metadata"]["namespace"] for each in others} == {"shop-pr-7"}
    assert all(each["metadata"]["labels"].items() >= OURS.items() for each in (namespace, *others))
    assert len({(each["kind"], each["metadata"]["name"]) for each in others}) == len(others)


def test_denial_is_the_first_that_follows_the_namespace() -> None:
    assert rendered({})[1]["metadata"]["name"] == "default-deny"


def test_annotations_are_any_text_and_labels_are_ours() -> None:
    metadata = one("Namespace", rendered({}))["metadata"]
    assert metadata["annotations"] == ANNOTATIONS
    assert metadata["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_no_service_opens_a_port_on_the_node() -> None:
    hard = one("ResourceQuota", rendered({}))["spec"]["hard"]
    assert (hard["services.nodeports"], hard["services.loadbalancers"]) == ("0", "0")


def test_the_quota_grows_with_the_databases() -> None:
    alone, all_of_them = (
        one("ResourceQuota", rendered(SHAPES[name]))["spec"]["hard"] for name in ("app-only", "all-databases")
    )
    assert int(alone["pods"]) + 5 == int(all_of_them["pods"])


def test_no_service_account_brings_a_token() -> None:
    accounts = [each for each in rendered({}) if each["kind"] == "ServiceAccount"]
    assert {each["metadata"]["name"]: each["automountServiceAccountToken"] for each in accounts} == {
        "default": False,
        "app": False,
    }


def test_the_inventory_may_change_every_limit() -> None:
    mebi = 1024**2
    changed = RangeLimits(
        container_cpu_millis=500,
        container_memory_bytes=256 * mebi,
        default_cpu_millis=40,
        default_memory_bytes=64 * mebi,
        claim_min_bytes=mebi,
        claim_max_bytes=2 * mebi,
    )
    container, claim = one("LimitRange", rendered({}, limits=changed))["spec"]["limits"]
    assert container["max"] == {"cpu": "500m", "memory": "256Mi"}
    # A default request above the default limit would be refused by the API server.
    assert container["default"] == container["defaultRequest"] == {"cpu": "40m", "memory": "64Mi"}
    assert (claim["min"], claim["max"]) == ({"storage": "1Mi"}, {"storage": "2Mi"})


def test_two_renderings_share_nothing() -> None:
    first, second = rendered({}), rendered({})
    first[0]["metadata"]["labels"]["changed"] = "yes"
    first[1]["spec"]["podSelector"]["changed"] = "yes"
    assert second == rendered({})
